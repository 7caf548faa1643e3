"""The schema of production when last inspected: the model of a file in ``contracts/``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project.yaml_files import load_yaml

HEADER = """\
# The columns, types and keys of the source. Written by `fdwarehouse contract`; review changes like
# those of a lock file.
"""


# The first major version of PostgreSQL that can be a source.
OLDEST = 12

# As format_type writes them: https://www.postgresql.org/docs/18/datatype.html. Some mean something
# else without the quotes: "char" is one byte, "bit" is bit of any length.
_TYPES = """
    "bit"|"char"|bigint|bit varying|boolean|box|bpchar|bytea|character|character varying|cid|cidr
    |circle|date|double precision|gtsvector|inet|int2vector|integer|interval|json|jsonb|jsonpath
    |line|lseg|macaddr|macaddr8|money|name|numeric|oid|oidvector|path|pg_lsn|pg_snapshot|point
    |polygon|real|refcursor|smallint|text|tid|tsquery|tsvector|txid_snapshot|uuid|xid|xid8|xml
    |(?:date|int4|int8|num|ts|tstz)(?:multi)?range
    |(?:bit|bit varying|character|character varying)\\(\\d+\\)
    |numeric\\(\\d+(?:, ?-?\\d+)?\\)
    |(?:time|timestamp)(?:\\(\\d\\))? with(?:out)? time zone
    |bit|interval(?: (?:year|month|day|hour|minute|second))?(?: to (?:month|hour|minute|second))?
    (?:\\(\\d\\))?
"""
_TYPE = re.compile(rf"(?:{''.join(_TYPES.strip().splitlines()).replace('    ', '')})(?:\[\])*")


def _type(value: str) -> str:
    if not _TYPE.fullmatch(value):
        raise ValueError(
            f"{value!r} is not a built-in type of PostgreSQL, as format_type writes it: "
            "'integer', 'numeric(10,2)', 'text'"
        )
    return value


def _name(value: str) -> str:
    if not value or len(value.encode(errors="replace")) > 63 or "\0" in value:
        raise ValueError("a name has 1 to 63 bytes")
    return value


Name = Annotated[str, AfterValidator(_name)]
TableName = Annotated[str, Field(min_length=1)]
"""A name, after its schema and a dot unless it is in the source's schema."""


class Column(BaseModel):
    """A column of a source table."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    type: Annotated[str, AfterValidator(_type)]
    """Type in the warehouse; text for a type that the warehouse does not know."""
    not_null: bool = False
    source_type: str | None = None
    """Type in the source, if the warehouse does not know it, such as an enumeration."""
    is_nondeterministic: bool = Field(default=False, alias="nondeterministic")
    """Whether its collation in the source treats different texts as equal."""
    only_where: bool = False
    """Whether it is not taken, and only the condition of the table reads it, in the source."""
    comment: str | None = None
    """Its comment in the source."""


class Table(BaseModel):
    """A table of a source."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_name: Name | None = Field(default=None, alias="schema")
    """Its schema, if its name here begins with it; None: the source's schema."""
    comment: str | None = None
    """Its comment in the source."""
    primary_key: list[Name] = []
    unique_key: list[Name] = []
    """The smallest unique index without nulls, of a table without a primary key."""
    has_children: bool = False
    """Whether other tables inherit from it; partitions do not count."""
    columns: dict[Name, Column] = Field(min_length=1)

    @model_validator(mode="after")
    def _key_is_of_columns(self) -> Table:
        if strange := [c for c in self.primary_key if c not in self.columns]:
            raise ValueError(f"primary_key: {strange[0]} is not a column of the table")
        if strange := [c for c in self.unique_key if c not in self.columns]:
            raise ValueError(f"unique_key: {strange[0]} is not a column of the table")
        return self

    @property
    def key(self) -> list[str]:
        """The columns that identify a row; none if nothing does."""
        return self.primary_key or self.unique_key

    def name_in_schema(self, name: str) -> str:
        """Return its name in its schema.

        Args:
            name: its name in the contract: ``sales.orders``.
        """
        return name if self.schema_name is None else name.removeprefix(f"{self.schema_name}.")


class Contract(BaseModel):
    """The schema of one source."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Name
    server_version: int = Field(ge=OLDEST)
    """Major version of the source's server."""
    time_zone: str = Field(min_length=1)
    """Time zone in which the source writes time stamps without time zone."""
    tables: dict[TableName, Table]

    @model_validator(mode="after")
    def _names_have_their_schema(self) -> Contract:
        for name, table in self.tables.items():
            if table.schema_name and not name.startswith(f"{table.schema_name}."):
                raise ValueError(f"tables: {name} does not begin with its schema, like a.{name}")
            _name(table.name_in_schema(name))
        return self


def without_comments(contract: Contract) -> Contract:
    """Return a contract without comments, whose changes stop nothing."""
    tables = {
        name: table.model_copy(
            update={
                "comment": None,
                "columns": {
                    n: c.model_copy(update={"comment": None}) for n, c in table.columns.items()
                },
            }
        )
        for name, table in contract.tables.items()
    }
    return contract.model_copy(update={"tables": tables})


def contract_path(root: Path, source: str) -> Path:
    """Name the contract file of a source."""
    return root / "contracts" / f"{source}.yaml"


def load_contract(root: Path, source: str) -> Contract:
    """Read the contract of a source.

    Args:
        root: the project's folder.
        source: name of the source in ``warehouse.yaml``.

    Raises:
        FdwarehouseError: the file is missing or does not hold a contract.
    """
    name = contract_path(root, source).relative_to(root).as_posix()
    contract = load_yaml(root, name, Contract, "Write it with `fdwarehouse contract`.")
    if contract.source != source:
        raise FdwarehouseError(
            f"{name}: its source is {contract.source}, not {source}",
            hint="Write it again with `fdwarehouse contract`.",
        )
    return contract


def dump_contract(contract: Contract) -> str:
    """Write a contract as the text of its file, one column per line. The text is deterministic.

    Args:
        contract: the schema of the source.
    """
    lines = [
        f"source: {_scalar(contract.source)}",
        f"server_version: {contract.server_version}",
        f"time_zone: {_scalar(contract.time_zone)}",
        "tables:",
    ]
    for name, table in contract.tables.items():
        lines.append(f"  {_scalar(name)}:")
        if table.schema_name:
            lines.append(f"    schema: {_scalar(table.schema_name)}")
        if table.comment:
            lines.append(f"    comment: {_quoted(table.comment)}")
        if table.primary_key:
            lines.append(f"    primary_key: [{', '.join(map(_scalar, table.primary_key))}]")
        if table.unique_key:
            lines.append(f"    unique_key: [{', '.join(map(_scalar, table.unique_key))}]")
        if table.has_children:
            lines.append("    has_children: true")
        lines.append("    columns:")
        for column, description in table.columns.items():
            source_type, not_null = description.source_type, description.not_null
            lines.append(
                f"      {_scalar(column)}: {{type: {_quoted(description.type)}"
                + (f", source_type: {_quoted(source_type)}" if source_type else "")
                + (", nondeterministic: true" if description.is_nondeterministic else "")
                + (", not_null: true" if not_null else "")
                + (", only_where: true" if description.only_where else "")
                + (f", comment: {_quoted(description.comment)}" if description.comment else "")
                + "}"
            )
    return HEADER + "\n".join(lines) + "\n"


def _scalar(text: str) -> str:
    """Write a YAML string, quoted only where YAML would read it as something else."""
    is_plain = re.fullmatch(r"[A-Za-z_][\w/+-]*", text, re.ASCII) and yaml.safe_load(text) == text
    return text if is_plain else _quoted(text)


def _quoted(text: str) -> str:
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    # Unlike JSON, YAML has one escape for a character beyond 16 bits.
    shown = (c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)
    return f'"{"".join(shown)}"'
