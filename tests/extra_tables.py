"""Tables that tests add to the shop, mounted in their project."""

from pathlib import Path

from tests.harness import Shop


def mount_table(shop: Shop, project: Path, name: str, key: str, *columns: str) -> None:
    """Create a table in production, empty, and mount it in a project, which is not deployed yet.

    Args:
        shop: gets the table.
        project: to be changed.
        name: of the table.
        key: the column that is its primary key.
        columns: besides `updated_at`, as in CREATE TABLE.
    """
    shop.execute(
        f"CREATE TABLE {name} ({', '.join(columns)}, "
        f"updated_at timestamp NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY ({key}))",
        f"GRANT SELECT ON {name} TO warehouse_reader",
    )
    listed = shop.column(
        "SELECT format('      %%s: {type: ''%%s'', not_null: %%s}', attname, "
        "format_type(atttypid, atttypmod), attnotnull::text) FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum",
        [name],
    )
    for file, added in (
        ("warehouse.yaml", [f"      {name}: {{watermark: updated_at}}"]),
        (
            "contracts/production.yaml",
            [f"  {name}:", f"    primary_key: [{key}]", "    columns:", *listed],
        ),
    ):
        path = project / file
        path.write_text("\n".join([path.read_text().rstrip("\n"), *added, ""]))
