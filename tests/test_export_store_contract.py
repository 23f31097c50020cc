"""Risk: an export is overwritten or changed, or a storage that fails looks like an empty one."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from resources.exports.base import ExportStore
from resources.exports.local import LocalExports
from sambodhan_assets.domain.errors import PermanentError, TransientError
from sambodhan_assets.domain.export.config_lock import LOCK_NAME
from tests.export_stores import gcs_exports, make_export, open_store, s3_exports
from tests.object_stores import gcs_bucket, gcs_server, s3_bucket, s3_server  # noqa: F401


@pytest.fixture(params=["local", "s3", "gcs"])
def store(request, tmp_path):
    if request.param == "local":
        return LocalExports(folder=str(tmp_path / "exports"))
    return open_store(request)


async def at_once(seconds: float) -> None:
    """Instead of the half minute between the client's own retries."""


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_published_export_is_fetched_byte_for_byte(store: ExportStore, tmp_path: Path):
    made = make_export(tmp_path / "made", "1.0.0")
    assert store.versions() == []
    assert store.newest() is None
    place = store.publish(made, "1.0.0")
    assert place.endswith("v1.0.0")
    assert store.versions() == ["1.0.0"]
    copy = tmp_path / "copy"
    copy.mkdir()
    store.fetch("1.0.0", copy)
    assert names_in(copy) == names_in(made)
    for name in names_in(made):
        assert (copy / name).read_bytes() == (made / name).read_bytes()


def test_the_newest_is_the_highest_release_and_no_named_version(store, tmp_path):
    for version in ("test", "0.10.0", "0.9.0"):
        store.publish(make_export(tmp_path / version, version), version)
    assert store.versions() == ["test", "0.9.0", "0.10.0"]
    newest = store.newest()
    assert newest is not None
    assert newest.version == "0.10.0"


def test_the_same_content_again_writes_nothing_and_other_content_is_an_error(store, tmp_path):
    store.publish(make_export(tmp_path / "first", "1.0.0"), "1.0.0")
    before = store.manifest("1.0.0")
    store.publish(make_export(tmp_path / "again", "1.0.0", run_id="run-2"), "1.0.0")
    with pytest.raises(PermanentError, match="never overwritten"):
        store.publish(make_export(tmp_path / "other", "1.0.0", rows="three\n"), "1.0.0")
    assert store.manifest("1.0.0") == before


def test_an_unknown_version_is_an_error_that_names_the_known_ones(store, tmp_path):
    store.publish(make_export(tmp_path / "made", "1.0.0"), "1.0.0")
    for read in (store.manifest, lambda version: store.fetch(version, tmp_path)):
        with pytest.raises(PermanentError, match=r"published are 1\.0\.0"):
            read("2.0.0")


def test_a_file_of_a_version_is_read_alone_and_a_missing_one_is_named(store, tmp_path):
    made = make_export(tmp_path / "made", "1.0.0")
    store.publish(made, "1.0.0")
    assert store.read_file("1.0.0", LOCK_NAME) == (made / LOCK_NAME).read_bytes()
    with pytest.raises(PermanentError, match=r"qa_report_v1\.0\.0\.json.*no such file"):
        store.read_file("1.0.0", "qa_report_v1.0.0.json")
    with pytest.raises(PermanentError, match=r"published are 1\.0\.0"):
        store.read_file("2.0.0", LOCK_NAME)


@pytest.mark.parametrize("kind", ["s3", "gcs"])
def test_a_storage_that_does_not_answer_is_no_empty_one(kind, request, monkeypatch):
    monkeypatch.setattr("s3fs.S3FileSystem.retries", 1)
    monkeypatch.setattr("gcsfs.retry.asyncio", SimpleNamespace(sleep=at_once))
    made = s3_exports if kind == "s3" else gcs_exports
    with pytest.raises(TransientError, match="no usable answer"):
        made("http://127.0.0.1:1", "bucket").versions()


def test_missing_credentials_and_refused_ones_are_permanent_errors(s3_server, monkeypatch):  # noqa: F811
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    nobody = s3_exports(s3_server, "bucket", access_key_id="", secret_access_key="")
    with pytest.raises(PermanentError, match="no credentials"):
        nobody.versions()


@pytest.mark.parametrize(
    ("text", "problem"),
    [(None, "cannot be read"), ("{", "no JSON"), ('{"type": "x"}', "is none"), ("[1]", "is none")],
)
def test_a_key_file_that_is_none_is_told_by_name(text: str | None, problem: str, tmp_path):
    path = tmp_path / "key.json"
    if text is not None:
        path.write_text(text)
    store = gcs_exports("http://127.0.0.1:1", "bucket", credentials_path=str(path))
    with pytest.raises(PermanentError, match=rf"key\.json: .*{problem}"):
        store.versions()
