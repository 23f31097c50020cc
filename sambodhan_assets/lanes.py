"""The six stages in order, and the lane that they make for each label task."""

from collections.abc import Callable

import dagster as dg

from resources.embedding.pair_source import TABLE as PAIRS_TABLE
from sambodhan_assets.assets.audit_batch import AUDIT_BATCH
from sambodhan_assets.assets.balanced_dataset import build_balanced_dataset_asset
from sambodhan_assets.assets.dataset_version import build_dataset_version
from sambodhan_assets.assets.deployed_tag import build_deployed_tag
from sambodhan_assets.assets.embedding_dataset import build_embedding_dataset
from sambodhan_assets.assets.embedding_deployed import build_embedding_deployed
from sambodhan_assets.assets.embedding_evaluation import build_embedding_evaluation
from sambodhan_assets.assets.embedding_model import build_embedding_model
from sambodhan_assets.assets.evaluation import build_evaluation
from sambodhan_assets.assets.raw_feedback import SOURCE_TABLES, build_raw_feedback
from sambodhan_assets.assets.trained_model import build_trained_model
from sambodhan_assets.assets.training_pairs import build_training_pairs
from sambodhan_assets.label_tasks import LabelTask

_BUILDERS: dict[str, Callable[[LabelTask], dg.AssetsDefinition]] = {
    "raw_feedback": build_raw_feedback,
    "balanced_dataset": build_balanced_dataset_asset,
    "dataset_version": build_dataset_version,
    "trained_model": build_trained_model,
    "evaluation": build_evaluation,
    "deployed_tag": build_deployed_tag,
}

STAGES: tuple[str, ...] = tuple(_BUILDERS)
EMBEDDING_STAGES = (
    "training_pairs",
    "dataset_version",
    "trained_model",
    "evaluation",
    "deployed_tag",
)

_TABLE_DESCRIPTIONS = {
    "complaints": "Citizens' grievances with the answers that the deployed models gave.",
    "misclassified_complaints": "Reports of wrong labels, and officials' reviews of them.",
    "complaint_audits": "Complaints that people were asked to label, and the labels they gave.",
}


def build_source_tables() -> list[dg.AssetSpec]:
    """The tables that citizens and officials fill; lineage starts here."""
    return [
        dg.AssetSpec(
            name,
            group_name="source",
            kinds={"postgres"},
            description=_TABLE_DESCRIPTIONS[name],
            deps=[AUDIT_BATCH] if name == "complaint_audits" else [],
        )
        for name in SOURCE_TABLES
    ]


def build_lane(task: LabelTask) -> list[dg.AssetsDefinition]:
    """The lane of one task, with its checks."""
    return [build(task) for build in _BUILDERS.values()]


def build_pairs_table() -> dg.AssetSpec:
    """The table of typos that applications fill."""
    return dg.AssetSpec(
        PAIRS_TABLE,
        group_name="source",
        kinds={"postgres"},
        description="Typos with their corrections, as people chose them in an application.",
    )


def build_embedding_lane() -> list[dg.AssetsDefinition]:
    """The lane of the model that corrects typos, with its checks."""
    return [
        build_training_pairs(),
        build_embedding_dataset(),
        build_embedding_model(),
        build_embedding_evaluation(),
        build_embedding_deployed(),
    ]
