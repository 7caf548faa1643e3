"""The task that tells the channels of warehouse.yaml: only where FDWAREHOUSE_ALERT is set.

A task that always runs, and not a callback: Airflow shows it and keeps its log, and it comes after
the end of the run in the warehouse. The worker's environment must have WAREHOUSE_URL, of the role
warehouse_orchestrator, and the secrets of the channels. A channel that could not be told does not
fail the DAG run; the next run tells it.
"""

from __future__ import annotations

import os
from typing import Any

from airflow.providers.standard.operators.bash import BashOperator
from warehouse_site import publish_site


def publish_and_alert(start_run: Any, finish_run: Any) -> None:
    """Add the tasks that tell of a run: the site, and alerts.

    Args:
        start_run: the task that begins the run.
        finish_run: the task that ends it.
    """
    publish_site(start_run, finish_run)
    send_alerts(start_run, finish_run)


def send_alerts(start_run: Any, finish_run: Any) -> None:
    """Add the task, as a teardown: it runs after a failure too.

    Args:
        start_run: the task that begins the run.
        finish_run: the task that ends it.
    """
    if os.environ.get("FDWAREHOUSE_ALERT"):
        task = BashOperator(
            task_id="send_alerts", bash_command="fdwarehouse alert", append_env=True, retries=0
        )
        finish_run >> task.as_teardown(setups=start_run)
