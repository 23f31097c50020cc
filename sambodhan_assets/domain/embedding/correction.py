"""The nearest correct word."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from sambodhan_assets.domain.embedding.domains import tidy
from sambodhan_assets.domain.embedding.retrieval import Scorer, terms_by_domain
from sambodhan_assets.domain.errors import PermanentError


@dataclass(frozen=True, kw_only=True)
class Correction:
    """A correct word and its score, which is highest for the nearest."""

    term: str
    score: float


def nearest(
    scorer: Scorer, terms: pa.Table, templates: Mapping[str, str], domain: str, text: str
) -> Correction:
    """The correct word of a domain that is most like a text; of equals the first by alphabet.

    Args:
        scorer: Any.
        terms: Columns domain and term, all correct words.
        templates: Known domains.
        domain: One of them.
        text: A word as somebody wrote it.

    Raises:
        PermanentError: The text is empty, or the domain is unknown or has no word.
    """
    words = terms_by_domain(terms)
    known = sorted(words.keys() & templates.keys())
    if domain not in known or not tidy(text):
        raise PermanentError(
            tried=f"Correcting {text!r} in the domain {domain!r}",
            found="the text is empty." if domain in known else "there is no such domain.",
            todo=f"Name a word, and one of the domains {', '.join(known)}.",
        )
    scores = scorer.scores(domain, [tidy(text)], words[domain])[0]
    best = int(scores.argmax())
    return Correction(term=words[domain][best], score=float(scores[best]))
