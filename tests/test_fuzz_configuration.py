"""For any YAML in the project, it is rendered, or the error names the wrong file."""

import re
import shutil
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.rendering.render import render_project
from tests.command import Command
from tests.harness import ROOT

FILES = ("warehouse.yaml", "contracts/production.yaml")
EXAMPLES = 2 * settings().max_examples  # nothing is run: examples are cheap
TEXTS = {name: (ROOT / name).read_text() for name in FILES}

ODD_STRINGS = st.one_of(
    st.sampled_from(
        [
            *("", " ", "\n", "\0", "'", '"', "$$", "{{ x }}", "{% if", "a.b", "ä" * 40, "x" * 64),
            *("\ud800", "select", "1 hour", "snapshot", "integer", "numeric(10,2)", "text[]"),
            *("[red]", "../x", "customers", "orders", "order_id", "updated_at", "gold", "activity"),
            *("xid", "-- x", "%s"),
        ]
    ),
    st.text(max_size=20),
)
ODD_VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**30), 10**30),
        st.floats(),
        st.dates(),
        st.binary(max_size=5),
        ODD_STRINGS,
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD_STRINGS, inner, max_size=3),
    max_leaves=6,
)


def paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every node but the root."""
    if not isinstance(node, dict | list):
        return
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield (*path, key)
        yield from paths(value, (*path, key))


@st.composite
def mutated(draw: st.DrawFn, name: str) -> str:
    """The file with some nodes deleted, replaced, renamed or copied elsewhere."""
    content = yaml.safe_load(TEXTS[name])
    for _ in range(draw(st.integers(1, 3))):
        ways = sorted(paths(content), key=str)
        if not ways:
            break
        *way, last = draw(st.sampled_from(ways))
        parent = content
        for key in way:
            parent = parent[key]
        action = draw(st.sampled_from(["delete", "replace", "rename", "copy", "swap"]))
        if action == "delete":
            del parent[last]
        elif action == "replace":
            parent[last] = draw(ODD_VALUES)
        elif isinstance(parent, dict) and action == "rename":
            parent[draw(ODD_STRINGS)] = parent.pop(last)
        else:
            *other_way, other = draw(st.sampled_from(ways))
            target = content
            for key in other_way:
                target = target[key] if key != last or isinstance(target, dict) else target
                if not isinstance(target, dict | list):
                    break
            if isinstance(target, dict):
                target[other if action == "swap" else draw(ODD_STRINGS)] = deepcopy(parent[last])
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=draw(st.booleans()))


@st.composite
def damaged(draw: st.DrawFn, name: str) -> bytes:
    """The file with some of its bytes deleted, overwritten or doubled."""
    text = TEXTS[name].encode()
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, max(len(text) - 1, 0)))
        end = draw(st.integers(begin, min(begin + 40, len(text))))
        put = draw(
            st.sampled_from(
                [b"", text[begin:end] * 2, b"\t", b": ", b"- ", b"&a ", b"*a", b"!!int "]
            )
            | st.sampled_from(
                [b"!!timestamp ", b"!!bool ", b"<<: ", b"\0", b"\xff", b"? ", b"| ", b"{"]
            )
            | st.binary(max_size=3)
        )
        text = text[:begin] + put + text[end:]
    return text


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project without SQL, which is rendered quickly."""
    root = tmp_path_factory.mktemp("fuzzed")
    (root / "contracts").mkdir()
    return root


def require_named(root: Path, name: str, content: bytes) -> None:
    """Render with this file changed, and expect success or an error for the user."""
    for other in FILES:
        (root / other).write_text(TEXTS[other])
    (root / name).write_bytes(content)
    try:
        rendered = render_project(root)
    except FdwarehouseError as error:
        require_words(error)
    else:
        for file in rendered.files:
            assert "\0" not in file.sql
            assert len(file.sql.encode()) > 0
            assert len(file.name.encode()) < 255


def require_words(error: FdwarehouseError) -> None:
    """Expect that the user can act on it."""
    assert re.match(
        r"(\d+ problems:\n)?(warehouse|contracts/.{1,63})\.yaml: .", error.message, re.DOTALL
    )
    assert error.hint
    assert error.exit_code == 2
    assert error.message.encode()
    for jargon in ("Traceback", "object at 0x", "<class", "NoneType"):
        assert jargon not in error.message


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_file_with_other_content_is_rendered_or_named(
    root: Path, name: str, data: st.DataObject
) -> None:
    require_named(root, name, data.draw(mutated(name)).encode(errors="surrogatepass"))


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_file_with_other_bytes_is_rendered_or_named(
    root: Path, name: str, data: st.DataObject
) -> None:
    require_named(root, name, data.draw(damaged(name)))


@settings(max_examples=settings().max_examples)
@given(data=st.data())
def test_command_says_the_same_and_nothing_else(
    command: Command, project: Path, data: st.DataObject
) -> None:
    shutil.rmtree(project / "sql", ignore_errors=True)
    shutil.rmtree(project / "migrations", ignore_errors=True)
    command.project(project)
    name = data.draw(st.sampled_from(FILES))
    for other in FILES:
        (project / other).write_text(TEXTS[other])
    (project / name).write_bytes(data.draw(damaged(name)))
    said = command("render")
    if said.exit_code:
        assert (said.exit_code, said.out) == (2, "")
        assert said.err.startswith(("Error: warehouse.yaml: ", "Error: contracts/"))
        assert "Hint: " in said.err
