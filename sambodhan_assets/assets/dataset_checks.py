"""The checks of balanced_dataset: two that stop a version, two that warn about it."""

import dagster as dg

from sambodhan_assets.assets.stage import counts_table
from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.dataset.label_sources import LabelSources, label_sources
from sambodhan_assets.domain.dataset.leakage import LeakageReport, find_leakage
from sambodhan_assets.domain.dataset.preparation import PreparationReport
from sambodhan_assets.domain.dataset.source_probe import Separation, SourceProbe, probe_sources

MIN_DATASET_LEN = "MIN_DATASET_LEN"
NO_LEAKAGE = "no_leakage"
LABELS_BY_PEOPLE = "test_labels_by_people"
NO_SOURCE_SIGNAL = "no_source_signal"

BLOCKING = {
    MIN_DATASET_LEN: "Enough rows after cleaning and deduplication for a dataset version.",
    NO_LEAKAGE: "No text, and no near-duplicate of one, stands in two splits.",
}
WARNING = {
    LABELS_BY_PEOPLE: "People gave at least half of the labels of the test split.",
    NO_SOURCE_SIGNAL: "A text does not give away whether it is a correction.",
}


def check_specs(key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """What balanced_dataset declares."""
    return [
        dg.AssetCheckSpec(name, asset=key, blocking=name in BLOCKING, description=description)
        for name, description in (BLOCKING | WARNING).items()
    ]


def check_dataset(dataset: BalancedDataset, min_dataset_len: int) -> list[dg.AssetCheckResult]:
    """The results of all checks; each must be yielded, also where no dataset is."""
    return [
        check_length(dataset.report, min_dataset_len),
        check_leakage(find_leakage(dataset)),
        check_label_sources(label_sources(dataset)),
        check_source_signal(probe_sources(dataset)),
    ]


def may_go_on(checks: list[dg.AssetCheckResult]) -> bool:
    """Whether no blocking check failed."""
    return all(check.passed for check in checks if check.check_name in BLOCKING)


def check_length(report: PreparationReport, min_dataset_len: int) -> dg.AssetCheckResult:
    """MIN_DATASET_LEN: amber and no version below it."""
    return dg.AssetCheckResult(
        check_name=MIN_DATASET_LEN,
        passed=report.row_count >= min_dataset_len,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{report.row_count} of {min_dataset_len} rows.",
        metadata={"rows": report.row_count, "needed": min_dataset_len},
    )


def check_leakage(report: LeakageReport) -> dg.AssetCheckResult:
    """no_leakage: red, because only a defect of the program can cause it."""
    return dg.AssetCheckResult(
        check_name=NO_LEAKAGE,
        passed=report.clean,
        severity=dg.AssetCheckSeverity.ERROR,
        description=report.sentence,
        metadata={"compared texts": report.compared_texts},
    )


def check_label_sources(found: LabelSources) -> dg.AssetCheckResult:
    """test_labels_by_people: amber where a model's answers are most of what it is judged by."""
    share = found.presumed_share
    return dg.AssetCheckResult(
        check_name=LABELS_BY_PEOPLE,
        passed=found.mostly_people,
        severity=dg.AssetCheckSeverity.WARN,
        description=found.sentence,
        metadata={
            "share of labels that a model gave": "not measured" if share is None else share,
            "labels of the test split": counts_table(found.rows, heading="source"),
        },
    )


def check_source_signal(probe: SourceProbe) -> dg.AssetCheckResult:
    """no_source_signal: amber where corrections can be told by their texts alone."""
    return dg.AssetCheckResult(
        check_name=NO_SOURCE_SIGNAL,
        passed=probe.clean,
        severity=dg.AssetCheckSeverity.WARN,
        description=probe.sentence,
        metadata={
            "AUC by words": _auc(probe.words),
            "AUC by length and script": _auc(probe.shape),
            "corrections": probe.corrections,
            "unflagged": probe.unflagged,
        },
    )


def _auc(found: Separation | None) -> float | str:
    return "not measured" if found is None else found.auc
