"""Risk: an asset, check, job or sensor appears, changes or vanishes without anybody noticing.

The whole graph is compared with `graph_snapshot.json`; its diff is the review. After an intended
change: `.venv/bin/python -m tests.test_graph_snapshot` writes it anew.
"""

import json
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from resources.profiles import load_settings
from sambodhan_assets.label_tasks import LABEL_TASKS
from sambodhan_assets.lanes import STAGES

SNAPSHOT = Path(__file__).with_name("graph_snapshot.json")


def definitions() -> dg.Definitions:
    from sambodhan_assets.definitions import build_definitions

    return build_definitions(LABEL_TASKS, load_settings())


def describe_graph(found: dg.Definitions) -> dict[str, Any]:
    """Everything by name that a reader of the UI sees; all lists are sorted."""
    graph, repository = found.resolve_asset_graph(), found.get_repository_def()
    return {
        "assets": {
            key.to_user_string(): _describe_asset(graph.get(key))
            for key in sorted(graph.get_all_asset_keys())
        },
        "checks": {
            f"{key.asset_key.to_user_string()}:{key.name}": {"blocking": graph.get(key).blocking}
            for key in sorted(graph.asset_check_keys)
        },
        "jobs": {name: _describe_job(found, name) for name in sorted(repository.job_names)},
        "sensors": {
            sensor.name: {
                "starts": sorted(target.job_name for target in sensor.targets),
                "default": sensor.default_status.value,
                "seconds": sensor.minimum_interval_seconds,
            }
            for sensor in sorted(repository.sensor_defs, key=lambda sensor: sensor.name)
        },
        "schedules": {
            schedule.name: {
                "starts": schedule.job_name,
                "when": schedule.cron_schedule,
                "zone": schedule.execution_timezone,
                "default": schedule.default_status.value,
            }
            for schedule in sorted(repository.schedule_defs, key=lambda schedule: schedule.name)
        },
        "resources": sorted(repository.get_top_level_resources()),
    }


def _describe_asset(node: Any) -> dict[str, Any]:
    return {
        "after": sorted(key.to_user_string() for key in node.parent_keys),
        "group": node.group_name,
        "kinds": sorted(node.kinds),
        "owners": sorted(node.owners),
        "tags": {name: node.tags[name] for name in sorted(node.tags) if "/" not in name},
        "executable": node.is_executable,
        "described": bool(node.description),
    }


def _describe_job(found: dg.Definitions, name: str) -> dict[str, Any]:
    job = found.resolve_job_def(name)
    return {
        "runs": sorted(key.to_user_string() for key in job.asset_layer.selected_asset_keys)
        or sorted(node.name for node in job.nodes),
        "checks": sorted(
            f"{key.asset_key.to_user_string()}:{key.name}"
            for key in job.asset_layer.asset_graph.asset_check_keys
        ),
        "tags": dict(sorted(job.tags.items())),
    }


def as_text(graph: dict[str, Any]) -> str:
    return json.dumps(graph, indent=2, ensure_ascii=False) + "\n"


@pytest.fixture(scope="module")
def graph() -> dict[str, Any]:
    return describe_graph(definitions())


@pytest.mark.parametrize("part", ["assets", "checks", "jobs", "sensors", "schedules", "resources"])
def test_the_graph_is_the_one_that_was_reviewed(graph: dict[str, Any], part: str):
    reviewed = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert graph[part] == reviewed[part]


@pytest.mark.parametrize("task", LABEL_TASKS, ids=lambda task: task.name)
def test_every_task_has_every_stage_in_one_chain_from_the_source_tables(
    graph: dict[str, Any], task
):
    keys = [f"{task.name}/{stage}" for stage in STAGES]
    own = [key for key in graph["assets"] if key.startswith(f"{task.name}/")]
    assert own == sorted([*keys, f"{task.name}/review_queue"])
    for before, key in zip(keys, keys[1:], strict=False):
        assert graph["assets"][key]["after"] == [before]
    sources = graph["assets"][keys[0]]["after"]
    assert {"complaints", "misclassified_complaints"} <= set(sources)
    assert not any(graph["assets"][source]["executable"] for source in sources)


@pytest.mark.parametrize("task", LABEL_TASKS, ids=lambda task: task.name)
def test_every_task_has_its_checks_jobs_sensor_and_schedule(graph: dict[str, Any], task):
    name = task.name
    assert {
        f"{name}/balanced_dataset:MIN_DATASET_LEN",
        f"{name}/balanced_dataset:no_leakage",
        f"{name}/balanced_dataset:test_labels_by_people",
        f"{name}/balanced_dataset:no_source_signal",
        f"{name}/evaluation:F1_GATE",
    } <= set(graph["checks"])
    stages = {
        f"prepare_{name}": STAGES[:3],
        f"retrain_{name}": STAGES[3:],
        f"decide_{name}": STAGES[4:],
        f"{name}_pipeline": STAGES,
    }
    for job, run in stages.items():
        assert graph["jobs"][job]["runs"] == sorted(f"{name}/{stage}" for stage in run)
    assert f"rollback_{name}" in graph["jobs"]
    assert graph["jobs"][f"draw_review_queue_{name}"]["runs"] == [f"{name}/review_queue"]
    assert graph["sensors"][f"{name}_reviewed_feedback"]["starts"] == [f"{name}_pipeline"]
    assert graph["schedules"][f"weekly_{name}"]["starts"] == f"{name}_pipeline"


def test_every_asset_says_what_it_is_whose_it_is_and_where_it_belongs(graph: dict[str, Any]):
    for name, asset in graph["assets"].items():
        assert asset["described"], name
        assert asset["group"] != "default", name
        assert asset["kinds"], name
        assert asset["owners"] or not asset["executable"], name


def test_tasks_share_nothing_but_the_source_tables(graph: dict[str, Any]):
    names = [task.name for task in LABEL_TASKS]
    for key, asset in graph["assets"].items():
        group = key.partition("/")[0]
        if group in names:
            assert {parent.partition("/")[0] for parent in asset["after"]} & set(names) <= {group}


if __name__ == "__main__":
    SNAPSHOT.write_text(as_text(describe_graph(definitions())), encoding="utf-8")
    sys.stdout.write(f"wrote {SNAPSHOT}\n")
