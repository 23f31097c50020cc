"""Splits pairs by the corrected word: the words of the test are never seen in training.

Some typos of the words that are trained are kept apart too, so that both can be measured: new typos
of known words, and typos of new words.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping

import pyarrow as pa

from sambodhan_assets.domain.embedding.domains import word_key
from sambodhan_assets.domain.embedding.pairs import PAIRS_SCHEMA

SPLITS = ("train", "eval", "test")
SPLIT_SCHEMA = pa.schema([*PAIRS_SCHEMA, ("seen", pa.bool_())])
ASSIGNMENTS_SCHEMA = pa.schema(
    [("kind", pa.string()), ("key", pa.string()), ("split", pa.string())]
)
# Shares of the words, and of the typos of a word that is trained.
_TERM_TEST, _TERM_EVAL = 0.15, 0.10
_PAIR_TEST, _PAIR_EVAL = 0.15, 0.10
_TERM, _PAIR = "term", "pair"


class Assignments:
    """Where words and typos stand: what the parent version says, else what their hash says."""

    def __init__(self, parent: pa.Table | None) -> None:
        rows = [] if parent is None else parent.to_pylist()
        self._known: dict[tuple[str, str], str] = {(r["kind"], r["key"]): r["split"] for r in rows}

    def term(self, term: str) -> str:
        """Split of a word, the same in all domains: one may teach the other."""
        key = _digest(_TERM, word_key(term))
        return self._take(_TERM, key, _by_hash(key, test=_TERM_TEST, evaluation=_TERM_EVAL))

    def pairs(self, domain: str, term: str, typos: list[str]) -> list[str]:
        """Splits of the typos of a trained word; at least one of them is trained."""
        keys = [_digest(_PAIR, domain, word_key(typo), word_key(term)) for typo in typos]
        hashed = {key: _by_hash(key, test=_PAIR_TEST, evaluation=_PAIR_EVAL) for key in keys}
        if "train" not in {self._known.get((_PAIR, key), hashed[key]) for key in keys}:
            new = [key for key in keys if (_PAIR, key) not in self._known]
            # The others keep the place that an earlier version measured them in.
            for key in sorted(new)[-1:]:
                hashed[key] = "train"
        return [self._take(_PAIR, key, hashed[key]) for key in keys]

    def table(self) -> pa.Table:
        """All of them, sorted, those of the parent included: a word that comes back is known."""
        rows = [(kind, key, split) for (kind, key), split in sorted(self._known.items())]
        columns = list(zip(*rows, strict=True)) if rows else [[], [], []]
        return pa.table([list(column) for column in columns], schema=ASSIGNMENTS_SCHEMA)

    def _take(self, kind: str, key: str, split: str) -> str:
        return self._known.setdefault((kind, key), split)


def split_pairs(
    pairs: pa.Table, parent: pa.Table | None
) -> tuple[Mapping[str, pa.Table], pa.Table]:
    """Places every pair in train, eval or test.

    Args:
        pairs: PAIRS_SCHEMA, as `prepare_pairs` returns them.
        parent: Assignments of the version before; None for the first.

    Returns:
        Tables of SPLIT_SCHEMA by split, and the assignments. `seen` tells whether the word is
        trained: then only the typo is new to a model.
    """
    assignments = Assignments(parent)
    by_term: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in pairs.to_pylist():
        by_term[row["domain"], row["corrected"]].append(row["typo"])
    placed: dict[str, list[dict[str, str]]] = {split: [] for split in SPLITS}
    for (domain, term), typos in sorted(by_term.items()):
        split = assignments.term(term)
        trained = split == "train"
        splits = assignments.pairs(domain, term, typos) if trained else [split] * len(typos)
        for typo, at in zip(typos, splits, strict=True):
            placed[at].append({"typo": typo, "corrected": term, "domain": domain})
    # Not what the assignments say: the typos that trained a word may be gone from the source.
    learned = {word_key(row["corrected"]) for row in placed["train"]}
    tables = {
        split: pa.Table.from_pylist(
            [{**row, "seen": word_key(row["corrected"]) in learned} for row in rows],
            schema=SPLIT_SCHEMA,
        )
        for split, rows in placed.items()
    }
    return tables, assignments.table()


def _digest(*parts: str) -> str:
    # The salt keeps this hash apart from those that sample and split elsewhere.
    return hashlib.blake2b(
        "\0".join(("embedding-split", *parts)).encode(), digest_size=8
    ).hexdigest()


def _by_hash(key: str, *, test: float, evaluation: float) -> str:
    place = int(key, 16) / 2**64
    if place < test:
        return "test"
    return "eval" if place < test + evaluation else "train"
