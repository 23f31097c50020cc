"""Risk: a dataset whose test labels are a model's own answers, or whose sampling left a mark on the
texts, passes without a word; or a warning stops a run."""

from collections.abc import Callable

import pytest

from sambodhan_assets.assets.dataset_checks import check_label_sources, check_source_signal
from sambodhan_assets.domain.dataset.balanced import BalancedDataset, build_balanced_dataset
from sambodhan_assets.domain.dataset.label_sources import LabelSources, label_sources
from sambodhan_assets.domain.dataset.preparation import PreparationSettings
from sambodhan_assets.domain.dataset.source_probe import (
    MAX_ROWS,
    Separation,
    SourceProbe,
    probe_sources,
    standard_error,
)
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, STAGES, World, keys
from tests.snapshot_rows import LABELS, Row, audit, correction, make_snapshot, unflagged, unlike

Change = Callable[[str], str]


def prepared(rows: list[Row], *, ratio: float = 1.0) -> BalancedDataset:
    return build_balanced_dataset(
        make_snapshot(rows, correct_ratio=ratio),
        labels=LABELS,
        settings=PreparationSettings(),
        parent_assignments=None,
    )


def rows_of(corrections: int, others: int, *, changed: Change = str) -> list[Row]:
    """Texts that say nothing; those of corrections go through `changed`."""
    return [
        *(correction(n, changed(unlike(n))) for n in range(corrections)),
        *(unflagged(1_000_000 + n, unlike(-n - 1), sample_rank=n) for n in range(others)),
    ]


def test_a_test_split_of_corrections_is_judged_by_people():
    found = label_sources(prepared(rows_of(100, 100), ratio=0.5))
    assert found.rows == {"correction": 10, "unflagged": 5}
    assert found.presumed_share == pytest.approx(1 / 3)
    assert found.sentence == (
        "5 of 15 labels of the test split (33 of 100) are answers of a model that nobody objected "
        "to; people gave the others."
    )
    assert check_label_sources(found).passed


def test_a_test_split_of_presumed_answers_says_how_many_and_what_to_do():
    found = label_sources(prepared(rows_of(50, 200), ratio=3.0))
    assert found.rows == {"correction": 5, "unflagged": 15}
    assert not check_label_sources(found).passed
    assert found.sentence == (
        "15 of 20 labels of the test split (75 of 100) are answers of a model that nobody objected "
        "to, so a score on it says mostly how often two models agree. Let people label complaints "
        "at random: run the job draw_audit_batch, fill in the sheet, and load it with `sambodhan "
        "load audits`."
    )


def test_audits_are_labels_by_people():
    rows = rows_of(50, 200) + [audit(5000 + n, unlike(5000 + n)) for n in range(150)]
    found = label_sources(prepared(rows, ratio=3.0))
    assert found.rows["audit"] > 0
    assert found.rows["unflagged"] > found.rows["correction"]
    assert check_label_sources(found).passed


@pytest.mark.parametrize(("presumed", "passed"), [(5, True), (6, False)])
def test_exactly_half_is_not_above_half(presumed: int, passed: bool):
    found = LabelSources(rows={"correction": 5, "unflagged": presumed})
    assert check_label_sources(found).passed is passed


def test_a_test_split_without_rows_is_not_measured():
    found = label_sources(prepared([]))
    assert found.presumed_share is None
    result = check_label_sources(found)
    assert result.passed
    assert result.description == "not measured: the test split has no rows."
    assert result.metadata["share of labels that a model gave"].value == "not measured"


def test_texts_that_say_nothing_about_their_source_pass():
    probe = probe_sources(prepared(rows_of(200, 200)))
    assert (probe.corrections, probe.unflagged) == (160, 160)
    assert probe.words is not None
    assert 0.35 < probe.words.auc < 0.65
    assert probe.words.lower < probe.words.auc
    assert check_source_signal(probe).passed


NEPALI = str.maketrans("0123456789abcdef", "कखगघङचछजझञटठडढणत")


@pytest.mark.parametrize(
    ("changed", "by_shape"),
    [
        (lambda text: f"checked{text[7:]}", False),
        (lambda text: text[:20], True),
        (lambda text: text.translate(NEPALI), True),
        (str.upper, True),
    ],
    ids=["a word", "cut", "another script", "capitals"],
)
def test_a_mark_on_the_texts_is_found(changed: Change, by_shape: bool):
    probe = probe_sources(prepared(rows_of(200, 200, changed=changed)))
    assert probe.words is not None
    assert probe.shape is not None
    assert probe.words.auc > 0.98
    assert (probe.shape.auc > 0.98) is by_shape
    result = check_source_signal(probe)
    assert not result.passed
    assert "tells which is which in" in str(result.description)
    assert "Compare the messages" in str(result.description)


def test_a_correction_is_not_recognised_by_its_twin():
    # All corrections are one group, hence in one fold: nothing is left to learn them from.
    template = unlike(1)
    rows = [correction(n, f"{template} {n:03d}") for n in range(100)]
    rows += [unflagged(1000 + n, unlike(1000 + n), sample_rank=n) for n in range(100)]
    probe = probe_sources(prepared(rows))
    assert probe.words is None
    assert probe.sentence.startswith("not measured: ")


@pytest.mark.parametrize(("corrections", "others"), [(0, 0), (20, 200), (200, 20)])
def test_too_few_rows_are_not_measured_and_no_warning(corrections: int, others: int):
    probe = probe_sources(prepared(rows_of(corrections, others)))
    assert (probe.words, probe.shape) == (None, None)
    result = check_source_signal(probe)
    assert result.passed
    assert result.metadata["AUC by words"].value == "not measured"
    assert "30 of each are needed" in str(result.description)


def test_many_rows_are_sampled_alike_every_time():
    dataset = prepared(rows_of(1500, 1500))
    probe = probe_sources(dataset)
    assert probe.corrections + probe.unflagged == MAX_ROWS
    assert probe == probe_sources(dataset)


def test_the_standard_error_is_that_of_hanley_and_mcneil():
    # Both of their terms are 1/3 at AUC .5: (.25 + 29/12 + 29/12) / 900.
    assert standard_error(0.5, 30, 30) == pytest.approx(0.0751542)


def test_a_bound_above_the_limit_is_needed_for_a_warning():
    fields = {"corrections": 60, "unflagged": 60}
    sure, unsure = Separation(auc=0.99, lower=0.97), Separation(auc=0.95, lower=0.91)
    assert SourceProbe(words=unsure, shape=unsure, **fields).clean
    assert not SourceProbe(words=sure, shape=unsure, **fields).clean
    assert not SourceProbe(words=unsure, shape=sure, **fields).clean


def test_a_warning_stops_nothing(first_round: World):
    config = {"ops": {"department__raw_feedback": {"config": {"correct_ratio": 3.0}}}}
    outcome = run(first_round, run_config=config)
    assert outcome.success
    assert outcome.amber("test_labels_by_people")
    assert not outcome.checks["test_labels_by_people"].blocking
    assert "draw_audit_batch" in str(outcome.checks["test_labels_by_people"].description)
    assert outcome.made == keys(DEPARTMENT, *STAGES)
