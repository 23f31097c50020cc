"""Risk: what the Hub serves loads in no other program, or a foreign model is replaced unseen."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from resources.assembly import open_registry, open_spaces
from resources.lane_settings import decision_repository
from resources.registry.base import Deployment, Repository
from resources.rollback import roll_back
from sambodhan_assets.domain.gate.record_files import REPORT_FILE, read_record
from sambodhan_assets.domain.models.classifier import load_classifier
from sambodhan_assets.domain.models.transformer import train_transformer
from sambodhan_assets.domain.models.transformer_settings import TransformerSettings
from sambodhan_assets.status import task_status
from tests.hub_servers import WRITER, hub_registry, lfs_hub, xet_hub  # noqa: F401  (fixtures)
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, ROOT, World
from tests.registry_folders import deployment, publication
from tests.standins.hubserver import LiveHub
from tests.test_hub_registry import MODEL_ON_HUB, files_of
from tests.tiny_checkpoint import build_tiny_checkpoint

MODELS = Repository(kind="model", name="officials/sambodhan-department-classifier")
OPENINGS = ("tax paper ward", "school teacher exam", "water pipe bridge", "police theft night")
TEXTS = [f"{OPENINGS[row % 4]} number {row}" for row in range(40)]

# A program that knows nothing of this platform.
READER = """
import json, sys
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
name, texts = sys.argv[1], json.loads(sys.argv[2])
model = AutoModelForSequenceClassification.from_pretrained(name)
tokenizer = AutoTokenizer.from_pretrained(name)
with torch.inference_mode():
    logits = model(**tokenizer(texts, padding=True, return_tensors="pt")).logits
print(json.dumps([model.config.id2label, logits.softmax(dim=-1).tolist()]))
"""


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny trained transformer as the trained_model stage leaves it."""
    folder = tmp_path_factory.mktemp("transformer")
    checkpoint = build_tiny_checkpoint(folder / "checkpoint", TEXTS, hidden=16, layers=1)
    labels = [row % 4 for row in range(40)]
    model = train_transformer(
        TEXTS,
        labels,
        TEXTS[:8],
        labels[:8],
        labels=DEPARTMENT.labels,
        settings=TransformerSettings(checkpoint=str(checkpoint), epochs=1, precision="fp32"),
        work_folder=folder / "work",
        seed=1,
    )
    model.save(folder / "model")
    return folder / "model"


@pytest.mark.parametrize("kind", ["xet_hub", pytest.param("lfs_hub", marks=pytest.mark.slow)])
def test_a_deployed_transformer_answers_alike_in_a_program_that_knows_only_its_name(
    request, tmp_path, model_folder: Path, kind: str
):
    hub = request.getfixturevalue(kind)
    registry = hub_registry(hub)
    version = registry.publish(MODELS, model_folder, publication())
    registry.move_pointer(MODELS, deployment(tag=version.tag))
    read = subprocess.run(
        [sys.executable, "-c", READER, MODELS.name, json.dumps(TEXTS[:6])],
        check=False,
        cwd=ROOT,
        env={
            "PATH": "",
            **hub.env(tmp_path / "fresh", token="hf_officials_read", xet=kind == "xet_hub"),
        },
        capture_output=True,
        text=True,
    )
    assert read.returncode == 0, read.stderr[-3000:]
    id2label, probabilities = json.loads(read.stdout.splitlines()[-1])
    assert tuple(id2label.values()) == DEPARTMENT.labels
    with registry.fetched(version) as folder:
        ours = load_classifier(folder, labels=DEPARTMENT.labels).predict_proba(TEXTS[:6])
    assert np.allclose(ours, probabilities, atol=1e-5)


def put_on_main(hub: LiveHub, folder: Path, path: Path) -> str:
    """Another program's model: no record of ours, its labels in another order; its commit."""
    for file in folder.iterdir():
        if file.name != "training.json":
            (path / file.name).write_bytes(file.read_bytes())
    config = json.loads((path / "config.json").read_text())
    labels = DEPARTMENT.labels[::-1]
    config["id2label"] = {str(place): label for place, label in enumerate(labels)}
    config["label2id"] = {label: place for place, label in enumerate(labels)}
    (path / "config.json").write_text(json.dumps(config))
    (path / "README.md").write_text("---\nlicense: mit\n---\n# A model of ours, by hand\n")
    api = hub_registry(hub)._open(MODELS).api
    api.create_repo(MODELS.name)
    return api.upload_folder(repo_id=MODELS.name, folder_path=path).oid


def test_a_foreign_model_is_compared_replaced_and_brought_back(
    first_round: World,
    lfs_hub: LiveHub,  # noqa: F811
    model_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("HF_TOKEN", WRITER)
    (tmp_path / "foreign").mkdir()
    commit = put_on_main(lfs_hub, model_folder, tmp_path / "foreign")
    before = files_of(lfs_hub, MODEL_ON_HUB)
    # The published rule: it judges by the test split, which a weak model loses in any case.
    world = first_round.but(
        REGISTRY="hub",
        HF_ENDPOINT=lfs_hub.endpoint,
        DEPARTMENT_MODEL=MODELS.name,
        POLICY="f1_delta",
    )
    monkeypatch.setenv("DEPARTMENT_MODEL", MODELS.name)
    registry = open_registry(world.settings)
    outcome = run(world)
    assert outcome.failure is None
    adopted = f"adopted-{commit[:12]}"
    check_decision(world, adopted)
    serving = registry.deployed(MODELS)
    assert (serving.sequence, serving.replaced) == (2, adopted)
    assert "model.safetensors" not in files_of(lfs_hub, MODEL_ON_HUB)
    card = str(registry._open(MODELS).text("README.md", "main"))
    assert "# A model of ours, by hand" in card
    assert f"compared with `{adopted}`" in card
    assert bring_back(world).tag == adopted
    told = task_status(DEPARTMENT, world.lanes, world.artifacts, registry)
    assert (told.deployed, told.macro_f1) == (adopted, None)
    after = files_of(lfs_hub, MODEL_ON_HUB)
    assert {name: after[name] for name in before} == before


def bring_back(world: World) -> Deployment:
    """As `sambodhan rollback department` does it, without the database."""
    return roll_back(
        DEPARTMENT,
        world.lanes,
        open_registry(world.settings),
        open_spaces(world.settings, world.tasks),
        to=None,
        traffic_after_id=None,
        run_id="by hand",
    )


def check_decision(world: World, adopted: str) -> None:
    decision = world.artifacts.newest(decision_repository(DEPARTMENT))
    assert decision is not None
    assert decision.manifest.details["deployed_tag"] == adopted
    with world.artifacts.fetched(decision) as folder:
        record, page = read_record(folder), (folder / REPORT_FILE).read_text()
    assert record.deployed is not None
    assert (record.deployed.tag, record.deployed.family) == (adopted, "transformer")
    assert not record.deployed.training_known
    assert record.candidate.training_known
    assert record.deployed.test_split is not None
    assert f"Nobody here knows which rows {adopted} was trained on" in page
