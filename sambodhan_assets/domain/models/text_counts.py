"""Texts to sparse counts of words, word pairs and character sequences, by scikit-learn."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# A term is stored with its kind as first character, so that one sorted list holds both kinds and
# all character sequences stand before all words.
_CHARACTERS, _WORDS = "c", "w"
SHORTEST, LONGEST = 2, 5
# A term of one row says nothing about other rows.
MIN_ROWS = 2
# Words end at white space. A pattern such as `\w+` would cut Devanagari words at their vowel signs
# and joiners, which are marks and no letters; the character sequences see past punctuation.
_WORD = r"\S+"


@dataclass(frozen=True)
class Vocabulary:
    """The terms that a model knows; the position is the column.

    Attributes:
        terms: Sorted, each with its kind as first character.
    """

    terms: tuple[str, ...]

    @classmethod
    def of(cls, terms: Iterable[str]) -> "Vocabulary":
        """Sort the terms."""
        return cls(tuple(sorted(terms)))

    # Both once per model: they read all terms, and every single answer needs them.
    @cached_property
    def first_word(self) -> int:
        """Number of character sequences, which is the column of the first word."""
        return bisect_left(self.terms, _WORDS)

    @cached_property
    def _counters(self) -> list[Any]:
        kinds = (self.terms[: self.first_word], self.terms[self.first_word :])
        vocabularies = [[term[1:] for term in terms] for terms in kinds]
        counters = zip(_new_counters(), vocabularies, strict=True)
        # scikit-learn refuses a vocabulary without terms.
        return [counter.set_params(vocabulary=known) for counter, known in counters if known]

    def count(self, texts: Sequence[str]) -> "csr_matrix":
        """Counts [n, V] (float64, sorted columns) of the known terms; others are passed over."""
        from scipy.sparse import csr_matrix

        if not self.terms:
            return csr_matrix((len(texts), 0))
        return _side_by_side([counter.transform(texts) for counter in self._counters])


def learn_vocabulary(
    texts: Sequence[str], rows_of_text: NDArray[np.integer]
) -> tuple[Vocabulary, "csr_matrix"]:
    """All terms that stand in MIN_ROWS rows or more, and the counts [n, V] of the texts.

    Args:
        texts: Distinct texts.
        rows_of_text: [n], for each text the number of rows that carry it.
    """
    from scipy.sparse import csr_matrix

    if not any(text.split() for text in texts):
        return Vocabulary(()), csr_matrix((len(texts), 0))
    counters = _new_counters()
    counts = _side_by_side([counter.fit_transform(texts) for counter in counters])
    terms = [
        kind + term
        for kind, counter in zip((_CHARACTERS, _WORDS), counters, strict=True)
        for term in counter.get_feature_names_out().tolist()
    ]
    # Each counter sorts its terms, and characters stand before words: the columns are in order.
    kept = np.flatnonzero(document_frequency(counts, rows_of_text) >= MIN_ROWS)
    counts = counts[:, kept]
    counts.sort_indices()
    return Vocabulary(tuple(terms[column] for column in kept.tolist())), counts


def document_frequency(
    counts: "csr_matrix", rows_of_text: NDArray[np.integer] | None = None
) -> NDArray[np.intp]:
    """For each column the rows that hold it; line i stands for rows_of_text[i] rows (default 1)."""
    weights = None if rows_of_text is None else np.repeat(rows_of_text, np.diff(counts.indptr))
    frequency = np.bincount(
        counts.indices, weights=weights, minlength=cast(tuple[int, int], counts.shape)[1]
    )
    return frequency.astype(np.intp)


def _side_by_side(parts: list[Any]) -> "csr_matrix":
    from scipy.sparse import hstack

    counts = cast("csr_matrix", hstack(parts, format="csr"))
    counts.sort_indices()
    return counts


def _new_counters() -> list[Any]:
    """Character sequences within words, and words with pairs of words; both in lower case."""
    from sklearn.feature_extraction.text import CountVectorizer

    number: Any = np.float64
    characters = CountVectorizer(analyzer="char_wb", ngram_range=(SHORTEST, LONGEST), dtype=number)
    return [characters, CountVectorizer(token_pattern=_WORD, ngram_range=(1, 2), dtype=number)]
