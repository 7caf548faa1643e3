"""How a table of a source is read, and why it cannot be read as its settings say."""

from __future__ import annotations

from collections.abc import Iterator

from fdwarehouse.errors import suggestion
from fdwarehouse.project.chosen_columns import AGAIN, SourceColumn, UnfitError, problems_of_columns
from fdwarehouse.project.config import Mode, TableConfig
from fdwarehouse.project.contract import Table
from fdwarehouse.project.hashing import base_type
from fdwarehouse.project.local_names import problem_of_name

LOWER_BOUNDS = {
    "timestamp with time zone": "etl.extract_since",
    "timestamp without time zone": "etl.extract_since_local",
    "date": "etl.extract_since_date",
}
RISING = "etl.extract_since_rising"
_LOWER_BOUNDS_OF_NUMBERS = dict.fromkeys(("smallint", "integer", "bigint"), RISING)
LOWER_BOUNDS_OF_IDS = {
    "xid8": "etl.extract_since_xid",
    "bigint": "etl.extract_since_number",
}

_WATERMARKS = {
    "time": (
        "a time or a rising integer",
        "Name a column with the time of the last change, or use mode: snapshot.",
    ),
    "xid": (
        "a transaction id",
        "Name a column of type xid8 or bigint: see `fdwarehouse docs fence-by-transaction-id`.",
    ),
}
# Columns that bronze adds, and names that mean something else in the mechanics' statements.
_TAKEN_COLUMNS = {
    *("_run_id", "_extracted_at", "_is_deleted", "_source_system", "_sign", "_was_deleted"),
    *("_row_hash", "_copies", "_tableoid"),
    *("p_run_id", "p_since_run_id", "p_chunk", "p_from_key", "p_before_key", "p_buckets"),
}
_UNSORTABLE_TYPES = {
    *("json", "jsonpath", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle"),
    *("xid", "cid", "pg_snapshot", "txid_snapshot", "refcursor", "gtsvector"),
}
_UNHASHABLE_TYPES = {"bit", "bit varying", "money", "tsvector", "tsquery"}

# What bronze has instead of a key: identical rows are one row with their number.
OF_MULTISET = [SourceColumn("_row_hash", "uuid"), SourceColumn("_copies", "bigint")]


def problems_of_table(
    fence: str, settings: TableConfig, contract: Table | None
) -> Iterator[UnfitError]:
    """Yield why a table cannot be read as its settings say; see `make_table`."""
    if settings.local_name and (problem := problem_of_name(settings.local_name)):
        way_out = "Give it another name in warehouse.yaml: as: a_name."
        yield UnfitError(problem, way_out)
    if contract is None:
        yield UnfitError("warehouse.yaml names a table that the contract does not have", AGAIN)
        return
    for column in contract.columns:
        if column in _TAKEN_COLUMNS:
            yield UnfitError(
                f"column {column}: the name is reserved in bronze",
                f"Leave it out with exclude: [{column}], or read a view in production that renames "
                "it.",
            )
    if settings.inherit == "only" and not contract.has_children:
        yield UnfitError(
            "inherit: only, but no table inherits from it",
            f"Remove it from warehouse.yaml. {AGAIN}",
        )
    yield from problems_of_columns(settings, contract)
    yield from _problems_of_key(settings, contract)
    if settings.watermark in contract.columns:
        try:
            lower_bound(fence, settings.watermark, contract)
        except UnfitError as error:
            yield error


def mode_of(settings: TableConfig, contract: Table) -> Mode:
    """Return how a table is read.

    Args:
        settings: of the table.
        contract: of the table.
    """
    if settings.mode or settings.watermark:
        return settings.mode or "watermark"
    return "snapshot" if settings.key or contract.key else "multiset"


def key_of(settings: TableConfig, contract: Table) -> list[str]:
    """Return the key of a table in the warehouse.

    Args:
        settings: of the table.
        contract: of the table.
    """
    if mode_of(settings, contract) == "multiset":
        return [OF_MULTISET[0].name]
    return settings.key or contract.key


def _problems_of_key(settings: TableConfig, contract: Table) -> Iterator[UnfitError]:
    is_multiset = mode_of(settings, contract) == "multiset"
    key = [] if is_multiset else key_of(settings, contract)
    if not key and not is_multiset:
        yield UnfitError(
            "it has no primary key",
            "Name the columns of its key in warehouse.yaml; if it has none, use mode: multiset. "
            "A unique index is the key by itself only if its columns are NOT NULL.",
        )
    for column in dict.fromkeys((*key, *([settings.watermark] if settings.watermark else []))):
        if column not in contract.columns:
            meant = suggestion(column, contract.columns)
            problem = f"column {column} of warehouse.yaml is not in the contract{meant}"
            yield UnfitError(problem, AGAIN)
    for column in dict.fromkeys(c for c in key if c in contract.columns):
        type_ = contract.columns[column].type
        if key.count(column) > 1:
            yield UnfitError(f"its key names column {column} twice", "Name it once.")
        if base_type(type_).removesuffix("[]") in _UNSORTABLE_TYPES:
            yield UnfitError(
                f"column {column} is of type {type_}, whose values cannot be sorted",
                "Name other columns as its key.",
            )
        if settings.partitions and base_type(type_).removesuffix("[]") in _UNHASHABLE_TYPES:
            yield UnfitError(
                f"column {column} is of type {type_}, which cannot be hashed for partitions",
                "Name other columns as its key, or remove partitions.",
            )


def lower_bound(fence: str, watermark: str | None, contract: Table) -> str | None:
    """Name the function that returns the watermark from which the table must be read."""
    if watermark is None:
        return None
    column = contract.columns[watermark]
    is_id = fence == "xid"
    bounds = LOWER_BOUNDS_OF_IDS if is_id else LOWER_BOUNDS | _LOWER_BOUNDS_OF_NUMBERS
    function = bounds.get(base_type(column.type))
    if function is None:
        expected, way_out = _WATERMARKS["xid" if is_id else "time"]
        raise UnfitError(f"watermark {watermark} is of type {column.type}, not {expected}", way_out)
    return function
