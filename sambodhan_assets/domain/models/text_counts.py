"""Texts to sparse counts of words, word pairs and character sequences, each word analysed once."""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

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


def words_of(text: str) -> list[str]:
    r"""Split a text at white space, in lower case.

    A pattern such as `\w+` would cut Devanagari words at their vowel signs and joiners, which are
    marks and no letters. Punctuation stays with its word; the character sequences see past it.
    """
    return text.lower().split()


@dataclass(frozen=True)
class Vocabulary:
    """The terms that a model knows; the position is the column.

    Attributes:
        terms: Sorted, each with its kind as first character.
        columns: Column of each term.
    """

    terms: tuple[str, ...]
    columns: dict[str, int]

    @classmethod
    def of(cls, terms: Iterable[str]) -> "Vocabulary":
        """Sort the terms and number them."""
        ordered = tuple(sorted(terms))
        return cls(ordered, {term: column for column, term in enumerate(ordered)})

    # Once per model: it reads all terms, and every single answer needs it.
    @cached_property
    def first_word(self) -> int:
        """Number of character sequences, which is the column of the first word."""
        return bisect_left(self.terms, _WORDS)

    def count(self, texts: Sequence[str]) -> "csr_matrix":
        """Counts [n, V] (float64, sorted columns) of the known terms; others are passed over."""
        flat, ends = _occurrences(texts, self.columns.get)
        return _matrix(flat, ends, len(self.terms))


def learn_vocabulary(
    texts: Sequence[str], rows_of_text: NDArray[np.integer]
) -> tuple[Vocabulary, "csr_matrix"]:
    """All terms that stand in MIN_ROWS rows or more, and the counts [n, V] of the texts.

    Args:
        texts: Distinct texts.
        rows_of_text: [n], for each text the number of rows that carry it.
    """
    found: dict[str, int] = {}
    flat, ends = _occurrences(texts, lambda term: found.setdefault(term, len(found)))
    counts = _matrix(flat, ends, len(found))
    rows = document_frequency(counts, rows_of_text)
    vocabulary = Vocabulary.of(term for term, column in found.items() if rows[column] >= MIN_ROWS)
    counts = counts[:, [found[term] for term in vocabulary.terms]]
    counts.sort_indices()
    return vocabulary, counts


def document_frequency(
    counts: "csr_matrix", rows_of_text: NDArray[np.integer] | None = None
) -> NDArray[np.intp]:
    """For each column the rows that hold it; line i stands for rows_of_text[i] rows (default 1)."""
    weights = None if rows_of_text is None else np.repeat(rows_of_text, np.diff(counts.indptr))
    frequency = np.bincount(
        counts.indices, weights=weights, minlength=cast(tuple[int, int], counts.shape)[1]
    )
    return frequency.astype(np.intp)


def _occurrences(
    texts: Sequence[str], column_of: Callable[[str], int | None]
) -> tuple["array[int]", list[int]]:
    """Columns of all terms in all texts, one after the other, and the end of each text in them."""
    flat, ends = array("i"), list[int]()
    of_word: dict[str, array[int]] = {}
    for text in texts:
        words = words_of(text)
        for word in words:
            columns = of_word.get(word)
            if columns is None:
                columns = of_word[word] = _known(_terms_of_word(word), column_of)
            flat.extend(columns)
        pairs = zip(words, words[1:], strict=False)
        flat.extend(_known((f"{_WORDS}{one} {two}" for one, two in pairs), column_of))
        ends.append(len(flat))
    return flat, ends


def _known(terms: Iterable[str], column_of: Callable[[str], int | None]) -> "array[int]":
    return array("i", [column for term in terms if (column := column_of(term)) is not None])


def _terms_of_word(word: str) -> Iterable[str]:
    """The word and its character sequences, as scikit-learn's `char_wb` cuts them."""
    yield _WORDS + word
    padded = f" {word} "
    for length in range(SHORTEST, LONGEST + 1):
        if len(padded) <= length:
            yield _CHARACTERS + padded
            return
        for start in range(len(padded) - length + 1):
            yield _CHARACTERS + padded[start : start + length]


def _matrix(flat: "array[int]", ends: list[int], width: int) -> "csr_matrix":
    from scipy.sparse import csr_matrix

    columns = np.frombuffer(flat, dtype=np.int32) if flat else np.empty(0, dtype=np.int32)
    bounds = np.array([0, *ends])
    counts = csr_matrix((np.ones(len(columns)), columns, bounds), shape=(len(ends), width))
    counts.sum_duplicates()
    return counts
