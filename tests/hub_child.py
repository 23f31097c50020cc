"""Publishes to a Hub, or deploys to one, in processes that a test may kill at any request.

    python -m tests.hub_child < orders

One process imports everything once, under the variables that the Hub's client reads at import. Each
order is a line of JSON; a fork of that process carries it out and may be killed, and what it says
comes back as lines of JSON: {"pid": ...}, {"made": TAG} or {"error": CLASS, ...}, {"exit": STATUS}.
"""

import json
import os
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from resources.artifact_store import ArtifactStore
from resources.assembly import build_lane_settings
from resources.deployment import deploy_candidate, find_deployable
from resources.profiles import load_settings
from resources.registry.base import Publication, Repository
from resources.registry.hub import HubRegistry
from sambodhan_assets.domain.errors import PlatformError
from sambodhan_assets.domain.manifest import content_hash, file_entries
from sambodhan_assets.label_tasks import LABEL_TASKS

DEPARTMENT = LABEL_TASKS[0]


def publish(registry: HubRegistry, order: dict[str, Any]) -> str:
    """What the stage dataset_version does: unchanged content publishes nothing."""
    repository = Repository(kind="dataset", name=order["name"])
    folder = Path(order["folder"])
    entries = file_entries(folder)
    content = [name for name in entries if name != "README.md"]
    newest = registry.newest(repository)
    if newest is not None and newest.content_hash == content_hash(entries, content):
        return newest.tag
    made = Publication(run_id=order["run_id"], content_files=content, details={"seed": 42})
    return registry.publish(repository, folder, made).tag


def deploy(registry: HubRegistry, order: dict[str, Any]) -> str:
    """What the stage deployed_tag does: publishes the candidate and moves the pointer."""
    os.environ["DEPARTMENT_MODEL"] = order["name"]
    settings = build_lane_settings(load_settings({"SAMBODHAN_HOME": order["folder"]}), LABEL_TASKS)
    artifacts = ArtifactStore(url=order["folder"])
    decision = find_deployable(DEPARTMENT, settings, artifacts, registry, order["run_id"])
    if decision.refusal is None:
        deploy_candidate(
            decision,
            DEPARTMENT,
            settings,
            artifacts,
            registry,
            traffic_after_id=7,
            run_id=order["run_id"],
            now=datetime.now(UTC),
        )
    serving = registry.deployed(settings.model_repository(DEPARTMENT))
    assert serving is not None
    return serving.tag


ACTIONS = {"publish": publish, "deploy": deploy}


# The standard output goes elsewhere: libraries log to it.
ANSWERS = os.dup(1)


def say(**fields: Any) -> None:
    """One write, so that the lines of two processes never mix."""
    os.write(ANSWERS, f"{json.dumps(fields)}\n".encode())


def carry_out(order: dict[str, Any]) -> None:
    """Runs in a fork of its own, which ends here."""
    if order["hurry"]:
        time.sleep = lambda _: None  # between tries
    try:
        say(made=ACTIONS[order["action"]](HubRegistry(**order["registry"]), order))
    except PlatformError as error:
        say(error=type(error).__name__, text=str(error), cause=repr(error.__cause__))
    except BaseException:  # noqa: BLE001  (the test fails with it)
        say(error="crash", text=traceback.format_exc(), cause="")
    finally:
        os._exit(0)


def main() -> None:
    """Takes orders until the input ends."""
    threads = list(Path("/proc/self/task").iterdir())
    assert len(threads) == 1, "a process with threads must not be forked"
    os.dup2(2, 1)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            say(pid=os.getpid())
            carry_out(json.loads(line))
        _, status = os.waitpid(pid, 0)
        say(exit=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
