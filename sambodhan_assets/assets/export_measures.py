"""What an export is measured with beside its rows: deployed models and the previous export."""

import hashlib
from collections.abc import Sequence

from resources.export_options import ExportOptions
from resources.export_sources import ExportInputs
from resources.exports.base import ExportStore
from resources.lane_settings import LaneSettings
from resources.registry.base import Registry
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.export.files import report_name
from sambodhan_assets.domain.models.classifier import TextClassifier, load_classifier
from sambodhan_assets.domain.qa.drift import NO_PREVIOUS
from sambodhan_assets.domain.qa.measures import QaInputs
from sambodhan_assets.domain.qa.profile import Profile
from sambodhan_assets.domain.qa.report import QaReport
from sambodhan_assets.label_tasks import LabelTask


def qa_inputs(
    inputs: ExportInputs,
    options: ExportOptions,
    store: ExportStore,
    tasks: Sequence[LabelTask],
    registry: Registry,
    settings: LaneSettings,
) -> QaInputs:
    """Fetches what the measures of an export need."""
    models: dict[str, TextClassifier] = {}
    missing: dict[str, str] = {}
    for task in tasks:
        if task.name in inputs.versions:
            model = _deployed_model(task, registry, settings)
            if isinstance(model, str):
                missing[task.name] = model
            else:
                models[task.name] = model
    previous, no_previous = _previous_profile(store)
    return QaInputs(
        qa_sample=options.qa_sample,
        reviewers=options.reviewers.split(","),
        models=models,
        no_model=missing,
        previous=previous,
        no_previous=no_previous,
    )


def _deployed_model(
    task: LabelTask, registry: Registry, settings: LaneSettings
) -> TextClassifier | str:
    """The model that serves, or why there is none that can be scored."""
    repository = settings.model_repository(task)
    deployment = registry.deployed(repository)
    if deployment is None:
        return "no model is deployed"
    with registry.fetched(registry.version(repository, deployment.tag)) as folder:
        model = load_classifier(folder)
    if tuple(model.labels) != tuple(task.labels):
        return "the deployed model has another label set"
    return model


def _previous_profile(store: ExportStore) -> tuple[Profile | None, str]:
    """Profile of the newest release, or why there is none."""
    newest = store.newest()
    if newest is None:
        return None, NO_PREVIOUS
    name = report_name(newest.version, "json")
    if name not in newest.files:
        return None, f"QA was not run for the previous export {newest.version}"
    content = store.read_file(newest.version, name)
    origin = f"{name} in {store.place()}"
    if hashlib.sha256(content).hexdigest() != newest.files[name].sha256:
        raise PermanentError(
            tried=f"Comparing with the previous export {newest.version}",
            found=f"{origin} is not the file that its manifest names.",
            todo=f"Run sambodhan export verify on it; somebody changed it after {newest.version}"
            " was published.",
        )
    try:
        report = QaReport.from_json(content.decode("utf-8"), origin=origin)
    except PermanentError as error:
        # Whole, as its manifest says, so another release wrote it: that must not end all exports.
        return None, f"the report of the previous export {newest.version} is unknown: {error.found}"
    if report.profile is None:
        return None, f"the previous export {newest.version} has no profile"
    return Profile.from_fields(report.profile, origin=origin), NO_PREVIOUS
