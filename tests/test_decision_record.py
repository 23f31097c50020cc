"""Risk: a decision cannot be checked later, or its page says something else than its numbers."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.gate.decision_record import (
    DatasetFacts,
    DecisionRecord,
    Latency,
    ModelFacts,
    RivalFacts,
    WindowFacts,
    compare,
    record_from_json,
)
from sambodhan_assets.domain.gate.estimator import estimate
from sambodhan_assets.domain.gate.evidence import (
    Evidence,
    F1DeltaScores,
    FirstModelScores,
    GuardResult,
)
from sambodhan_assets.domain.gate.examples import broken_examples, fixed_examples
from sambodhan_assets.domain.gate.figures import confusion_figure
from sambodhan_assets.domain.gate.interval import gain_interval
from sambodhan_assets.domain.gate.policies import Policy, PolicySettings, VerdictName
from sambodhan_assets.domain.gate.record_files import read_record, write_record
from sambodhan_assets.domain.gate.report import summary_markdown, verdict_sentence
from sambodhan_assets.domain.gate.score_tables import f1_table_markdown, score_table_markdown
from sambodhan_assets.domain.gate.split_score import score_split
from sambodhan_assets.domain.gate.verdict import decide
from sambodhan_assets.domain.scores import score_card
from sambodhan_assets.label_tasks import LABEL_TASKS
from tests.gate_windows import certain, make_window, sampled, unlabelled

LABELS = LABEL_TASKS[0].labels
ROWS = (
    [certain(0, 0, 1)] * 9
    + [certain(2, 2, 0)] * 4
    + [certain(3, 1, 2)] * 2
    + [unlabelled(c, c) for c in (0, 0, 0, 1, 1, 2, 2, 3)] * 25
    + [sampled(0, 0, 1), sampled(1, 0, 1), sampled(2, 2, 3)]
    + [unlabelled(0, 1)] * 5
)
FACTS = {"content_hash": "0123456789abcdef", "family": "linear"}


def make_split_score():
    rng = np.random.default_rng(7)
    truth, answers = rng.integers(0, 4, 60), rng.integers(0, 4, 60)
    return score_split(truth, answers, np.arange(60), len(LABELS), seed=7)


def make_model(tag, confusion, **parts):
    return ModelFacts(tag=tag, window=score_card(confusion, n=len(ROWS)), **FACTS, **parts)


def make_record(**overrides):
    """A decision with every part filled in."""
    window = make_window(ROWS)
    found = estimate(window, len(LABELS))
    interval = gain_interval(window, len(LABELS), replicates=200, seed=7)
    settings = PolicySettings()
    scores = F1DeltaScores(candidate_f1=0.91, deployed_f1=1 / 3)
    guard = GuardResult(name="anchor", passed=True, outcome_if_failed="HOLD", sentence="Fine.")
    measured = {"estimate": found, "interval": interval, "f1_delta": scores}
    evidence = Evidence(something_deployed=True, guards=(guard,), **measured)
    ids = np.arange(len(ROWS)) + 1000
    parts = {
        "task": "department",
        "labels": LABELS,
        "created_at": "2025-01-02T03:04:05+00:00",
        "settings": settings,
        "verdict": decide(evidence, settings),
        "candidate": make_model(
            "v20250102_030405",
            found.candidate_confusion,
            test_split=make_split_score(),
            latency=Latency(p50_ms=1.25, p99_ms=3.5),
        ),
        "deployed": make_model("v20240102_030405", found.deployed_confusion),
        "dataset": DatasetFacts(tag="v20250101_000000", content_hash="fedcba9876543210"),
        "evaluation": "crossfit",
        "window": WindowFacts(
            after_id=17, rows=len(ROWS), corrections=15, unflagged_population=2000
        ),
        "comparison": compare(found, interval),
        "rival": RivalFacts(name="the linear model", window_f1=0.8, interval=interval),
        "majority_f1": 0.1,
        "f1_delta": scores,
        "guards": (guard,),
        "fixed": fixed_examples(window, ids, LABELS),
        "broken": broken_examples(window, ids, LABELS),
        "seeds": {"bootstrap": 7},
        "library_versions": {"numpy": np.__version__},
    }
    return DecisionRecord(**(parts | overrides))


def first_record():
    """The decision about a first model: nothing is deployed, so nothing is compared."""
    settings = PolicySettings()
    scores = FirstModelScores(candidate_f1=0.9, majority_f1=0.2)
    verdict = decide(Evidence(something_deployed=False, first_model=scores), settings)
    bare = ModelFacts(tag="v20250102_030405", **FACTS)
    return make_record(
        verdict=verdict, candidate=bare, deployed=None, window=None, comparison=None, rival=None,
        majority_f1=None, f1_delta=None, guards=(), fixed=(), broken=(),
    )  # fmt: skip


@pytest.mark.parametrize("make", [make_record, first_record])
def test_a_record_read_back_is_the_record(make, tmp_path):
    record = make()
    write_record(record, tmp_path / "record", None)
    assert read_record(tmp_path / "record") == record


@given(st.floats(allow_nan=False, allow_infinity=False), st.text(), st.sampled_from(VerdictName))
def test_any_number_and_text_survive_the_file(number, text, name):
    record = first_record()
    changed = replace(
        record,
        majority_f1=number,
        library_versions={text: text},
        verdict=replace(record.verdict, name=name, reason=text),
    )
    assert record_from_json(changed.to_json()) == changed


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_refused_and_nothing_is_written(number, tmp_path):
    with pytest.raises(PermanentError, match="not finite"):
        write_record(make_record(majority_f1=number), tmp_path / "record", None)
    assert not (tmp_path / "record").exists()


@pytest.mark.parametrize("time", ["2025-01-02T03:04:05", "2025-01-02T03:04:05+05:45", "today"])
def test_a_time_without_utc_is_refused(time):
    with pytest.raises(PermanentError, match="UTC"):
        make_record(created_at=time)


def test_what_was_not_measured_is_null_and_not_zero():
    content = json.loads(first_record().to_json())
    assert content["comparison"] is None
    assert content["candidate"]["window"] is None
    assert content["majority_f1"] is None
    page = summary_markdown(first_record())
    assert "not measured" in page
    assert "None" not in page


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda c: c.pop("verdict"), "verdict"),
        (lambda c: c["verdict"].update(name="MAYBE"), "verdict.name"),
        (lambda c: c["window"].update(rows="many"), "window.rows"),
        (lambda c: c["settings"].update(decision_threshold=7), "decision_threshold is 7"),
    ],
)
def test_a_damaged_record_is_refused_with_the_place(damage, found):
    content = json.loads(make_record().to_json())
    damage(content)
    with pytest.raises(PermanentError, match=found):
        record_from_json(json.dumps(content))


def test_a_folder_without_a_record_is_an_error(tmp_path):
    with pytest.raises(PermanentError, match=r"decision\.json"):
        read_record(tmp_path)


def test_the_texts_stand_in_the_examples_only(tmp_path):
    secret = "खानेपानी नआएको तीन दिन भयो"
    examples = pa.table({"complaint_id": [1000], "text": [secret]})
    write_record(make_record(), tmp_path, examples)
    assert pq.read_table(tmp_path / "examples.parquet").column("text").to_pylist() == [secret]
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"decision.json", "report.md", "confusion.png", "examples.parquet"}
    for name in names - {"examples.parquet"}:
        assert secret.encode() not in (tmp_path / name).read_bytes()


def test_the_sentence_names_task_version_verdict_and_reason():
    record = make_record()
    sentence = verdict_sentence(record)
    for part in ("department", record.candidate.tag, record.verdict.name, record.verdict.reason):
        assert part in sentence
    assert "\n" not in sentence


def test_the_table_shows_both_models_side_by_side():
    record = make_record()
    table = score_table_markdown(record)
    for number, label in enumerate(LABELS):
        row = next(line for line in table.splitlines() if line.startswith(f"| {label} |"))
        both = (record.candidate.window, record.deployed.window)
        assert " / ".join(f"{100 * card.recall[number]:.1f}" for card in both) in row
        assert " / ".join(f"{100 * card.f1[number]:.1f}" for card in both) in row
        assert row.count("|") == 6


def test_the_table_of_f1_has_one_column_per_model():
    record = make_record()
    table = f1_table_markdown(record)
    both = (record.candidate.window, record.deployed.window)
    for number, label in enumerate(LABELS):
        row = next(line for line in table.splitlines() if line.startswith(f"| {label} |"))
        cells = [cell.strip() for cell in row.split("|")[2:-1]]
        assert cells[:2] == [f"{100 * card.f1[number]:.1f}" for card in both]
        assert float(cells[2]) == pytest.approx(both[0].support[number], abs=0.5)
    macro = " | ".join(f"**{100 * card.macro_f1:.1f}**" for card in both)
    assert f"| **macro-F1** | {macro} |" in table


def test_a_label_without_rows_has_a_dash_for_its_recall():
    card = score_card(np.array([[3.0, 0.0], [0.0, 0.0]]), n=3)
    model = ModelFacts(tag="v1", window=card, **FACTS)
    table = score_table_markdown(make_record(labels=("a", "b"), candidate=model, deployed=model))
    assert "| b | – / – | – / – | 0.0 / 0.0 | 0 / 0 |" in table


def test_a_bar_in_a_label_does_not_break_the_table():
    card = score_card(np.eye(2), n=2)
    model = ModelFacts(tag="v1", window=card, **FACTS)
    table = score_table_markdown(make_record(labels=("a|b", "c"), candidate=model, deployed=model))
    assert "| a\\|b |" in table


def test_the_page_says_what_the_published_rule_would_have_said():
    record = make_record()
    assert record.verdict.f1_delta_verdict == VerdictName.PROMOTE
    page = summary_markdown(record)
    assert "The rule f1_delta would have said PROMOTE: 91.0 of 100" in page
    assert "33.3" in page


def test_the_page_holds_the_gain_the_bounds_and_the_settings():
    record = make_record()
    page = summary_markdown(record)
    comparison = record.comparison
    for number in (comparison.gain, comparison.interval.lower_05, comparison.worst_gain):
        assert f"{100 * number:+.1f}" in page
    for name in (
        "decision_threshold 0.001",
        "balanced_margin -0.02",
        "seed 7",
        "max_latency_ms unset",
    ):
        assert name in page


@pytest.mark.parametrize("policy", Policy)
def test_the_page_names_the_policy(policy):
    record = make_record(settings=PolicySettings(policy=policy))
    assert f"policy {policy.value}" in summary_markdown(record)


def test_examples_say_what_is_presumed():
    rows = [certain(0, 0, 1), certain(1, 0, 1), unlabelled(0, 1), unlabelled(1, 1)]
    window, ids = make_window(rows), np.array([40, 30, 20, 10])
    fixed = fixed_examples(window, ids, ("a", "b"))
    assert [(e.complaint_id, e.truth, e.presumed) for e in fixed] == [(40, "a", False)]
    broken = broken_examples(window, ids, ("a", "b"))
    assert [(e.complaint_id, e.truth, e.presumed) for e in broken] == [
        (30, "b", False),
        (20, "b", True),
    ]
    assert len(broken_examples(window, ids, ("a", "b"), limit=1)) == 1


def test_the_page_shows_the_first_examples_and_says_how_many_follow():
    rows = [certain(0, 0, 1)] * 13
    fixed = fixed_examples(make_window(rows), np.arange(100, 113), ("a", "b"))
    page = summary_markdown(make_record(labels=("a", "b"), fixed=fixed, broken=()))
    assert page.count("| a | a | b |") == 10
    assert "The record holds 3 more." in page


def test_the_picture_fits_into_the_dialog_of_the_ui():
    width = int.from_bytes(confusion_figure(make_record())[16:20], "big")
    assert 900 < width <= 1080


def test_the_picture_is_the_same_for_the_same_record():
    first = confusion_figure(make_record())
    assert first == confusion_figure(make_record())
    assert first.startswith(b"\x89PNG")


def test_without_scores_there_is_no_picture():
    assert confusion_figure(first_record()) is None


def test_the_error_of_a_split_counts_near_duplicates_once():
    rng = np.random.default_rng(7)
    truth = rng.integers(0, 3, 200)
    answers = np.where(rng.random(200) < 0.8, truth, (truth + 1) % 3)
    single = score_split(truth, answers, np.arange(200), 3, seed=7)
    doubled = score_split(
        np.tile(truth, 4), np.tile(answers, 4), np.tile(np.arange(200), 4), 3, seed=7
    )
    assert doubled.card.macro_f1 == pytest.approx(single.card.macro_f1)
    assert doubled.standard_error == pytest.approx(single.standard_error)
    # The binomial error of 200 answers at 80 % is .028.
    assert 0.02 < single.standard_error < 0.04
