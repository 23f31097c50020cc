"""Risk: people are told of repairs that were not counted, or of harm that was only presumed."""

from dataclasses import replace

import pytest

from sambodhan_assets.domain.gate.break_even import break_even
from sambodhan_assets.domain.gate.findings_report import (
    exchange_part,
    exchange_sentence,
    warnings_part,
)
from sambodhan_assets.domain.gate.reuse import Reuse
from tests.decision_records import first_record, make_record
from tests.gate_windows import certain, make_window, sampled, unlabelled

FLAGGED = [certain(0, 0, 1)] * 61 + [certain(0, 1, 1)] * 39


def record_of(rows, **parts):
    return make_record(break_even=break_even(make_window(rows, **parts)))


def test_every_label_is_counted_once():
    found = break_even(make_window([*FLAGGED, *[sampled(0, 1, 0)] * 4, *[unlabelled(0, 0)] * 796]))
    assert (found.flagged, found.flagged_fixed) == (100, 61)
    assert (found.unflagged, found.changed, found.checked) == (800, 4, 4)
    assert (found.checked_fixed, found.checked_broken, found.presumed_broken) == (0, 4, 0)
    assert (found.traffic, found.fixed_on_traffic, found.broken_on_traffic) == (900, 61, 4)
    assert found.flip_share == pytest.approx(4 / 900)


def test_the_sentence_says_the_exchange():
    record = record_of([*FLAGGED, *[sampled(0, 1, 0)] * 4, *[unlabelled(0, 0)] * 796])
    sentence = exchange_sentence(record)
    assert sentence.startswith(
        "It fixes 61 of 100 flagged complaints and breaks 4 of 800 unflagged ones: "
    )
    assert f"{100 * record.comparison.gain:+.1f} points on real traffic." in sentence


def test_checked_answers_speak_for_the_unchecked_ones():
    """Of 40 changed answers 10 were checked: 5 fixed, 3 broken, 2 wrong both ways."""
    checked = [sampled(0, 0, 1)] * 5 + [sampled(1, 0, 1)] * 3 + [sampled(2, 0, 1)] * 2
    rows = [*FLAGGED, *checked, *[unlabelled(0, 1)] * 30, *[unlabelled(0, 0)] * 60]
    found = break_even(make_window(rows))
    assert (found.changed, found.checked) == (40, 10)
    assert (found.checked_fixed, found.checked_broken, found.presumed_broken) == (5, 3, 0)
    assert (found.fixed_on_traffic, found.broken_on_traffic) == (61 + 20, 12)
    assert "breaks about 12 of 100 unflagged ones" in exchange_sentence(record_of(rows))


def test_a_row_that_stands_for_many_counts_as_many():
    rows = [certain(0, 0, 1), sampled(0, 1, 0), unlabelled(1, 0), unlabelled(0, 0)]
    found = break_even(make_window(rows, weight=[1.0, 10.0, 10.0, 10.0]))
    assert (found.traffic, found.fixed_on_traffic, found.broken_on_traffic) == (31, 1, 20)


def test_what_nobody_checked_is_presumed_broken_and_marked():
    rows = [*FLAGGED, *[unlabelled(1, 0)] * 7, *[unlabelled(0, 0)] * 793]
    found = break_even(make_window(rows))
    assert (found.checked, found.presumed_broken, found.broken_on_traffic) == (0, 7, 7)
    sentence = exchange_sentence(record_of(rows))
    assert "breaks at most 7 (presumed, for nobody has checked one) of 800" in sentence
    assert sentence.endswith("points on real traffic if all of these are broken.")


def test_audits_on_which_both_agree_are_neither_fixed_nor_broken():
    rows = [sampled(0, 0, 0)] * 5 + [sampled(1, 0, 0)] * 2 + [unlabelled(0, 0)] * 13
    found = break_even(make_window(rows))
    assert (found.unflagged, found.changed, found.checked) == (20, 0, 0)
    assert (found.fixed_on_traffic, found.broken_on_traffic, found.traffic) == (0, 0, 20)


def test_a_certain_row_that_was_right_is_neither_flagged_nor_unflagged():
    found = break_even(make_window([certain(0, 1, 0), unlabelled(0, 0)]))
    assert (found.flagged, found.unflagged, found.changed) == (0, 1, 0)
    assert found.broken_on_traffic == 1


def test_people_are_warned_of_many_right_answers_that_turn_wrong():
    few = record_of([sampled(0, 1, 0)] * 5 + [unlabelled(0, 0)] * 95)
    assert warnings_part(few) == []
    many = record_of([sampled(0, 1, 0)] * 6 + [unlabelled(0, 0)] * 94)
    assert "6.0 of 100 answers would turn from right to wrong" in warnings_part(many)[1]


def test_the_share_among_labelled_complaints_is_told_too():
    record = make_record(break_even=break_even(make_window(FLAGGED)))
    counts, broken = record.comparison.counts, record.comparison.changes.broken
    labelled = counts.certain_rows + counts.agreed_labels + counts.disagreed_labels
    page = "\n".join(exchange_part(record))
    assert f"Among {labelled} complaints with a label {broken} turn" in page


def test_without_a_comparison_nothing_is_said():
    assert exchange_sentence(first_record()) is None
    assert exchange_part(first_record()) == []


@pytest.mark.parametrize(
    ("reuse", "warned"),
    [
        (None, 0),
        (Reuse(test_split=19, window=19), 0),
        (Reuse(test_split=20, window=None), 1),
        (Reuse(test_split=40, window=20), 2),
    ],
)
def test_people_are_warned_of_rows_that_judged_too_often(reuse, warned):
    part = warnings_part(replace(first_record(), reuse=reuse))
    assert sum(line.startswith("- ") for line in "\n".join(part).splitlines()) == warned
    if warned == 2:
        assert "already judged 40 candidates; about 2 of so many would pass by luck" in part[1]
