"""Risk: batches that lose or repeat rows, or that come in order of length and ruin the model."""

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sambodhan_assets.domain.models.length_batches import LengthSampler, length_batches


def skewed_lengths(n: int) -> list[int]:
    draw = random.Random(1)
    return [min(512, int(draw.lognormvariate(3.4, 0.7))) + 2 for _ in range(n)]


def padded_tokens(lengths: list[int], batches: list[list[int]]) -> int:
    return sum(max(lengths[row] for row in batch) * len(batch) for batch in batches)


@settings(deadline=None)
@given(st.lists(st.integers(1, 512), max_size=300), st.integers(1, 40), st.integers(0, 5))
def test_every_row_comes_exactly_once(lengths: list[int], batch_size: int, epoch: int):
    batches = length_batches(lengths, batch_size, seed=3, epoch=epoch)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(len(batch) == batch_size for batch in batches[:-1])
    assert all(batches)


def test_the_same_seed_gives_the_same_order_and_each_epoch_its_own():
    lengths = skewed_lengths(500)
    first = length_batches(lengths, 16, seed=1)
    assert length_batches(lengths, 16, seed=1) == first
    assert length_batches(lengths, 16, seed=2) != first
    assert length_batches(lengths, 16, seed=1, epoch=1) != first


def test_the_order_of_batches_has_nothing_to_do_with_their_length():
    lengths = skewed_lengths(4800)
    means = [np.mean([lengths[row] for row in b]) for b in length_batches(lengths, 16, seed=1)]
    # 300 batches in random order: the correlation has a standard deviation of 0.06.
    assert abs(np.corrcoef(means, range(len(means)))[0, 1]) < 0.25
    # A pool in order would have 50 falling or rising steps in a row.
    signs = np.sign(np.diff(means))
    changes = int((signs[1:] != signs[:-1]).sum())
    assert changes > len(means) / 2


def test_rows_of_a_batch_are_alike_in_length():
    lengths = skewed_lengths(4800)
    shuffled = list(range(4800))
    random.Random(1).shuffle(shuffled)
    mixed = [shuffled[start : start + 16] for start in range(0, 4800, 16)]
    grouped = length_batches(lengths, 16, seed=1)
    assert padded_tokens(lengths, grouped) < 0.6 * padded_tokens(lengths, mixed)
    assert padded_tokens(lengths, grouped) < 1.2 * sum(lengths)


def test_the_sampler_yields_the_batches_of_its_epoch_in_turn():
    lengths = skewed_lengths(100)
    sampler = LengthSampler(lengths, 16, seed=1)
    for epoch in range(2):
        sampler.set_epoch(epoch)
        expected = length_batches(lengths, 16, seed=1, epoch=epoch)
        assert list(sampler) == [row for batch in expected for row in batch]
    assert len(sampler) == 100
