"""Risk: what is tracked has another name than dashboards know, or a number that nobody measured."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.gate.policies import VerdictName
from sambodhan_assets.domain.tracking.preparation import (
    database_failed,
    fetched,
    preparation_failed,
    published,
    space_paused,
    too_few_rows,
    unchanged,
)
from sambodhan_assets.domain.tracking.retraining import (
    RETRAINING,
    decided,
    deployed,
    retraining_failed,
    trained,
)
from sambodhan_assets.domain.tracking.tracked import Tracked, TrackedVersion
from tests.decision_records import LABELS, make_record

VERSION = TrackedVersion(kind="dataset", name="d", tag="v1", manifest="{}", facts={})
DETAILS = {"row_count": 1234, "labels": ["a"], "rows_by_split": {"train": 1000}}
TRAINING = {
    "family": "transformer",
    "training_rows": 300,
    "hyperparameters": {"learning_rate": 2e-5},
    "outcome": {
        "best_macro_f1": 0.7,
        "device": "cpu",
        "evaluations": [
            {"step": 50, "macro_f1": 0.4, "loss": 1.2},
            {"step": 100, "macro_f1": 0.7, "loss": 0.9, "training_loss": 0.8},
        ],
    },
}


def alerts(tracked: Tracked) -> list[tuple[str, str]]:
    return [(alert.level.value, alert.title) for alert in tracked.alerts]


def test_every_end_of_a_preparation_has_its_name_and_its_alert():
    ends = {
        "success": published("urgency", VERSION, DETAILS),
        "failed": preparation_failed("urgency", "why"),
        "skipped_insufficient_data": too_few_rows("urgency", "2 of 3 rows."),
        "skipped_unchanged": unchanged("urgency", tag="v1"),
    }
    assert {name: end.values["urgency_push_status"] for name, end in ends.items()} == {
        name: name for name in ends
    }
    assert {name: alerts(end) for name, end in ends.items()} == {
        "success": [("INFO", "Dataset updated")],
        "failed": [("ERROR", "Dataset preparation failed")],
        "skipped_insufficient_data": [("WARN", "Dataset skipped")],
        "skipped_unchanged": [],
    }


def test_the_connection_is_told_either_way():
    assert fetched("urgency", records=7).values == {
        "db_connection_status": "success",
        "urgency_records_fetched": 7,
    }
    failed = database_failed("urgency", "why")
    assert failed.values["db_connection_status"] == "failed"
    assert alerts(failed) == [("ERROR", "Database connection failed")]


def test_a_space_that_is_not_paused_is_a_warning():
    assert space_paused().values == {"hf_space_pause": "success"}
    failed = space_paused(reason="The Hub said 403.")
    assert failed.values == {"hf_space_pause": "failed"}
    assert alerts(failed) == [("WARN", "Space pause failed")]


def test_a_training_is_a_curve_of_what_was_measured():
    tracked = trained(VERSION, DETAILS, candidate="c1", record=TRAINING)
    assert tracked.series == (
        {"train/global_step": 50.0, "eval/loss": 1.2, "eval/f1_macro": 0.4},
        {
            "train/global_step": 100.0,
            "train/loss": 0.8,
            "eval/loss": 0.9,
            "eval/f1_macro": 0.7,
        },
    )
    assert tracked.config["training_args"] == {"learning_rate": 2e-5}
    assert tracked.config["training_outcome"] == {"best_macro_f1": 0.7, "device": "cpu"}
    assert tracked.config["dataset_metadata"]["version_tag"] == "v1"
    assert tracked.inputs == (VERSION,)


def test_a_linear_training_has_no_curve_and_no_invented_number():
    record = {**TRAINING, "family": "linear", "outcome": {"terms": 5}, "training_rows": None}
    tracked = trained(VERSION, DETAILS, candidate="c1", record=record)
    assert tracked.series == ()
    assert tracked.values == {"candidate": "c1"}


def test_both_models_stand_beside_each_other_with_the_decision():
    record = make_record()
    tracked = decided(record)
    assert tracked.values["decision"] == record.verdict.name.value
    assert tracked.values["decision_reason"] == record.verdict.reason
    assert record.candidate.window is not None
    assert tracked.values["new_f1_macro"] == record.candidate.window.macro_f1
    assert record.deployed is not None
    assert record.deployed.window is not None
    assert tracked.values["deployed_f1_macro"] == record.deployed.window.macro_f1
    report = tracked.tables["classification_report"]
    assert {row[:2] for row in report.rows} == {
        (model, label) for model in ("candidate", "deployed version") for label in LABELS
    }
    assert set(tracked.confusion) == {
        "confusion_matrix_candidate",
        "confusion_matrix_deployed_version",
    }
    matrix = tracked.confusion["confusion_matrix_candidate"]
    assert sum(count for _, _, count in matrix.rows) == pytest.approx(
        sum(map(sum, record.candidate.window.confusion))
    )


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (VerdictName.REJECT, [("WARN", "Candidate rejected")]),
        (VerdictName.HOLD, [("WARN", "Candidate on hold")]),
        (VerdictName.PROMOTE, []),
        (VerdictName.BOOTSTRAP, []),
    ],
)
def test_a_candidate_that_does_not_serve_is_a_warning(
    verdict: VerdictName, expected: list[tuple[str, str]]
):
    record = make_record()
    record = replace(record, verdict=replace(record.verdict, name=verdict))
    assert alerts(decided(record)) == expected


def test_what_was_not_measured_has_no_value():
    record = make_record()
    alone = replace(record, deployed=None, comparison=None)
    values = decided(alone).values
    assert not {"deployed_f1_macro", "deployed_version", "gain"} & set(values)
    assert None not in values.values()


@pytest.mark.parametrize("stage", RETRAINING)
def test_every_failure_of_retraining_is_an_error(stage: str):
    ((level, title),) = alerts(retraining_failed("urgency", stage, "why"))
    assert level == "ERROR"
    assert title.endswith("failed")
    # W&B refuses longer titles.
    assert len(title) < 64


def test_an_adopted_model_has_no_input():
    tracked = deployed("urgency", VERSION, None, replaced="nothing", reason="why")
    assert tracked.inputs == ()
    assert tracked.values["served_version"] == "v1"
    assert alerts(tracked) == [("INFO", "Model deployed")]


SCALARS = st.dictionaries(st.text(max_size=3), st.integers())
BATCHES = st.builds(
    Tracked,
    values=SCALARS,
    config=SCALARS,
    inputs=st.lists(st.sampled_from("ab"), unique=True).map(
        lambda tags: tuple(replace(VERSION, tag=tag) for tag in tags)
    ),
)


@given(BATCHES, BATCHES, BATCHES)
def test_stages_add_up_in_any_grouping(first: Tracked, second: Tracked, third: Tracked):
    assert (first + second) + third == first + (second + third)
    together = first + second
    assert together.values == {**first.values, **second.values}
    assert len({version.tag for version in together.inputs}) == len(together.inputs)
