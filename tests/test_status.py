"""Risk: the status says something else than what is, or a damaged version is called sound."""

import json
from pathlib import Path

import pytest

from tests.command_lines import sambodhan
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, World, keys


def status(world: World, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, object]]:
    result = sambodhan(world, monkeypatch, "status", "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_the_status_of_an_empty_platform_says_that_nothing_is_there(
    first_round: World, monkeypatch: pytest.MonkeyPatch
):
    states = status(first_round, monkeypatch)
    assert set(states) == {"department", "urgency", "embedding"}
    for state in states.values():
        job = state.pop("pipeline_job")
        assert not any(state.values())
        text = sambodhan(first_round, monkeypatch, "status").output
        assert f"nothing was decided yet; the job {job} does it." in text


def test_the_status_names_what_serves_and_the_last_verdict(
    deployed: World, monkeypatch: pytest.MonkeyPatch
):
    state = status(deployed, monkeypatch)["department"]
    assert state["deployed"] == deployed.serving()
    assert state["dataset_version"] == deployed.dataset_tags()[-1]
    assert state["verdict"] == "BOOTSTRAP"
    assert state["waiting"] is False
    assert 0.6 <= float(str(state["macro_f1"])) <= 1
    text = sambodhan(deployed, monkeypatch, "status").output
    assert str(deployed.serving()) in text
    assert "department: BOOTSTRAP. " in text


def test_the_status_tells_a_promotion_that_was_not_carried_out(
    promotable: World, monkeypatch: pytest.MonkeyPatch
):
    assert status(promotable, monkeypatch)["department"]["waiting"] is True
    assert "decide_department" in sambodhan(promotable, monkeypatch, "status").output
    run(promotable, only=keys(DEPARTMENT, "deployed_tag"))
    assert status(promotable, monkeypatch)["department"]["waiting"] is False
    second = promotable.serving()
    assert sambodhan(promotable, monkeypatch, "rollback", "department").exit_code == 0
    rolled_back = status(promotable, monkeypatch)["department"]
    assert rolled_back["waiting"] is False
    assert rolled_back["rolled_back_from"] == second


def test_the_doctor_finds_a_damaged_version_and_exits_with_one(
    deployed: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    healthy = sambodhan(deployed, monkeypatch, "doctor")
    assert healthy.exit_code == 0, healthy.output
    assert f"department: {deployed.serving()} serves, unchanged." in healthy.output
    (model,) = deployed.home.glob("registry/models/*/versions/*/training.json")
    model.write_text(model.read_text() + " ")
    sick = sambodhan(deployed, monkeypatch, "doctor")
    assert sick.exit_code == 1
    assert "training.json has changed" in sick.output
