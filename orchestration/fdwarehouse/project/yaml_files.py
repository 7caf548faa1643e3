"""Reads YAML files into models, with errors that a user can understand."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fdwarehouse.errors import FdwarehouseError, suggestion

Model = TypeVar("Model", bound=BaseModel)
T = TypeVar("T")

# What PyYAML raises for a value that does not match its tag or its form.
_WRONG_VALUES = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError)
_NAMES_AND_VALUES = "it must consist of names and values"
_UNFIT = re.compile("[\0\ud800-\udfff]")


class _Loader(yaml.SafeLoader):
    """Notes duplicate names, and reports where a value does not match its tag."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.problems: list[str] = []

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if isinstance(node, yaml.ScalarNode) and _UNFIT.search(node.value):
            raise yaml.constructor.ConstructorError(
                None, None, "a character that PostgreSQL cannot store", node.start_mark
            )
        try:
            return super().construct_object(node, deep)
        except _WRONG_VALUES as error:
            kind = node.tag.rpartition(":")[2]
            raise yaml.constructor.ConstructorError(
                None, None, f"the value is not of kind {kind}", node.start_mark
            ) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    self.problems.append(
                        f"line {key.start_mark.line + 1}: {key.value} is given twice"
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def load_yaml(root: Path, name: str, model: type[Model], hint: str) -> Model:
    """Read a YAML file into a pydantic model.

    Args:
        root: the project's folder.
        name: the file, below it.
        model: of its content.
        hint: what to do if the content is wrong.

    Raises:
        FdwarehouseError: the file is missing, not YAML, or does not match the model; the message
            begins with its name.
    """

    def wrong(problem: str) -> FdwarehouseError:
        return FdwarehouseError(f"{name}: {problem}", hint=hint)

    content, problems = _read(root / name, wrong, _Loader.get_single_data)
    if content is None:
        raise wrong("it is empty")
    if not isinstance(content, dict):
        raise wrong(f"{_NAMES_AND_VALUES}, such as `project: my_shop`")
    try:
        made = model.model_validate(content)
    except ValidationError as error:
        problems += [
            f"{'.'.join(str(part) for part in e['loc'] if part != '[key]') or 'top level'}: "
            f"{problem_of(e, model)}"
            for e in error.errors()
        ]
    except RecursionError as error:
        raise wrong("it is nested too deeply") from error
    if problems:
        raise wrong("; ".join(problems))
    return made


def load_nodes(root: Path, name: str, hint: str) -> yaml.Node:
    """Read a YAML file as nodes, which know their lines and the text of each value.

    Args:
        root: the project's folder.
        name: the file, below it.
        hint: what to do if the content is wrong.

    Raises:
        FdwarehouseError: the file is missing, empty or not YAML; the message begins with its name.
    """

    def wrong(problem: str) -> FdwarehouseError:
        return FdwarehouseError(f"{name}: {problem}", hint=hint)

    node, _ = _read(root / name, wrong, _Loader.get_single_node)
    if node is None:
        raise wrong("it is empty")
    return node


def problem_of(error: ErrorDetails, model: type[BaseModel]) -> str:
    """Describe a validation error without terms of pydantic.

    Args:
        error: one of a `ValidationError`.
        model: of the YAML.
    """
    match error["type"]:
        case "model_type" | "dict_type":
            return _NAMES_AND_VALUES
        case "missing":
            return "it is missing"
        case "list_type" | "tuple_type":
            return "it should be a list, such as [a, b]"
        case "extra_forbidden":
            written = str(error["loc"][-1])  # perhaps a name that is valid elsewhere
            return "there is no such name" + suggestion(written, {*_names(model)} - {written})
        case _:
            return error["msg"].removeprefix("Value error, ")


def _names(annotation: Any) -> Iterator[str]:
    """Yield the names of all fields of the models within a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            yield name
            yield from _names(field.annotation)
    else:
        for part in get_args(annotation):
            yield from _names(part)


def _read(
    path: Path, wrong: Callable[[str], FdwarehouseError], read: Callable[[_Loader], T]
) -> tuple[T, list[str]]:
    try:
        loader = _Loader(path.read_text(encoding="utf-8"))
        return read(loader), loader.problems
    except OSError as error:
        raise wrong(error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise wrong("it is not text in UTF-8") from error
    except yaml.reader.ReaderError as error:
        raise wrong(f"it is not text: it contains the character {error.character!r}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        problem = error.problem or error.context or "it is not YAML"
        if "'\\t'" in problem:
            problem = "a tab: YAML is indented with spaces"
        raise wrong(line + problem) from error
    except RecursionError as error:
        raise wrong("it is nested too deeply") from error
