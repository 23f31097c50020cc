"""Risk: a version costs more requests than the Hub's rate limits leave room for, or than docs say.

Run `python -m pytest tests/test_hub_requests.py` to see the measured table where the docs differ.
"""

import re
from pathlib import Path

from resources.registry.base import Repository
from sambodhan_assets.domain.card_text import card_text
from sambodhan_assets.domain.dataset.splits import SPLITS
from tests.hub_servers import hub_registry, lfs_hub, xet_hub  # noqa: F401  (fixtures)
from tests.registry_folders import DATASETS, deployment, make_folder, publication

ROOT = Path(__file__).parents[1]
MODELS = Repository(kind="model", name="officials/sambodhan-department-classifier")
TEXT_FILES = ("label_map.json", "preparation.json", "dataset_metadata.json")
TABLES = ("replay/replay", "anchor/test", "window/window", "assignments", "lineage")
MODEL_FILES = ("config.json", "training.json", "metadata.json", "model_metadata.json")
WHAT = {
    "one shard": "dataset version, three splits in one shard each",
    "three shards": "dataset version, three splits in three shards each",
    "lane": "dataset version as the lane makes it, eight Parquet files",
    "model": "model version with one weights file",
    "deploy": "deploy that model",
    "rollback": "roll back to the version before it",
}
# Of a dataset version with one shard per split.
LIMITS = {"lfs_hub": 14, "xet_hub": 10}


def dataset_folder(path: Path, name: str, *, shards: int, tables: tuple[str, ...] = ()) -> Path:
    """A version in which every file differs from the one before."""
    files = [f"data/{s}-{n:05}-of-{shards:05}" for s in SPLITS for n in range(shards)]
    parquet = {f"{file}.parquet".replace("/", "__"): f"{name} {file}" for file in (*files, *tables)}
    card = {"README.md": card_text({"language": ["ne"]}, f"# {name}")}
    return make_folder(path / name, **parquet, **card, **dict.fromkeys(TEXT_FILES, f'"{name}"'))


def model_folder(path: Path, name: str) -> Path:
    files = {file: f'"{name} {file}"' for file in MODEL_FILES}
    card = card_text({"language": ["ne"]}, f"# {name}")
    return make_folder(path / name, **files, **{"README.md": card, "model.safetensors": name * 99})


def counted(hub, call) -> tuple[int, int, int]:
    """Requests to the Hub, requests to its storage, and commits of a call."""
    hub.clear()
    call()
    log = hub.log("")
    to_hub = [entry for entry in log if re.match(r"/(api|datasets|officials)", entry["path"])]
    return len(to_hub), len(log) - len(to_hub), len(hub.log("POST .*/commit/"))


def measure_datasets(hub, path: Path, **layout) -> tuple[int, int, int]:
    registry = hub_registry(hub)
    first, second = (dataset_folder(path, name, **layout) for name in ("one", "two"))
    registry.publish(DATASETS, first, publication())
    return counted(hub, lambda: registry.publish(DATASETS, second, publication()))


def measure_models(hub, path: Path) -> dict[str, tuple[int, int, int]]:
    registry = hub_registry(hub)
    first = registry.publish(MODELS, model_folder(path, "first"), publication())
    registry.move_pointer(MODELS, deployment(tag=first.tag))
    made, versions = model_folder(path, "second"), []
    found = {
        "model": counted(
            hub, lambda: versions.append(registry.publish(MODELS, made, publication()))
        )
    }
    to_second = deployment(tag=versions[0].tag, sequence=2, replaced=first.tag)
    found["deploy"] = counted(hub, lambda: registry.move_pointer(MODELS, to_second))
    back = deployment(tag=first.tag, sequence=3, replaced=versions[0].tag, action="rollback")
    found["rollback"] = counted(hub, lambda: registry.move_pointer(MODELS, back))
    return found


def measure(hub, path: Path) -> dict[str, tuple[int, int, int]]:
    layouts = {"one shard": {"shards": 1}, "three shards": {"shards": 3}}
    layouts["lane"] = {"shards": 1, "tables": TABLES}
    found = {}
    for name, layout in layouts.items():
        hub.call("POST", "/_config", {})
        found[name] = measure_datasets(hub, path / name, **layout)
        hub_registry(hub)._open(DATASETS).api.delete_repo(DATASETS.name, repo_type="dataset")
    return {**found, **measure_models(hub, path / "models")}


def test_a_version_costs_one_commit_and_as_many_requests_as_the_docs_say(
    lfs_hub,  # noqa: F811
    xet_hub,  # noqa: F811
    tmp_path,
    monkeypatch,
):
    import huggingface_hub.constants

    found = {"xet_hub": measure(xet_hub, tmp_path / "xet")}
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
    found["lfs_hub"] = measure(lfs_hub, tmp_path / "lfs")
    rows = []
    for case, title in WHAT.items():
        (xet, _, commits), (lfs, storage, _) = (found[kind][case] for kind in found)
        rows.append(f"| {title} | {xet} | {lfs} | {storage} | {commits} |")
    table = "\n".join(rows)
    assert {kind: found[kind]["one shard"][0] <= most for kind, most in LIMITS.items()} == {
        "lfs_hub": True,
        "xet_hub": True,
    }, table
    assert table in (ROOT / "docs/how-it-works.md").read_text(), f"measured:\n{table}"
