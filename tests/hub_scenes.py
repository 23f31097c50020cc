"""What is about to happen on a Hub: the datasets to publish, and the models that were accepted."""

import shutil
from pathlib import Path
from typing import NamedTuple

from resources.artifact_store import ArtifactStore
from resources.lane_settings import candidate_repository, decision_repository
from resources.registry.base import Publication
from sambodhan_assets.domain.gate.record_files import RECORD_FILE
from sambodhan_assets.domain.models.training_record import TrainingRecord
from tests.decision_records import make_record
from tests.lane_world import DEPARTMENT

DATASET, MODEL = "officials/complaints-by-department", "officials/department-classifier"


class Scene(NamedTuple):
    """What is about to happen.

    Attributes:
        action: publish a dataset version, or deploy an accepted model.
        over: How many versions there are already.
    """

    action: str
    over: int

    @property
    def repository(self) -> str:
        """The repository as the server calls it."""
        return f"datasets/{DATASET}" if self.action == "publish" else f"models/{MODEL}"

    def __str__(self) -> str:
        return f"{self.action}-{'over' if self.over else 'first'}"


PUBLISH_FIRST, PUBLISH_OVER = Scene("publish", 0), Scene("publish", 1)
DEPLOY_FIRST, DEPLOY_OVER = Scene("deploy", 0), Scene("deploy", 1)
SCENES = (PUBLISH_FIRST, PUBLISH_OVER, DEPLOY_FIRST, DEPLOY_OVER)


def write_datasets(folder: Path) -> None:
    for number, rows in enumerate(("one two three", "four five six")):
        made = folder / f"publish-{number}"
        (made / "data").mkdir(parents=True)
        for split in ("train", "eval"):
            (made / f"data/{split}-00000-of-00001.parquet").write_text(f"{split} {rows}")
        (made / "README.md").write_text(f"---\nlanguage: ne\n---\n# {rows}\n")
        (made / "label_map.json").write_text('{"label2id": {}}')
    # A shard and a folder that the next version does not have.
    (folder / "publish-0/data/train-00001-of-00002.parquet").write_text("more rows")
    (folder / "publish-0/replay").mkdir()
    (folder / "publish-0/replay/replay.parquet").write_text("replayed rows")


def accept(folder: Path, *, number: int, deployed: str | None) -> None:
    """An artifact store whose newest candidate was accepted over what serves."""
    store = folder / f"deploy-{number}"
    if number:
        shutil.copytree(folder / f"deploy-{number - 1}", store)
    artifacts = ArtifactStore(url=str(store))
    made = folder / f"model-{number}"
    made.mkdir()
    (made / "model.safetensors").write_text(f"weights {number}")
    (made / "config.json").write_text('{"model_type": "xlm-roberta"}')
    (made / f"vocabulary-{number}.txt").write_text(f"words {number}")
    TrainingRecord(
        family="linear",
        labels=DEPARTMENT.labels,
        hyperparameters={},
        seed=1,
        library_versions={},
        training_rows=3,
    ).write(made)
    run = Publication(run_id=f"training-{number}", details={})
    candidate = artifacts.publish(candidate_repository(DEPARTMENT), made, run)
    details = {
        "verdict": "PROMOTE" if number else "BOOTSTRAP",
        "reason": "it is better.",
        "candidate_tag": candidate.tag,
        "deployed_tag": deployed,
        "deployed_move": number,
        "dataset_tag": "v20260101_000000",
        "dataset_repository": DATASET,
        "eval_metrics": {"macro_f1": 0.9},
    }
    decided = folder / f"decision-{number}"
    decided.mkdir()
    (decided / RECORD_FILE).write_text(make_record().to_json())
    run = Publication(run_id=f"training-{number}", details=details)
    artifacts.publish(decision_repository(DEPARTMENT), decided, run)
