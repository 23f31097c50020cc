"""Splits pairs by the corrected word: the words of the test are never seen in training.

Some typos of the words that are trained are kept apart too, so that both can be measured: new typos
of known words, and typos of new words. A model goes on from the one that serves, so whatever an
earlier version trained counts as trained for ever, also where its correction is spelt anew.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from sambodhan_assets.domain.embedding.domains import word_key
from sambodhan_assets.domain.embedding.pairs import PAIRS_SCHEMA

TRAIN = "train"
SPLITS = (TRAIN, "eval", "test")
SPLIT_SCHEMA = pa.schema([*PAIRS_SCHEMA, ("seen", pa.bool_())])
ASSIGNMENTS_SCHEMA = pa.schema(
    [("kind", pa.string()), ("key", pa.string()), ("split", pa.string())]
)
# Shares of the words, and of the typos of a word that is trained.
_TERM_TEST, _TERM_EVAL = 0.15, 0.10
_TYPO_TEST, _TYPO_EVAL = 0.15, 0.10
_TERM, _TYPO, _LEARNED = "term", "typo", "learned"


@dataclass(frozen=True, kw_only=True, eq=False)
class PairSplit:
    """Where pairs stand.

    Attributes:
        tables: SPLIT_SCHEMA by split. `seen` tells whether the word is trained, now or by an
            earlier version: then only the typo is new to a model.
        assignments: ASSIGNMENTS_SCHEMA: splits of words and typos, and the words that were trained;
            the next version reads it.
        left_out: PAIRS_SCHEMA: pairs of a held-out word whose typo was trained with another word.
    """

    tables: Mapping[str, pa.Table]
    assignments: pa.Table
    left_out: pa.Table


class Assignments:
    """Where words and typos stand: what the parent version says, else what their hash says.

    Words and typos count in all domains at once, because one may teach the other.
    """

    def __init__(self, parent: pa.Table | None) -> None:
        rows = [] if parent is None else parent.to_pylist()
        self._known: dict[tuple[str, str], str] = {(r["kind"], r["key"]): r["split"] for r in rows}

    def places(self, word: str, typos: Sequence[str]) -> list[str | None]:
        """Splits of the typos of a word; None where a typo of a held-out word was trained."""
        keys = [_digest(_TYPO, typo) for typo in typos]
        split = self._term(word, keys)
        if split == TRAIN:
            return [*self._trained(keys)]
        return [self._held_out(key, split) for key in keys]

    def learn(self, word: str) -> None:
        """Notes that a word was trained."""
        self._take(_LEARNED, _digest(_LEARNED, word), TRAIN)

    def is_learned(self, word: str) -> bool:
        """Whether a word was trained, by this version or one before it."""
        return (_LEARNED, _digest(_LEARNED, word)) in self._known

    def table(self) -> pa.Table:
        """All of them, sorted, those of the parent included: a word that comes back is known."""
        rows = [(kind, key, split) for (kind, key), split in sorted(self._known.items())]
        columns = list(zip(*rows, strict=True)) if rows else [[], [], []]
        return pa.table([list(column) for column in columns], schema=ASSIGNMENTS_SCHEMA)

    def _term(self, word: str, typo_keys: Sequence[str]) -> str:
        """A word that is new stands where its typos stand: it may be an old one, spelt anew."""
        key = _digest(_TERM, word)
        stand = {self._known.get((_TYPO, typo)) for typo in typo_keys}
        inherited = next((split for split in (TRAIN, "test", "eval") if split in stand), None)
        hashed = _by_hash(key, test=_TERM_TEST, evaluation=_TERM_EVAL)
        return self._take(_TERM, key, inherited or hashed)

    def _trained(self, keys: Sequence[str]) -> list[str]:
        """At least one typo of a trained word is trained."""
        hashed = {key: _by_hash(key, test=_TYPO_TEST, evaluation=_TYPO_EVAL) for key in keys}
        if TRAIN not in {self._known.get((_TYPO, key), hashed[key]) for key in keys}:
            new = [key for key in keys if (_TYPO, key) not in self._known]
            # The others keep the place that an earlier version measured them in.
            for key in sorted(new)[-1:]:
                hashed[key] = TRAIN
        return [self._take(_TYPO, key, hashed[key]) for key in keys]

    def _held_out(self, key: str, split: str) -> str | None:
        stands = self._take(_TYPO, key, split)
        return None if stands == TRAIN else stands

    def _take(self, kind: str, key: str, split: str) -> str:
        return self._known.setdefault((kind, key), split)


def split_pairs(pairs: pa.Table, parent: pa.Table | None) -> PairSplit:
    """Places every pair in train, eval or test.

    Args:
        pairs: PAIRS_SCHEMA, as `prepare_pairs` returns them.
        parent: Assignments of the version before; None for the first.
    """
    assignments = Assignments(parent)
    by_word: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in pairs.to_pylist():
        by_word[word_key(row["corrected"])].append(row)
    placed: dict[str | None, list[dict[str, str]]] = {split: [] for split in (*SPLITS, None)}
    for word, rows in sorted(by_word.items()):
        for row, at in zip(
            rows, assignments.places(word, [word_key(row["typo"]) for row in rows]), strict=True
        ):
            placed[at].append(row)
    for row in placed[TRAIN]:
        assignments.learn(word_key(row["corrected"]))
    tables = {
        split: _table(
            [
                {**row, "seen": assignments.is_learned(word_key(row["corrected"]))}
                for row in placed[split]
            ]
        )
        for split in SPLITS
    }
    left_out = pa.Table.from_pylist(placed[None], schema=PAIRS_SCHEMA)
    return PairSplit(tables=tables, assignments=assignments.table(), left_out=left_out)


def _table(rows: list[dict[str, str | bool]]) -> pa.Table:
    ordered = sorted(rows, key=lambda row: (row["domain"], row["corrected"], row["typo"]))
    return pa.Table.from_pylist(ordered, schema=SPLIT_SCHEMA)


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
