"""Airflow in its own process: runs DAGs like `airflow dags test`, repeatedly.

Started by test_airflow.py with its own AIRFLOW_HOME. Each line of JSON on standard input is a
request; the answer is a line of JSON to the file descriptor in the first argument.
"""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, TextIO

from airflow.dag_processing.dagbag import BundleDagBag
from airflow.models.asset import AssetEvent
from airflow.models.xcom import XComModel
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from sqlalchemy import select


def main() -> None:
    """Answer requests until standard input ends."""
    initdb()
    folder = os.environ["AIRFLOW__CORE__DAGS_FOLDER"]
    bag = BundleDagBag(folder, bundle_path=Path(folder), bundle_name="dags-folder")
    if bag.import_errors or not bag.dags:
        raise SystemExit(f"a DAG is broken: {bag.import_errors}")
    with os.fdopen(int(sys.argv[1]), "w", encoding="utf-8") as answers:
        _answer(answers, _describe(bag.dags["warehouse"]))
        for dag in bag.dags.values():
            for task in dag.tasks:
                if not task.is_mapped:
                    task.retry_delay = timedelta(0)
        for line in sys.stdin:
            request = json.loads(line)
            os.environ["AIRFLOW_CONN_WAREHOUSE"] = json.dumps(request["connection"])
            _answer(answers, _run(bag.dags[request["dag"]], request["conf"]))


def _answer(answers: TextIO, content: dict[str, Any]) -> None:
    print(json.dumps(content, default=str), file=answers, flush=True)


def _describe(dag: Any) -> dict[str, Any]:
    """Return the documented properties of the DAG."""
    return {
        "schedule": dag.schedule,
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "params": dict(dag.params),
        "doc": dag.doc_md,
        "groups": {
            name: sorted(group.children)
            for name, group in dag.task_group.get_task_group_dict().items()
            if name
        },
        "tasks": {
            task.task_id: {
                "upstream": sorted(task.upstream_task_ids),
                "retries": task.retries,
                "retry_delay": task.retry_delay.total_seconds(),
                "execution_timeout": task.execution_timeout.total_seconds(),
                "connection": getattr(task, "conn_id", None),
                "options": getattr(task, "hook_params", {}).get("options"),
                "autocommit": getattr(task, "autocommit", None),
                "inlets": {asset.name: asset.uri for asset in task.inlets},
                "outlets": {asset.name: asset.uri for asset in task.outlets},
            }
            for task in dag.tasks
        },
    }


def _run(dag: Any, conf: dict[str, Any]) -> dict[str, Any]:
    """Run the DAG and return its result."""
    dag_run = dag.test(run_conf=conf)
    with create_session() as session:
        tasks = dag_run.get_task_instances(session=session)
        sample = XComModel.get_many(
            run_id=dag_run.run_id, key="return_value", task_ids="return_sample"
        )
        row = session.execute(sample.with_only_columns(XComModel.value)).first()
        events = select(AssetEvent).where(AssetEvent.source_run_id == dag_run.run_id)
        return {
            "run_id": dag_run.run_id,
            "state": dag_run.state,
            "tasks": {task.task_id: task.state for task in tasks},
            "mapped": [task.map_index for task in tasks if task.map_index >= 0],
            "tries": {task.task_id: task.try_number for task in tasks},
            "sample": XComModel.deserialize_value(row) if row else None,
            "assets": sorted(event.asset.name for event in session.scalars(events)),
        }


if __name__ == "__main__":
    main()
