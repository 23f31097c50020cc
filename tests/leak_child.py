"""Runs jobs in a process whose every output is searched for secrets and complaints.

It reads one job per line and answers with a line that ends with green or red:

    {"job": "department_pipeline", "variables": {...}, "broken": false}

Dagster keeps the runs under DAGSTER_HOME, and the sensors tell of each of them.
"""

import json
import logging
import os
import sys
from typing import NoReturn

import dagster as dg

from resources.feedback_store import FeedbackStore
from resources.profiles import load_settings
from sambodhan_assets.definitions import build_definitions
from sambodhan_assets.label_tasks import LABEL_TASKS
from tests.databases import execute
from tests.hearing import let_sensors_hear


def broken_snapshot(store: FeedbackStore, *_: object, **__: object) -> NoReturn:
    """What a library may do: log and raise all that it has at hand."""
    ((text,),) = execute(store.url, "SELECT message FROM complaints ORDER BY id LIMIT 1")
    logging.getLogger("library").error("No way to %s", store.url)
    try:
        raise ValueError(f"{text!r} does not fit")
    except ValueError as error:
        raise RuntimeError(f"sending {text} to {store.url}") from error


def main() -> None:
    snapshot = FeedbackStore.snapshot
    for line in sys.stdin:
        scenario = json.loads(line)
        os.environ.update(scenario["variables"])
        FeedbackStore.snapshot = broken_snapshot if scenario["broken"] else snapshot
        definitions = build_definitions(LABEL_TASKS, load_settings())
        with dg.DagsterInstance.get() as instance:
            run = definitions.resolve_job_def(scenario["job"]).execute_in_process(
                instance=instance, raise_on_error=False
            )
            let_sensors_hear(definitions, instance, run.run_id)
        sys.stdout.write(f"{run.run_id} {'green' if run.success else 'red'}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
