"""Builds resources from the settings: for the code location, and for use outside of runs."""

from typing import Any

import dagster as dg
from pydantic import SecretStr

from resources.artifact_store import ArtifactStore
from resources.audits.chosen import ChosenAudits
from resources.embedding.chosen import build_embedding_options, build_pair_source
from resources.exports.chosen import build_export_options, build_export_store
from resources.feedback_store import FeedbackStore
from resources.lane_settings import LaneSettings
from resources.mail import MailNotifier
from resources.profiles import Settings
from resources.registry.base import Registry
from resources.registry.folder import FolderRegistry
from resources.remote_model import RemoteModels, space_host
from resources.sheets import SheetFolder
from resources.spaces import NoSpaces, Spaces
from resources.task_lease import TaskLeases
from resources.tracking.base import NullTracker, Tracker
from resources.tracking.wandb_runs import WandbTracker
from sambodhan_assets.label_tasks import EMBEDDING, LabelTask

# Seconds. Uploads send all the time; a service that is silent for so long does not answer any more.
HUB_TIMEOUT = 60.0


def build_resources(settings: Settings, tasks: tuple[LabelTask, ...]) -> dict[str, Any]:
    """The resources of the code location; secrets stand in it by the name of their variable."""
    url = dg.EnvVar("POSTGRES_URL") if settings.postgres_url else ""
    platform_url = dg.EnvVar("PLATFORM_DB_URL") if settings.platform_db_url else ""
    return {
        "feedback": FeedbackStore(
            url=url, home=str(settings.home), db_timezone=settings.db_timezone
        ),
        "audits": ChosenAudits(
            platform_url=platform_url,
            postgres_url=url,
            home=str(settings.home),
            artifact_url=settings.artifact_url,
        ),
        "sheets": open_sheets(settings),
        "artifacts": ArtifactStore(url=settings.artifact_url),
        "registry": _registry(settings, dg.EnvVar("HF_TOKEN")),
        "spaces": _spaces(settings, tasks, dg.EnvVar("HF_TOKEN")),
        "remote": _remote_models(settings, tasks, dg.EnvVar("HF_TOKEN")),
        "settings": build_lane_settings(settings, tasks),
        "leases": TaskLeases(home=str(settings.home)),
        "notifier": _notifier(
            settings, password=dg.EnvVar("SMTP_PASSWORD"), slack_url=dg.EnvVar("SLACK_WEBHOOK_URL")
        ),
        "exports": build_export_store(
            settings,
            key=dg.EnvVar("DATASET_S3_ACCESS_KEY_ID"),
            secret=dg.EnvVar("DATASET_S3_SECRET_ACCESS_KEY"),
        ),
        "export_options": build_export_options(settings),
        "pairs": build_pair_source(settings, url=url, key=dg.EnvVar("SUPABASE_ANON_KEY")),
        "embedding": build_embedding_options(settings, token=dg.EnvVar("HF_TOKEN")),
        "tracker": _tracker(settings, tasks, dg.EnvVar("WANDB_API_KEY")),
    }


def build_lane_settings(settings: Settings, tasks: tuple[LabelTask, ...]) -> LaneSettings:
    """What the stages see of the settings."""
    fields: dict[str, Any] = settings.model_dump(include=set(LaneSettings.model_fields))
    fields |= {
        "model_family": settings.family,
        "evaluation": settings.evaluation_mode,
        "dataset_names": {task.name: settings.dataset_name(task) for task in tasks}
        | {EMBEDDING.name: settings.embedding_dataset},
        "model_names": {task.name: settings.model_name(task) for task in tasks}
        | {EMBEDDING.name: settings.embedding_model},
    }
    return LaneSettings(**fields)


def open_feedback_store(settings: Settings) -> FeedbackStore:
    """The feedback store for use outside of Dagster runs."""
    return FeedbackStore(
        url=_address(settings.postgres_url),
        home=str(settings.home),
        db_timezone=settings.db_timezone,
    )


def open_audit_store(settings: Settings) -> ChosenAudits:
    """The audit store for use outside of Dagster runs."""
    return ChosenAudits(
        platform_url=_address(settings.platform_db_url),
        postgres_url=_address(settings.postgres_url),
        home=str(settings.home),
        artifact_url=settings.artifact_url,
    )


def open_registry(settings: Settings) -> Registry:
    """The registry for use outside of Dagster runs."""
    return _registry(settings, _address(settings.hf_token))


def open_spaces(settings: Settings, tasks: tuple[LabelTask, ...]) -> Spaces:
    """The Spaces for use outside of Dagster runs."""
    return _spaces(settings, tasks, _address(settings.hf_token))


def hub_account(settings: Settings) -> str:
    """Name of the account on the Hub that HF_TOKEN belongs to.

    Raises:
        PermanentError: The Hub does not know the token.
        TransientError: The Hub gives no answer.
    """
    from resources.registry.hub_client import account_of, hub_api

    return account_of(hub_api(settings.hf_endpoint, _address(settings.hf_token), HUB_TIMEOUT))


def open_notifier(settings: Settings) -> MailNotifier:
    """Tells people of a run, for use outside of Dagster runs."""
    return _notifier(
        settings,
        password=_address(settings.smtp_password),
        slack_url=_address(settings.slack_webhook_url),
    )


def open_tracker(settings: Settings, tasks: tuple[LabelTask, ...]) -> Tracker:
    """Shows what runs did, for use outside of Dagster runs; the caller hands over."""
    return _tracker(settings, tasks, _address(settings.wandb_api_key))


def open_sheets(settings: Settings) -> SheetFolder:
    """The sheets that people fill in."""
    return SheetFolder(folder=str(settings.home / "sheets"), artifact_url=settings.artifact_url)


def _notifier(settings: Settings, *, password: str, slack_url: str) -> MailNotifier:
    fields: dict[str, Any] = {
        "folder": str(settings.home / "mail"),
        "host": settings.smtp_host,
        "port": settings.mail_port,
        "security": settings.smtp_security,
        "user": settings.smtp_user,
        "password": password if settings.smtp_password else "",
        "slack_url": slack_url if settings.slack_webhook_url else "",
        "dagster_url": settings.dagster_url,
    }
    if settings.mail_from and settings.recipients:
        fields |= {"sender": settings.mail_from, "recipients": settings.recipients}
    return MailNotifier(**fields)


def _tracker(settings: Settings, tasks: tuple[LabelTask, ...], key: str) -> Tracker:
    projects: dict[str, Any] = {
        "dataset_project": settings.dataset_wandb_project,
        "model_projects": {task.name: settings.wandb_project(task) for task in tasks}
        | {EMBEDDING.name: settings.embedding_wandb_project},
    }
    if settings.tracking_mode is None:
        return NullTracker(**projects)
    return WandbTracker(
        **projects,
        folder=str(settings.home / "wandb"),
        mode=settings.tracking_mode,
        api_key=key if settings.wandb_api_key else "",
        entity=settings.wandb_entity,
        base_url=settings.wandb_base_url,
        timeout_seconds=settings.wandb_timeout_seconds,
    )


def _registry(settings: Settings, token: str) -> Registry:
    if settings.registry == "folder":
        return FolderRegistry(url=settings.registry_location)
    # Here, because the client of the Hub reads its variables when it is imported.
    from resources.registry.hub import HubRegistry

    return HubRegistry(
        token=token,
        endpoint=settings.hf_endpoint,
        visibility=settings.hub_visibility,
        timeout_seconds=HUB_TIMEOUT,
    )


def _spaces(settings: Settings, tasks: tuple[LabelTask, ...], token: str) -> Spaces:
    any_space = settings.named_spaces() or settings.space_id
    if settings.hf_token is None or not any_space:
        return NoSpaces()
    # Here, because the client of the Hub reads its variables when it is imported.
    from resources.hub_spaces import HubSpaces

    spaces = {task.name: settings.inference_space(task) for task in tasks}
    addresses = {task.name: settings.predict_endpoint(task) for task in tasks}
    return HubSpaces(
        token=token,
        endpoint=settings.hf_endpoint,
        inference={name: space for name, space in spaces.items() if space},
        endpoints={name: address for name, address in addresses.items() if address},
        timeout_seconds=HUB_TIMEOUT,
        wait_seconds=settings.space_wait_seconds,
    )


def _remote_models(settings: Settings, tasks: tuple[LabelTask, ...], token: str) -> RemoteModels:
    endpoints = {task.name: settings.predict_endpoint(task) for task in tasks}
    spaces = {task.name: settings.inference_space(task) for task in tasks}
    return RemoteModels(
        endpoints={name: address for name, address in endpoints.items() if address},
        token_hosts={name: space_host(space) for name, space in spaces.items() if space},
        token=token if settings.hf_token else "",
    )


def _address(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
