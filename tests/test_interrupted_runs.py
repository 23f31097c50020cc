"""Risk: a killed run, or two runs at once, leave a task half done, done twice, or stuck."""

import signal
from pathlib import Path

import pytest

from resources.artifact_store import ArtifactStore
from resources.lane_settings import candidate_repository, snapshot_repository
from resources.registry.base import Publication
from resources.task_lease import TaskLeases
from tests.lane_child import start
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, STAGES, URGENCY, World, keys


@pytest.mark.parametrize("point", ["dataset", "candidate", "decision", "model"])
def test_a_run_killed_after_publishing_is_finished_by_the_next_one_with_one_effect(
    second_round: World, point: str
):
    first = second_round.serving()
    child = start(second_round, "department_pipeline", after=point, stop="die")
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    assert second_round.moves() == [("deploy", first)]
    outcome = run(second_round)
    assert outcome.success
    assert outcome.made == keys(DEPARTMENT, *STAGES)
    assert len(second_round.dataset_tags()) == 2
    assert len(second_round.model_tags()) == 2
    assert second_round.moves() == [("deploy", first), ("deploy", second_round.model_tags()[1])]
    candidate = second_round.artifacts.newest(candidate_repository(DEPARTMENT))
    assert candidate is not None
    assert candidate.manifest.run_id == outcome.run_id
    assert candidate.manifest.details["dataset_tag"] == second_round.dataset_tags()[1]
    again = run(second_round)
    assert again.skipped == [f"department__{stage}" for stage in STAGES[3:]]


def test_what_a_killed_run_left_in_its_work_folder_is_published_by_nobody(first_round: World):
    left = first_round.home / "work/department/checkpoint.bin"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half a checkpoint")
    assert run(first_round, "department_pipeline").success
    assert not left.parent.exists()
    files = [path.name for path in first_round.home.rglob("*") if path.is_file()]
    assert left.name not in files


def test_a_second_run_of_a_task_fails_naming_the_run_that_holds_it(first_round: World):
    child = start(first_round, "prepare_department", after="snapshot", stop="wait")
    assert child.stdout is not None
    holder = child.stdout.readline().strip()
    second = run(first_round, "prepare_department")
    other_task = run(first_round, "prepare_urgency")
    child.communicate("go on\n")
    assert child.returncode == 0
    assert not second.success
    assert second.made == []
    assert second.failure is not None
    assert f"another run works on department: run {holder}, process {child.pid}" in str(
        second.failure.description
    )
    assert second.failure.metadata["what to do"].value == "Wait until it ends, then run again."
    assert other_task.success
    assert other_task.made == keys(URGENCY, *STAGES[:3])
    assert len(first_round.dataset_tags()) == 1
    assert run(first_round, "prepare_department").success


def test_a_run_gives_the_task_back_also_when_it_fails(first_round: World):
    assert not run(first_round, "retrain_department").success
    leases = TaskLeases(home=str(first_round.home))
    leases.hold("department", run_id="the next one")
    leases.release()


def test_a_stage_reads_what_its_own_run_wrote_though_another_run_wrote_later(tmp_path: Path):
    """Steps may be processes of their own, and another run may come in between."""
    artifacts = ArtifactStore(url=str(tmp_path / "artifacts"))
    repository = snapshot_repository(DEPARTMENT)
    written = {}
    for run_id in ("own", "other"):
        folder = tmp_path / run_id
        folder.mkdir()
        (folder / "rows.txt").write_text(run_id)
        written[run_id] = artifacts.publish(
            repository, folder, Publication(run_id=run_id, details={})
        ).tag
    found = {
        run_id: artifacts.written_by(repository, run_id=run_id, todo="").tag
        for run_id in ("own", "other", "a later run")
    }
    assert found == {**written, "a later run": written["other"]}


def test_two_runs_of_one_task_in_one_process_do_not_share_the_lease(first_round: World):
    leases = TaskLeases(home=str(first_round.home))
    leases.hold("department", run_id="run-1")
    outcome = run(first_round, "prepare_department")
    leases.release()
    assert not outcome.success
    assert outcome.failure is not None
    assert "run run-1" in str(outcome.failure.description)
