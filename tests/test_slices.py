"""Risk: a part of the complaints is served badly behind a good mean, or a part is scored on air."""

import pytest

from sambodhan_assets.domain.gate.findings_report import slices_part
from sambodhan_assets.domain.gate.slices import FEWEST_ROWS, score_slices
from tests.decision_records import make_record
from tests.gate_windows import certain, make_window, sampled, unlabelled


def slices_of(**parts):
    rows = [row for part in parts.values() for row in part]
    names = [name for name, part in parts.items() for _ in part]
    return {s.name: s for s in score_slices(make_window(rows), "script", names, 2)}


def test_each_part_is_scored_by_its_own_rows_and_labels():
    found = slices_of(
        big=[certain(0, 0, 1)] * 10 + [unlabelled(0, 0)] * 20 + [unlabelled(1, 1)] * 20,
        # Two of four disagreements were checked, one won and one lost: two of each.
        small=[sampled(0, 0, 1), sampled(1, 0, 1)]
        + [unlabelled(0, 1)] * 2
        + [unlabelled(0, 0)] * 26,
    )
    assert list(found) == ["big", "small"]
    big, small = found["big"], found["small"]
    assert (big.rows, big.labelled, big.alike) == (50, 10, 40)
    assert (big.candidate.accuracy, big.deployed.accuracy) == (1, 0.8)
    assert (small.rows, small.labelled, small.alike) == (30, 2, 26)
    assert small.candidate.accuracy == small.deployed.accuracy == pytest.approx(28 / 30)
    assert small.candidate.n == 30


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        ([certain(0, 0, 1)] * (FEWEST_ROWS - 1), "too few rows"),
        ([unlabelled(0, 0)] * FEWEST_ROWS, "no label"),
        ([certain(0, 0, 1)], "too few rows"),
    ],
)
def test_a_part_without_enough_rows_or_any_label_has_no_score(rows, shown):
    (part,) = slices_of(part=rows).values()
    assert part.candidate is part.deployed is None
    page = slices_part(make_record(slices=(part,)))[1]
    assert f"| part | {len(rows)} |" in page
    assert page.count(shown) == 2


def test_the_page_shows_both_models_per_part():
    part = slices_of(part=[certain(0, 0, 1)] * 10 + [unlabelled(0, 0)] * 30)["part"]
    page = slices_part(make_record(slices=(part,)))[1]
    macro = f"{100 * part.candidate.macro_f1:.1f} / {100 * part.deployed.macro_f1:.1f}"
    assert f"| part | 40 | 10 | 30 | 100.0 / 75.0 | {macro} |" in page
    assert slices_part(make_record()) == []
