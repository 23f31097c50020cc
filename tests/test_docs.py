"""Risk: the documents tell people to type what does not exist, or promise what does not happen."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import dropwhile, groupby
from pathlib import Path

import numpy as np
import pytest
import typer
from pydantic import TypeAdapter

from resources.profiles import Settings, load_settings
from sambodhan_assets.cli import app
from sambodhan_assets.definitions import build_definitions
from sambodhan_assets.domain.feedback_watch import CorrectionChanges, decide_start
from sambodhan_assets.domain.gate.estimator import estimate
from sambodhan_assets.label_tasks import LABEL_TASKS
from sambodhan_assets.space.files import KINDS
from sambodhan_assets.status import HEADINGS
from tests.documents import DOCUMENTS, ROOT, blocks
from tests.gate_windows import HAND_EXAMPLE, make_window, without_random_labels

BIN = Path(sys.executable).parent
FILES_NAMED = (
    *("FILE", "corrections.csv", "complaints.csv", "grievances.csv", "typos.csv"),
    "rollback.yaml",
)


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
