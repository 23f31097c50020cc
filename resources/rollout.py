"""Lets the inference Space serve what the pointer names; what cannot serve is put back.

State is in the registry and in what the Space says of itself, so a run that was killed on the way
is finished by the next one: `finish_rollout` restarts a Space that surely serves something else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from resources.lane_settings import LaneSettings
from resources.registry.base import ADOPTION, Deployment, Registry
from resources.spaces import FAILED_STAGES, RUNNING, Spaces
from sambodhan_assets.domain.errors import PermanentError, PlatformError
from sambodhan_assets.domain.models.classifier import load_classifier
from sambodhan_assets.label_tasks import LabelTask

# Invented; cleaning changes nothing in them, so the Space and the model see the same.
GOLDEN_TEXTS = (
    "वडा नम्बर ५ को सडक बिग्रेको छ",
    "धाराको पानी तीन दिनदेखि आएको छैन",
    "The school roof leaks and the children get wet",
    "Thieves broke into two shops near the bus park last night",
)
# Another machine, library or precision moves a probability a little; another model moves it more.
MOST_DIFFERENCE = 0.02


@dataclass(frozen=True, kw_only=True)
class BroughtUp:
    """A Space that was started anew, although nothing was deployed.

    Attributes:
        deployment: What it serves now.
        found: What it did before, as a sentence.
    """

    deployment: Deployment
    found: str


def roll_out(
    task: LabelTask,
    deployment: Deployment,
    settings: LaneSettings,
    registry: Registry,
    spaces: Spaces,
) -> None:
    """Makes the task's Space serve a move of the pointer, if the task has a Space.

    Args:
        task: Whose Space.
        deployment: The newest move of the pointer.
        settings: Names of the repositories.
        registry: Where the pointer is.
        spaces: Where the Space is.

    Raises:
        PermanentError: The Space does not serve the version as the model answers. The pointer was
            moved back to what it replaced, and the error says what serves now.
    """
    if spaces.inference_space(task) is None:
        return
    try:
        _bring_up(task, deployment.tag, settings, registry, spaces)
    except PlatformError as error:
        raise _put_back(task, deployment, error, settings, registry, spaces) from error


def finish_rollout(
    task: LabelTask, settings: LaneSettings, registry: Registry, spaces: Spaces
) -> BroughtUp | None:
    """Restarts a Space that does not serve what the pointer names, as a killed run leaves it.

    The pointer is never moved here, because it may have been right for weeks.

    Returns:
        What was brought up; None if there was nothing to do.

    Raises:
        PlatformError: The Space does not serve it after the restart either.
    """
    deployment = registry.deployed(settings.model_repository(task))
    served = None if deployment is None else served_instead(task, deployment, spaces)
    if deployment is None or served is None:
        return None
    _bring_up(task, deployment.tag, settings, registry, spaces)
    found = f"{spaces.inference_space(task)} served {served}."
    return BroughtUp(deployment=deployment, found=found)


def served_instead(task: LabelTask, deployment: Deployment, spaces: Spaces) -> str | None:
    """What the Space serves instead of what the pointer names; None if that is not sure.

    Somebody may be served by a Space that names no version: its proxy has lost one question, or
    it runs an adopted model in a program that tells none. A restart would only take it away from
    them. A Space that rests, is built or starts will load the version of the pointer by itself.
    """
    space = spaces.inference_space(task)
    if space is None:
        return None
    stage = spaces.state(space).stage
    if stage in FAILED_STAGES and deployment.action != ADOPTION:
        return f"nothing ({stage})"
    served = spaces.served_version(task) if stage == RUNNING else None
    return None if served == deployment.tag else served


def _bring_up(
    task: LabelTask, tag: str, settings: LaneSettings, registry: Registry, spaces: Spaces
) -> None:
    if spaces.served_version(task) != tag:
        spaces.restart(str(spaces.inference_space(task)))
        spaces.wait_until_served(task, tag)
    version = registry.version(settings.model_repository(task), tag)
    with registry.fetched(version) as folder:
        model = load_classifier(folder, labels=task.labels)
        expected = model.predict_proba(GOLDEN_TEXTS)
    for text, row in zip(GOLDEN_TEXTS, expected.tolist(), strict=True):
        _compare(task, tag, text, spaces.ask(task, text), row)


def _compare(
    task: LabelTask, tag: str, text: str, answer: dict[str, float], expected: Sequence[float]
) -> None:
    own = dict(zip(task.labels, expected, strict=True))
    off = max((abs(answer.get(label, 0.0) - score) for label, score in own.items()))
    if set(answer) != set(own) or off > MOST_DIFFERENCE:
        raise PermanentError(
            tried=f"Comparing what the Space of {task.name} answers with {tag} itself",
            found=f"it reports {tag}, but to the text {text!r} it answers {_best(answer)}, and "
            f"the model itself {_best(own)}.",
            todo="Serve the model with the release that trained it.",
        )


def _best(scores: dict[str, float]) -> str:
    label = max(scores, key=lambda name: scores[name], default="nothing")
    return f"{label} ({scores.get(label, 0.0):.3f})"


def _put_back(
    task: LabelTask,
    failed: Deployment,
    error: PlatformError,
    settings: LaneSettings,
    registry: Registry,
    spaces: Spaces,
) -> PermanentError:
    """Moves the pointer back and brings up what it names then."""
    tried = f"Letting the Space {spaces.inference_space(task)} serve {failed.tag}"
    reason = f"{error.tried}: {error.found}"

    def told(found: str, todo: str) -> PermanentError:
        return PermanentError(tried=tried, found=f"{reason} {found}", todo=todo)

    if failed.replaced is None:
        return told(
            "It is the first version, so there is none to go back to: the pointer names it still, "
            f"and {_serving(task, spaces)}.",
            f"{error.todo} Then materialize {task.name}/deployed_tag again.",
        )
    try:
        _move_back(task, failed, reason, settings, registry)
    except PlatformError as second:
        newer = _newer_move(task, failed, settings, registry)
        if newer is not None:
            return _overtaken(tried, reason, newer)
        return told(
            f"The pointer could not be moved back to {failed.replaced} either ({second.found}): "
            f"it names {failed.tag}, and {_serving(task, spaces)}.",
            f"Run `sambodhan rollback {task.name}`.",
        )
    try:
        _bring_up(task, failed.replaced, settings, registry, spaces)
    except PlatformError as second:
        return told(
            f"The pointer names {failed.replaced} again, but the Space could not be brought back "
            f"to it ({second.found}): {_serving(task, spaces)}.",
            f"{second.todo} Then materialize {task.name}/deployed_tag again.",
        )
    return told(f"{failed.replaced} serves again.", error.todo)


def _newer_move(
    task: LabelTask, failed: Deployment, settings: LaneSettings, registry: Registry
) -> Deployment | None:
    try:
        newest = registry.deployed(settings.model_repository(task))
    except PlatformError:
        return None  # the caller tells that the registry refuses
    return newest if newest is not None and newest.sequence > failed.sequence else None


def _overtaken(tried: str, reason: str, newest: Deployment) -> PermanentError:
    """Somebody moved the pointer during the rollout, and lets the Space serve that."""
    return PermanentError(
        tried=tried,
        found=f"{reason} Meanwhile {newest.run_id} has moved the pointer to {newest.tag} "
        f"({newest.reason}), so nothing was put back.",
        todo="Nothing, if that was meant: whoever moved it last restarts the Space.",
    )


def _move_back(
    task: LabelTask, failed: Deployment, reason: str, settings: LaneSettings, registry: Registry
) -> None:
    repository = settings.model_repository(task)
    before = registry.deployments(repository)[failed.sequence - 2]
    registry.move_pointer(
        repository,
        replace(
            before,
            sequence=failed.sequence + 1,
            action="rollback",
            replaced=failed.tag,
            deployed_at=datetime.now(UTC).isoformat(timespec="seconds"),
            run_id=failed.run_id,
            # Its window goes on: what failed has answered nobody, or for some minutes, and
            # answers that are not the serving version's own are left out of the evaluation.
            reason=f"put back, because {failed.tag} could not serve: {reason}",
        ),
    )


def _serving(task: LabelTask, spaces: Spaces) -> str:
    try:
        served = spaces.served_version(task)
    except PlatformError as error:
        return f"nobody can tell what the Space serves now ({error.found})"
    return f"the Space serves {served} now" if served else "the Space serves nothing now"
