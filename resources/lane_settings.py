"""What the stages of a lane need to know, shown in the Dagster UI; holds no secret."""

import dagster as dg
from pydantic import Field

from resources.registry.base import Repository
from sambodhan_assets.label_tasks import Lane


class LaneSettings(dg.ConfigurableResource):
    """Settings of all lanes; resources/profiles.py fills them from the environment."""

    min_dataset_len: int = Field(description="Fewest rows worth a dataset version.")
    min_new_records: int = Field(description="New corrections that make the sensor start a run.")
    replay_max: int = Field(description="Most unflagged complaints in the replay.")
    window_max: int = Field(description="Most unflagged complaints in the window sample.")
    audit_quota: int = Field(description="Complaints of a random audit batch.")
    review_queue: int = Field(description="Complaints that the model is least sure of, at once.")
    sheet_size: int = Field(description="Disagreements that people are asked to label on HOLD.")
    anchor_dataset: str | None = Field(description="File with rows that every version replays.")
    pii_policy: str = Field(
        default="redact", description="redact, drop or report personal data in texts."
    )
    model_family: str = Field(description="linear or transformer.")
    model_checkpoint: str | None = Field(description="Pretrained transformer.")
    focal_alpha: float | None = Field(description="Constant class weight of the focal loss.")
    early_stopping_patience: int = Field(description="Evaluations without a gain before a stop.")
    evaluation: str = Field(description="crossfit or holdout.")
    policy: str = Field(description="balanced, strict or f1_delta.")
    decision_threshold: float = Field(description="Smallest gain worth a promotion.")
    bootstrap_min_f1: float = Field(description="Lowest macro-F1 of a first deployment.")
    max_latency_ms: float | None = Field(description="Highest p99 latency; None: not judged.")
    deployed_sample_size: int = Field(description="Rows of f1_delta; rows asked elsewhere.")
    dataset_names: dict[str, str] = Field(description="Dataset repository by task.")
    model_names: dict[str, str] = Field(description="Model repository by task.")
    dataset_license: str | None = Field(description="Licence on dataset cards.")
    model_license: str | None = Field(description="Licence on model cards.")

    def dataset_repository(self, task: Lane) -> Repository:
        """Published dataset versions of a task."""
        return Repository(kind="dataset", name=self.dataset_names[task.name])

    def model_repository(self, task: Lane) -> Repository:
        """Deployed models of a task; the pointer lives here."""
        return Repository(kind="model", name=self.model_names[task.name])


def snapshot_repository(task: Lane) -> Repository:
    """Snapshots in the artifact store."""
    return Repository(kind="snapshot", name=task.name)


def prepared_repository(task: Lane) -> Repository:
    """Balanced datasets in the artifact store, before they are published."""
    return Repository(kind="balanced_dataset", name=task.name)


def candidate_repository(task: Lane) -> Repository:
    """Trained models in the artifact store that wait for a decision."""
    return Repository(kind="candidate", name=task.name)


def decision_repository(task: Lane) -> Repository:
    """Decision records in the artifact store."""
    return Repository(kind="decision", name=task.name)
