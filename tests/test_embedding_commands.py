"""Risk: the commands of the embedding lane load half a file, name the wrong word, or do nothing."""

import csv
from pathlib import Path

import pytest

from resources.embedding.postgres_pairs import PostgresPairs
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.label_tasks import EMBEDDING
from tests.command_lines import sambodhan
from tests.lane_world import World


@pytest.fixture
def world(tmp_path: Path, empty_database: str, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("POSTGRES_URL", empty_database)
    return World(home=tmp_path / "home", url=empty_database)


def loaded(world: World) -> int | None:
    rows = PostgresPairs(url=world.url, home=str(world.home)).read()
    return rows and rows.num_rows


def test_invented_pairs_are_written_and_loaded_once(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    file = tmp_path / "typos.csv"
    made = sambodhan(world, monkeypatch, "generate-pairs", str(file), "--count", "30")
    assert made.output == f"Wrote 30 pairs to {file}.\n"
    assert sambodhan(world, monkeypatch, "load", "pairs", str(file)).output == (
        "Added 30 of 30 pairs.\n"
    )
    again = sambodhan(world, monkeypatch, "load", "pairs", str(file))
    assert again.output == "Added 0 of 30 pairs.\n"
    assert loaded(world) == 30


def test_a_file_of_somebody_is_not_overwritten(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    file = tmp_path / "typos.csv"
    file.write_text("mine")
    refused = sambodhan(world, monkeypatch, "generate-pairs", str(file))
    assert isinstance(refused.exception, PermanentError)
    assert "File exists" in str(refused.exception)
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"typo,corrected\nhnda,Honda\n", "domain"),
        (
            b"typo,corrected,domain\nhnda,Honda,brand\nrde,red,colour\n",
            "line 3: domain is 'colour'",
        ),
        (b"typo,corrected,domain\nhn\xffda,Honda,brand\n", "no valid UTF-8"),
        (b"typo,corrected,domain\nhn\x00da,Honda,brand\n", "NUL"),
        (b"", "no column corrected, domain, typo"),
    ],
)
def test_a_wrong_file_is_loaded_not_at_all(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes, reason: str
):
    file = tmp_path / "typos.csv"
    file.write_bytes(content)
    refused = sambodhan(world, monkeypatch, "load", "pairs", str(file))
    assert isinstance(refused.exception, PermanentError), refused.output
    assert reason in str(refused.exception)
    assert loaded(world) is None


def test_pairs_are_not_loaded_into_a_table_that_the_lane_does_not_read(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    file = tmp_path / "typos.csv"
    file.write_text("typo,corrected,domain\nhnda,Honda,brand\n")
    elsewhere = world.but(EMBEDDING_PAIRS=str(file))
    refused = sambodhan(elsewhere, monkeypatch, "load", "pairs", str(file))
    assert isinstance(refused.exception, PermanentError)
    assert "EMBEDDING_PAIRS or SUPABASE_URL is set" in str(refused.exception)
    assert loaded(world) is None


def test_na_and_null_are_loaded_as_words(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    file = tmp_path / "typos.csv"
    with file.open("w", newline="", encoding="utf-8") as lines:
        rows = [["typo", "corrected", "domain"], ["NA", "Nano", "model"], ["null", "Nul", "brand"]]
        csv.writer(lines).writerows(rows)
    assert sambodhan(world, monkeypatch, "load", "pairs", str(file)).exit_code == 0
    rows = PostgresPairs(url=world.url, home=str(world.home)).read()
    assert rows is not None
    assert sorted(rows["typo"].to_pylist()) == ["NA", "null"]


def test_nothing_is_corrected_before_something_is_deployed(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    refused = sambodhan(world, monkeypatch, "correct", "--domain", "brand", "toyta")
    assert isinstance(refused.exception, PermanentError)
    assert "no embedding model is deployed" in str(refused.exception)
    assert EMBEDDING.pipeline_job in str(refused.exception)


def test_what_serves_corrects_shows_in_status_and_doctor_and_goes_back(
    pairs_deployed: World, monkeypatch: pytest.MonkeyPatch
):
    world = pairs_deployed
    deployment = world.registry.deployed(world.lanes.model_repository(EMBEDDING))
    assert deployment is not None

    answered = sambodhan(world, monkeypatch, "correct", "--domain", "brand", "Toyotta").output
    term, score = answered.splitlines()[0].rsplit("  ", 1)
    assert -1 <= float(score) <= 1
    others = [f"Comparing letters, without a model, says Toyota ({14 / 15:.3f})."]
    assert answered.splitlines()[1:] == ([] if term == "Toyota" else others)
    unknown = sambodhan(world, monkeypatch, "correct", "--domain", "colour", "rde")
    assert "brand, model" in str(unknown.exception)
    empty = sambodhan(world, monkeypatch, "correct", "--domain", "brand", " ")
    assert "the text is empty" in str(empty.exception)

    table = sambodhan(world, monkeypatch, "status").output
    (line,) = [line for line in table.splitlines() if line.split()[:1] == ["embedding"]]
    metrics = world.registry.version(
        world.lanes.model_repository(EMBEDDING), deployment.tag
    ).manifest.details["eval_metrics"]["candidate"]
    scores = "/".join(f"{metrics[words]['accuracy_at_1']:.3f}" for words in ("seen", "unseen"))
    assert line.split()[3:] == [deployment.tag, scores, "BOOTSTRAP"]

    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    examined = sambodhan(world, monkeypatch, "doctor").output
    assert f"embedding: {deployment.tag} serves, unchanged." in examined
    assert f"Pairs of typos: 1,000 rows in {world.home}/pairs.csv." in examined

    first = sambodhan(world, monkeypatch, "rollback", "embedding")
    assert "was the first version" in str(first.exception)
