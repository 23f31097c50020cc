"""Risk: a run ends in the wrong colour, or publishes and deploys what it should not.

Green and skipped, green and amber, or red: people act on what the UI shows them.
"""

import json

from resources.lane_settings import decision_repository
from tests.citizens import live_second_round, second_round_rows
from tests.databases import execute
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, ROWS, STAGES, World, keys


def step_names(*stages: str) -> list[str]:
    return [f"department__{stage}" for stage in stages]


def verdict_of(world: World) -> str:
    decision = world.artifacts.newest(decision_repository(DEPARTMENT))
    assert decision is not None
    return decision.manifest.details["verdict"]


def enter_an_unknown_label(world: World) -> tuple[int, int]:
    """An official types a label that the task does not have; returns the complaint and review."""
    statement = (
        "UPDATE misclassified_complaints SET correct_department = 'Forestry' WHERE id ="
        " (SELECT min(id) FROM misclassified_complaints WHERE correct_department IS NOT NULL)"
        " RETURNING complaint_id, id"
    )
    complaint, review = execute(world.url, statement)[0]
    return complaint, review


def test_fewer_rows_than_min_dataset_len_skip_the_rest_and_say_how_many_there_are(
    first_round: World,
):
    world = first_round.but(MIN_DATASET_LEN="1000")
    outcome = run(world)
    assert outcome.success
    assert outcome.made == keys(DEPARTMENT, "raw_feedback")
    assert outcome.skipped == step_names(*STAGES[2:])
    assert outcome.amber("MIN_DATASET_LEN")
    rows = outcome.checks["MIN_DATASET_LEN"].metadata["rows"].value
    assert outcome.checks["MIN_DATASET_LEN"].description == f"{rows} of 1000 rows."
    assert outcome.checks["MIN_DATASET_LEN"].blocking
    # A check that is declared and not told would turn the run red.
    assert {"no_leakage", "test_labels_by_people", "no_source_signal"} < set(outcome.checks)
    assert 0 < rows < 1000
    assert world.dataset_tags() == []
    assert world.model_tags() == []


def test_a_first_run_makes_every_stage_and_passes_every_check_that_can_stop_it(first_round: World):
    outcome = run(first_round)
    assert outcome.success
    assert outcome.made == keys(DEPARTMENT, *STAGES)
    assert {name: check.passed for name, check in outcome.checks.items()} == {
        "MIN_DATASET_LEN": True,
        "no_leakage": True,
        # Three of its four test rows.
        "test_labels_by_people": False,
        "no_source_signal": True,
        "F1_GATE": True,
    }
    assert "not measured: the eval split has" in outcome.events
    assert verdict_of(first_round) == "BOOTSTRAP"
    assert first_round.moves() == [("deploy", first_round.model_tags()[0])]


def test_the_same_content_is_observed_and_published_once(deployed: World):
    outcome = run(deployed)
    assert outcome.success
    assert outcome.made == keys(DEPARTMENT, "raw_feedback", "balanced_dataset")
    assert outcome.skipped == step_names("trained_model", "evaluation", "deployed_tag")
    (tag,) = deployed.dataset_tags()
    seen = outcome.observations["department/dataset_version"].metadata
    assert seen["nothing changed since"].value == tag


def test_a_gate_that_cannot_tell_holds_the_candidate_and_gives_the_reason(deployed: World):
    before = deployed.serving()
    live_second_round(deployed, share=0.2)
    outcome = run(deployed)
    assert outcome.success
    assert outcome.made == keys(DEPARTMENT, *STAGES[:-1])
    assert outcome.skipped == []
    assert outcome.amber("F1_GATE")
    assert verdict_of(deployed) == "HOLD"
    assert "HOLD. " in str(outcome.checks["F1_GATE"].description)
    assert "complaints that nobody has checked" in str(outcome.checks["F1_GATE"].description)
    assert deployed.serving() == before


def test_a_first_model_that_is_not_good_enough_is_rejected(first_round: World):
    outcome = run(first_round.but(BOOTSTRAP_MIN_F1="0.99"))
    assert outcome.success
    assert outcome.made == keys(DEPARTMENT, *STAGES[:-1])
    assert outcome.amber("F1_GATE")
    assert verdict_of(first_round) == "REJECT"
    assert "the first model needs 99.0" in str(outcome.checks["F1_GATE"].description)
    assert first_round.model_tags() == []
    assert first_round.serving() is None


def test_a_candidate_that_learned_nonsense_is_not_deployed_though_the_published_rule_would(
    deployed: World,
):
    before = deployed.serving()
    live_second_round(deployed, share=0.0)
    # Officials who overwrite right answers at random: nothing in the texts explains the labels.
    for row in second_round_rows()[::2]:
        label = DEPARTMENT.labels[row.id * 7919 % 4]
        execute(
            deployed.url,
            "INSERT INTO misclassified_complaints (complaint_id, model_predicted_department,"
            " correct_department, reviewed, reviewed_at)"
            f" SELECT id, department, '{label}', true, now() FROM complaints WHERE id = {row.id}",
        )
    outcome = run(deployed)
    assert outcome.success
    assert outcome.amber("F1_GATE")
    assert verdict_of(deployed) == "HOLD"
    measured = outcome.checks["F1_GATE"].metadata
    assert float(str(measured["gain"].value)) < 0
    assert measured["f1_delta would say"].value == "PROMOTE"
    assert deployed.serving() == before


def test_a_real_failure_is_red_and_says_what_was_tried_found_and_to_be_done(second_round: World):
    before = second_round.serving()
    complaint, review = enter_an_unknown_label(second_round)
    outcome = run(second_round)
    assert not outcome.success
    assert outcome.made == keys(DEPARTMENT, "raw_feedback")
    assert outcome.failure is not None
    assert set(outcome.failure.metadata) == {"tried", "found", "what to do"}
    found = str(outcome.failure.description)
    assert f"'Forestry' in 1 rows (complaints {complaint} in review {review})" in found
    assert "Allowed are" in str(outcome.failure.description)
    assert second_round.serving() == before
    assert len(second_round.dataset_tags()) == 1


def test_the_deployed_folder_tells_what_it_is_in_the_files_that_inference_reads(deployed: World):
    repository = deployed.lanes.model_repository(DEPARTMENT)
    version = deployed.registry.version(repository, str(deployed.serving()))
    with deployed.registry.fetched(version) as folder:
        text = (folder / "model_metadata.json").read_text()
        assert (folder / "metadata.json").read_text() == text
    told = json.loads(text)
    assert told["version_tag"] == version.tag
    assert told["eval_metrics"]["test_rows"] > 0
    assert told["calibration"]["temperature"] == 1.0
    assert "the eval split has" in told["calibration"]["reason"]
    (dataset_tag,) = deployed.dataset_tags()
    assert version.manifest.details["dataset_tag"] == dataset_tag
    deployment = deployed.registry.deployed(repository)
    assert deployment is not None
    assert deployment.traffic_after_id == ROWS
