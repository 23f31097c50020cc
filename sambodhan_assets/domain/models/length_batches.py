"""Batches of rows of similar length, in random order."""

from collections.abc import Iterator, Sequence

import numpy as np

# Batches whose rows are sorted together. At 50 the padding costs 15 % on the published corpus; at 8
# it costs 36 %, and without sorting 58 %.
POOL_BATCHES = 50


def length_batches(
    lengths: Sequence[int], batch_size: int, *, seed: int, epoch: int = 0
) -> list[list[int]]:
    """Every row exactly once, in batches of similar length whose order is random.

    Rows are shuffled and cut into pools of POOL_BATCHES batches; each pool is sorted by length and
    cut into batches; then the batches are shuffled. Length goes with language and sentence form,
    so batches in order of length, as the Trainer's own `group_by_length` leaves them, teach one
    language after the other: macro-F1 fell from 0.93 to 0.48 on urgency.

    Args:
        lengths: Tokens per row.
        batch_size: Rows per batch. If one batch has fewer, it is the last.
        seed: Seed of the run.
        epoch: Each epoch has an order of its own.
    """
    draw = np.random.default_rng([seed, epoch])
    shuffled = draw.permutation(len(lengths))
    batches: list[list[int]] = []
    for start in range(0, len(lengths), POOL_BATCHES * batch_size):
        pool = shuffled[start : start + POOL_BATCHES * batch_size]
        ordered = pool[np.argsort(np.asarray(lengths)[pool], kind="stable")].tolist()
        batches += [ordered[cut : cut + batch_size] for cut in range(0, len(pool), batch_size)]
    # Only the last pool can end in a short batch. It stays last: a DataLoader cuts the rows into
    # batches again, and a short one in the middle would shift all that follow.
    short = [batches.pop()] if batches and len(batches[-1]) < batch_size else []
    return [batches[place] for place in draw.permutation(len(batches))] + short


class LengthSampler:
    """A torch sampler (by its methods) that yields the rows of `length_batches` in turn.

    Args:
        lengths: Tokens per row.
        batch_size: That of the DataLoader which cuts the rows into batches.
        seed: Seed of the run.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, *, seed: int) -> None:
        self.lengths = lengths
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by accelerate before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        for batch in length_batches(
            self.lengths, self.batch_size, seed=self.seed, epoch=self.epoch
        ):
            yield from batch
