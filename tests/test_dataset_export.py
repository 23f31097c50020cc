"""Risk: an export is half there, overwritten, made from something unsaid, or not what it claims."""

import hashlib
import json
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from resources.exports.chosen import build_export_options
from sambodhan_assets.assets.export_config import ExportConfig
from sambodhan_assets.assets.export_draft import allowed_checkout
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.export.rows import EXPORT_SCHEMA
from sambodhan_assets.domain.export.verify import verify_export
from tests.export_world import (
    DEPARTMENT,
    URGENCY,
    export_config,
    export_world,
    exports,
    letters,
    publish_version,
)
from tests.lane_runs import Outcome, run
from tests.lane_world import World


@pytest.fixture(autouse=True)
def _no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_URL", "postgresql://nobody@127.0.0.1:1/none")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Both tasks have a dataset version."""
    there = export_world(tmp_path)
    publish_version(there, DEPARTMENT)
    publish_version(there, URGENCY)
    return there


def export(world: World, **values: object) -> Outcome:
    return run(world, "export_dataset", run_config=export_config(**values))


def folder_of(world: World, version: str = "0.1.0") -> Path:
    return world.home / "exports" / f"v{version}"


def rows_of(world: World, version: str = "0.1.0") -> list[dict[str, object]]:
    text = (folder_of(world, version) / f"dataset_v{version}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def data_bytes(folder: Path) -> dict[str, bytes]:
    return {path.suffix: path.read_bytes() for path in folder.glob("dataset_v*")}


def test_without_any_configuration_all_tasks_are_exported_and_verified(world: World):
    outcome = run(world, "export_dataset")
    assert outcome.success, outcome.failure
    assert outcome.made == ["dataset_export"]
    folder = folder_of(world)
    assert {path.name for path in folder.iterdir()} >= {
        "dataset_v0.1.0.jsonl",
        "dataset_v0.1.0.parquet",
        "manifest_v0.1.0.json",
        "config_lock.json",
        "qa_report_v0.1.0.json",
        "CHECKSUMS.sha256",
    }
    rows = rows_of(world)
    assert {row["task"] for row in rows} == {"department", "urgency"}
    assert list(rows[0]) == EXPORT_SCHEMA.names
    assert pq.read_table(folder / "dataset_v0.1.0.parquet").to_pylist() == rows
    assert [row["id"] for row in rows] == sorted({str(row["id"]) for row in rows})
    verified = verify_export(folder)
    assert set(verified.rows.values()) == {len(rows)}
    assert outcome.checks["privacy"].passed
    assert outcome.checks["provenance"].passed


def test_sha256sum_accepts_the_checksums(world: World):
    assert export(world, formats=["jsonl", "parquet", "csv"]).success
    done = subprocess.run(
        ["sha256sum", "--strict", "-c", "CHECKSUMS.sha256"],
        cwd=folder_of(world),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    named = {line.split(":")[0] for line in done.stdout.splitlines()}
    others = {path.name for path in folder_of(world).iterdir()} - {"CHECKSUMS.sha256"}
    assert named == others


def test_the_same_inputs_and_seed_give_the_same_data_files(world: World):
    assert export(
        world, version="one", target_samples=20, formats=["jsonl", "parquet", "csv"]
    ).success
    assert export(
        world, version="two", target_samples=20, formats=["csv", "parquet", "jsonl"]
    ).success
    assert data_bytes(folder_of(world, "one")) == data_bytes(folder_of(world, "two"))
    other = export(world, version="three", target_samples=20, seed=43)
    assert other.success
    assert rows_of(world, "three") != rows_of(world, "one")


def test_a_second_export_of_the_same_publishes_nothing(world: World):
    assert export(world).made == ["dataset_export"]
    again = export(world)
    assert again.success
    assert again.made == []
    seen = again.observations["dataset_export"].metadata
    assert seen["nothing changed since"].value == "0.1.0"
    assert again.checks["privacy"].passed
    assert exports(world).versions() == ["0.1.0"]


def test_the_next_version_tells_other_data_from_another_way_of_exporting_it(world: World):
    assert export(world).success
    assert export(world, formats=["jsonl", "parquet", "csv"]).success
    publish_version(world, DEPARTMENT, rows=letters(DEPARTMENT, 60))
    assert export(world).success
    assert exports(world).versions() == ["0.1.0", "0.1.1", "0.2.0"]


def test_an_existing_version_is_never_overwritten(world: World):
    assert export(world, version="1.0.0").success
    before = {path.name: path.read_bytes() for path in folder_of(world, "1.0.0").iterdir()}
    same = export(world, version="v1.0.0")
    assert (same.success, same.made) == (True, [])
    other = export(world, version="1.0.0", target_samples=10)
    assert not other.success
    assert other.failure is not None
    assert "never overwritten" in str(other.failure.description)
    assert {p.name: p.read_bytes() for p in folder_of(world, "1.0.0").iterdir()} == before


def test_a_task_without_a_dataset_version_is_left_out_and_said(tmp_path: Path):
    world = export_world(tmp_path)
    publish_version(world, URGENCY)
    outcome = export(world)
    assert outcome.success
    assert "prepare_department makes one" in outcome.events
    assert {row["task"] for row in rows_of(world)} == {"urgency"}


def test_without_any_dataset_version_the_run_says_which_job_makes_one(tmp_path: Path):
    outcome = export(export_world(tmp_path))
    assert not outcome.success
    assert outcome.failure is not None
    assert "Run the job prepare_datasets first." in str(outcome.failure.description)


def test_without_quality_the_manifest_says_so_and_the_checks_are_amber(world: World):
    outcome = export(world, version="test", quality=False)
    assert outcome.success
    manifest = exports(world).manifest("test")
    assert manifest.qa["run"] is False
    assert not list(folder_of(world, "test").glob("qa_report*"))
    for name in ("privacy", "provenance"):
        assert outcome.amber(name)
        assert "Not measured" in str(outcome.checks[name].description)
    assert verify_export(folder_of(world, "test")).manifest == manifest


def test_an_export_without_quality_is_followed_by_one_with_it(world: World):
    assert export(world, quality=False).success
    assert export(world, version="0.1.0").made == []
    assert export(world).made == ["dataset_export"]
    assert exports(world).versions() == ["0.1.0", "0.1.1"]
    assert export(world).made == []


def test_a_threshold_can_be_taken_away_and_more_samples_than_rows_are_all_rows(world: World):
    assert export(world, target_samples=10_000, thresholds={"malformed_share": None}).success
    manifest = exports(world).manifest("0.1.0")
    assert manifest.rows == len(rows_of(world)) < 10_000
    assert "malformed_share" not in manifest.qa["verdicts"]


def test_personal_data_of_a_version_is_in_no_published_byte(tmp_path: Path):
    world = export_world(tmp_path, PII_POLICY="redact")
    version = publish_version(world, URGENCY)
    planted = [
        {
            "text": f"Please call {9841234567 + n} about {word}.",
            "label": "NORMAL",
            "task": "urgency",
        }
        for n, word in enumerate(("water", "light", "roads"))
    ]
    path = tmp_path / "more.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in planted), encoding="utf-8")
    outcome = export(world, sources=[{"name": "more", "path": str(path)}])
    assert outcome.success, outcome.failure
    assert outcome.checks["privacy"].passed
    published = b"".join(file.read_bytes() for file in folder_of(world).iterdir())
    assert b"98412345" not in published
    manifest = exports(world).manifest("0.1.0")
    (mine, more) = manifest.origins
    assert (mine.content_hash, more.rows) == (version.content_hash, 3)
    reported = export_world(tmp_path, PII_POLICY="report")
    outcome = export(reported, version="reported", sources=[{"name": "more", "path": str(path)}])
    assert outcome.success
    assert not outcome.checks["privacy"].passed
    verdicts = {o.name: o.verdicts for o in exports(world).manifest("reported").origins}
    assert verdicts["more"]["personal_data_rows"] == "failed"
    dropping = export_world(tmp_path, PII_POLICY="drop")
    assert export(dropping, version="less", sources=[{"name": "more", "path": str(path)}]).success
    (_, less) = exports(world).manifest("less").origins
    assert (less.rows, less.excluded) == (0, {"holds personal data": 3})


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A program's file in a clean checkout on the branch work."""
    source = tmp_path / "checkout/program.py"
    source.parent.mkdir()
    source.write_text("1\n")
    for command in ("init -q -b work", "add .", "-c user.name=t -c user.email=t@t commit -qm t"):
        subprocess.run(["git", *command.split()], cwd=source.parent, check=True)
    return source


def test_a_dirty_tree_is_refused_unless_allowed(world: World, checkout: Path):
    made = build_export_options(world.settings)
    options = made.model_copy(update={"source_file": str(checkout), "allow_dirty": False})
    git = allowed_checkout(ExportConfig(), options)
    assert (git.branch, git.dirty, len(str(git.sha))) == ("work", False, 40)
    checkout.write_text("2\n")
    with pytest.raises(PermanentError, match="not committed"):
        allowed_checkout(ExportConfig(), options)
    (checkout.parent / "new.py").touch()
    assert allowed_checkout(ExportConfig(allow_dirty=True), options).dirty is True
    assert allowed_checkout(ExportConfig(), made.model_copy(update={"allow_dirty": True}))


def test_outside_of_a_checkout_the_state_is_unknown_and_allowed(world: World, checkout: Path):
    (checkout.parent / ".gitignore").write_text("site-packages\n")
    installed = checkout.parent / "site-packages/program.py"
    installed.parent.mkdir()
    installed.touch()
    options = build_export_options(world.settings).model_copy(
        update={"source_file": str(installed), "allow_dirty": False}
    )
    git = allowed_checkout(ExportConfig(), options)
    assert (git.sha, git.branch, git.dirty) == (None, None, None)


def test_the_lock_names_all_that_an_export_was_made_with(world: World, tmp_path: Path):
    more = tmp_path / "more.csv"
    more.write_text("words,mark\nno water in the tap,NORMAL\nbad row\n", encoding="utf-8")
    source = {
        "name": "helpdesk",
        "path": str(more),
        "columns": {"text": "words", "label": "mark"},
        "task": "urgency",
        "on_error": "exclude",
    }
    outcome = export(world, seed=9, sources=[source])
    assert outcome.success, outcome.failure
    lock = json.loads((folder_of(world) / "config_lock.json").read_text(encoding="utf-8"))
    assert lock["seeds"]["target_samples"] == 9
    assert set(lock["git"]) == {"sha", "branch", "dirty"}
    assert lock["settings"]["ALLOW_DIRTY"] is True
    assert lock["environment"]["python"]
    tags = {dataset["task"]: dataset["tag"] for dataset in lock["datasets"]}
    assert tags == {t.name: world.dataset_tags(t)[-1] for t in (DEPARTMENT, URGENCY)}
    (further,) = lock["sources"]
    assert further["sha256"] == hashlib.sha256(more.read_bytes()).hexdigest()
    (helpdesk,) = [o for o in exports(world).manifest("0.1.0").origins if o.name == "helpdesk"]
    assert (helpdesk.rows, helpdesk.excluded) == (1, {"malformed": 1})
    # One row in two could not be understood.
    assert helpdesk.verdicts["malformed_share"] == "failed"


def test_a_malformed_source_stops_the_run_with_file_and_line(world: World, tmp_path: Path):
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "a", "label": "NORMAL", "task": "urgency"}\n{"te\n', encoding="utf-8")
    outcome = export(world, sources=[{"name": "bad", "path": str(bad)}])
    assert not outcome.success
    assert outcome.failure is not None
    assert f"{bad}, line 2: it is no JSON" in str(outcome.failure.description)
    missing = export(world, sources=[{"name": "bad", "path": str(tmp_path / "none.csv")}])
    assert missing.failure is not None
    assert "there is no file" in str(missing.failure.description)
    assert exports(world).versions() == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"task": "tone"}, "all or to one of department, urgency"),
        ({"version": "1.0"}, "MAJOR.MINOR.PATCH"),
        ({"formats": ["xml"]}, "jsonl, parquet, csv"),
        ({"formats": []}, "jsonl, parquet, csv"),
        ({"thresholds": {"no_such": 1.0}}, "no_such"),
        ({"sources": [{"name": "a", "path": "x.txt"}]}, "jsonl, csv, parquet"),
        ({"sources": [{"name": "a", "path": "x.csv", "on_error": "skip"}]}, "fail or exclude"),
        ({"sources": [{"name": "a@b", "path": "x.csv"}]}, "letters, digits"),
    ],
    ids=str,
)
def test_a_wrong_configuration_says_what_is_allowed(
    world: World, values: dict[str, object], said: str
):
    outcome = export(world, **values)
    assert not outcome.success
    assert outcome.failure is not None
    assert said in str(outcome.failure.description)
