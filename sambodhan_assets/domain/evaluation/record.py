"""Puts an evaluation and its verdict on record."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from sambodhan_assets.domain.evaluation.answers import Answering
from sambodhan_assets.domain.evaluation.contest import Contest, Evaluation, ModelCards
from sambodhan_assets.domain.evaluation.findings import CORRECTED, find_out, label_sources
from sambodhan_assets.domain.gate import decision_record as records
from sambodhan_assets.domain.gate.decision_record import DecisionRecord, ModelFacts
from sambodhan_assets.domain.gate.examples import broken_examples, fixed_examples
from sambodhan_assets.domain.gate.policies import PolicySettings
from sambodhan_assets.domain.gate.reuse import Reuse
from sambodhan_assets.domain.gate.verdict import Verdict
from sambodhan_assets.domain.models.linear import FAMILY as LINEAR

SHEET_SIZE = 30


@dataclass(frozen=True, kw_only=True)
class VersionName:
    """Tag and content hash of a version."""

    tag: str
    content_hash: str


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """What an evaluation was about.

    Attributes:
        task: Label task.
        created_at: ISO 8601 time in UTC.
        candidate: Version of the candidate.
        deployed: Version that served; None if nothing was deployed.
        dataset: Version that the candidate was trained on.
        library_versions: Installed version by library.
        reuse: Earlier decisions on the same rows; None if not counted.
        sheet_size: Disagreements on one sheet.
    """

    task: str
    created_at: str
    candidate: VersionName
    deployed: VersionName | None
    dataset: VersionName
    library_versions: dict[str, str]
    reuse: Reuse | None = None
    sheet_size: int = SHEET_SIZE


def make_record(
    contest: Contest,
    evaluation: Evaluation,
    verdict: Verdict,
    policy: PolicySettings,
    occasion: Occasion,
) -> DecisionRecord:
    """The decision record of one evaluation."""
    findings = find_out(contest, evaluation, policy, sheet_size=occasion.sheet_size)
    return replace(
        _record_of_verdict(contest, evaluation, verdict, policy, occasion),
        classes=evaluation.classes,
        anchor=evaluation.anchor,
        break_even=findings.break_even,
        power=findings.power,
        slices=findings.slices,
        reuse=occasion.reuse,
    )


def _record_of_verdict(
    contest: Contest,
    evaluation: Evaluation,
    verdict: Verdict,
    policy: PolicySettings,
    occasion: Occasion,
) -> DecisionRecord:
    """The verdict and what it rests on."""
    evidence = evaluation.evidence
    compared = evaluation.compared
    ids = evaluation.rows.complaint_ids
    return DecisionRecord(
        task=occasion.task,
        labels=contest.labels,
        created_at=occasion.created_at,
        settings=policy,
        verdict=verdict,
        candidate=_model_facts(occasion.candidate, contest.candidate, evaluation.candidate),
        deployed=_deployed_facts(contest, evaluation, occasion),
        dataset=records.DatasetFacts(
            tag=occasion.dataset.tag, content_hash=occasion.dataset.content_hash
        ),
        evaluation=contest.mode,
        window=None if contest.not_compared else _window_facts(contest, evaluation),
        comparison=records.compare(evidence.estimate, evidence.interval)
        if evidence.estimate and evidence.interval
        else None,
        rival=_rival_facts(contest, evaluation),
        majority_f1=evaluation.majority_window and evaluation.majority_window.macro_f1,
        majority=evaluation.majority_window,
        f1_delta=evidence.f1_delta,
        guards=evidence.guards,
        fixed=fixed_examples(compared, ids, contest.labels) if compared else (),
        broken=broken_examples(compared, ids, contest.labels) if compared else (),
        seeds={"evaluation": contest.seed},
        library_versions=occasion.library_versions,
        not_compared=contest.not_compared,
    )


def example_texts(record: DecisionRecord, evaluation: Evaluation) -> pa.Table:
    """The fixed and broken complaints with their texts; they stand beside the record only."""
    texts = dict(zip(evaluation.rows.complaint_ids.tolist(), evaluation.rows.texts, strict=True))
    rows = [
        {"outcome": outcome, **vars(example), "text": texts[example.complaint_id]}
        for outcome, examples in (("fixed", record.fixed), ("broken", record.broken))
        for example in examples
    ]
    names = ("outcome", "truth", "candidate", "deployed", "text")
    fields = [(name, pa.string()) for name in names]
    schema = pa.schema([("complaint_id", pa.int64()), ("presumed", pa.bool_()), *fields])
    return pa.Table.from_pylist(rows, schema=schema)


def eval_metrics(evaluation: Evaluation, labels: tuple[str, ...]) -> dict[str, object]:
    """Scores of the candidate on the test split, in the shape of scikit-learn's report."""
    if evaluation.candidate.test is None:
        return {"test_rows": 0}
    card = evaluation.candidate.test.card
    per_label = {
        label: {
            "precision": card.precision[position],
            "recall": card.recall[position],
            "f1-score": card.f1[position],
            "support": card.support[position],
        }
        for position, label in enumerate(labels)
    }
    averages = {
        name: float(np.mean(values))
        for name, values in (("precision", card.precision), ("recall", card.recall))
    }
    macro = {**averages, "f1-score": card.macro_f1, "support": float(card.n)}
    return {**per_label, "accuracy": card.accuracy, "macro avg": macro, "test_rows": card.n}


def _model_facts(name: VersionName, model: Answering, cards: ModelCards) -> ModelFacts:
    latency = cards.latency
    return ModelFacts(
        tag=name.tag,
        content_hash=name.content_hash,
        family=model.family,
        window=cards.window,
        test_split=cards.test,
        latency=latency and records.Latency(p50_ms=latency.p50_ms, p99_ms=latency.p99_ms),
    )


def _deployed_facts(
    contest: Contest, evaluation: Evaluation, occasion: Occasion
) -> ModelFacts | None:
    if not (occasion.deployed and contest.deployed and evaluation.deployed):
        return None
    facts = _model_facts(occasion.deployed, contest.deployed, evaluation.deployed)
    # A version of ours always has training rows; for any other model nobody can name one.
    return replace(facts, training_known=bool(contest.trained_before))


def _window_facts(contest: Contest, evaluation: Evaluation) -> records.WindowFacts:
    rows = evaluation.rows
    return records.WindowFacts(
        after_id=contest.window_after_id,
        rows=len(rows),
        corrections=label_sources(contest, evaluation).count(CORRECTED),
        unflagged_population=round(float(rows.weight[~rows.certain].sum())),
        drawn_from=evaluation.drawn_from,
    )


def _rival_facts(contest: Contest, evaluation: Evaluation) -> records.RivalFacts | None:
    if contest.candidate.family == LINEAR:
        return None
    card = evaluation.rival_window
    return records.RivalFacts(
        name=evaluation.evidence.rival_name,
        window_f1=None if card is None else card.macro_f1,
        interval=evaluation.evidence.rival_interval,
        window=card,
    )
