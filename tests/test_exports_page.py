"""Risk: the page for those who export contains a command or a setting that fails."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from sambodhan_assets.assets.dataset_export import CHECKS
from sambodhan_assets.assets.export_config import ExportConfig
from sambodhan_assets.domain.export.verify import verify_export
from tests.checkouts import checkout, environment_of  # noqa: F401  (fixture)
from tests.export_world import DEPARTMENT, URGENCY, publish_version
from tests.lane_world import ROOT, World
from tests.object_stores import gcs_bucket, gcs_server, s3_bucket, s3_server  # noqa: F401

PAGE = (ROOT / "docs/exports.md").read_text()
JOB = "dagster job execute -m sambodhan_assets.definitions -j export_dataset"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


def shell(script: str, folder: Path, given: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def settings_of(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines())


def test_every_configuration_of_the_page_is_one_and_every_field_is_explained():
    written = [yaml.safe_load(block) for block in blocks("yaml")]
    written += [yaml.safe_load(text) for text in re.findall(r"<<'END'\n(ops:.*?)END\n", PAGE, re.S)]
    assert len(written) == 3
    for config in written:
        ExportConfig(**config["ops"]["dataset_export"]["config"])
    assert [name for name in ExportConfig.model_fields if name not in PAGE] == []


def test_every_section_of_the_report_is_explained():
    assert {*CHECKS} <= set(re.findall(r"^\| (\w+) \|", PAGE, flags=re.MULTILINE))


@pytest.fixture
def prepared(checkout: Path) -> Path:  # noqa: F811
    """A clean checkout in which both tasks have a dataset version."""
    world = World(home=checkout / ".sambodhan", url="postgresql://nobody@127.0.0.1:1/none")
    publish_version(world, DEPARTMENT, rows=150)
    publish_version(world, URGENCY, rows=150)
    (checkout / ".sambodhan/dagster").mkdir()
    (checkout / ".sambodhan/dagster/dagster.yaml").symlink_to(checkout / "dagster.yaml")
    # A copy needs no environment of its own: BIN is on the path.
    (checkout / ".venv/bin").unlink()
    (checkout / ".venv/bin").mkdir()
    (checkout / ".venv/bin/activate").touch()
    return checkout


def environment(copy: Path, **more: str) -> dict[str, str]:
    given = environment_of(copy, DAGSTER_HOME=str(copy / ".sambodhan/dagster"), **more)
    return given | {"PATH": f"{ROOT / '.venv/bin'}:{given['PATH']}"}


@pytest.mark.slow
def test_every_command_of_the_page_works_in_its_order(prepared: Path):
    told = shell("\n".join(blocks("sh")), prepared, environment(prepared))
    for line in ("version test is whole", "QA was not run.", "version 1.0.0 is whole"):
        assert line in told
    for shown in re.findall(r"^\w{32},urgency,.*", PAGE, flags=re.MULTILINE):
        assert shown in told
    manifest = verify_export(prepared / ".sambodhan/data").manifest
    assert manifest.origins[-1].excluded == {"malformed": 1}
    assert manifest.git_dirty is False


@pytest.mark.slow
def test_every_storage_of_the_page_holds_an_export_by_settings_alone(
    prepared: Path,
    tmp_path: Path,
    s3_server: str,  # noqa: F811
    s3_bucket: str,  # noqa: F811
    gcs_server: str,  # noqa: F811
    gcs_bucket: str,  # noqa: F811
):
    # What differs on a machine without these accounts; the names are those of the page.
    here = {
        "DATASET_STORAGE_LOCAL_PATH": str(tmp_path / "srv"),
        "DATASET_S3_BUCKET": s3_bucket.removeprefix("s3://"),
        "DATASET_S3_ENDPOINT_URL": s3_server,
        "DATASET_GCS_BUCKET": gcs_bucket,
    }
    storages = [settings_of(block) for block in blocks("ini")]
    assert [s["DATASET_STORAGE_BACKEND"] for s in storages] == ["local", "s3", "s3", "gcs"]
    for number, named in enumerate(storages):
        settings = {name: here.get(name, value) for name, value in named.items()}
        if named["DATASET_STORAGE_BACKEND"] == "s3":
            settings["DATASET_S3_ENDPOINT_URL"] = s3_server
            settings["DATASET_EXPORTS_PREFIX"] = f"exports-{number}"
        if named["DATASET_STORAGE_BACKEND"] == "gcs":
            # The stand-in asks for no key.
            del settings["DATASET_GCS_CREDENTIALS_PATH"]
            settings["DATASET_GCS_ENDPOINT_URL"] = gcs_server
        (prepared / ".env").write_text("".join(f"{k}={v}\n" for k, v in settings.items()))
        told = shell(
            f"sambodhan export list; {JOB}; sambodhan export list", prepared, environment(prepared)
        )
        assert told.startswith("No export is in")
        assert "0.1.0 " in told
        shell(
            f"sambodhan export fetch 0.1.0 .sambodhan/got-{number}", prepared, environment(prepared)
        )
