"""Risk: the page of a decision says something else than its numbers."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sambodhan_assets.domain.gate.decision_record import ModelFacts
from sambodhan_assets.domain.gate.examples import broken_examples, fixed_examples
from sambodhan_assets.domain.gate.figures import confusion_figure
from sambodhan_assets.domain.gate.policies import Policy, PolicySettings, VerdictName
from sambodhan_assets.domain.gate.record_files import write_record
from sambodhan_assets.domain.gate.report import summary_markdown, verdict_sentence
from sambodhan_assets.domain.gate.score_tables import f1_table_markdown, score_table_markdown
from sambodhan_assets.domain.scores import score_card
from tests.decision_records import FACTS, LABELS, first_record, make_record
from tests.gate_windows import certain, make_window, unlabelled


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
