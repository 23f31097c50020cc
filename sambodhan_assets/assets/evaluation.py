"""evaluation: candidate and deployed version on the same rows, and the verdict of the gate."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from resources.artifact_store import ArtifactStore
from resources.audits.base import AuditStore
from resources.code_environment import code_environment
from resources.lane_settings import LaneSettings, decision_repository
from resources.registry.base import Publication, Registry
from resources.remote_model import RemoteModels
from resources.sheets import SheetFolder
from resources.task_lease import TaskLeases
from sambodhan_assets.assets.contest import Entry, enter_contest
from sambodhan_assets.assets.incumbent import version_name
from sambodhan_assets.assets.sheet_on_hold import OpenSheet
from sambodhan_assets.assets.stage import OWNERS, running_stage, stage_key, work_folder
from sambodhan_assets.assets.tracking import tracking_hook
from sambodhan_assets.domain.evaluation.contest import Evaluation
from sambodhan_assets.domain.evaluation.evaluate import evaluate
from sambodhan_assets.domain.evaluation.record import (
    Occasion,
    eval_metrics,
    example_texts,
    make_record,
)
from sambodhan_assets.domain.gate.decision_record import DecisionRecord
from sambodhan_assets.domain.gate.figures import all_cards, confusion_figure
from sambodhan_assets.domain.gate.findings_report import exchange_sentence
from sambodhan_assets.domain.gate.policies import Policy, PolicySettings
from sambodhan_assets.domain.gate.record_files import write_record
from sambodhan_assets.domain.gate.report import (
    next_step_sentence,
    summary_markdown,
    verdict_sentence,
)
from sambodhan_assets.domain.gate.score_tables import f1_table_markdown
from sambodhan_assets.domain.gate.verdict import decide
from sambodhan_assets.label_tasks import LabelTask

F1_GATE = "F1_GATE"


def build_evaluation(task: LabelTask) -> dg.AssetsDefinition:
    """The fifth stage of a task's lane."""
    key = stage_key(task, "evaluation")

    @dg.asset(
        key=stage_key(task, "evaluation"),
        group_name=task.name,
        kinds={"python"},
        tags={"task": task.name},
        owners=OWNERS,
        hooks={tracking_hook(task, "evaluation")},
        deps=[stage_key(task, "trained_model")],
        check_specs=[
            dg.AssetCheckSpec(
                F1_GATE,
                asset=key,
                blocking=True,
                description="The candidate is better on real traffic than what serves now.",
            )
        ],
        description=(
            f"Candidate and deployed {task.name} model on the same rows, and the verdict: PROMOTE, "
            "HOLD, REJECT or BOOTSTRAP. The decision record is kept. Read by deployed_tag."
        ),
    )
    def evaluation(
        context: dg.AssetExecutionContext,
        artifacts: ArtifactStore,
        registry: Registry,
        remote: RemoteModels,
        audits: AuditStore,
        sheets: SheetFolder,
        settings: LaneSettings,
        leases: TaskLeases,
    ) -> Iterator[dg.MaterializeResult]:
        with running_stage(context, leases, task), work_folder(leases, task) as folder:
            entry = enter_contest(
                task,
                settings,
                artifacts,
                registry,
                remote,
                audits,
                sheets,
                run_id=context.run.run_id,
                on_progress=context.log.info,
            )
            record, sheet, details = judge(task, settings, entry, folder)
            publication = Publication(run_id=context.run.run_id, details=details)
            version = artifacts.publish(decision_repository(task), folder, publication)
            yield dg.MaterializeResult(
                data_version=dg.DataVersion(version.content_hash),
                metadata={"decision record": version.tag, **_metadata(record, sheet)},
                check_results=[check_gate(record, sheet)],
            )

    return evaluation


def judge(
    task: LabelTask, settings: LaneSettings, entry: Entry, folder: Path
) -> tuple[DecisionRecord, OpenSheet | None, dict[str, Any]]:
    """Evaluates, decides, hands out a sheet on HOLD, and writes the record.

    Returns:
        The record, the sheet that waits for people, and what the record's manifest tells.
    """
    policy = _policy(settings)
    evaluation = evaluate(entry.contest)
    verdict = decide(evaluation.evidence, policy)
    sheet = entry.desk.hand_out(evaluation, verdict) if entry.desk else None
    occasion = Occasion(
        task=task.name,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        candidate=version_name(entry.candidate),
        deployed=entry.deployed,
        dataset=version_name(entry.dataset),
        library_versions=code_environment()["libraries"],
        reuse=entry.reuse,
        sheet_size=settings.sheet_size,
    )
    record = make_record(entry.contest, evaluation, verdict, policy, occasion)
    record = replace(record, sheet=sheet and sheet.batch)
    write_record(record, folder, example_texts(record, evaluation))
    return record, sheet, _details(record, entry, evaluation)


def _policy(settings: LaneSettings) -> PolicySettings:
    return PolicySettings(
        policy=Policy(settings.policy),
        decision_threshold=settings.decision_threshold,
        bootstrap_min_f1=settings.bootstrap_min_f1,
        max_latency_ms=settings.max_latency_ms,
    )


def _details(record: DecisionRecord, entry: Entry, evaluation: Evaluation) -> dict[str, Any]:
    """What the record's manifest tells; deploying reads it."""
    verdict, deployment = record.verdict, entry.deployment
    window = evaluation.candidate.window
    serving = None if evaluation.deployed is None else evaluation.deployed.window
    return {
        "verdict": verdict.name.value,
        "reason": verdict.reason,
        "next_step": next_step_sentence(record),
        "sheet": record.sheet,
        "candidate_tag": entry.candidate.tag,
        "deployed_tag": deployment.tag if deployment else entry.deployed and entry.deployed.tag,
        "deployed_move": 0 if deployment is None else deployment.sequence,
        "dataset_tag": entry.dataset.tag,
        "dataset_repository": entry.dataset.repository.name,
        "candidate_macro_f1": None if window is None else window.macro_f1,
        "deployed_macro_f1": None if serving is None else serving.macro_f1,
        "eval_metrics": eval_metrics(evaluation, record.labels),
    }


def check_gate(record: DecisionRecord, sheet: OpenSheet | None) -> dg.AssetCheckResult:
    """F1_GATE: passed when the verdict deploys; amber with the reason otherwise."""
    to_fill_in = f" Sheet to fill in: {sheet.file}." if sheet else ""
    comparison = record.comparison
    interval = comparison and comparison.interval
    return dg.AssetCheckResult(
        check_name=F1_GATE,
        passed=record.verdict.deploys,
        severity=dg.AssetCheckSeverity.WARN,
        description=verdict_sentence(record) + to_fill_in,
        metadata={
            "verdict": record.verdict.name.value,
            "what to do next": next_step_sentence(record),
            "gain": "not measured" if comparison is None else comparison.gain,
            "gain, 5 % bound": "not measured" if interval is None else interval.lower_05,
            "gain, 95 % bound": "not measured" if interval is None else interval.upper_95,
            "f1_delta would say": str(record.verdict.f1_delta_verdict or "not measured"),
        },
    )


def _metadata(record: DecisionRecord, sheet: OpenSheet | None) -> dict[str, Any]:
    picture = confusion_figure(record)
    # As numbers too: the UI plots them over all decisions.
    measured = {f"macro-F1 of the {name}": card.macro_f1 for name, card in all_cards(record)[1]}
    shown: dict[str, Any] = {
        "verdict": verdict_sentence(record),
        "what to do next": next_step_sentence(record),
        "in plain numbers": exchange_sentence(record) or "nothing was compared",
        **measured,
        "scores": dg.MetadataValue.md(
            f"{f1_table_markdown(record)}\nPrecision and recall stand in the report."
        ),
        "report": dg.MetadataValue.md(summary_markdown(record)),
    }
    if sheet is not None:
        shown["sheet to fill in"] = dg.MetadataValue.path(sheet.file)
    if picture is not None:
        image = base64.b64encode(picture).decode()
        shown["confusion matrix"] = dg.MetadataValue.md(
            f"![confusion matrices](data:image/png;base64,{image})"
        )
    return shown
