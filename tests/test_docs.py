"""Risk: the documents tell people to type what does not exist, or promise what does not happen."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from itertools import dropwhile, groupby
from pathlib import Path

import numpy as np
import pytest
import typer
from pydantic import TypeAdapter

from resources.audits.chosen import ChosenAudits
from resources.audits.postgres import PostgresAudits
from resources.postgres.embedded import EmbeddedPostgres
from resources.profiles import Settings, load_settings
from resources.registry.base import Deployment, Publication, Repository
from resources.registry.folder import FolderRegistry
from sambodhan_assets.cli import app
from sambodhan_assets.definitions import build_definitions
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.feedback_watch import CorrectionChanges, decide_start
from sambodhan_assets.domain.gate.estimator import estimate
from sambodhan_assets.domain.models.linear import train_linear
from sambodhan_assets.label_tasks import LABEL_TASKS
from sambodhan_assets.space.files import KINDS
from sambodhan_assets.status import HEADINGS
from tests.databases import (
    NOON,
    complaint,
    correction,
    execute,
    feedback_store,
    open_folder,
    text_of,
)
from tests.databases import snapshot as take_snapshot
from tests.gate_windows import HAND_EXAMPLE, make_window, without_random_labels
from tests.sheets import audit_row, labelling

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
DOCUMENTS = {str(file.relative_to(ROOT)): file for file in [ROOT / "README.md"]} | {
    str(file.relative_to(ROOT)): file for file in sorted((ROOT / "docs").glob("*.md"))
}
RUNNABLE = "<!-- runnable -->"
FILES_NAMED = ("FILE", "corrections.csv", "complaints.csv", "grievances.csv", "rollback.yaml")


def blocks(text: str, language: str, *, after: str = "") -> list[str]:
    return re.findall(rf"{after}^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def commands(text: str) -> Iterator[list[str]]:
    """Every command of shell blocks and of `inline code` as words; a pipe gives several."""
    lines = re.findall(r"`((?:sambodhan|dagster) [^`\n]+)`", text)
    lines += [line for block in blocks(text, "sh") for line in block.splitlines()]
    shown = [line for block in blocks(text, "console") for line in block.splitlines()]
    lines += [line.removeprefix("$ ") for line in shown if line.startswith("$ ")]
    for line in lines:
        lexer = shlex.shlex(re.sub(r" 2>\S+", "", line), posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split = True
        for operator, words in groupby(lexer, key=lambda word: word in ("|", "||", "&&")):
            command = list(dropwhile(lambda word: re.match(r"\w+=", word), words))
            if command and not operator:
                yield command


def all_commands(program: str) -> list[list[str]]:
    found = [c for file in DOCUMENTS.values() for c in commands(file.read_text())]
    unique = {tuple(c[1:]) for c in found if c[0] == program}
    return [list(arguments) for arguments in sorted(unique)]


@pytest.mark.parametrize("arguments", all_commands("sambodhan"), ids=" ".join)
def test_every_sambodhan_command_of_the_documents_is_understood(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".sambodhan/sheets").mkdir(parents=True)
    for name in (*FILES_NAMED, *(word for word in arguments if "/sheets/" in word)):
        (tmp_path / name).touch()
    command, rest = typer.main.get_command(app), list(arguments)
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]
    if rest not in ([], ["--help"]):  # prose names commands without their arguments
        assert not hasattr(command, "commands"), f"{arguments} names no command"
        command.make_context("sambodhan", rest)  # raises on an unknown option or a wrong count


def test_every_dagster_command_and_option_of_the_documents_exists():
    used: dict[tuple[str, ...], set[str]] = {}
    for arguments in all_commands("dagster"):
        options = {word for word in arguments if word.startswith("-")}
        used.setdefault(tuple(arguments[:2]), set()).update(options)
    assert ("job", "execute") in used
    for subcommand, options in used.items():
        shown = subprocess.run(
            [BIN / "dagster", *subcommand, "--help"], capture_output=True, text=True, check=True
        ).stdout
        assert {
            option for option in options if not re.search(rf"(?<!\w){option}\b", shown)
        } == set()


def test_every_job_schedule_and_sensor_of_the_documents_exists():
    repository = build_definitions(LABEL_TASKS, load_settings()).get_repository_def()
    known = {
        *repository.job_names,
        *(schedule.name for schedule in repository.schedule_defs),
        *(sensor.name for sensor in repository.sensor_defs),
        *KINDS,  # of Spaces, which are named like jobs
    }
    pattern = (
        r"(?<!benchmarks\.)\b(?:(?:prepare|retrain|decide|rollback|weekly)_\w+"
        r"|\w+_(?:pipeline|reviewed_feedback))\b"
    )
    texts = [file.read_text().replace("<task>", "urgency") for file in DOCUMENTS.values()]
    named = {name for text in texts for name in re.findall(pattern, text)}
    assert len(named) > 8
    assert {name for name in named if "tone" not in name} - known == set()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str):
    file = DOCUMENTS[document]
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]+))?\)", file.read_text()):
        linked = (file.parent / target) if target else file
        assert linked.exists(), target
        headings = re.findall(r"^#+ (.*)", linked.read_text(), re.MULTILINE) if anchor else []
        slugs = [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings]
        assert not anchor or anchor in slugs, anchor


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_of_the_documents_exists(document: str):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)`", DOCUMENTS[document].read_text())) <= targets


def test_the_settings_table_names_every_setting_with_its_default():
    text = (ROOT / "README.md").read_text()
    rows = dict(re.findall(r"^\| `([A-Z0-9_{}]+)` \| (.*?) \|", text, flags=re.MULTILINE))
    kinds = ("DATASET", "MODEL", "SPACE", "RETRAIN_SPACE", "API_ENDPOINT", "WANDB_PROJECT")
    per_task = {f"{{TASK}}_{kind}" for kind in kinds}
    assert set(rows) == {name.upper() for name in Settings.model_fields} | per_task
    for name, field in Settings.model_fields.items():
        shown = rows[name.upper()]
        if field.default is None:
            assert shown.startswith("unset"), name
        else:
            assert TypeAdapter(type(field.default)).validate_python(shown) == field.default, name


def test_the_worked_example_is_what_the_estimator_computes():
    text = (ROOT / "docs/promotion.md").read_text()
    found = estimate(make_window(HAND_EXAMPLE), 2)
    for matrix in (found.candidate_confusion, found.deployed_confusion):
        assert str(np.rint(matrix).astype(int).tolist()) in text
    scores = [found.candidate_f1, found.deployed_f1]
    assert all(f"{score:.4f}".removeprefix("0") in text for score in scores)
    unlabelled = estimate(make_window(without_random_labels(HAND_EXAMPLE)), 2)
    gains = [found.gain, unlabelled.worst_gain, unlabelled.best_gain]
    shown = [f"{gain:+.4f}".replace("0.", ".", 1) for gain in gains]
    assert [gain for gain in shown if gain not in text] == []


def test_the_tables_that_are_shown_have_the_columns_of_today():
    shown = [
        line
        for file in DOCUMENTS.values()
        for line in file.read_text().splitlines()
        if line.startswith("task  ")
    ]
    assert len(shown) >= 2
    assert {tuple(line.split()) for line in shown} == {HEADINGS}


@pytest.mark.parametrize(
    ("total", "rows", "failed"), [(1, 1000, 0), (100, 45, 0), (100, 1000, 3)], ids=str
)
def test_the_runbook_quotes_what_the_sensor_answers(total: int, rows: int, failed: int):
    decision = decide_start(
        task_name="department",
        changes=CorrectionChanges(added=total, relabelled=0, withdrawn=0),
        state="state",
        min_new_records=100,
        expected_rows=rows,
        min_dataset_len=1000,
        failed_attempts=failed,
    )
    # The cheap count says "new" where the close look says "changed".
    quoted = (ROOT / "docs/runbook.md").read_text().replace(" new corr", " changed corr")
    assert decision.reason in quoted


@pytest.fixture
def scratch() -> Generator[dict[str, str]]:
    """Environment of somebody who follows the documents in a fresh place."""
    with open_folder() as folder:
        (folder / "dagster").mkdir()
        (folder / "dagster/dagster.yaml").symlink_to(ROOT / "dagster.yaml")
        names = {name.upper() for name in Settings.model_fields}
        inherited = {name: value for name, value in os.environ.items() if name not in names}
        own = {"SAMBODHAN_HOME": str(folder), "DAGSTER_HOME": str(folder / "dagster")}
        yield inherited | own


@pytest.mark.skipif(not (ROOT / ".venv/bin/activate").exists(), reason="needs `make install`")
def test_the_runnable_blocks_run_from_first_to_last(scratch: dict[str, str]):
    scripts = [
        script
        for file in DOCUMENTS.values()
        for script in blocks(file.read_text(), "sh", after=f"{RUNNABLE}\n")
    ]
    assert len(scripts) == 2
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(scripts)],
        cwd=ROOT,
        env=scratch,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "department: nothing was decided yet" in done.stdout
    assert "something does not work" not in done.stdout


def test_a_service_can_load_what_is_deployed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    task = LABEL_TASKS[0]
    repository = Repository(kind="model", name=f"sambodhan-{task.name}-classifier")
    registry = FolderRegistry(url=str(tmp_path / ".sambodhan/registry"))
    texts = [f"{word} number {n}" for word in ("pipe", "school", "theft", "tax") for n in range(5)]
    labels = [position // 5 for position in range(20)]
    train_linear(texts, labels, labels=task.labels, seed=1).save(tmp_path / "model", extra={})
    publication = Publication(run_id="test", details={})
    version = registry.publish(repository, tmp_path / "model", publication)
    move = Deployment(
        sequence=1,
        tag=version.tag,
        action="deploy",
        replaced=None,
        deployed_at=datetime.now(UTC).isoformat(),
        run_id="test",
        reason="test",
        traffic_after_id=0,
    )
    registry.move_pointer(repository, move)
    (script,) = blocks((ROOT / "docs/how-it-works.md").read_text(), "python")
    monkeypatch.chdir(tmp_path)
    exec(script, {})
    assert capsys.readouterr().out.strip() in {f"{version.tag} {label}" for label in task.labels}


@pytest.fixture
def documented_database(postgres_server: EmbeddedPostgres) -> Generator[tuple[str, str, str]]:
    """Addresses of the owner, the reader and the platform of docs/deploy-postgres.md."""
    server = postgres_server.url()
    roles, rights, platform = blocks((ROOT / "docs/deploy-postgres.md").read_text(), "sql")
    execute(text_of(server), *_statements(roles))
    here = server.set(database="sambodhan")
    owner = text_of(here.set(username="sambodhan_owner"))
    feedback_store(owner).initialise()
    PostgresAudits(url=owner, home="/nonexistent").initialise(LABEL_TASKS)
    execute(text_of(here), *_statements(rights), *_statements(platform))
    names = ("sambodhan_owner", "sambodhan_reader", "sambodhan_platform")
    yield tuple(text_of(here.set(username=name)) for name in names)
    execute(text_of(server), "DROP DATABASE sambodhan WITH (FORCE)", "DROP DATABASE dagster")
    execute(text_of(server), "DROP ROLE sambodhan_owner, sambodhan_reader, dagster")
    execute(text_of(server), "DROP ROLE sambodhan_platform")


def test_the_documented_reader_can_read_all_and_write_nothing(
    documented_database: tuple[str, str, str],
):
    owner, reader, _ = map(feedback_store, documented_database)
    owner.upsert_complaints([complaint(1), complaint(2)])
    owner.upsert_corrections([correction(1)])
    health = reader.health()
    assert (health.problems, health.read_only) == ((), True)
    assert take_snapshot(reader).report.correction_count == 1
    with pytest.raises(PermanentError, match="read-only"):
        reader.upsert_complaints([complaint(3)])


def test_the_documented_roles_keep_audits_where_the_page_says(
    documented_database: tuple[str, str, str], tmp_path: Path
):
    _, reader, platform = documented_database
    alone = {"postgres_url": reader, "home": "/nonexistent", "artifact_url": str(tmp_path)}
    assert "may only read" in ChosenAudits(**alone).place()
    audits = ChosenAudits(**alone, platform_url=platform)
    audits.add([audit_row(1)])
    assert audits.write_labels([labelling(1)], now=NOON) == 1
    assert audits.place() == "table complaint_audits in the database of PLATFORM_DB_URL"


def _statements(block: str) -> list[str]:
    return [statement for statement in block.split(";") if statement.strip()]
