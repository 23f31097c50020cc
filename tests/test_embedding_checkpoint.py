"""Risk: a model of somebody else on the Hub is not found, is the wrong one, or does harm here."""

import tempfile
from pathlib import Path

import pytest

from resources.embedding import base_model
from resources.embedding.base_model import first_model
from resources.embedding.chosen import build_embedding_options
from resources.embedding.options import EmbeddingOptions
from sambodhan_assets.assets.embedding_model import base_model as trained_from
from sambodhan_assets.domain.embedding.archive import next_zip_name
from sambodhan_assets.domain.embedding.model import load_sentence_model
from sambodhan_assets.domain.errors import PermanentError, TransientError
from tests.embedding_world import (
    JOB,
    MODEL,
    NOWHERE,
    ZIPS,
    bad_zip,
    hub_lane,
    put_on_hub,
    registry_of,
    zip_of_folder,
)
from tests.hub_servers import WRITER, lfs_hub  # noqa: F401  (fixture)
from tests.lane_runs import run, words_of_failure
from tests.standins.hubserver import LiveHub
from tests.tiny_sentence_model import build_tiny_sentence_model

THEIRS = "officials/autovalidate"
TEXTS = ["car brand: toyta", "car model: corola"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence model with what people leave beside one."""
    folder = build_tiny_sentence_model(tmp_path_factory.mktemp("model") / "tiny")
    (folder / "README.md").write_text("# A model\n")
    (folder / ".gitattributes").write_text("*.safetensors filter=lfs\n")
    (folder / "eval").mkdir()
    (folder / "eval/results.csv").write_text("epoch,accuracy\n")
    (folder / "2_Normalize").mkdir()  # empty, as earlier versions of the library left it
    return folder


@pytest.fixture
def hub(lfs_hub: LiveHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LiveHub:  # noqa: F811
    """A Hub; temporary files of this process go to the folder `scratch`."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    return lfs_hub


def options(hub: LiveHub, token: str = WRITER, checkpoint: str = THEIRS) -> EmbeddingOptions:
    return EmbeddingOptions(
        templates={"brand": "car brand: {text}"},
        min_pairs=1,
        min_new_pairs=1,
        checkpoint=checkpoint,
        as_zip=True,
        token=token,
        endpoint=hub.endpoint,
    )


def files_of(folder: Path) -> dict[str, Path | bytes]:
    return {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }


def check_same(found: Path, model: Path) -> None:
    vectors = [load_sentence_model(folder).encode(TEXTS) for folder in (found, model)]
    assert (vectors[0] == vectors[1]).all()


def downloads(hub: LiveHub) -> set[str]:
    """Names of the files that were asked for."""
    paths = [entry["path"] for entry in hub.log("/resolve/")]
    return {path.split("/resolve/")[1].split("/", 1)[1] for path in paths}


def test_a_model_on_the_hub_comes_without_what_could_run_code(
    hub: LiveHub, model: Path, tmp_path: Path
):
    others = {"pytorch_model.bin": b"pickled", "onnx/model.onnx": b"graph", "code.py": b"pass"}
    put_on_hub(hub, THEIRS, {**files_of(model), **others})
    with first_model(options(hub)) as found:
        assert found is not None
        assert found.origin.startswith(f"{THEIRS}@")
        assert found.zip_name is None
        check_same(found.folder, model)
    assert "model.safetensors" in downloads(hub)
    assert not downloads(hub) & others.keys()
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize("below", ["", "finetuned-embedding-model"])
def test_the_newest_of_several_zips_is_taken_and_no_other_is_loaded(
    hub: LiveHub, model: Path, tmp_path: Path, below: str
):
    newest = f"{ZIPS}-20260701.zip"
    theirs: dict[str, Path | bytes] = {
        f"{ZIPS}-20251231.zip": b"an older one",
        newest: zip_of_folder(model, tmp_path / "newest.zip", below=below),
        "models/zz-notes.zip": b"no model",
        "finetuned-embedding-model-20990101.zip": b"elsewhere",
    }
    put_on_hub(hub, THEIRS, theirs)
    with first_model(options(hub)) as found:
        assert found is not None
        assert found.zip_name == newest
        assert found.origin.endswith(f": {newest}")
        check_same(found.folder, model)
    assert downloads(hub) == {newest}
    assert next_zip_name("v20260701_090000", [newest]) > newest
    assert list((tmp_path / "scratch").iterdir()) == []


def test_training_goes_on_from_the_newest_zip_that_another_program_serves(
    hub: LiveHub, model: Path, tmp_path: Path
):
    newest = f"{ZIPS}-20260701.zip"
    archive = zip_of_folder(model, tmp_path / "newest.zip")
    put_on_hub(hub, MODEL, {f"{ZIPS}-20251231.zip": b"older", newest: archive})
    world = hub_lane(tmp_path, hub)
    options = build_embedding_options(world.settings, token=WRITER)
    with trained_from(options, world.lanes, registry_of(world)) as found:
        assert found is not None
        assert found.zip_name == newest
        assert found.origin.startswith("adopted-")
        check_same(found.folder, model)
    assert newest in downloads(hub)
    assert f"{ZIPS}-20251231.zip" not in downloads(hub)
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("../../evil.json", "would be written outside of its folder"),
        ("pytorch_model.bin", "is pickled, so that reading it could run code, and the zip has no"),
    ],
)
def test_a_bad_zip_on_the_hub_makes_the_run_red_and_publishes_no_model(
    hub: LiveHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, found: str
):
    monkeypatch.setenv("POSTGRES_URL", NOWHERE)
    monkeypatch.setenv("HF_TOKEN", WRITER)
    archive = bad_zip(tmp_path / "bad.zip", name)
    put_on_hub(hub, THEIRS, {f"{ZIPS}-20260701.zip": archive})
    outcome = run(hub_lane(tmp_path, hub, EMBEDDING_CHECKPOINT=THEIRS), JOB)
    assert found in words_of_failure(outcome)
    assert "embedding/trained_model" not in outcome.made
    assert f"models/{MODEL}" not in hub.state()
    assert list((tmp_path / "scratch").iterdir()) == []
    assert not list(tmp_path.rglob("*evil*"))


def test_a_model_that_everybody_may_read_needs_no_token(hub: LiveHub, model: Path):
    put_on_hub(hub, THEIRS, files_of(model))
    with first_model(options(hub, token="")) as found:
        assert found is not None
    assert {entry["auth"] for entry in hub.log("/resolve/")} == {None}


@pytest.mark.parametrize(
    ("token", "checkpoint", "found"),
    [
        (WRITER, "officials/nothing-here", "nothing there that this token may see (404)"),
        ("hf_wrong", THEIRS, "does not know this token (401)"),
        (WRITER, "/no/such/folder", "the name is none"),
    ],
)
def test_a_checkpoint_that_cannot_be_read_is_told_with_what_to_do(
    hub: LiveHub, model: Path, token: str, checkpoint: str, found: str
):
    put_on_hub(hub, THEIRS, {"README.md": b"# Nothing yet\n"})
    with (
        pytest.raises(PermanentError) as error,
        first_model(options(hub, token, checkpoint)),
    ):
        pass
    assert found in error.value.found
    assert f"{checkpoint}, no folder or file here" in error.value.tried
    assert error.value.todo


def test_a_repository_without_a_sentence_model_is_told(hub: LiveHub):
    put_on_hub(hub, THEIRS, {"README.md": b"# Nothing yet\n", "model.safetensors": b"w"})
    with (
        pytest.raises(PermanentError, match=r"neither modules\.json nor a zip"),
        first_model(options(hub)),
    ):
        pass


def test_more_than_a_machine_should_take_is_not_downloaded(
    hub: LiveHub, monkeypatch: pytest.MonkeyPatch
):
    put_on_hub(hub, THEIRS, {f"{ZIPS}-20260701.zip": b"0123456789"})
    monkeypatch.setattr(base_model, "MOST_BYTES", 9)
    with (
        pytest.raises(PermanentError, match="10 bytes, and 9 are allowed"),
        first_model(options(hub)),
    ):
        pass
    assert not downloads(hub)


def test_a_silent_hub_is_given_up_and_may_be_tried_again(
    hub: LiveHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    put_on_hub(hub, THEIRS, {f"{ZIPS}-20260701.zip": b"0123456789"})
    monkeypatch.setattr(base_model, "_TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr(base_model, "_ATTEMPTS", 2)
    hub.fault("GET /api/models/", "hold", times=0)
    try:
        with (
            pytest.raises(TransientError, match="gave no usable answer"),
            first_model(options(hub)),
        ):
            pass
    finally:
        hub.clear(log=False)
        hub.release(drop=True)
    assert list((tmp_path / "scratch").iterdir()) == []
