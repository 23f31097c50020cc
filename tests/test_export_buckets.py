"""Risk: an upload that dies, is overtaken or changed on the way shows as a version."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from resources.exports.object_store import CLAIM_LASTS, CLAIM_NAME
from resources.exports.s3 import S3Exports
from sambodhan_assets.domain.errors import PermanentError, TransientError
from sambodhan_assets.domain.export.checksums import CHECKSUMS_NAME
from sambodhan_assets.domain.export.manifest import ExportManifest, manifest_name
from tests.export_stores import make_export, open_store
from tests.object_stores import gcs_bucket, gcs_server, s3_bucket, s3_server  # noqa: F401

ROOT = Path(__file__).parent.parent


@pytest.fixture(params=["s3", "gcs"])
def bucket_store(request):
    return open_store(request)


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_bucket_that_is_missing_is_no_empty_one(bucket_store):
    lost = bucket_store.model_copy(update={"bucket": "never-made"})
    with pytest.raises(PermanentError, match="no bucket never-made"):
        lost.versions()


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
from tests.export_stores import gcs_exports, s3_exports
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
