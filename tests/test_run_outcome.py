"""Risk: nobody hears how a run ended, or hears something else than what the UI shows."""

import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import dagster as dg
import pytest

from resources.registry.folder import FolderRegistry
from sambodhan_assets.domain.errors import TransientError
from sensors.run_outcome import summarise
from tests.citizens import grievances
from tests.databases import execute
from tests.deployments import deploy_another
from tests.hearing import let_sensors_hear
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, STAGES, World

MAILS = "mail"


def run_and_tell(world: World, job: str = "department_pipeline") -> str:
    """Runs a job, then lets the sensors hear of it; returns the text of the one mail."""
    with dg.DagsterInstance.ephemeral() as instance:
        result = world.definitions.resolve_job_def(job).execute_in_process(
            instance=instance, raise_on_error=False
        )
        return tell(world, instance, result.run_id)


def tell(world: World, instance: dg.DagsterInstance, run_id: str) -> str:
    """Lets the sensors hear of a run that has ended; returns the text of the one mail."""
    let_sensors_hear(world.definitions, instance, run_id)
    (file,) = (world.home / MAILS).glob("*.eml")
    assert file.stem == run_id
    raw = file.read_bytes()
    assert not any(row.grievance in raw.decode() for row in grievances())
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    text = mail.get_body(("plain",))
    assert text is not None
    assert text.get_content().startswith(f"{mail['Subject'].strip()}\n")
    return text.get_content()


def test_a_green_run_tells_what_it_made_and_checked(first_round: World):
    lines = run_and_tell(first_round).splitlines()
    assert lines[0] == "OK department_pipeline: department accepted"
    assert [line for line in lines if line.startswith("made ")] == [
        f"made department/{stage}" for stage in STAGES
    ]
    assert any(line.startswith("check MIN_DATASET_LEN passed: ") for line in lines)
    (verdict,) = (line for line in lines if line.startswith("check F1_GATE passed: "))
    assert "BOOTSTRAP" in verdict


def test_what_the_button_of_the_ui_starts_has_a_name_that_people_know():
    @dg.asset
    def probe() -> None: ...

    with dg.DagsterInstance.ephemeral() as instance:
        job = dg.Definitions(assets=[probe]).resolve_implicit_global_asset_job_def()
        run = job.execute_in_process(instance=instance).dagster_run
        assert run.job_name == "__ASSET_JOB"
        assert summarise(instance, run).subject == "OK materialization"


def test_an_accepted_candidate_is_told_with_versions_scores_and_the_way_back(second_round: World):
    lines = run_and_tell(second_round).splitlines()
    first, second = second_round.model_tags()
    assert lines[0] == "OK department_pipeline: department accepted"
    assert f"serves now: {second}" in lines
    assert f"replaced: {first}" in lines
    assert f"department: {second}, since this run; before it {first}" in lines
    assert f"dataset version: {second_round.dataset_tags()[1]}" in lines
    assert "to go back, run: sambodhan rollback department" in lines
    assert any(line.startswith("in plain numbers: It fixes ") for line in lines)
    assert any(line.startswith("macro-F1 of the candidate: 0.") for line in lines)


def test_a_candidate_on_hold_is_told_with_its_sheet_and_what_to_do(held: World):
    text = run_and_tell(held, "decide_department")
    (sheet,) = (held.home / "sheets").glob("*.xlsx")
    assert text.startswith("OK decide_department: department on hold\n")
    assert f"sheet to fill in: {sheet}\n" in text
    assert "what to do next: " in text
    assert f"when the sheet is filled in, run: sambodhan load audits {sheet}\n" in text
    job = "dagster job execute -m sambodhan_assets.definitions -j decide_department"
    assert f"and then: {job}\n" in text
    assert f"department: {held.serving()}, as before this run\n" in text


def test_a_rejected_candidate_is_told_as_such(first_round: World):
    text = run_and_tell(first_round.but(BOOTSTRAP_MIN_F1="0.99"))
    assert text.startswith("OK department_pipeline: department rejected\n")
    assert "REJECT. " in text
    assert "macro-F1 of the candidate: 0." in text
    assert "serves now" not in text
    assert "department: nothing is deployed\n" in text


def test_a_prepared_dataset_is_told_with_its_tag_and_rows(first_round: World):
    text = run_and_tell(first_round, "prepare_datasets")
    assert text.startswith(
        "OK prepare_datasets: department dataset prepared; urgency dataset prepared\n"
    )
    (tag,) = first_round.dataset_tags()
    assert re.search(rf"{re.escape(tag)} is published, [\d,]+ rows\.", text)


def test_an_amber_run_tells_the_reason_and_what_was_skipped(first_round: World):
    text = run_and_tell(first_round.but(MIN_DATASET_LEN="1000"))
    assert text.startswith("OK department_pipeline: department skipped\n")
    assert " of 1000 rows." in text
    assert "check MIN_DATASET_LEN not passed: " in text
    for stage in STAGES[2:]:
        assert f"skipped department/{stage}\n" in text


def test_a_run_that_found_nothing_new_says_so(deployed: World):
    (tag,) = deployed.dataset_tags()
    text = run_and_tell(deployed)
    assert text.startswith("OK department_pipeline: department skipped\n")
    assert f"department/dataset_version: nothing changed since {tag}\n" in text


def test_a_version_that_an_earlier_run_published_is_no_news(first_round: World):
    run(first_round, "prepare_department")
    (tag,) = first_round.dataset_tags()
    text = run_and_tell(first_round, "prepare_department")
    assert text.startswith("OK prepare_department: department skipped\n")
    assert f"Nothing changed since {tag}; nothing was published.\n" in text
    assert f"department/dataset_version: nothing changed since {tag}\n" in text
    assert "is published" not in text


def test_a_red_run_tells_why_and_that_the_previous_version_still_serves(deployed: World):
    execute(deployed.url, "UPDATE complaints SET department = 'Forestry'")
    text = run_and_tell(deployed)
    assert text.startswith("FAILED department_pipeline\n")
    assert "unknown labels: 'Forestry'" in text
    assert "Allowed are" in text
    assert "The previous version still serves." in text
    assert f"department: {deployed.serving()}, as before this run\n" in text
    assert "Traceback" not in text


@pytest.mark.parametrize("moved", [False, True])
def test_a_cancelled_run_tells_what_serves_as_the_registry_says(
    deployed: World, moved: bool, tmp_path: Path
):
    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(
            deployed.definitions.resolve_job_def("department_pipeline"),
            status=dg.DagsterRunStatus.STARTED,
        )
        if moved:
            repository = deployed.lanes.model_repository(DEPARTMENT)
            before = deployed.registry.deployments(repository)[-1]
            # Another version came between, and the run goes back to the first one.
            deploy_another(deployed, tmp_path)
            move = replace(before, sequence=before.sequence + 2, run_id=run.run_id)
            deployed.registry.move_pointer(repository, move)
        instance.report_run_canceled(run)
        text = tell(deployed, instance, run.run_id)
    assert text.startswith("CANCELLED department_pipeline\n")
    assert ("The previous version still serves." in text) is not moved
    assert (f"The registry names department {deployed.serving()} since this" in text) is moved


def test_a_run_that_broke_off_is_told_also_while_the_registry_is_away(
    deployed: World, monkeypatch: pytest.MonkeyPatch
):
    def away(*_: object) -> None:
        raise TransientError(tried="Asking", found="no answer.", todo="Wait.")

    monkeypatch.setattr(FolderRegistry, "deployments", away)
    text = run_and_tell(deployed)
    assert text.startswith("FAILED department_pipeline\n\nWHY THE RUN FAILED\n")
    assert "What serves now could not be read" in text


def test_a_job_that_touches_no_asset_is_told_too(first_round: World):
    assert "nothing is deployed" in run_and_tell(first_round, "rollback_department")
