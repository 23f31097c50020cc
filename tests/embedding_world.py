"""The embedding lane on a stand-in of the Hub, and the parts that its tests put there.

world = hub_lane(tmp_path, hub)
accept(world, "first weights")             # a candidate that the next run deploys
assert run(world, JOB, only=[DEPLOYED]).success
"""

import csv
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from huggingface_hub import CommitOperationAdd, HfApi, hf_hub_download

from resources.assembly import open_registry
from resources.lane_settings import candidate_repository, decision_repository
from resources.registry.base import Publication, Registry
from sambodhan_assets.domain.gate.record_files import REPORT_FILE
from sambodhan_assets.domain.models.training_record import TrainingRecord
from sambodhan_assets.domain.sample.typos import generate_pairs
from sambodhan_assets.label_tasks import EMBEDDING
from tests.hub_servers import WRITER
from tests.lane_world import ROOT, World, child_environment
from tests.standins.hubserver import LiveHub

JOB, DEPLOYED = "train_embeddings", "embedding/deployed_tag"
DATASET, MODEL = "officials/typos", "officials/typo-model"
# The lane reads a file here, and no database.
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"
ZIPS = "models/finetuned-embedding-model"
RUN = """
import json, sys
import dagster as dg
from sambodhan_assets.definitions import defs
with dg.DagsterInstance.ephemeral() as instance:
    result = defs.resolve_job_def(sys.argv[1]).execute_in_process(
        instance=instance, run_config=json.loads(sys.argv[2]), raise_on_error=False,
        asset_selection=[dg.AssetKey(key.split("/")) for key in sys.argv[3:]] or None)
sys.exit(0 if result.success else 1)
"""


def hub_lane(home: Path, hub: LiveHub, *, pairs: int = 500, **overrides: str) -> World:
    """A world whose versions stand on a Hub; POSTGRES_URL and HF_TOKEN must be set for a run."""
    with (home / "pairs.csv").open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines)
        writer.writerow(["typo", "corrected", "domain"])
        writer.writerows(row.values() for row in generate_pairs(pairs, seed=7).to_pylist())
    settings = {
        "REGISTRY": "hub",
        "HF_TOKEN": WRITER,
        "HF_ENDPOINT": hub.endpoint,
        "EMBEDDING_PAIRS": str(home / "pairs.csv"),
        "EMBEDDING_DATASET": DATASET,
        "EMBEDDING_MODEL": MODEL,
        "EMBEDDING_ZIP": "1",
    }
    return World(home=home, url=NOWHERE, overrides={**settings, **overrides})


def registry_of(world: World) -> Registry:
    """The registry outside of a run."""
    return open_registry(world.settings)


def accept(world: World, weights: str, *, base_zip: str | None = None) -> None:
    """A candidate in the artifact store, and the verdict that it shall serve."""
    made = world.home / weights.replace(" ", "-")
    made.mkdir()
    (made / "model.safetensors").write_text(weights)
    (made / "modules.json").write_text("[]")
    TrainingRecord(
        family="embedding",
        labels=(),
        hyperparameters={},
        seed=1,
        library_versions={},
        training_rows=3,
    ).write(made)
    run = Publication(run_id=weights, details={"base_zip": base_zip, "base": "a base"})
    candidate = world.artifacts.publish(candidate_repository(EMBEDDING), made, run)
    serving = registry_of(world).deployed(world.lanes.model_repository(EMBEDDING))
    details = {
        "verdict": "PROMOTE" if serving else "BOOTSTRAP",
        "reason": "It is better.",
        "candidate_tag": candidate.tag,
        "deployed_tag": serving and serving.tag,
        "deployed_move": serving.sequence if serving else 0,
        "dataset_tag": "v20260101_000000",
        "dataset_repository": DATASET,
        "eval_metrics": {"candidate": {"seen": {"accuracy_at_1": 0.9}}},
    }
    decided = world.home / f"decision-{candidate.tag}"
    decided.mkdir()
    (decided / REPORT_FILE).write_text("A score card.\n")
    run = Publication(run_id=weights, details=details)
    world.artifacts.publish(decision_repository(EMBEDDING), decided, run)


def put_on_hub(hub: LiveHub, name: str, files: Mapping[str, Path | bytes]) -> None:
    """One commit of another program on main of a repository."""
    api = HfApi(endpoint=hub.endpoint, token=WRITER)
    api.create_repo(name, exist_ok=True)
    adds = [
        CommitOperationAdd(path_in_repo=path, path_or_fileobj=content)
        for path, content in files.items()
    ]
    api.create_commit(name, adds, commit_message="By another program")


def zip_of_folder(folder: Path, target: Path, *, below: str = "") -> Path:
    """A zip as `shutil.make_archive` writes it: with entries for folders, in no order of ours."""
    source = target.parent / f"{target.stem}-source"
    shutil.copytree(folder, source / below)
    return Path(shutil.make_archive(str(target.with_suffix("")), "zip", source))


def bad_zip(target: Path, name: str) -> Path:
    """A zip with one entry that nobody should unpack."""
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("modules.json", "[]")
        archive.writestr(name, b"evil")
    return target


def newest_for_readers(hub: LiveHub, folder: Path, name: str = MODEL) -> tuple[str, str]:
    """The zip that a program takes which knows only names, and the weights in it."""
    api = HfApi(endpoint=hub.endpoint, token=WRITER)
    found = [path for path in api.list_repo_files(name) if is_a_zip(path)]
    at = hf_hub_download(
        name, max(found), endpoint=hub.endpoint, token=WRITER, cache_dir=folder / "cache"
    )
    with zipfile.ZipFile(at) as archive:
        return max(found), archive.read("model.safetensors").decode("latin-1")


def is_a_zip(path: str) -> bool:
    """Whether readers take a path for a model."""
    return path.startswith(ZIPS) and path.endswith(".zip")


def heads(hub: LiveHub, name: str = MODEL) -> dict[str, dict[str, str]]:
    """Digest by path at the head of every branch."""
    state = hub.state()[f"models/{name}"]
    files = {commit["oid"]: commit["files"] for commit in state["commits"]}
    return {
        branch: {path: file["sha256"] for path, file in files[oid].items()}
        for branch, oid in state["refs"].items()
    }


def moves(world: World) -> list[tuple[str, str]]:
    """Every move of the pointer as (action, tag)."""
    history = registry_of(world).deployments(world.lanes.model_repository(EMBEDDING))
    return [(move.action, move.tag) for move in history]


def as_json(**hyperparameters: float) -> str:
    """Run config of the job."""
    return json.dumps({"ops": {"embedding__trained_model": {"config": hyperparameters}}})


def start(
    world: World, hub: LiveHub, scratch: Path, config: str, only: str = "", *, xet: bool = True
) -> subprocess.Popen[bytes]:
    """The job in a process of its own, whose temporary files go to `scratch`."""
    environment = {
        **child_environment(world),
        **hub.env(world.home / "hf", token=WRITER, xet=xet),
        "TMPDIR": str(scratch),
    }
    order = [sys.executable, "-c", RUN, JOB, config, *([only] if only else [])]
    return subprocess.Popen(order, cwd=ROOT, env=environment)
