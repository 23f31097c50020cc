"""Risk: a third label task needs more than its entry, or a changed label set ends a task's line."""

import csv
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from resources.assembly import open_audit_store
from resources.audits.files import load_audits
from resources.lane_settings import decision_repository
from sambodhan_assets.domain.dataset.files import read_dataset
from sambodhan_assets.domain.gate.verdict import VerdictName
from sambodhan_assets.label_tasks import LABEL_TASKS, LabelTask
from tests.citizens import grievances, live_second_round
from tests.databases import NOON, feedback_store
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, STAGES, URGENCY, World, keys

CHANNEL = LabelTask(name="channel", column="channel", labels=("PHONE", "WEB", "OFFICE"))
TASKS = (*LABEL_TASKS, CHANNEL)
ENTRANCES = {
    "PHONE": "फोनमा सुनेको बयान, operator wrote it down:",
    "WEB": "Submitted on the website form.",
    "OFFICE": "वडा कार्यालयको काउन्टरमा दर्ता, handed in at the counter.",
}
ROWS = 150


def complaints_by_channel() -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Complaints whose opening tells the channel, and reviews of every eighth, answered wrong."""
    complaints, reviews = [], []
    for row in grievances(ROWS):
        true, wrong = (CHANNEL.labels[(row.id + shift) % 3] for shift in (0, 1))
        answer = wrong if row.id % 8 == 0 else true
        complaints.append(
            {
                "id": row.id,
                "message": f"{ENTRANCES[true]} {row.grievance}",
                "department": row.department,
                "urgency": row.urgency,
                "channel": answer,
            }
        )
        if answer != true:
            reviews.append({"complaint_id": row.id, "correct_channel": true})
    return complaints, reviews


@pytest.fixture
def three_tasks(empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world in which the third task has feedback, and a repository named by its variable."""
    monkeypatch.setenv("POSTGRES_URL", empty_database)
    monkeypatch.setenv("CHANNEL_MODEL", "ministry/channel-model")
    monkeypatch.setenv("MIN_DATASET_LEN", "20")
    store = feedback_store(empty_database)
    store.initialise(TASKS)
    complaints, reviews = complaints_by_channel()
    store.upsert_complaints(complaints, TASKS)
    store.upsert_corrections(reviews, TASKS)
    return World(
        home=tmp_path, url=empty_database, tasks=TASKS, overrides={"MIN_DATASET_LEN": "20"}
    )


def test_a_third_task_runs_its_whole_lane_from_its_entry_alone(three_tasks: World):
    outcome = run(three_tasks, "channel_pipeline")
    assert outcome.success
    assert outcome.made == keys(CHANNEL, *STAGES)
    assert all(check.passed for check in outcome.checks.values())
    assert three_tasks.serving_model(CHANNEL).labels == CHANNEL.labels
    assert three_tasks.serving(CHANNEL) == three_tasks.model_tags(CHANNEL)[0]
    assert three_tasks.lanes.dataset_repository(CHANNEL).name == "sambodhan-channel-dataset"
    assert three_tasks.lanes.model_repository(CHANNEL).name == "ministry/channel-model"
    assert (three_tasks.home / "registry/models/ministry/channel-model").is_dir()
    assert three_tasks.dataset_tags(DEPARTMENT) == three_tasks.dataset_tags(URGENCY) == []
    rolled_back = run(three_tasks, "rollback_channel")
    assert rolled_back.failure is not None
    assert "was the first version" in str(rolled_back.failure.description)


def test_a_third_task_has_its_own_keys_group_jobs_sensor_and_schedule(three_tasks: World):
    definitions = three_tasks.definitions
    graph = definitions.resolve_asset_graph()
    group = {
        key.to_user_string() for key in graph.get_all_asset_keys() if key.path[0] == CHANNEL.name
    }
    assert group == set(keys(CHANNEL, *STAGES, "review_queue"))
    assert {graph.get(dg.AssetKey([CHANNEL.name, stage])).group_name for stage in STAGES} == {
        CHANNEL.name
    }
    repository = definitions.get_repository_def()
    names = {
        "prepare_channel",
        "retrain_channel",
        "decide_channel",
        "channel_pipeline",
        "draw_review_queue_channel",
        "rollback_channel",
    }
    assert names <= set(repository.job_names)
    shared = definitions.resolve_job_def("prepare_datasets").asset_layer
    assert set(keys(CHANNEL, *STAGES[:3])) <= {
        key.to_user_string() for key in shared.executable_asset_keys
    }
    assert repository.has_sensor_def("channel_reviewed_feedback")
    assert "weekly_channel" in {schedule.name for schedule in repository.schedule_defs}


# A changed label set


FORESTRY = "Forests & Environment"


def with_a_fifth_department(world: World) -> World:
    more = replace(DEPARTMENT, labels=(*DEPARTMENT.labels, FORESTRY))
    return replace(world, tasks=(more, URGENCY))


@pytest.mark.parametrize("share", [None, 1.0], ids=["no new traffic", "new traffic"])
def test_a_changed_label_set_starts_a_new_line_and_keeps_the_splits(
    deployed: World, share: float | None
):
    if share is not None:
        live_second_round(deployed, share=share)
    # The new label has no rows yet, and scores 0 in a macro-F1 of five labels.
    world = with_a_fifth_department(deployed).but(BOOTSTRAP_MIN_F1="0.4")
    task = world.tasks[0]
    outcome = run(world)
    assert outcome.success
    assert outcome.made == keys(task, *STAGES)
    repository = world.lanes.dataset_repository(task)
    first, second = (world.registry.version(repository, tag) for tag in world.dataset_tags(task))
    assert second.manifest.details["label_set_changed_from"] == list(DEPARTMENT.labels)
    assert second.manifest.details["labels"] == [*DEPARTMENT.labels, FORESTRY]
    decision = world.artifacts.newest(decision_repository(task))
    assert decision is not None
    assert decision.manifest.details["verdict"] == VerdictName.BOOTSTRAP.value
    assert world.serving_model(task).labels[-1] == FORESTRY
    assert world.moves(task)[-1] == ("deploy", world.model_tags(task)[-1])
    splits = []
    for version in (first, second):
        with world.registry.fetched(version) as folder:
            rows = read_dataset(folder).assignments.to_pylist()
        splits.append({row["text_key"]: row["split"] for row in rows})
    assert splits[0].items() <= splits[1].items()


def test_a_third_task_is_asked_for_on_the_next_sheet_of_audits(three_tasks: World):
    world = three_tasks.but(AUDIT_QUOTA="5")
    assert run(world, "draw_audit_batch").success
    (path,) = (world.home / "sheets").glob("*.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0]["verified_channel"] = CHANNEL.labels[0]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    audits = open_audit_store(world.settings)
    load_audits(path, audits, now=NOON, db_timezone="UTC", tasks=TASKS)
    assert audits.verified(CHANNEL)["label"].to_pylist() == [CHANNEL.labels[0]]
    assert run(world, "channel_pipeline").success
