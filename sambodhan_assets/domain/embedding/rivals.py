"""Two rivals that need no training; they are shown beside every candidate and block none."""

from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np

from sambodhan_assets.domain.embedding.domains import word_key
from sambodhan_assets.domain.embedding.retrieval import Floats

# Comparisons of difflib that take about a minute on one core.
MOST_COMPARISONS = 1_000_000


class CharacterTfidf:
    """Cosine of the weights of runs of one to three characters.

    Args:
        terms: Correct words of all domains; how rare a run is among them is its weight.
    """

    name = "character TF-IDF"

    def __init__(self, terms: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._vectorizer = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(1, 3), preprocessor=word_key
        ).fit(terms)

    def scores(self, domain: str, texts: Sequence[str], terms: Sequence[str]) -> Floats:
        """See `Scorer.scores`."""
        left, right = self._vectorizer.transform(texts), self._vectorizer.transform(terms)
        return np.asarray((left @ right.T).todense(), dtype=np.float64)

    def alike(self, domain: str, left: Sequence[str], right: Sequence[str]) -> Floats:
        """See `Scorer.alike`."""
        first, second = self._vectorizer.transform(left), self._vectorizer.transform(right)
        return np.asarray(first.multiply(second).sum(axis=1), dtype=np.float64).ravel()


class EditSimilarity:
    """difflib's ratio: twice the characters in common blocks, by the length of both."""

    name = "difflib"

    def scores(self, domain: str, texts: Sequence[str], terms: Sequence[str]) -> Floats:
        """See `Scorer.scores`."""
        keys = [word_key(term) for term in terms]
        rows = [self._row(word_key(text), keys) for text in texts]
        return np.array(rows, dtype=np.float64).reshape(len(texts), len(terms))

    def alike(self, domain: str, left: Sequence[str], right: Sequence[str]) -> Floats:
        """See `Scorer.alike`."""
        pairs = zip(left, right, strict=True)
        # As in `scores`, whose second text is the word that is looked at again and again.
        return np.array([self._row(word_key(a), [word_key(b)])[0] for a, b in pairs])

    def _row(self, text: str, terms: Sequence[str]) -> list[float]:
        matcher = SequenceMatcher(autojunk=False)
        matcher.set_seq2(text)
        found: list[float] = []
        for term in terms:
            matcher.set_seq1(term)
            found.append(matcher.ratio())
        return found
