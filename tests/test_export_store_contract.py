"""Risk: an export is seen half, overwritten, or a storage that fails looks like an empty one."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from resources.exports.base import ExportStore
from resources.exports.gcs import GcsExports
from resources.exports.local import LocalExports
from resources.exports.object_store import CLAIM_LASTS, CLAIM_NAME
from resources.exports.s3 import S3Exports
from sambodhan_assets.domain.errors import PermanentError, TransientError
from sambodhan_assets.domain.export.checksums import CHECKSUMS_NAME
from sambodhan_assets.domain.export.config_lock import LOCK_NAME
from sambodhan_assets.domain.export.files import seal
from sambodhan_assets.domain.export.manifest import ExportManifest, content_hash, manifest_name
from tests.object_stores import gcs_bucket, gcs_server, s3_bucket, s3_server  # noqa: F401

ROOT = Path(__file__).parent.parent


def s3_exports(endpoint: str, bucket: str, **overrides) -> S3Exports:
    fields = {"region": "us-east-1", "access_key_id": "testing", "secret_access_key": "testing"}
    place = {"bucket": bucket, "prefix": "exports", "endpoint_url": endpoint}
    return S3Exports(**{**fields, **place, **overrides})


def gcs_exports(endpoint: str, bucket: str, **overrides) -> GcsExports:
    place = {"bucket": bucket, "prefix": "exports", "endpoint_url": endpoint}
    return GcsExports(**{**place, **overrides})


@pytest.fixture(params=["s3", "gcs"])
def bucket_store(request):
    return open_store(request)


@pytest.fixture(params=["local", "s3", "gcs"])
def store(request, tmp_path):
    if request.param == "local":
        return LocalExports(folder=str(tmp_path / "exports"))
    return open_store(request)


def open_store(request):
    if request.param == "s3":
        bucket = request.getfixturevalue("s3_bucket").removeprefix("s3://")
        return s3_exports(request.getfixturevalue("s3_server"), bucket)
    bucket = request.getfixturevalue("gcs_bucket")
    return gcs_exports(request.getfixturevalue("gcs_server"), bucket)


def make_export(folder: Path, version: str, rows: str = "one\ntwo\n", run_id: str = "run-1"):
    """A sealed export; the store does not look into its files."""
    folder.mkdir(parents=True)
    (folder / f"dataset_v{version}.jsonl").write_text(rows, encoding="utf-8")
    (folder / LOCK_NAME).write_text("{}\n", encoding="utf-8")
    manifest = ExportManifest(
        version=version,
        created_at=datetime.now(UTC).isoformat(),
        run_id=run_id,
        tasks={"urgency": ["NORMAL", "URGENT"]},
        rows=2,
        content_hash=content_hash(rows, ["jsonl"]),
        inputs_hash="0" * 64,
        config_lock_sha256="",
        git_dirty=None,
        files={},
        origins=(),
    )
    seal(folder, manifest)
    return folder


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


def test_a_bucket_that_is_missing_is_no_empty_one(bucket_store):
    lost = bucket_store.model_copy(update={"bucket": "never-made"})
    with pytest.raises(PermanentError, match="no bucket never-made"):
        lost.versions()


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


def test_what_a_killed_publisher_left_is_no_version_and_is_replaced(bucket_store, tmp_path):
    made = make_export(tmp_path / "made", "1.0.0")
    fs, root = bucket_store.file_system(), f"{bucket_store.bucket}/exports/v1.0.0"
    fs.pipe_file(f"{root}/{CLAIM_NAME}", bucket_store._claim("run-0"))
    fs.pipe_file(f"{root}/dataset_v1.0.0.jsonl", b"half of")
    fs.pipe_file(f"{root}/dataset_v1.0.0.csv", b"of other formats")
    assert bucket_store.versions() == []
    bucket_store.publish(made, "1.0.0")
    left = {path.rsplit("/", 1)[-1] for path in fs.find(root)}
    assert left == names_in(made)


def test_a_claim_of_another_machine_holds_until_it_is_old(bucket_store, tmp_path):
    made = make_export(tmp_path / "made", "1.0.0")
    fs = bucket_store.file_system()
    path = f"{bucket_store.bucket}/exports/v1.0.0/{CLAIM_NAME}"
    now = datetime.now(UTC)
    claim = {"publisher": "another", "run_id": "run-0", "at": now.isoformat()}
    fs.pipe_file(path, json.dumps(claim).encode())
    with pytest.raises(TransientError, match="run-0 of another machine"):
        bucket_store.publish(made, "1.0.0")
    assert bucket_store.versions() == []
    claim["at"] = (now - CLAIM_LASTS - timedelta(seconds=1)).isoformat()
    fs.pipe_file(path, json.dumps(claim).encode())
    bucket_store.publish(made, "1.0.0")
    assert bucket_store.versions() == ["1.0.0"]


def test_a_publisher_whose_claim_was_taken_makes_nothing_visible(bucket_store, tmp_path):
    made = make_export(tmp_path / "made", "1.0.0")
    fs = bucket_store.file_system()
    text = (made / manifest_name("1.0.0")).read_text()
    mine = ExportManifest.from_json(text, origin="here")
    path = f"{bucket_store.bucket}/exports/v1.0.0/{CLAIM_NAME}"
    fs.pipe_file(path, bucket_store._claim("run-9"))
    with pytest.raises(TransientError, match="taken by run-9"):
        bucket_store._upload(fs, made, "1.0.0", mine)
    assert bucket_store.versions() == []


def test_bytes_that_change_on_the_way_are_found_before_the_version_is_visible(
    bucket_store, tmp_path, monkeypatch
):
    made = make_export(tmp_path / "made", "1.0.0")
    fs = bucket_store.file_system()
    put = fs.put_file

    def damaged(source, target, **options):
        if target.endswith(".jsonl"):
            fs.pipe_file(target, b"other bytes")
        else:
            put(source, target, **options)

    monkeypatch.setattr(fs, "put_file", damaged)
    with pytest.raises(TransientError, match=r"dataset_v1\.0\.0\.jsonl differ"):
        bucket_store.publish(made, "1.0.0")
    assert bucket_store.versions() == []


KILLED = """
import sys, time
from pathlib import Path
from tests.test_export_store_contract import gcs_exports, s3_exports
kind, endpoint, bucket, folder, stop = sys.argv[1:]
store = {"s3": s3_exports, "gcs": gcs_exports}[kind](endpoint, bucket)
fs = store.file_system()
put = fs.put_file
def slow(source, target, **options):
    put(source, target, **options)
    if target.endswith(stop):
        print("there", flush=True)
        time.sleep(600)
fs.put_file = slow
store.publish(Path(folder), "1.0.0")
"""


@pytest.mark.parametrize("stop", [".jsonl", CHECKSUMS_NAME])
def test_kill_9_during_an_upload_leaves_no_version_and_a_new_run_publishes_it(
    bucket_store, tmp_path, stop
):
    made = make_export(tmp_path / "made", "1.0.0")
    kind = "s3" if isinstance(bucket_store, S3Exports) else "gcs"
    place = [bucket_store.endpoint_url, bucket_store.bucket]
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, kind, *place, str(made), stop],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "there\n"
    child.kill()
    child.wait()
    assert bucket_store.versions() == []
    again = make_export(tmp_path / "again", "1.0.0", run_id="run-2")
    bucket_store.publish(again, "1.0.0")
    copy = tmp_path / "copy"
    copy.mkdir()
    bucket_store.fetch("1.0.0", copy)
    assert names_in(copy) == names_in(again)


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
