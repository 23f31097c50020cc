"""Pairs of a typo and its correction: which rows of a source can teach a model, and why not all."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa

from sambodhan_assets.domain.embedding.domains import tidy, word_key
from sambodhan_assets.domain.errors import PermanentError

PAIRS_SCHEMA = pa.schema(
    [("typo", pa.string()), ("corrected", pa.string()), ("domain", pa.string())]
)
LINEAGE_SCHEMA = pa.schema([("row", pa.int64()), *PAIRS_SCHEMA, ("disposition", pa.string())])
_SHOWN_ROWS = 10


class Disposition(StrEnum):
    """What became of a row; the first that applies."""

    EMPTY = "empty"
    SAME = "typo equals the correction"
    DUPLICATE = "duplicate"
    CONFLICT = "one typo with several corrections"
    TERM = "the typo is a correct word itself"
    LEARNED = "a typo of a held-out word that was trained with another word"
    KEPT = "kept"


@dataclass(frozen=True, kw_only=True)
class PreparedPairs:
    """The pairs of one source.

    Attributes:
        pairs: PAIRS_SCHEMA, sorted; no pair twice, and no typo twice in a domain.
        lineage: LINEAGE_SCHEMA: every row of the source, in its order, counted from 1.
        counts: Rows by disposition; all of them, also those with no row.
    """

    pairs: pa.Table
    lineage: pa.Table
    counts: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class _Row:
    typo: str
    corrected: str
    domain: str

    @property
    def typo_key(self) -> tuple[str, str]:
        return self.domain, word_key(self.typo)

    @property
    def term_key(self) -> tuple[str, str]:
        return self.domain, word_key(self.corrected)


def prepare_pairs(rows: pa.Table, templates: Mapping[str, str]) -> PreparedPairs:
    """Tidies the rows of a source and leaves out what would teach a model something wrong.

    A typo with several corrections is left out with all of them: nobody knows which one is right.
    So is a typo that is a correct word of its domain, because training would merge two words.

    Args:
        rows: The columns of PAIRS_SCHEMA; every value is text, also "NA" and "null", or missing.
        templates: Known domains.

    Raises:
        PermanentError: A row names another domain; the known ones are listed.
    """
    found = [_tidied(row) for row in rows.select(PAIRS_SCHEMA.names).to_pylist()]
    _refuse_unknown_domains(found, templates)
    dispositions = _dispositions(found)
    kept = [row for row, said in zip(found, dispositions, strict=True) if said == Disposition.KEPT]
    spelling = _spellings(kept)
    pairs = sorted((row.domain, spelling[row.term_key], row.typo) for row in kept)
    counted = Counter(dispositions)
    return PreparedPairs(
        pairs=pa.Table.from_pylist(
            [{"typo": typo, "corrected": term, "domain": domain} for domain, term, typo in pairs],
            schema=PAIRS_SCHEMA,
        ),
        lineage=_lineage(found, dispositions),
        counts={said.value: counted[said] for said in Disposition},
    )


def without_learned(prepared: PreparedPairs, left_out: pa.Table) -> PreparedPairs:
    """The same pairs, with those told in lineage and counts that the split has left out."""
    gone = {(row["domain"], row["typo"]) for row in left_out.to_pylist()}
    rows = prepared.lineage.to_pylist()
    for row in rows:
        if row["disposition"] == Disposition.KEPT and (row["domain"], row["typo"]) in gone:
            row["disposition"] = Disposition.LEARNED.value
    counted = Counter(row["disposition"] for row in rows)
    return PreparedPairs(
        pairs=prepared.pairs,
        lineage=pa.Table.from_pylist(rows, schema=LINEAGE_SCHEMA),
        counts={said.value: counted[said.value] for said in Disposition},
    )


def left_out_by_split(lineage: pa.Table) -> pa.Table:
    """Rows, with their columns of PAIRS_SCHEMA, that are fine by themselves and in no split."""
    rows = [row for row in lineage.to_pylist() if row["disposition"] == Disposition.LEARNED]
    return pa.Table.from_pylist(
        [{name: row[name] for name in PAIRS_SCHEMA.names} for row in rows], schema=PAIRS_SCHEMA
    )


def listed_rows(lineage: pa.Table, *, most: int) -> list[dict[str, object]]:
    """The first rows that were left out, but for duplicates, which need nobody's attention."""
    quiet = (Disposition.KEPT, Disposition.DUPLICATE)
    return [row for row in lineage.to_pylist() if row["disposition"] not in quiet][:most]


def _tidied(row: Mapping[str, str | None]) -> _Row:
    return _Row(
        typo=tidy(row["typo"] or ""),
        corrected=tidy(row["corrected"] or ""),
        domain=(row["domain"] or "").strip(),
    )


def _refuse_unknown_domains(rows: list[_Row], templates: Mapping[str, str]) -> None:
    unknown: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows, start=1):
        if row.domain not in templates:
            unknown[row.domain].append(number)
    if unknown:
        named = "; ".join(
            f"{domain!r} in row {', '.join(map(str, numbers[:_SHOWN_ROWS]))}"
            + (f" and {len(numbers) - _SHOWN_ROWS} more" if len(numbers) > _SHOWN_ROWS else "")
            for domain, numbers in list(unknown.items())[:_SHOWN_ROWS]
        )
        raise PermanentError(
            tried="Reading training pairs",
            found=f"these domains are unknown: {named}.",
            todo=f"Known are {', '.join(sorted(templates))}; EMBEDDING_TEMPLATES adds more.",
        )


def _dispositions(rows: list[_Row]) -> list[Disposition]:
    usable = [row for row in rows if _plain_fault(row) is None]
    terms = {row.term_key for row in usable}
    corrections: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in usable:
        corrections[row.typo_key].add(word_key(row.corrected))
    seen: set[tuple[str, ...]] = set()
    said: list[Disposition] = []
    for row in rows:
        fault = _plain_fault(row)
        identity = (*row.typo_key, word_key(row.corrected))
        if fault is None and identity in seen:
            fault = Disposition.DUPLICATE
        elif fault is None and len(corrections[row.typo_key]) > 1:
            fault = Disposition.CONFLICT
        elif fault is None and row.typo_key in terms:
            fault = Disposition.TERM
        seen.add(identity)
        said.append(fault or Disposition.KEPT)
    return said


def _plain_fault(row: _Row) -> Disposition | None:
    if not row.typo or not row.corrected:
        return Disposition.EMPTY
    return Disposition.SAME if row.typo_key == row.term_key else None


def _spellings(rows: Iterable[_Row]) -> dict[tuple[str, str], str]:
    """One spelling per correct word: the most frequent one, of several the first by alphabet."""
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        found[row.term_key][row.corrected] += 1
    return {
        key: min(spellings, key=lambda text: (-spellings[text], text))
        for key, spellings in found.items()
    }


def _lineage(rows: list[_Row], dispositions: list[Disposition]) -> pa.Table:
    listed = [
        {
            "row": number,
            "typo": row.typo,
            "corrected": row.corrected,
            "domain": row.domain,
            "disposition": said.value,
        }
        for number, (row, said) in enumerate(zip(rows, dispositions, strict=True), start=1)
    ]
    return pa.Table.from_pylist(listed, schema=LINEAGE_SCHEMA)
