"""Risk: a trigger starts another Space than it names, or the doctor misses one that is gone."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from resources.profiles import load_settings
from sambodhan_assets.cli import app
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.space.examination import examine_spaces
from tests.hub_servers import WRITER, lfs_hub  # noqa: F401  (fixture)
from tests.space_jobs import PREPARE, RETRAIN, spaces_of, stage, with_job_spaces
from tests.standins.hubserver import LiveHub


@pytest.fixture
def hub(lfs_hub: LiveHub) -> LiveHub:  # noqa: F811
    return with_job_spaces(lfs_hub)


@pytest.fixture
def command_line(hub: LiveHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    given = {
        "SAMBODHAN_HOME": str(tmp_path),
        "HF_TOKEN": WRITER,
        "HF_ENDPOINT": hub.endpoint,
        "PREPARE_DATASET_SPACE_ID": PREPARE,
        "DEPARTMENT_RETRAIN_SPACE": RETRAIN,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(app, arguments)


@pytest.mark.parametrize(("which", "name"), [("prepare", PREPARE), ("department", RETRAIN)])
def test_a_trigger_starts_the_space_of_what_it_names(
    command_line, hub: LiveHub, which: str, name: str
):
    spaces_of(hub).pause(name)
    assert command_line("trigger", which).output == f"{name} starts; it was PAUSED.\n"
    assert stage(hub, name) != "PAUSED"
    hub.call("POST", "/_space", {"repo": name, "stage": "RUNNING"})
    assert "what it did is interrupted and begins again" in command_line("trigger", which).output


@pytest.mark.parametrize(
    ("which", "told"), [("urgency", "URGENCY_RETRAIN_SPACE"), ("tone", "there is no such task")]
)
def test_a_trigger_without_a_space_says_what_to_set(command_line, which: str, told: str):
    result = command_line("trigger", which)
    assert isinstance(result.exception, PermanentError)
    assert told in str(result.exception)


def test_the_doctor_looks_at_every_space(command_line, monkeypatch: pytest.MonkeyPatch):
    found = [(level, text.rpartition(" is ")) for level, text in examine_spaces(load_settings())]
    assert {(level, *told[:2]) for level, told in found} == {
        ("ok", f"The Space {name} may be managed; it", " is ") for name in (PREPARE, RETRAIN)
    }
    # Both were made a moment ago.
    assert {told[2] for _, told in found} <= {"APP_STARTING.", "RUNNING."}
    monkeypatch.setenv("URGENCY_SPACE", "officials/none")
    monkeypatch.setenv("HF_TOKEN", "hf_officials_read")
    told = [text for level, text in examine_spaces(load_settings()) if level == "error"]
    assert [("403" in text, "404" in text) for text in told] == [
        (True, False),
        (True, False),
        (False, True),
    ]
