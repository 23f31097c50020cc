"""Risk: exports reach a bucket in tests of its parts only, or a bucket that fails looks empty."""

from pathlib import Path

import pytest

from resources.exports.chosen import open_export_store, settings_snapshot
from resources.profiles import load_settings
from sambodhan_assets.export_commands import fetch, list_versions, verify
from tests.export_world import URGENCY, export_config, export_world, publish_version
from tests.lane_runs import run
from tests.lane_world import World
from tests.object_stores import gcs_bucket, gcs_server, s3_bucket, s3_server  # noqa: F401


@pytest.fixture(params=["s3", "gcs"])
def storage(request: pytest.FixtureRequest) -> tuple[str, dict[str, str]]:
    """Address of an empty bucket, and the variables that are all it takes."""
    if request.param == "s3":
        address = request.getfixturevalue("s3_bucket")
        return address, {
            "DATASET_STORAGE_BACKEND": "s3",
            "DATASET_S3_BUCKET": address.removeprefix("s3://"),
            "DATASET_S3_ENDPOINT_URL": request.getfixturevalue("s3_server"),
            "DATASET_S3_ACCESS_KEY_ID": "testing",
            "DATASET_S3_SECRET_ACCESS_KEY": "geheim-testing",
        }
    name = request.getfixturevalue("gcs_bucket")
    return f"gs://{name}", {
        "DATASET_STORAGE_BACKEND": "gcs",
        "DATASET_GCS_BUCKET": name,
        "DATASET_GCS_ENDPOINT_URL": request.getfixturevalue("gcs_server"),
    }


@pytest.fixture
def world(
    storage: tuple[str, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> World:
    """An urgency version is published, and the environment names the bucket."""
    there = export_world(tmp_path, **storage[1])
    for name, value in there.variables.items():
        monkeypatch.setenv(name, value)
    publish_version(there, URGENCY)
    return there


def test_the_environment_alone_sends_exports_to_a_bucket(
    world: World,
    storage: tuple[str, dict[str, str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    outcome = run(world, "export_dataset")
    assert outcome.success, outcome.failure
    assert outcome.made == ["dataset_export"]
    assert "geheim" not in outcome.events
    assert not (world.home / "exports").exists()
    again = run(world, "export_dataset")
    assert (again.success, again.made) == (True, [])
    verify(f"{storage[0]}/exports/v0.1.0")
    fetch("0.1.0", tmp_path / "here")
    list_versions()
    assert capsys.readouterr().out.count("0.1.0 is whole") == 2
    data = b"".join(path.read_bytes() for path in (tmp_path / "here").iterdir())
    assert b"geheim" not in data


def test_what_is_not_uploaded_stays_on_this_machine(world: World):
    outcome = run(world, "export_dataset", run_config=export_config(version="test", upload=False))
    assert outcome.success, outcome.failure
    assert (world.home / "exports/vtest/manifest_vtest.json").exists()
    assert open_export_store(world.settings).versions() == []


def test_a_missing_bucket_is_an_error_and_nothing_goes_elsewhere(
    world: World, storage: tuple[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
):
    backend = storage[1]["DATASET_STORAGE_BACKEND"]
    wrong = world.but(**{f"DATASET_{backend.upper()}_BUCKET": "bucket-of-nobody"})
    outcome = run(wrong, "export_dataset")
    assert not outcome.success
    assert outcome.failure is not None
    assert "bucket-of-nobody" in str(outcome.failure.description)
    assert not (world.home / "exports").exists()


def test_the_snapshot_of_the_settings_holds_no_secret():
    secrets = {
        "POSTGRES_URL": "postgresql://me:geheim-1@db.example/x",
        "HF_TOKEN": "hf_geheim-2",
        "DATASET_S3_ACCESS_KEY_ID": "geheim-3",
        "DATASET_S3_SECRET_ACCESS_KEY": "geheim-4",
        "REGISTRY_URL": "s3://me:geheim-5@bucket/registry",
    }
    snapshot = settings_snapshot(load_settings(secrets))
    assert "geheim" not in str(snapshot)
    assert snapshot["HF_TOKEN"] == "set, not shown"
    assert snapshot["QA_SAMPLE"] == 50_000
