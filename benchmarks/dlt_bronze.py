"""Bronze by dlt, with the fastest options of its documentation for PostgreSQL to PostgreSQL.

The source reads with ConnectorX or pyarrow. Arrow tables are written to Parquet without processing
single rows, and to PostgreSQL by ADBC, with a binary COPY. Runs in the peers' environment:
`python -m benchmarks.dlt_bronze connectorx FOLDER`, with PRODUCTION_URL and WAREHOUSE_URL set.
"""

import os
import sys
from pathlib import Path
from typing import Any

import dlt
from dlt.sources.sql_database import sql_database

TABLES = ["customers", "products", "orders", "order_items"]
CHUNK_SIZE = 100_000


def main(backend: str, folder: Path) -> None:
    """Load all tables.

    Args:
        backend: The reader: connectorx or pyarrow.
        folder: Of dlt's files.
    """
    production = os.environ["PRODUCTION_URL"]
    kwargs: dict[str, Any] = {}
    if backend == "connectorx":
        kwargs = {"conn": production, "return_type": "arrow_stream"}
    source = sql_database(
        production,
        table_names=TABLES,
        backend=backend,
        chunk_size=CHUNK_SIZE,
        backend_kwargs=kwargs,
        reflection_level="full_with_precision",
    )
    pipeline = dlt.pipeline(
        "bronze",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.postgres(os.environ["WAREHOUSE_URL"]),
        dataset_name="dlt_bronze",
    )
    info = pipeline.run(source, write_disposition="replace", loader_file_format="parquet")
    info.raise_on_failed_jobs()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
