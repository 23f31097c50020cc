"""Risk: a guard is computed but never asked, or the record tells of other rows than were judged."""

import pytest

from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.evaluation.contest import Evaluation
from sambodhan_assets.domain.evaluation.evaluate import evaluate
from sambodhan_assets.domain.evaluation.findings import (
    ASKED_FOR,
    AUDITED,
    CORRECTED,
    ON_SHEET,
    PRESUMED,
    find_out,
    label_sources,
)
from sambodhan_assets.domain.evaluation.record import make_record
from sambodhan_assets.domain.gate.decision_record import record_from_json
from sambodhan_assets.domain.gate.policies import Policy, PolicySettings, VerdictName
from sambodhan_assets.domain.gate.report import summary_markdown
from sambodhan_assets.domain.gate.reuse import Reuse
from sambodhan_assets.domain.gate.verdict import decide
from tests.oracles import Oracle
from tests.snapshot_rows import LABELS, anchor, unlike
from tests.urgency_contests import (
    ANCHORS,
    BALANCED,
    HIGHLY_URGENT,
    NORMAL,
    URGENT,
    contest,
    occasion,
    right,
)


def guard_of(found: Evaluation, name: str):
    (guard,) = [guard for guard in found.evidence.guards if guard.name == name]
    return guard


# Guards


def test_every_label_and_the_anchor_corpus_is_guarded():
    found = evaluate(contest())
    names = [guard.name for guard in found.evidence.guards]
    assert names == [*(f"label {label}" for label in LABELS), "anchor"]
    assert all(guard.passed for guard in found.evidence.guards)
    assert [change.label for change in found.classes] == list(LABELS)
    assert [change.rows for change in found.classes] == [65, 41, 0]
    assert decide(found.evidence, BALANCED).name == VerdictName.PROMOTE


def test_a_critical_label_without_complaints_turns_a_promotion_into_a_hold():
    found = evaluate(contest(critical_labels=("HIGHLY URGENT",)))
    assert not guard_of(found, "label HIGHLY URGENT").passed
    verdict = decide(found.evidence, BALANCED)
    assert verdict.name == VerdictName.HOLD
    assert verdict.reason == guard_of(found, "label HIGHLY URGENT").sentence


def test_a_candidate_that_breaks_a_label_is_held_although_it_gains():
    """It learned 41 urgent complaints and lost 12 of 64 normal ones."""
    lost = {unlike(n) for n in range(1, 13)}
    worse = Oracle(answer=lambda text: HIGHLY_URGENT if text in lost else right(text))
    found = evaluate(contest(candidate=worse))
    assert found.evidence.estimate.gain > 0.2
    guard = guard_of(found, "label NORMAL")
    assert not guard.passed
    assert "wherever nobody has looked, breaks 12." in guard.sentence
    assert decide(found.evidence, BALANCED).name == VerdictName.HOLD


def forgetful(text: str) -> int:
    return URGENT if text in ANCHORS else right(text)


def test_a_candidate_that_forgets_the_anchor_corpus_is_held():
    anchors = [anchor(text) for text in ANCHORS]
    found = evaluate(contest(*anchors, candidate=Oracle(answer=forgetful)))
    scores = found.anchor
    assert 5 <= scores.rows < len(ANCHORS)
    assert scores.deployed.accuracy == 1
    assert scores.candidate.accuracy == 0
    assert not guard_of(found, "anchor").passed
    assert decide(found.evidence, BALANCED).name == VerdictName.HOLD
    assert evaluate(contest(*anchors)).anchor.gain == 0


def test_anchor_rows_that_the_deployed_version_learned_do_not_count():
    anchors = [anchor(text) for text in ANCHORS]
    rows = evaluate(contest(*anchors)).anchor.rows
    known = contest(*anchors).dataset.anchor_test["grievance"].to_pylist()[:2]
    learned = frozenset(map(text_key, known))
    found = evaluate(contest(*anchors, trained_before=learned)).anchor
    assert (found.rows, found.learned) == (rows - 2, 2)
    everything = frozenset(map(text_key, ANCHORS))
    blind = evaluate(contest(*anchors, trained_before=everything))
    assert blind.anchor is None
    assert "Every anchor test row was learned" in guard_of(blind, "anchor").sentence


def test_without_anything_deployed_no_guard_is_asked():
    found = evaluate(contest(deployed=None))
    assert found.evidence.guards == ()
    assert found.classes == ()
    assert found.anchor is None


# Findings


def test_the_source_of_every_label_is_known():
    given = contest(sheet={1: NORMAL, 2: URGENT, 61: NORMAL})
    found = evaluate(given)
    source_of = dict(
        zip(found.rows.complaint_ids.tolist(), label_sources(given, found), strict=True)
    )
    assert {n: source_of[n] for n in (1, 2, 3, 61, 64, 65, 66, 71, 110)} == {
        1: ON_SHEET,
        2: ON_SHEET,
        3: PRESUMED,
        61: AUDITED,
        64: AUDITED,
        65: ASKED_FOR,
        66: ASKED_FOR,
        71: CORRECTED,
        110: CORRECTED,
    }


def test_slices_hold_every_row_once_per_kind():
    given = contest()
    found = find_out(given, evaluate(given), BALANCED, sheet_size=30)
    rows = {
        kind: sum(s.rows for s in found.slices if s.kind == kind) for kind in ("script", "label")
    }
    assert rows == {"script": 106, "label": 106}
    (corrected,) = [s for s in found.slices if s.name == CORRECTED]
    assert (corrected.rows, corrected.labelled, corrected.alike) == (40, 40, 0)
    assert (corrected.candidate.accuracy, corrected.deployed.accuracy) == (1, 0)


def test_the_exchange_counts_the_rows_of_the_window():
    given = contest()
    found = find_out(given, evaluate(given), BALANCED, sheet_size=30).break_even
    # Complaint 65 was asked for, and its answer was wrong: it is flagged as a correction is.
    assert (found.flagged, found.flagged_fixed) == (41, 41)
    assert (found.unflagged, found.changed, found.broken_on_traffic) == (64, 0, 0)


def test_under_the_published_rule_there_is_no_bound_to_have_power():
    given = contest()
    published = PolicySettings(policy=Policy.F1_DELTA)
    assert find_out(given, evaluate(given), published, sheet_size=30).power is None


def test_a_record_with_everything_in_it_is_read_back_as_it_was():
    given = contest(*[anchor(text) for text in ANCHORS])
    found = evaluate(given)
    verdict = decide(found.evidence, BALANCED)
    uses = Reuse(test_split=3, window=1)
    record = make_record(given, found, verdict, BALANCED, occasion(reuse=uses))
    assert record_from_json(record.to_json()) == record
    for part in (record.anchor, record.break_even, record.power, record.majority):
        assert part is not None
    assert len(record.classes) == 3
    assert record.slices
    page = summary_markdown(record)
    assert "earlier decisions with the same test rows: 3" in page
    assert "earlier decisions on this window: 1" in page
    assert "It fixes 41 of 41 flagged complaints and breaks 0 of 64 unflagged ones" in page
    assert "most frequent label" in page
    assert not [text for text in found.rows.texts if text in page]


def test_a_first_model_has_no_findings():
    given = contest(deployed=None)
    found = evaluate(given)
    verdict = decide(found.evidence, BALANCED)
    record = make_record(given, found, verdict, BALANCED, occasion(deployed=None))
    assert (record.break_even, record.power, record.reuse, record.slices) == (None, None, None, ())
    assert "most frequent label" in summary_markdown(record)


@pytest.mark.parametrize("rows", [1, 29])
def test_a_window_of_few_complaints_says_that_it_is_too_small(rows):
    given = contest(window_after_id=110 - rows)
    found = evaluate(given)
    verdict = decide(found.evidence, BALANCED)
    assert len(found.rows) == rows
    assert verdict.name == VerdictName.HOLD
    assert "The window is too small to tell" in verdict.reason
    assert f"{rows} complaint" in verdict.reason
    page = summary_markdown(make_record(given, found, verdict, BALANCED, occasion()))
    assert "Wait until the version that serves has answered more complaints." in page


def test_a_window_without_rows_holds_and_has_no_findings():
    given = contest(window_after_id=110)
    found = evaluate(given)
    record = make_record(given, found, decide(found.evidence, BALANCED), BALANCED, occasion())
    assert record.verdict.name == VerdictName.HOLD
    assert (record.comparison, record.break_even, record.power) == (None, None, None)
    assert "Wait until" in summary_markdown(record)
