"""Risk: an export is made from something unsaid, damaged, or other than what it claims."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from resources.exports.chosen import build_export_options
from sambodhan_assets.assets.export_config import ExportConfig
from sambodhan_assets.assets.export_draft import allowed_checkout
from sambodhan_assets.domain.errors import PermanentError
from tests.export_world import (
    DEPARTMENT,
    URGENCY,
    export,
    export_world,
    exports,
    folder_of,
    publish_version,
    published_world,
)
from tests.lane_world import World

pytestmark = pytest.mark.usefixtures("no_database")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Both tasks have a dataset version."""
    return published_world(tmp_path, DEPARTMENT, URGENCY)


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
