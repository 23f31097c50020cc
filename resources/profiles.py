"""The one place that names environment variables: reads, checks and explains every setting."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from zoneinfo import available_timezones

from dotenv import load_dotenv
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from resources.embedding_settings import EmbeddingSettings
from resources.export_settings import ExportSettings
from resources.hub_settings import HubSettings
from resources.mail_settings import MailSettings
from resources.masking import remember_secrets
from resources.postgres.url import database_url
from resources.space_settings import SpaceSettings
from resources.tracking_settings import TrackingSettings
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.label_tasks import LABEL_TASKS, LabelTask

ModelFamily = Literal["linear", "transformer"]
EvaluationMode = Literal["crossfit", "holdout"]
# What fsspec's storages and Dagster read themselves; hidden in texts like our own.
_SECRETS_OF_OTHERS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "DAGSTER_PG_PASSWORD")


class Settings(
    EmbeddingSettings, ExportSettings, HubSettings, MailSettings, SpaceSettings, TrackingSettings
):
    """Settings of one process. A field is set by the environment variable of its name."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True, hide_input_in_errors=True, extra="ignore", frozen=True
    )

    sambodhan_home: Path = Field(Path(".sambodhan"), description="Folder of all local state.")
    postgres_url: SecretStr | None = Field(
        None, description="PostgreSQL with the complaints; unset: embedded, under SAMBODHAN_HOME."
    )
    platform_db_url: SecretStr | None = Field(
        None, description="PostgreSQL of the platform's own tables; unset: POSTGRES_URL."
    )
    db_timezone: str = Field("UTC", description="Zone of database times without one.")
    artifact_store: str | None = Field(
        None, description="Folder or fsspec URL of snapshots, candidates and decision records."
    )
    registry: Literal["folder", "hub"] = Field(
        "folder", description="Where versions are published."
    )
    registry_url: str | None = Field(
        None, description="Folder or fsspec URL of the folder registry."
    )
    label: str | None = Field(
        None, description="Task that DATASET_REPO_ID and HUB_MODEL_ID belong to."
    )
    dataset_repo_id: str | None = Field(None, description="Dataset repository of LABEL's task.")
    hub_model_id: str | None = Field(None, description="Model repository of LABEL's task.")
    anchor_dataset: str | None = Field(
        None, description="CSV or Parquet file with the columns text and one per task."
    )
    min_dataset_len: int = Field(1000, ge=1, description="Fewest rows worth a dataset version.")
    min_new_records: int = Field(
        100, ge=1, description="New corrections that make the sensor start a run."
    )
    replay_max: int = Field(20_000, ge=0, description="Most unflagged complaints in the replay.")
    window_max: int = Field(20_000, ge=1, description="Most unflagged complaints in the window.")
    audit_quota: int = Field(50, ge=1, description="Complaints of a random audit batch.")
    review_queue: int = Field(
        50, ge=1, description="Complaints of a review queue, those that the model is least sure of."
    )
    model_family: ModelFamily | None = Field(
        None, description="Unset: transformer if MODEL_CHECKPOINT is set, else linear."
    )
    model_checkpoint: str | None = Field(
        None, description="Folder or Hub id of the pretrained transformer."
    )
    focal_alpha: float | None = Field(
        None, gt=0, description="Constant class weight of the focal loss; unset: by frequency."
    )
    early_stopping_patience: int = Field(1, ge=1, description="Evaluations without a gain.")
    evaluation: EvaluationMode | None = Field(
        None, description="Unset: crossfit for linear, holdout for transformer."
    )
    policy: Literal["balanced", "strict", "f1_delta"] = Field(
        "balanced", description="Rule of the gate."
    )
    decision_threshold: float = Field(0.001, ge=0, description="Smallest gain worth a promotion.")
    bootstrap_min_f1: float = Field(
        0.60, ge=0, le=1, description="Lowest macro-F1 of a first deployment."
    )
    sheet_size: int = Field(
        30, ge=1, description="Disagreements that people are asked to label after a HOLD."
    )
    max_latency_ms: float | None = Field(
        None, gt=0, description="Highest p99 latency of a candidate; unset: not judged."
    )
    deployed_sample_size: int = Field(
        300, ge=1, description="Rows on which a deployed model is scored by f1_delta, or asked."
    )
    executor: Literal["in_process", "multiprocess"] = Field(
        "in_process", description="How Dagster runs the steps of a job."
    )
    sensor_interval_seconds: int = Field(
        60, ge=1, description="Least seconds between two looks of a sensor."
    )

    @field_validator("db_timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("must be an IANA time zone such as UTC or Asia/Kathmandu")
        return name

    @field_validator("postgres_url", "platform_db_url")
    @classmethod
    def _is_an_address(cls, address: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        try:
            if address is not None:
                database_url(address.get_secret_value(), name=str(info.field_name).upper())
        except PermanentError as error:
            raise ValueError(f"{error.found} {error.todo}".rstrip(".")) from None
        return address

    @property
    def home(self) -> Path:
        """SAMBODHAN_HOME as an absolute path."""
        return self.sambodhan_home.expanduser().absolute()

    @property
    def family(self) -> ModelFamily:
        """Model family in use."""
        return self.model_family or ("transformer" if self.model_checkpoint else "linear")

    @property
    def evaluation_mode(self) -> EvaluationMode:
        """Evaluation in use."""
        return self.evaluation or ("crossfit" if self.family == "linear" else "holdout")

    @property
    def artifact_url(self) -> str:
        """Location of the artifact store."""
        return self.artifact_store or str(self.home / "artifacts")

    @property
    def registry_location(self) -> str:
        """Location of the folder registry."""
        return self.registry_url or str(self.home / "registry")

    def dataset_name(self, task: LabelTask) -> str:
        """Dataset repository of a task: {TASK}_DATASET, else LABEL's, else derived."""
        named = os.environ.get(f"{task.name.upper()}_DATASET")
        shared = self.dataset_repo_id if self.label == task.name else None
        return named or shared or f"sambodhan-{task.name}-dataset"

    def model_name(self, task: LabelTask) -> str:
        """Model repository of a task: {TASK}_MODEL, else LABEL's, else derived."""
        named = os.environ.get(f"{task.name.upper()}_MODEL")
        shared = self.hub_model_id if self.label == task.name else None
        return named or shared or f"sambodhan-{task.name}-classifier"


def read_environment_file() -> None:
    """Adds the variables of `.env` in the current folder, as Dagster's own commands do."""
    load_dotenv(Path.cwd() / ".env")


def keep_caches(settings: Settings) -> None:
    """Gives torch a folder of its own: it makes one among the temporary files when imported."""
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(settings.home / "torch"))


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Reads the settings of this process; `mask` hides its secrets from then on.

    Args:
        environment: Variables that go before those of the process, by upper-case name.

    Raises:
        PermanentError: A value is wrong; one sentence per setting names it, what is wrong and what
            is allowed, never the value, which may be a secret.
    """
    overrides = {name.lower(): value for name, value in (environment or {}).items()}
    try:
        settings = Settings(**overrides)  # pyright: ignore[reportArgumentType]
    except ValidationError as error:
        raise _explained(error) from None
    secrets = [value.get_secret_value() for _, value in settings if isinstance(value, SecretStr)]
    remember_secrets([*secrets, *(os.environ.get(name, "") for name in _SECRETS_OF_OTHERS)])
    _refuse_contradictions(settings)
    return settings


def _refuse_contradictions(settings: Settings) -> None:
    known = [task.name for task in LABEL_TASKS]
    if settings.label is not None and settings.label not in known:
        raise _refused(
            "LABEL names no label task.", f"Set it to one of {', '.join(known)}, or unset it."
        )
    if settings.registry == "hub" and settings.hf_token is None:
        raise _refused(
            "REGISTRY=hub needs HF_TOKEN, which is not set.",
            "Set HF_TOKEN to an access token that may write the repositories.",
        )
    settings.check_spaces(settings.hf_token)
    if settings.family == "transformer" and not settings.model_checkpoint:
        raise _refused(
            "MODEL_FAMILY=transformer needs MODEL_CHECKPOINT, which is not set.",
            "Set MODEL_CHECKPOINT to a model folder or a Hub id such as xlm-roberta-base.",
        )
    if settings.family == "transformer" and settings.evaluation_mode == "crossfit":
        raise _refused(
            "EVALUATION=crossfit would train a transformer once per fold.",
            "Unset EVALUATION, or set EVALUATION=holdout.",
        )


def _refused(found: str, todo: str) -> PermanentError:
    return PermanentError(tried="Reading the settings", found=found, todo=todo)


def _explained(error: ValidationError) -> PermanentError:
    problems = [
        f"{str(item['loc'][0]).upper()}: {item['msg'].removeprefix('Value error, ')}"
        for item in error.errors()
    ]
    return PermanentError(
        tried="Reading the settings",
        found=f"{'; '.join(problems)}.",
        todo="Correct the environment; README.md lists all settings.",
    )
