"""Risk: a zip of somebody else writes outside of its folder, fills the disk, or runs code."""

import json
import stat
import zipfile
from pathlib import Path

import pytest

from sambodhan_assets.domain.embedding.archive import newest_zip, next_zip_name, pack, unpack
from sambodhan_assets.domain.embedding.model import check_sentence_model
from sambodhan_assets.domain.errors import PermanentError

DAY = "models/finetuned-embedding-model-20261121"
MODULES = json.dumps([{"type": "sentence_transformers.models.Transformer", "path": ""}])


def zip_of(path: Path, entries: dict[str, bytes], **how: int) -> Path:
    with zipfile.ZipFile(path, "w", **how) as archive:
        for name, content in {"modules.json": MODULES.encode(), **entries}.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "name",
    ["../evil.json", "/tmp/evil.json", "a/../../evil.json", "..\\evil.json", "C:evil.json"],
)
def test_a_path_outside_is_refused(tmp_path: Path, name: str):
    archive = zip_of(tmp_path / "a.zip", {name: b"{}"})
    with pytest.raises(PermanentError, match="outside of its folder"):
        unpack(archive, tmp_path / "out")
    assert not list(tmp_path.rglob("evil*"))


def test_a_link_is_refused(tmp_path: Path):
    entry = zipfile.ZipInfo("model.safetensors")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(PermanentError, match="is a link"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pkl", "modeling.py", "x.pt", "run"])
def test_what_could_run_code_is_refused(tmp_path: Path, name: str):
    with pytest.raises(PermanentError, match="no model with safetensors"):
        unpack(zip_of(tmp_path / "a.zip", {name: b"x"}), tmp_path / "out")


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path):
    bomb = zip_of(
        tmp_path / "a.zip", {"vocab.txt": bytes(20_000_000)}, compression=zipfile.ZIP_DEFLATED
    )
    with pytest.raises(PermanentError, match="unpacks to over"):
        unpack(bomb, tmp_path / "out")
    assert (tmp_path / "out/vocab.txt").stat().st_size <= 2 << 20


def test_too_many_bytes_or_files_are_refused(tmp_path: Path):
    with pytest.raises(PermanentError, match="too large together"):
        unpack(
            zip_of(tmp_path / "a.zip", {"a.txt": b"x" * 9_000}), tmp_path / "1", most_bytes=5_000
        )
    many = {f"{number}.txt": b"" for number in range(300)}
    with pytest.raises(PermanentError, match="301 files"):
        unpack(zip_of(tmp_path / "b.zip", many), tmp_path / "2")


def test_two_files_of_one_name_are_refused(tmp_path: Path):
    with pytest.raises(PermanentError, match="comes twice"):
        unpack(zip_of(tmp_path / "a.zip", {"A.txt": b"1", "a.txt": b"2"}), tmp_path / "out")


def test_what_is_no_zip_is_refused(tmp_path: Path):
    (tmp_path / "a.zip").write_bytes(b"no zip")
    with pytest.raises(PermanentError, match="no zip that can be read"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


@pytest.mark.parametrize(
    ("module", "found"),
    [
        ({"type": "evil.Module", "path": ""}, "foreign modules"),
        ({"type": "sentence_transformers.models.Pooling", "path": "../x"}, "outside of it"),
    ],
)
def test_a_model_that_loads_something_foreign_is_refused(tmp_path: Path, module, found: str):
    (tmp_path / "modules.json").write_text(json.dumps([module]))
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(PermanentError, match=found):
        check_sentence_model(tmp_path)


def test_a_model_without_safetensors_is_refused(tmp_path: Path):
    (tmp_path / "modules.json").write_text(MODULES)
    with pytest.raises(PermanentError, match="no weights as safetensors"):
        check_sentence_model(tmp_path)


def test_a_packed_model_comes_out_as_it_went_in(tmp_path: Path):
    source = tmp_path / "source"
    (source / "1_Pooling").mkdir(parents=True)
    files = {"modules.json": MODULES, "1_Pooling/config.json": "{}", "model.safetensors": "w"}
    for name, content in files.items():
        (source / name).write_text(content)
    pack(source, files, tmp_path / "a.zip")
    pack(source, reversed(files), tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    folder = unpack(tmp_path / "a.zip", tmp_path / "out")
    assert {name: (folder / name).read_text() for name in files} == files


def test_a_model_in_one_folder_of_the_zip_is_found(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("finetuned/modules.json", MODULES)
    assert unpack(tmp_path / "a.zip", tmp_path / "out") == tmp_path / "out/finetuned"


@pytest.mark.parametrize(
    ("present", "name"),
    [
        ([], f"{DAY}.zip"),
        (["models/finetuned-embedding-model-20250101.zip", "models/other.zip"], f"{DAY}.zip"),
        ([f"{DAY}.zip"], f"{DAY}_153000.zip"),
        ([f"{DAY}.zip", f"{DAY}_153000.zip"], f"{DAY}_153001.zip"),
        (
            ["models/finetuned-embedding-model-20301231.zip"],
            "models/finetuned-embedding-model-20301231_000001.zip",
        ),
    ],
)
def test_a_new_zip_sorts_after_all_others(present: list[str], name: str):
    assert next_zip_name("v20261121_153000", present) == name
    assert newest_zip([*present, name]) == name
