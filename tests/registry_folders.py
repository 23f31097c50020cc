"""Folders to publish, and the moves of a pointer."""

from pathlib import Path

from resources.registry.base import Deployment, Publication, Repository

DATASETS = Repository(kind="dataset", name="officials/sambodhan-department-dataset")


def make_folder(path: Path, **files: str) -> Path:
    for name, text in {"rows.txt": "one\ntwo\n", **files}.items():
        target = path / name.replace("__", "/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return path


def publication(**overrides) -> Publication:
    return Publication(**{"run_id": "run-1", "details": {"seed": 42}, **overrides})


def deployment(**overrides) -> Deployment:
    fields = {
        "sequence": 1,
        "tag": "v20260101_000000",
        "action": "deploy",
        "replaced": None,
        "deployed_at": "2026-01-01T00:00:00+00:00",
        "run_id": "run-1",
        "reason": "first",
        "traffic_after_id": 7,
    }
    return Deployment(**{**fields, **overrides})
