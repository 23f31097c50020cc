"""Risk: a state of the corrections that should start a run starts none, or starts it twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.feedback_watch import (
    MAX_ATTEMPTS,
    WatchDecision,
    compare_corrections,
    decide_start,
    fingerprint,
)

CORRECTIONS = st.dictionaries(st.integers(1, 50), st.sampled_from("abc"), max_size=20)


@given(CORRECTIONS, CORRECTIONS)
def test_every_difference_counts_once_and_nothing_else_does(
    current: dict[int, str], known: dict[int, str]
):
    changes = compare_corrections(current, known)
    assert changes.total == sum(
        current.get(review) != known.get(review) for review in current.keys() | known.keys()
    )
    assert compare_corrections(known, current).total == changes.total
    assert (fingerprint(current) == fingerprint(known)) == (changes.total == 0)


def decide(
    *, current: int = 100, known: int = 0, needed: int = 20, rows: int = 30, failed: int = 0
) -> WatchDecision:
    labels = dict.fromkeys(range(current), "a")
    return decide_start(
        task_name="department",
        changes=compare_corrections(labels, dict.fromkeys(range(known), "a")),
        state=fingerprint(labels),
        min_new_records=needed,
        expected_rows=current,
        min_dataset_len=rows,
        failed_attempts=failed,
    )


@pytest.mark.parametrize(
    ("case", "starts"),
    [
        ({"current": 120, "known": 100}, True),
        ({"current": 119, "known": 100}, False),
        ({"current": 100, "known": 100}, False),
        ({"current": 80, "known": 100}, True),
        ({"current": 81, "known": 100}, False),
        ({"current": 29, "rows": 30}, False),
        ({"current": 30, "rows": 30}, True),
        ({"failed": MAX_ATTEMPTS - 1}, True),
        ({"failed": MAX_ATTEMPTS}, False),
    ],
)
def test_a_run_starts_when_enough_has_changed_and_can_be_used(case: dict[str, int], starts: bool):
    assert (decide(**case).run_key is not None) == starts


def test_one_state_has_one_key_per_attempt():
    run_keys = [decide(failed=attempt).run_key for attempt in range(MAX_ATTEMPTS)]
    assert len({*run_keys, decide(current=101).run_key}) == MAX_ATTEMPTS + 1
    assert decide().run_key == run_keys[0]


def test_the_reason_of_a_skip_gives_the_numbers():
    assert decide(current=5).reason == "5 changed corrections, 20 start a run."
    assert decide(current=25).reason == "About 25 of 30 rows (MIN_DATASET_LEN)."
    assert "3 runs failed" in decide(failed=3).reason
