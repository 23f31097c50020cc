"""Finds the correct word for a typo, with any scorer, and measures how often it is right."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Places of the list that a person would look at.
DEPTH = 10
# Share of the typos that somebody who corrects by a threshold on the score wants to catch.
ACCEPTED = 0.9
_ROWS_AT_ONCE = 256


class Scorer(Protocol):
    """Says how alike texts of one domain are; a higher score is more alike."""

    def scores(self, domain: str, texts: Sequence[str], terms: Sequence[str]) -> Floats:
        """Scores [texts, terms] of every text with every word."""
        ...

    def alike(self, domain: str, left: Sequence[str], right: Sequence[str]) -> Floats:
        """Scores [n] of the first text with the first, the second with the second, and so on."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """What a scorer made of some queries.

    Attributes:
        rank: int [n]: place of the right word, from 1. A tie counts for the wrong word, and so does
            what is no number: a scorer that finds everything alike has found nothing.
        merged: float [n]: 1 where the right word and its nearest look-alike, another correct word,
            are at least as alike as `ACCEPTED` of all typos and their right words: the threshold
            that takes these typos takes the two words for one. 0 where not, NaN where the domain
            has one word only.
    """

    rank: NDArray[np.int64]
    merged: Floats

    @property
    def right(self) -> Floats:
        """1 where the right word came first, else 0; [n]."""
        return (self.rank == 1).astype(np.float64)


@dataclass(frozen=True, kw_only=True)
class RetrievalScore:
    """Scores on a set of queries.

    Attributes:
        queries: How many.
        accuracy_at_1: Share for which the right word came first.
        mrr_at_10: Mean of 1 / place, 0 beyond the tenth.
        over_merging: Share of `Answers.merged`; None where no domain has two words.
    """

    queries: int
    accuracy_at_1: float
    mrr_at_10: float
    over_merging: float | None


def terms_by_domain(terms: pa.Table) -> dict[str, list[str]]:
    """Correct words of each domain, in the order of the table with the columns domain, term."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in terms.to_pylist():
        found[row["domain"]].append(row["term"])
    return dict(found)


def answer(scorer: Scorer, queries: pa.Table, terms: Mapping[str, Sequence[str]]) -> Answers:
    """Looks every typo up among the correct words of its domain.

    Args:
        scorer: Any.
        queries: Table with typo, corrected, domain; every corrected word is among `terms`.
        terms: All correct words of each domain.
    """
    rank = np.zeros(queries.num_rows, dtype=np.int64)
    own, between = np.full(queries.num_rows, np.nan), np.full(queries.num_rows, np.nan)
    domains = np.asarray(queries["domain"].to_pylist(), dtype=object)
    typos, corrected = queries["typo"].to_pylist(), queries["corrected"].to_pylist()
    for domain in sorted(set(domains.tolist())):
        rows = np.flatnonzero(domains == domain)
        known = tuple(terms[domain])
        place = {term: at for at, term in enumerate(known)}
        truth = np.array([place[corrected[row]] for row in rows])
        scores = scorer.scores(domain, [typos[row] for row in rows], known)
        own[rows] = scores[np.arange(len(rows)), truth]
        rank[rows] = (~(scores < own[rows][:, None])).sum(axis=1)
        if len(known) > 1:
            between[rows] = _between(scorer, domain, known, truth)
    return Answers(rank=rank, merged=_merged(own, between))


def _between(
    scorer: Scorer, domain: str, known: tuple[str, ...], truth: NDArray[np.int64]
) -> Floats:
    """How alike the right word of each query and its nearest look-alike are, [n]."""
    nearest = look_alikes(known)
    words, of_query = np.unique(truth, return_inverse=True)
    alike = scorer.alike(domain, [known[at] for at in words], [known[at] for at in nearest[words]])
    # What is no number keeps nothing apart.
    return np.nan_to_num(alike, nan=np.inf)[of_query]


def _merged(own: Floats, between: Floats) -> Floats:
    """See `Answers.merged`, from the scores of typos with their words, and words with words."""
    scores = np.sort(np.nan_to_num(own, nan=-np.inf))
    # The highest score that as many typos reach as are to be caught.
    threshold = scores[len(own) - ceil(round(ACCEPTED * len(own), 6))]
    reached = (between >= threshold).astype(np.float64)
    return np.where(np.isnan(between), np.nan, reached)


def summarise(answers: Answers, rows: NDArray[np.bool_]) -> RetrievalScore | None:
    """Scores on some of the queries; None if there is none of them."""
    if not rows.any():
        return None
    rank, merged = answers.rank[rows], answers.merged[rows]
    measured = merged[~np.isnan(merged)]
    return RetrievalScore(
        queries=int(rows.sum()),
        accuracy_at_1=float((rank == 1).mean()),
        mrr_at_10=float(np.where(rank <= DEPTH, 1.0 / rank, 0.0).mean()),
        over_merging=float(measured.mean()) if len(measured) else None,
    )


@lru_cache(maxsize=8)
def look_alikes(terms: tuple[str, ...]) -> NDArray[np.int64]:
    """Position of the most similar other word of each word, by shared runs of characters.

    Chosen without the scorer that is judged, so that all are asked about the same words.
    """
    from sambodhan_assets.domain.embedding.rivals import CharacterTfidf

    likeness = CharacterTfidf(terms)
    found: list[NDArray[np.int64]] = []
    for start in range(0, len(terms), _ROWS_AT_ONCE):
        some = terms[start : start + _ROWS_AT_ONCE]
        scores = likeness.scores("", some, terms)
        scores[np.arange(len(some)), np.arange(start, start + len(some))] = -1.0
        found.append(scores.argmax(axis=1))
    return np.concatenate(found)
