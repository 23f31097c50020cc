"""Which complaints the deployed version of a task answered."""

from resources.lane_settings import LaneSettings
from resources.registry.base import Registry
from sambodhan_assets.label_tasks import LabelTask


def window_start(task: LabelTask, settings: LaneSettings, registry: Registry) -> int | None:
    """The last complaint before the window, which is what the serving version answered.

    None, and then every complaint is of the window, where nothing serves, or where a model of
    another label set does: its successor starts a new line and is compared with nothing.
    """
    models = settings.model_repository(task)
    deployment = registry.deployed(models)
    if deployment is None:
        return None
    serving = registry.version(models, deployment.tag)
    if serving.adopted:  # whatever it was trained on, it is what answers
        return deployment.traffic_after_id
    dataset_tag = serving.manifest.details["dataset_tag"]
    dataset = registry.version(settings.dataset_repository(task), dataset_tag)
    same_labels = dataset.manifest.details["labels"] == list(task.labels)
    return deployment.traffic_after_id if same_labels else None


def earliest_window_start(
    tasks: tuple[LabelTask, ...], settings: LaneSettings, registry: Registry
) -> int | None:
    """The lowest window start of the tasks that have one; None if nothing is deployed."""
    starts = [window_start(task, settings, registry) for task in tasks]
    return min((start for start in starts if start is not None), default=None)
