"""Finds the correct word for a typo, with any scorer, and measures how often it is right."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Places of the list that a person would look at.
DEPTH = 10


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
        merged: float [n]: 1 where the right word is at least as alike to its nearest look-alike,
            another correct word, as to the typo: no threshold on the score can then take the typo
            and keep the two words apart. 0 where not, NaN where the domain has one word only.
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
    merged = np.full(queries.num_rows, np.nan)
    domains = np.asarray(queries["domain"].to_pylist(), dtype=object)
    typos, corrected = queries["typo"].to_pylist(), queries["corrected"].to_pylist()
    for domain in sorted(set(domains.tolist())):
        rows = np.flatnonzero(domains == domain)
        known = list(terms[domain])
        place = {term: at for at, term in enumerate(known)}
        truth = np.array([place[corrected[row]] for row in rows])
        scores = scorer.scores(domain, [typos[row] for row in rows], known)
        own = scores[np.arange(len(rows)), truth]
        rank[rows] = (~(scores < own[:, None])).sum(axis=1)
        if len(known) > 1:
            nearest = look_alikes(known)
            words = sorted(set(truth.tolist()))
            between = scorer.alike(
                domain, [known[at] for at in words], [known[nearest[at]] for at in words]
            )
            of_word = dict(zip(words, between.tolist(), strict=True))
            merged[rows] = [not of_word[at] < score for at, score in zip(truth, own, strict=True)]
    return Answers(rank=rank, merged=merged)


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


def look_alikes(terms: Sequence[str]) -> NDArray[np.int64]:
    """Position of the most similar other word of each word, by shared runs of characters.

    Chosen without the scorer that is judged, so that all are asked about the same words.
    """
    from sambodhan_assets.domain.embedding.rivals import CharacterTfidf

    likeness = CharacterTfidf(terms).scores("", terms, terms)
    np.fill_diagonal(likeness, -1.0)
    return likeness.argmax(axis=1)
