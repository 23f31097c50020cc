"""Risk: an embedding model's gain or its interval is computed wrong, and chance is deployed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.embedding.gain import paired_gain


def gain_of(candidate, other, words, group, *, replicates=2000, seed=1):
    return paired_gain(
        np.array(candidate, dtype=float),
        np.array(other, dtype=float),
        words=[("brand", word) for word in words],
        group=np.array(group),
        replicates=replicates,
        seed=seed,
    )


def test_the_gain_is_the_mean_over_the_groups_as_computed_by_hand():
    # Unseen: 1 of 4 more right, 0.25; seen: 1 of 2 fewer, -0.5; the mean of both is -0.125.
    gain = gain_of(
        [1, 1, 0, 1, 0, 1],
        [0, 1, 0, 1, 1, 1],
        words=["a", "a", "b", "b", "c", "d"],
        group=[0, 0, 0, 0, 1, 1],
    )
    assert gain is not None
    assert (gain.gain, gain.queries, gain.words) == (-0.125, 6, 4)
    assert gain.interval.lower_05 <= gain.gain <= gain.interval.upper_95


def test_what_was_not_measured_is_left_out_and_nothing_measured_is_no_gain():
    nan = float("nan")
    part = gain_of([1, nan, 1], [0, 0, nan], words=["a", "b", "c"], group=[0, 0, 1])
    assert part is not None
    assert (part.gain, part.queries, part.words) == (1.0, 1, 1)
    assert gain_of([nan, nan], [0, 0], words=["a", "b"], group=[0, 1]) is None


rows = st.lists(
    st.tuples(
        st.sampled_from([0.0, 1.0]),
        st.sampled_from([0.0, 1.0]),
        st.sampled_from("abcdefgh"),
        st.sampled_from([0, 1]),
    ),
    min_size=1,
    max_size=40,
)


@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(found, draw):
    shuffled = list(found)
    draw.shuffle(shuffled)
    both = [gain_of(*zip(*some, strict=True), replicates=50) for some in (found, shuffled)]
    assert both[0] == both[1]


@given(rows)
def test_equal_scorers_differ_by_nothing_and_no_bound_says_otherwise(found):
    scores, _, words, group = zip(*found, strict=True)
    gain = gain_of(scores, scores, words, group, replicates=50)
    assert gain is not None
    assert gain.gain == 0
    assert gain.interval.lower_05 <= 0 <= gain.interval.upper_95


def test_few_words_that_all_went_well_are_not_certain():
    few = gain_of([1] * 10, [0.5] * 10, words="abcdefghij", group=[0] * 5 + [1] * 5)
    many = gain_of([1] * 400, [0.5] * 400, words=[str(at) for at in range(400)], group=[0, 1] * 200)
    assert few is not None
    assert many is not None
    assert few.gain == many.gain == 0.5
    assert few.interval.lower_05 < 0.2
    assert many.interval.lower_05 > 0.47


def test_a_candidate_that_forgets_unseen_words_is_seldom_taken_for_better():
    generator, taken, rounds = np.random.default_rng(6), 0, 200
    for _ in range(rounds):
        # Of 5 unseen words it loses 10 of 100 more than it wins, of 200 seen ones it wins 2 more.
        unseen = generator.choice([1, 0, -1], size=5, p=[0.1, 0.7, 0.2])
        seen = generator.choice([1, 0, -1], size=200, p=[0.16, 0.7, 0.14])
        difference = np.concatenate([unseen, seen])
        words = [str(at) for at in range(205)]
        gain = gain_of(difference, np.zeros(205), words, [0] * 5 + [1] * 200, replicates=200)
        assert gain is not None
        taken += gain.gain >= 0.001 and gain.interval.lower_05 > -0.02
    assert taken / rounds <= 0.05


def test_replicates_that_are_drawn_in_parts_are_the_same(monkeypatch: pytest.MonkeyPatch):
    generator = np.random.default_rng(3)
    table = (generator.integers(0, 2, 60), generator.integers(0, 2, 60))
    words, group = [str(at // 3) for at in range(60)], [at % 2 for at in range(60)]
    whole = gain_of(*table, words, group)
    monkeypatch.setattr("sambodhan_assets.domain.embedding.gain.CHUNK", 7)
    assert gain_of(*table, words, group) == whole


def test_the_interval_covers_the_true_gain_nine_times_in_ten():
    generator, covered, rounds = np.random.default_rng(5), 0, 200
    for _ in range(rounds):
        # Typos of one word go together: a word is easy or hard for the candidate.
        easy = generator.beta(2, 2, size=40)
        candidate = (generator.random((40, 3)) < easy[:, None]).astype(float).ravel()
        other = (generator.random(120) < 0.4).astype(float)
        words = [str(at // 3) for at in range(120)]
        gain = gain_of(candidate, other, words, [0] * 120, replicates=300)
        assert gain is not None
        covered += gain.interval.lower_05 <= 0.1 <= gain.interval.upper_95
    assert covered / rounds >= 0.85
