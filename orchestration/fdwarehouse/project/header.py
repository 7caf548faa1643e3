"""The header of a table's file: its settings and what they mean."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from fdwarehouse.project.config import Every
from fdwarehouse.project.config_values import one_or_many

Name = Annotated[str, Field(min_length=1, max_length=63)]
Severity = Literal["error", "warn"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reference(_Strict):
    """The table whose key a column holds."""

    to: str = Field(description="The table, as schema.name.")
    severity: Severity = Field("error", description="warn: no foreign key, a check reports it.")

    @field_validator("to")
    @classmethod
    def _is_qualified(cls, value: str) -> str:
        if value.count(".") != 1:
            raise ValueError("name the table with its schema, such as gold.dim_customers")
        return value


class ColumnHeader(_Strict):
    """Settings of one column."""

    description: str | None = None
    unit: str | None = Field(None, description="Unit of the values, such as EUR.")
    type: str | None = Field(
        None, description="Type in the table; the value of the SELECT is cast to it."
    )
    not_null: bool = False
    unique: bool = False
    accepted_values: tuple[str | int, ...] | None = Field(
        None, description="The values that it may have."
    )
    check: str | None = Field(None, description="A condition that every row must satisfy.")
    references: Reference | None = Field(
        None, description="The table whose key it holds, as schema.name."
    )
    severity: Severity = Field("error", description="warn: no constraints, checks report them.")
    was: Name | None = Field(None, description="Its former name, for a rename.")

    @field_validator("references", mode="before", json_schema_input_type=str | Reference | None)
    @classmethod
    def _referred(cls, value: Any) -> Any:
        return {"to": value} if isinstance(value, str) else value

    @field_validator("accepted_values", mode="before")
    @classmethod
    def _quoted(cls, value: Any) -> Any:
        if not isinstance(value, list):
            raise ValueError("write a list, such as [open, closed]")
        for each in value:
            if isinstance(each, bool) or not isinstance(each, (str, int)):
                raise ValueError(f"YAML reads one of them as {each}: put it in quotes")
        return value

    @property
    def comment(self) -> str | None:
        """The text of COMMENT ON COLUMN."""
        unit = f"Unit: {self.unit}." if self.unit else ""
        return " ".join(part for part in (self.description, unit) if part) or None


class Test(_Strict):
    """A rule about several rows: the query returns those that violate it."""

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$", max_length=40)]
    query: str = Field(description="A SELECT of the rows that violate the rule.")
    description: str | None = Field(None, description="The rule as one sentence.")
    severity: Severity = Field("error", description="error: gold is not published.")
    scope: Literal["run", "full"] = Field(
        "run", description="full: only `fdwarehouse check` and reconciliations run it."
    )


class Partitions(_Strict):
    """The date by which a table is partitioned."""

    by: Name = Field(
        description="A column of the SELECT with a date or a time stamp, never null. It need not "
        "be part of the key."
    )
    every: Every = Field(description="How much time a partition holds.")

    @property
    def description(self) -> str:
        """A short description."""
        return f"partitioned by {self.by}, one per {self.every}"


class Header(_Strict):
    """The header of a table's file."""

    description: str
    grain: str = Field(description="What one row is.")
    key: tuple[Name, ...] = Field(description="The columns that identify a row.")
    kind: Literal["table", "dimension", "view"] = "table"
    columns: dict[Name, ColumnHeader] = Field(default_factory=dict)
    tests: tuple[Test, ...] = ()
    tags: tuple[str, ...] = ()
    partitions: Partitions | None = Field(
        None, description="Partitions by a date; runs create them as needed."
    )
    incremental: bool = Field(True, description="false: computed in full in every run.")
    reject: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Silver: reason -> a condition on the columns, or several; a row that meets "
        "one is rejected.",
    )
    totals: dict[Name, str] = Field(
        default_factory=dict,
        description="Silver: name -> expression over columns that production has too; a check "
        "compares its sum with production's, as of the last fence.",
    )
    type2: tuple[Name, ...] = Field((), description="Dimension: columns whose history is kept.")
    updated_at: Name | None = Field(
        None,
        description="Dimension: the column with the time of the change. Without it, a version is "
        "valid from the run that extracted it.",
    )
    surrogate: Name | None = Field(
        None, description="Dimension: its surrogate key; customer_key where the key is customer_id."
    )
    unknown: dict[Name, str | int | bool] = Field(
        default_factory=dict,
        description="Dimension: values of columns of the unknown member, -1; the others are null.",
    )
    referenced_by: tuple[Annotated[str, Field(pattern=r"^silver\.\w+\.\w+$")], ...] = Field(
        (),
        description="Dimension: columns of silver, as silver.table.column, that refer to its key "
        "in addition to those by which SELECTs join it.",
    )

    @property
    def surrogate_key(self) -> str:
        """The surrogate key of a dimension."""
        return self.surrogate or f"{self.key[0].removesuffix('_id')}_key"

    @field_validator(
        *("key", "type2", "tags", "referenced_by"),
        mode="before",
        json_schema_input_type=str | list[str],
    )
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return one_or_many(value)

    @field_validator("reject", mode="before", json_schema_input_type=dict[str, str | list[str]])
    @classmethod
    def _conditions(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: one_or_many(conditions) for name, conditions in value.items()}

    @field_validator(
        "columns", mode="before", json_schema_input_type=dict[Name, str | ColumnHeader | None]
    )
    @classmethod
    def _described(cls, value: Any) -> Any:
        """Read `column: text` as `column: {description: text}`."""
        if not isinstance(value, dict):
            return value
        return {k: {"description": v} if isinstance(v, str) else v or {} for k, v in value.items()}

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Header:
        if not self.key or len(set(self.key)) < len(self.key):
            raise ValueError("key: name each column of the key once")
        for name in ("type2", "updated_at", "surrogate", "unknown", "referenced_by"):
            if self.kind != "dimension" and getattr(self, name):
                raise ValueError(f"{name} belongs to kind: dimension")
        return self
