"""Risk: the demo's officials correct what was right, or are tidier than the loop must endure."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.sample.officials import (
    LATE_DELAY,
    LONGEST_DELAY,
    TIDY,
    Correction,
    ReviewHabits,
    correct_errors,
)

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
TOPICS = ("road", "school", "police")
LEVELS = ("calm", "hot")
LABELS = st.fixed_dictionaries({"topic": st.sampled_from(TOPICS), "level": st.sampled_from(LEVELS)})


def review(
    complaints: dict[int, dict[str, str]], answers: dict[int, dict[str, str]], **changes
) -> list[Correction]:
    return correct_errors(
        complaints, answers, **{"share": 1.0, "seed": 5, "started_at": START} | changes
    )


def a_batch(count: int) -> tuple[dict[int, dict[str, str]], dict[int, dict[str, str]]]:
    truths = {i: {"topic": TOPICS[i % 3], "level": LEVELS[i % 2]} for i in range(count)}
    answers = {i: {"topic": TOPICS[i % 2], "level": "calm"} for i in range(count)}
    return truths, answers


def errors(truths: dict[int, dict[str, str]], answers: dict[int, dict[str, str]]) -> set[int]:
    return {i for i in truths if truths[i] != answers[i]}


def test_tidy_officials_correct_every_error_and_nothing_else():
    truths, answers = a_batch(200)
    reports = review(truths, answers, habits=TIDY)
    assert {report.complaint_id for report in reports} == errors(truths, answers)
    for report in reports:
        truth, answer = truths[report.complaint_id], answers[report.complaint_id]
        assert report.model_predicted == answer
        expected = {t: truth[t] if truth[t] != answer[t] else None for t in truth}
        assert report.correct == expected


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_about_the_given_share_of_the_errors_is_corrected(share: float):
    truths, answers = a_batch(2000)
    found = len(review(truths, answers, share=share, habits=TIDY))
    assert found == pytest.approx(share * len(errors(truths, answers)), rel=0.1)


def test_untidy_officials_leave_every_kind_of_trace():
    truths, answers = a_batch(4000)
    reports = review(truths, answers)
    late = [r for r in reports if r.reviewed_at and r.reviewed_at - START >= LATE_DELAY]
    pending = [r for r in reports if not r.reviewed]
    dismissed = [r for r in reports if r.reviewed and r.correct == r.model_predicted]
    reviewed_twice = len(reports) - len({r.complaint_id for r in reports})
    for name, found in {
        "late": len(late),
        "pending": len(pending),
        "dismissed": len(dismissed),
        "contradicted": reviewed_twice,
    }.items():
        assert 5 < found < 0.1 * len(reports), name
    assert all(set(r.correct.values()) == {None} for r in pending)


def test_of_two_reviews_the_newer_is_right_and_either_may_come_first():
    truths, answers = a_batch(4000)
    by_complaint: dict[int, list[Correction]] = {}
    for report in review(truths, answers, habits=ReviewHabits(contradicted=1, pending=0)):
        by_complaint.setdefault(report.complaint_id, []).append(report)
    pairs = [pair for pair in by_complaint.values() if len(pair) == 2]
    newer_first = 0
    for pair in pairs:
        older, newer = sorted(pair, key=lambda report: report.reviewed_at or START)
        assert older.reviewed_at is not None
        assert newer.reviewed_at is not None
        assert older.reviewed_at < newer.reviewed_at
        truth = truths[newer.complaint_id]
        for task, label in newer.correct.items():
            assert label in (None, truth[task])
            assert older.correct[task] != truth[task]
        newer_first += pair[0] is newer
    assert len(pairs) == len(errors(truths, answers))
    assert 0.4 < newer_first / len(pairs) < 0.6


@given(
    st.dictionaries(st.integers(1, 10_000), st.tuples(LABELS, LABELS), max_size=40), st.integers()
)
def test_reviews_depend_on_the_seed_and_the_complaint_alone(
    labelled: dict[int, tuple[dict[str, str], dict[str, str]]], seed: int
):
    truths = {i: truth for i, (truth, _) in labelled.items()}
    answers = {i: answer for i, (_, answer) in labelled.items()}
    untidy = ReviewHabits(late=0.3, contradicted=0, dismissed=0.3, pending=0.3)
    reports = review(truths, answers, seed=seed, share=0.5, habits=untidy)
    half = dict(list(truths.items())[::2])
    kept = [report for report in reports if report.complaint_id in half]
    assert review(half, answers, seed=seed, share=0.5, habits=untidy) == kept
    for report in reports:
        assert report.reviewed == (report.reviewed_at is not None)
        if report.reviewed_at is not None:
            assert START < report.reviewed_at <= START + LONGEST_DELAY


def test_a_report_becomes_a_row_with_the_columns_of_the_table():
    report = review({7: {"topic": "road"}}, {7: {"topic": "school"}}, habits=TIDY)[0]
    assert report.row() == {
        "complaint_id": 7,
        "model_predicted_topic": "school",
        "correct_topic": "road",
        "reviewed": True,
        "reviewed_at": report.reviewed_at,
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"share": 1.2}, "share must be between 0 and 1, got 1.2"),
        ({"started_at": datetime(2026, 1, 1)}, "started_at needs a time zone"),  # noqa: DTZ001
    ],
)
def test_a_senseless_setting_is_refused(changes: dict, message: str):
    with pytest.raises(ValueError, match=message):
        review({}, {}, **changes)


def test_a_share_outside_0_and_1_is_refused_by_name():
    with pytest.raises(ValueError, match="late must be between 0 and 1, got -0.1"):
        ReviewHabits(late=-0.1)


@pytest.mark.parametrize("answers", [{}, {3: {"topic": "road"}}])
def test_a_missing_answer_is_an_error_and_not_a_wrong_answer(answers: dict):
    with pytest.raises(ValueError, match="complaint 3 has no answer for .*level"):
        review({3: {"topic": "road", "level": "hot"}}, answers)
