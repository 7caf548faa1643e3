"""The task that publishes the site of the warehouse: only where FDWAREHOUSE_SITE names a folder.

It reads as the warehouse's owner, so the worker's environment must have WAREHOUSE_URL too. Whatever
the run did, the site shows it. A site that could not be written does not fail the DAG run.
"""

from __future__ import annotations

import os
from typing import Any

from airflow.providers.standard.operators.bash import BashOperator

FOLDER = os.environ.get("FDWAREHOUSE_SITE")


def publish_site(start_run: Any, finish_run: Any) -> None:
    """Add the task, as a teardown: it runs after a failure too.

    Args:
        start_run: the task that begins the run.
        finish_run: the task that ends it.
    """
    if FOLDER:
        task = BashOperator(
            task_id="publish_site",
            bash_command='fdwarehouse site --out "$FDWAREHOUSE_SITE"',
            append_env=True,
            retries=0,
        )
        finish_run >> task.as_teardown(setups=start_run)
