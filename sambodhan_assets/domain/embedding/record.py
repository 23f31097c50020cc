"""The decision record of the embedding lane: a file, and the score card that people read."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sambodhan_assets.domain.embedding.contest import CANDIDATE, Comparison, Scores
from sambodhan_assets.domain.embedding.rivals import CharacterTfidf, EditSimilarity
from sambodhan_assets.domain.embedding.verdict import next_step
from sambodhan_assets.domain.gate.policies import PolicySettings
from sambodhan_assets.domain.gate.record_files import RECORD_FILE, REPORT_FILE
from sambodhan_assets.domain.gate.verdict import Verdict
from sambodhan_assets.domain.gate.wording import points

RIVALS = (CharacterTfidf.name, EditSimilarity.name)


@dataclass(frozen=True, kw_only=True)
class EmbeddingRecord:
    """One decision about an embedding model.

    Attributes:
        created_at: ISO 8601 time in UTC.
        settings: Policy and thresholds.
        verdict: What happens to the candidate, and why.
        candidate: Its tag.
        deployed: Tag of what served; None if nothing did.
        base: Where the training started.
        dataset: Tag of the dataset version.
        scores: Candidate, deployed, base and rivals.
        comparison: What decided.
        library_versions: Installed version by library.
    """

    created_at: str
    settings: PolicySettings
    verdict: Verdict
    candidate: str
    deployed: str | None
    base: str
    dataset: str
    scores: tuple[Scores, ...]
    comparison: Comparison
    library_versions: dict[str, str] = field(default_factory=dict[str, str])

    def to_json(self) -> str:
        """The record as JSON; numbers keep every digit, what was not measured is null."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_embedding_record(record: EmbeddingRecord, folder: Path) -> None:
    """Writes report.md and, last, decision.json."""
    content = record.to_json()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / REPORT_FILE).write_text(report_markdown(record), encoding="utf-8")
    (folder / RECORD_FILE).write_text(content, encoding="utf-8")


def read_scores(folder: Path) -> dict[str, Any]:
    """The fields of a record that was written."""
    return json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))


def score_table(scores: tuple[Scores, ...]) -> str:
    """All competitors in a Markdown table."""
    heading = (
        "| | accuracy@1 seen | MRR@10 seen | accuracy@1 unseen | MRR@10 unseen "
        "| over-merging seen | over-merging unseen |\n|---|---|---|---|---|---|---|"
    )
    return "\n".join([heading, *(_row(row) for row in scores)])


def rival_sentence(record_scores: tuple[Scores, ...]) -> str:
    """Whether a rival without any training answers better than the candidate."""
    by_name = {row.name: row for row in record_scores}
    own = mean_accuracy(by_name[CANDIDATE])
    better = {
        name: score
        for name in RIVALS
        if (score := mean_accuracy(by_name[name])) is not None and own is not None and score > own
    }
    unknown = "".join(
        f" {name} was not measured: {by_name[name].not_measured}."
        for name in RIVALS
        if by_name[name].not_measured is not None
    )
    if not better:
        return f"No rival without training answers better than the candidate.{unknown}"
    said = " and ".join(f"{name} ({points(score)} of 100)" for name, score in better.items())
    verb = "answers" if len(better) == 1 else "answer"
    return (
        f"{said}, without any training, {verb} better than the candidate ({points(own)} of 100). "
        f"Rivals are shown and never block.{unknown}"
    )


def mean_accuracy(scores: Scores) -> float | None:
    """Accuracy@1, seen and unseen words counting alike; None if nothing was measured."""
    parts = [part.accuracy_at_1 for part in (scores.seen, scores.unseen) if part is not None]
    return sum(parts) / len(parts) if parts else None


def report_markdown(record: EmbeddingRecord) -> str:
    """The page that people read."""
    queries = {"seen": record.comparison.seen, "unseen": record.comparison.unseen}
    counts = ", ".join(
        f"{gain.queries if gain else 0} typos of {name} words" for name, gain in queries.items()
    )
    others = [said for said in record.verdict.blockers if said != record.verdict.reason]
    blockers = "".join(f"\n- {sentence}" for sentence in others)
    return (
        f"# {record.verdict.name}\n\n{record.verdict.reason}\n{blockers}\n\n"
        f"What to do next: {next_step(record.verdict.name)}\n\n"
        f"Candidate {record.candidate}, trained on {record.dataset}; it started from "
        f"{record.base}. What serves: {record.deployed or 'nothing'}.\n\n"
        f"## Scores\n\n{score_table(record.scores)}\n\n{rival_sentence(record.scores)}\n\n"
        f"The test split: {counts}. A typo is looked up among all correct words of its domain. "
        "Over-merging: for this share of the typos, a threshold on the score that catches 9 of 10 "
        "typos takes the right word and the correct word that looks most like it for one.\n"
    )


def _row(scores: Scores) -> str:
    if scores.not_measured is not None:
        return f"| {scores.name} | not measured: {scores.not_measured} | | | | | |"
    cells = [
        "not measured" if part is None else f"{getattr(part, name):.3f}"
        for part in (scores.seen, scores.unseen)
        for name in ("accuracy_at_1", "mrr_at_10")
    ]
    merging = [
        "not measured" if part is None or part.over_merging is None else f"{part.over_merging:.3f}"
        for part in (scores.seen, scores.unseen)
    ]
    return f"| {scores.name} | {' | '.join([*cells, *merging])} |"
