"""What `sambodhan doctor` says about Spaces."""

from collections.abc import Iterator
from typing import Literal

from resources.assembly import build_lane_settings, open_registry, open_spaces
from resources.profiles import Settings
from resources.rollout import served_instead
from resources.spaces import FAILED_STAGES, RUNNING, Spaces
from sambodhan_assets.domain.errors import PlatformError
from sambodhan_assets.label_tasks import LABEL_TASKS, LabelTask

Level = Literal["ok", "warning", "error"]


def examine_spaces(settings: Settings) -> Iterator[tuple[Level, str]]:
    """Every Space that is set: whether it exists, may be managed, and serves what it should."""
    spaces = open_spaces(settings, LABEL_TASKS)
    for setting, space in settings.named_spaces().items():
        try:
            spaces.check_rights(space)
            stage = spaces.state(space).stage
        except PlatformError as error:
            yield "error", f"{setting}: {error}"
            continue
        text = f"The Space {space} may be managed; it is {stage}."
        if stage in FAILED_STAGES:
            yield "warning", f"{text} Its logs on the Hub say why."
        else:
            yield "ok", text
    for task in LABEL_TASKS:
        yield from _serving(task, settings, spaces)


def _serving(task: LabelTask, settings: Settings, spaces: Spaces) -> Iterator[tuple[Level, str]]:
    space = spaces.inference_space(task)
    if space is None:
        return
    try:
        lanes = build_lane_settings(settings, LABEL_TASKS)
        deployment = open_registry(settings).deployed(lanes.model_repository(task))
        if deployment is None:
            return
        instead = served_instead(task, deployment, spaces)
        runs = spaces.state(space).stage == RUNNING
        silent = runs and instead is None and spaces.served_version(task) is None
    except PlatformError:
        return  # told where Spaces and versions are examined
    if instead is not None:
        yield (
            "warning",
            f"{space} serves {instead}, but {deployment.tag} is deployed. Materialize "
            f"{task.name}/deployed_tag to restart it and check what it answers.",
        )
    elif silent:
        yield (
            "warning",
            f"{space} runs, but does not say whether it serves {deployment.tag}, and no run "
            "restarts it for that. If it answers nobody, restart it on the Hub.",
        )
