"""Settings of Weights & Biases; resources/profiles.py reads them together with all others."""

import os
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from sambodhan_assets.label_tasks import LabelTask

DATASET_PROJECT = "sambodhan-dataset-pipeline"
# What a program needs, and how it gets out of the machine; no setting and no secret.
_NEEDED = (
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
)


class TrackingSettings(BaseSettings):
    """Where runs are shown. Fields are checked in order, each against those before it."""

    wandb_api_key: SecretStr | None = Field(None, description="Key of Weights & Biases.")
    wandb_mode: Literal["online", "offline", "disabled"] | None = Field(
        None, validate_default=True, description="Unset: online if WANDB_API_KEY is set."
    )
    wandb_project_name: str | None = Field(
        None, description="Project of LABEL's task; without LABEL, of dataset preparation."
    )
    wandb_entity: str | None = Field(None, description="User or team; unset: the key's own.")
    wandb_base_url: str | None = Field(None, description="Address of W&B; unset: the public one.")

    wandb_timeout_seconds: float = Field(
        60.0, gt=0, description="Longest wait for W&B, per project of a run."
    )

    @field_validator("wandb_mode")
    @classmethod
    def _has_a_key(cls, mode: str | None, info: ValidationInfo) -> str | None:
        if mode == "online" and info.data.get("wandb_api_key") is None:
            raise ValueError("online needs WANDB_API_KEY, which is not set")
        return mode

    @field_validator("wandb_base_url")
    @classmethod
    def _is_a_web_address(cls, address: str | None) -> str | None:
        if address is not None and not address.startswith(("http://", "https://")):
            raise ValueError("must be an http or https address")
        return address

    @property
    def tracking_mode(self) -> Literal["online", "offline"] | None:
        """How runs are tracked; None: they are not."""
        if self.wandb_mode == "disabled":
            return None
        return self.wandb_mode or (None if self.wandb_api_key is None else "online")

    @property
    def dataset_wandb_project(self) -> str:
        """Project of dataset preparation: WANDB_PROJECT_NAME where no LABEL claims it."""
        shared = self.wandb_project_name if self._labelled is None else None
        return shared or DATASET_PROJECT

    def wandb_project(self, task: LabelTask) -> str:
        """Project of a task: {TASK}_WANDB_PROJECT, else LABEL's, else derived."""
        named = os.environ.get(f"{task.name.upper()}_WANDB_PROJECT")
        shared = self.wandb_project_name if self._labelled == task.name else None
        return named or shared or f"sambodhan-{task.name}-classifier"

    @property
    def _labelled(self) -> str | None:
        # `label` is a field of Settings, which joins all groups of settings.
        return getattr(self, "label", None)


def needed_environment() -> dict[str, str]:
    """The variables of this process that a helper program may see."""
    return {name: os.environ[name] for name in _NEEDED if name in os.environ}
