"""Settings of Hugging Face Spaces; resources/profiles.py reads them together with all others."""

import os
import re
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.label_tasks import LABEL_TASKS, LabelTask

_SPACE = re.compile(r"[\w.-]+/[\w.-]+")
_HARDWARE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class OwnSpaceSettings(BaseSettings):
    """What pausing its own Space needs of a process whose other settings are wrong."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    space_id: str | None = Field(None, description="The Space; the Hub sets it.")
    hf_token: SecretStr | None = Field(None, description="Access token that may manage it.")
    hf_endpoint: str | None = Field(None, description="Address of the Hub.")


class SpaceSettings(BaseSettings):
    """Which Spaces serve, prepare and retrain."""

    space_repo_id: str | None = Field(None, description="Inference Space of LABEL's task.")
    retrain_space_id: str | None = Field(None, description="Retrain Space of LABEL's task.")
    prepare_dataset_space_id: str | None = Field(
        None, description="Space that prepares the datasets of all tasks."
    )
    space_id: str | None = Field(
        None, description="The Space that this process runs in; the Hub sets it."
    )
    api_endpoint: str | None = Field(
        None, description="Address of /predict of LABEL's deployed model."
    )
    auto_retrain: bool = Field(
        False, description="Whether a new dataset version restarts the retrain Space."
    )
    space_hardware: str | None = Field(
        None, description="Hardware that the retrain Space has while it trains; unset: its own."
    )
    space_wait_seconds: float = Field(
        900.0, gt=0, description="Longest wait until a restarted Space serves the right version."
    )

    @field_validator("space_repo_id", "retrain_space_id", "prepare_dataset_space_id", "space_id")
    @classmethod
    def _is_a_space(cls, name: str | None) -> str | None:
        if name is not None and not _SPACE.fullmatch(name):
            raise ValueError("must be owner/name of a Space")
        return name

    @field_validator("api_endpoint")
    @classmethod
    def _is_an_address_of_predict(cls, address: str | None) -> str | None:
        if address is not None and not _is_predict_address(address):
            raise ValueError("must be an http or https address that ends with /predict")
        return address

    @field_validator("space_hardware")
    @classmethod
    def _is_a_flavour(cls, name: str | None) -> str | None:
        if name is not None and not _HARDWARE.fullmatch(name):
            raise ValueError("must be the Hub's name of a hardware such as t4-small")
        return name

    def inference_space(self, task: LabelTask) -> str | None:
        """The Space that serves a task: {TASK}_SPACE, else SPACE_REPO_ID for LABEL's task."""
        return self._of_task(task, "SPACE", self.space_repo_id)

    def retrain_space(self, task: LabelTask) -> str | None:
        """The Space that trains: {TASK}_RETRAIN_SPACE, else RETRAIN_SPACE_ID for LABEL's task."""
        return self._of_task(task, "RETRAIN_SPACE", self.retrain_space_id)

    def predict_endpoint(self, task: LabelTask) -> str | None:
        """Where the deployed model answers: {TASK}_API_ENDPOINT, else API_ENDPOINT for LABEL's."""
        return self._of_task(task, "API_ENDPOINT", self.api_endpoint)

    def named_spaces(self) -> dict[str, str]:
        """Every Space that is set, by the variables that set it."""
        spaces = {"PREPARE_DATASET_SPACE_ID": self.prepare_dataset_space_id}
        for task in LABEL_TASKS:
            name = task.name.upper()
            spaces[f"{name}_SPACE or SPACE_REPO_ID"] = self.inference_space(task)
            spaces[f"{name}_RETRAIN_SPACE or RETRAIN_SPACE_ID"] = self.retrain_space(task)
        return {setting: space for setting, space in spaces.items() if space is not None}

    def check_spaces(self, token: SecretStr | None) -> None:
        """Checks what no single field can tell.

        Raises:
            PermanentError: The names of a task are wrong, or a Space is named without a token.
        """
        for task in LABEL_TASKS:
            address = self.predict_endpoint(task)
            if address is not None and not _is_predict_address(address):
                raise _wrong(
                    f"{task.name.upper()}_API_ENDPOINT is no address of /predict.",
                    "Set it to an http or https address that ends with /predict.",
                )
        named = self.named_spaces()
        for setting, space in named.items():
            if not _SPACE.fullmatch(space):
                raise _wrong(f"{setting} names no Space.", "Set it to owner/name of a Space.")
        if named and token is None:
            raise _wrong(
                f"{next(iter(named))} needs HF_TOKEN, which is not set.",
                "Set HF_TOKEN to an access token that may manage the Space.",
            )

    def _of_task(self, task: LabelTask, kind: str, shared: str | None) -> str | None:
        named = os.environ.get(f"{task.name.upper()}_{kind}")
        # `label` is a field of Settings, which joins all groups of settings.
        return named or (shared if getattr(self, "label", None) == task.name else None)


def _is_predict_address(address: str) -> bool:
    parts = urlsplit(address)
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and parts.username is None
        and parts.path.endswith("/predict")
    )


def _wrong(found: str, todo: str) -> PermanentError:
    return PermanentError(tried="Reading the settings", found=found, todo=todo)
