"""Risk: a zip of somebody else writes outside of its folder, fills the disk, or runs code."""

import json
import shutil
import stat
import struct
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from resources.embedding.base_model import packaged_model
from sambodhan_assets.domain.embedding.archive import pack, unpack
from sambodhan_assets.domain.embedding.model import check_sentence_model
from sambodhan_assets.domain.errors import PermanentError

MODULES = json.dumps([{"type": "sentence_transformers.models.Transformer", "path": ""}])


def zip_of(path: Path, entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
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


@pytest.mark.parametrize("name", ["modeling.py", "run", "lib.so", "model.onnx", "a.joblib"])
def test_what_could_run_code_is_refused(tmp_path: Path, name: str):
    with pytest.raises(PermanentError, match="no model with safetensors"):
        unpack(zip_of(tmp_path / "a.zip", {name: b"x"}), tmp_path / "out")


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pkl", "x.pt", "sub/model.BIN"])
def test_pickled_weights_are_refused_by_that_name(tmp_path: Path, name: str):
    with pytest.raises(PermanentError, match="is pickled.*no weights as safetensors instead"):
        unpack(zip_of(tmp_path / "a.zip", {name: b"x"}), tmp_path / "out")
    both = {name: b"x", "model.safetensors": b"x"}
    with pytest.raises(PermanentError, match=r"is pickled, so that reading it could run code\."):
        unpack(zip_of(tmp_path / "b.zip", both), tmp_path / "other")
    assert not list(tmp_path.rglob("out/*"))


def test_what_people_put_beside_a_model_is_accepted(tmp_path: Path):
    beside = [".gitattributes", "README.md", "LICENSE", "eval/results.csv", "chat_template.jinja"]
    archive = zip_of(tmp_path / "a.zip", dict.fromkeys(beside, b"x"))
    folder = unpack(archive, tmp_path / "out")
    assert all((folder / name).read_bytes() == b"x" for name in beside)


def test_the_files_of_the_packaged_minilm_are_accepted(tmp_path: Path):
    packaged = packaged_model()
    assert packaged is not None
    names = [path.relative_to(packaged).as_posix() for path in packaged.rglob("*")]
    contents = {name: b"x" for name in names if (packaged / name).is_file()}
    contents["modules.json"] = MODULES.encode()
    assert "1_Pooling/config.json" in contents
    folder = unpack(zip_of(tmp_path / "a.zip", contents), tmp_path / "out")
    assert all((folder / name).is_file() for name in contents)


def test_empty_folders_come_out_of_a_zip_that_another_program_made(tmp_path: Path):
    source = tmp_path / "source"
    (source / "2_Normalize").mkdir(parents=True)
    (source / "modules.json").write_text(MODULES)
    archive = Path(shutil.make_archive(str(tmp_path / "a"), "zip", source))
    assert (unpack(archive, tmp_path / "out") / "2_Normalize").is_dir()


@pytest.mark.parametrize("name", ["../evil/", "/tmp/evil-folder/", "a/../../evil/"])
def test_a_folder_outside_is_refused(tmp_path: Path, name: str):
    with pytest.raises(PermanentError, match="outside of its folder"):
        unpack(zip_of(tmp_path / "a.zip", {name: b""}), tmp_path / "out")
    assert not list(tmp_path.rglob("evil*"))


@pytest.mark.parametrize(
    "names",
    [["a.txt", "a.txt/b.json"], ["b/a.json", "B"], ["a.md/", "a.md"], ["x/y.md/", "x/y.md"]],
)
def test_a_file_that_is_a_folder_too_is_refused(tmp_path: Path, names: list[str]):
    archive = zip_of(tmp_path / "a.zip", dict.fromkeys(names, b""))
    with pytest.raises(PermanentError, match="a file and a folder|no model with safetensors"):
        unpack(archive, tmp_path / "out")


def test_names_that_mean_the_same_file_are_refused(tmp_path: Path):
    with pytest.raises(PermanentError, match="comes twice"):
        unpack(zip_of(tmp_path / "a.zip", {"./modules.json": b"[]"}), tmp_path / "out")


def test_a_file_without_a_name_is_refused(tmp_path: Path):
    archive = zip_of(tmp_path / "a.zip", {"x": b""})
    # In the directory alone: what follows is the end record.
    content = bytearray(archive.read_bytes())
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 28 : entry + 32] = struct.pack("<HH", 0, 1)
    archive.write_bytes(content)
    with pytest.raises(PermanentError):
        unpack(archive, tmp_path / "out")


def test_a_name_longer_than_any_file_system_takes_is_refused(tmp_path: Path):
    with pytest.raises(PermanentError, match="too long"):
        unpack(zip_of(tmp_path / "a.zip", {"x" * 300 + ".txt": b""}), tmp_path / "out")


def test_an_archive_that_lies_about_its_sizes_is_refused(tmp_path: Path):
    """The bytes of a bomb, and a directory that says they are not compressed much."""
    bomb = zip_of(
        tmp_path / "a.zip", {"vocab.txt": bytes(20_000_000)}, compression=zipfile.ZIP_DEFLATED
    )
    content = bytearray(bomb.read_bytes())
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 20 : entry + 24] = struct.pack("<I", 1 << 30)
    bomb.write_bytes(content)
    with pytest.raises(PermanentError, match="unpacks to over|too large together|no zip that can"):
        unpack(bomb, tmp_path / "out")
    written = sum(path.stat().st_size for path in tmp_path.rglob("out/*"))
    assert written <= 5 << 20


@example(edits=[(0.9921875, b"\x01")], cut=0)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=6)), max_size=6),
    cut=st.integers(0, 40),
)
def test_no_damage_ends_in_anything_but_a_refusal(
    tmp_path: Path, edits: list[tuple[float, bytes]], cut: int
):
    archive = zip_of(
        tmp_path / "a.zip",
        {"1_Pooling/config.json": b"{}" * 20, "model.safetensors": b"w" * 50, "2_Normalize/": b""},
        compression=zipfile.ZIP_DEFLATED,
    )
    content = bytearray(archive.read_bytes())
    for place, new in edits:
        at = int(place * len(content))
        content[at : at + len(new)] = new
    archive.write_bytes(content[: len(content) - cut])
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        target = Path(folder) / "in" / "out"
        with suppress(PermanentError):
            unpack(archive, target)
        written = [path for path in tmp_path.rglob("*") if path.is_file() and path != archive]
        assert [path for path in written if not path.is_relative_to(target)] == []


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
def test_a_model_that_loads_something_foreign_is_refused(
    tmp_path: Path, module: dict[str, str], found: str
):
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
