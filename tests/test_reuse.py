"""Risk: the same rows judge candidate after candidate, and nobody sees that luck is adding up."""

from dataclasses import replace

from resources.lane_settings import decision_repository
from sambodhan_assets.assets.reuse import count_reuse
from sambodhan_assets.domain.gate.record_files import read_record
from sambodhan_assets.domain.gate.reuse import Reuse
from sambodhan_assets.status import status_lines, task_status
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, URGENCY, World


def newest_decision(world: World):
    version = world.artifacts.newest(decision_repository(DEPARTMENT))
    assert version is not None
    with world.artifacts.fetched(version) as folder:
        return version, read_record(folder)


def test_every_earlier_look_at_the_same_rows_is_counted(promotable: World):
    _, record = newest_decision(promotable)
    # The first model was judged on the test rows too; no window was compared then.
    assert record.reuse == Reuse(test_split=1, window=0)
    assert run(promotable, "decide_department", only=["department/evaluation"]).success
    _, again = newest_decision(promotable)
    assert again.reuse == Reuse(test_split=2, window=1)
    assert again.power is not None


def test_another_line_and_another_window_are_not_counted(promotable: World):
    models = promotable.lanes.model_repository(DEPARTMENT)
    tags = promotable.dataset_tags()
    dataset = promotable.registry.version(promotable.lanes.dataset_repository(DEPARTMENT), tags[-1])
    deployment = promotable.registry.deployed(models)
    assert deployment is not None

    def count(task=DEPARTMENT, dataset=dataset, move: int | None = deployment.sequence) -> Reuse:
        return count_reuse(task, promotable.artifacts, dataset=dataset, move=move)

    assert count() == Reuse(test_split=2, window=1)
    assert count(move=None) == Reuse(test_split=2, window=None)
    assert count(move=9) == Reuse(test_split=2, window=0)
    elsewhere = replace(dataset, repository=replace(dataset.repository, name="another/line"))
    assert count(dataset=elsewhere) == Reuse(test_split=0, window=1)
    assert count(task=URGENCY) == Reuse(test_split=0, window=0)


def test_the_status_of_a_hold_says_what_to_do_next(promotable: World):
    strict = promotable.but(MAX_LATENCY_MS="0.000001")
    assert run(strict, "decide_department", only=["department/evaluation"]).success
    version, _ = newest_decision(strict)
    assert version.manifest.details["verdict"] == "HOLD"
    state = task_status(DEPARTMENT, strict.lanes, strict.artifacts, strict.registry)
    assert state.next_step == version.manifest.details["next_step"]
    lines = status_lines({"department": state})
    assert f"department: what to do next: {state.next_step}" in lines
