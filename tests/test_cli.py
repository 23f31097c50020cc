"""Risk: the command line says something else than what is, or answers mistakes with tracebacks."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sambodhan_assets import cli
from sambodhan_assets.domain.errors import PermanentError, PlatformError
from tests.command_lines import sambodhan
from tests.databases import execute
from tests.lane_world import DEPARTMENT, ROOT, ROWS, World, child_environment


def refusal(result: Result) -> str:
    assert isinstance(result.exception, PlatformError), result.output
    return str(result.exception)


def sambodhan_process(
    *arguments: str, environment: dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    command: Sequence[str] = [
        sys.executable,
        "-c",
        "from sambodhan_assets.cli import main; main()",
        *arguments,
    ]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def count(world: World, table: str) -> int:
    return execute(world.url, f"SELECT count(*) FROM {table}")[0][0]


# Mistakes


def test_every_command_stands_in_the_help_with_a_sentence():
    result = CliRunner().invoke(cli.app, ["--help"])
    assert result.exit_code == 0
    commands = {"demo", "load", "sheets", "db", "status", "rollback", "doctor", "diff"}
    found = dict(re.findall(r"^  (\w+)\s+(\S.*)$", result.output, flags=re.MULTILINE))
    assert commands <= set(found)
    assert all(found[command].endswith((".", "...")) for command in commands)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"MIN_DATASET_LEN": "several"}, ["MIN_DATASET_LEN", "integer"]),
        ({"EXECUTOR": "somewhere"}, ["EXECUTOR", "'in_process'"]),
        ({"POSTGRES_URL": "db://user:geheim@host/x"}, ["POSTGRES_URL", "postgresql://"]),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_code_one(
    tmp_path: Path, variables: dict[str, str], words: list[str]
):
    environment = {"PATH": os.environ["PATH"], "SAMBODHAN_HOME": str(tmp_path), **variables}
    ended = sambodhan_process("status", environment=environment)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1
    assert all(word in ended.stderr for word in words)
    assert not any(value in ended.stderr for value in variables.values())
    assert "geheim" not in ended.stderr


def test_an_unknown_task_is_refused_and_the_known_ones_are_named(
    deployed: World, monkeypatch: pytest.MonkeyPatch
):
    message = refusal(sambodhan(deployed, monkeypatch, "rollback", "forestry"))
    assert "'forestry'" in message
    assert "department, urgency" in message


def test_a_missing_file_is_wrong_usage(deployed: World, monkeypatch: pytest.MonkeyPatch):
    result = sambodhan(deployed, monkeypatch, "load", "complaints", "/nowhere/rows.csv")
    assert result.exit_code == 2


# Loading

HEADER = b"id,message,department,urgency\n"
GOOD = '9001,"सडक भत्कियो",Security & Law Enforcement,URGENT\n'.encode()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"9002,\xff\xfe broken,,NORMAL\n", "no valid UTF-8"),
        (b"9002,a\x00b,,NORMAL\n", "NUL"),
        (b"9002,text,Forestry,NORMAL\n", "'Forestry'"),
        (b"nine,text,,NORMAL\n", "id is 'nine'"),
        (b"9001,text,,NORMAL\n", "9001 stands in the file before"),
        (b"9002,text\n", "2 values for 4 columns"),
        (b"9002," + b"x" * 20_001 + b",,NORMAL\n", "20,001 characters"),
    ],
)
def test_a_file_with_a_bad_row_is_not_loaded_and_the_line_is_named(
    first_round: World,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    row: bytes,
    reason: str,
):
    file = tmp_path / "complaints.csv"
    file.write_bytes(HEADER + GOOD + row)
    message = refusal(sambodhan(first_round, monkeypatch, "load", "complaints", str(file)))
    assert "line 3: " in message
    assert reason in message
    assert "Nothing of it was loaded" in message
    assert count(first_round, "complaints") == ROWS


def test_a_sheet_is_listed_filled_in_and_loaded(held: World, monkeypatch: pytest.MonkeyPatch):
    (path,) = (held.home / "sheets").glob("*.csv")
    listed = sambodhan(held, monkeypatch, "sheets").output
    assert re.search(rf"disagreement  {path.stem}  30 +30 +department +{path.parent}", listed)
    lines = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    assert lines[1].endswith(",,,\n")
    lines[1] = lines[1].replace(",,,\n", f',"{DEPARTMENT.labels[1]}",Sita,\n')
    path.write_bytes("".join(lines).encode("utf-8-sig"))
    loaded = sambodhan(held, monkeypatch, "load", "audits", str(path))
    assert loaded.output.splitlines() == [
        "Loaded 1 rows with labels, 1 of them new or changed; 29 rows are still empty.",
        f"The job decide_department now decides with the labels of {path.stem}.",
    ]
    assert f"{path.stem}  30    29" in sambodhan(held, monkeypatch, "sheets").output
    path.write_bytes("".join(lines).replace(",Sita,", ",Sita,soon").encode("utf-8-sig"))
    refused = sambodhan(held, monkeypatch, "load", "audits", str(path))
    assert re.search(r"line 2: complaint \d+: verified_at is 'soon'", refusal(refused))


def test_what_is_loaded_is_what_a_lane_reads(
    first_round: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    complaints, corrections = tmp_path / "complaints.csv", tmp_path / "corrections.csv"
    complaints.write_bytes(HEADER + GOOD)
    corrections.write_text(
        f'complaint_id,correct_department,correct_urgency\n9001,"{DEPARTMENT.labels[1]}",\n',
        encoding="utf-8",
    )
    before = first_round.store.corrections(DEPARTMENT).num_rows
    loaded = sambodhan(first_round, monkeypatch, "load", "complaints", str(complaints))
    assert loaded.output == "Loaded 1 complaints.\n"
    loaded = sambodhan(first_round, monkeypatch, "load", "corrections", str(corrections))
    assert loaded.output == "Loaded 1 corrections.\n"
    assert first_round.store.corrections(DEPARTMENT).num_rows == before + 1
    created = "created the table complaint_audits\n"
    assert sambodhan(first_round, monkeypatch, "db", "init").output == created
    assert sambodhan(first_round, monkeypatch, "db", "init").output == "Nothing was missing.\n"


def test_two_versions_are_compared_row_by_row(promotable: World, monkeypatch: pytest.MonkeyPatch):
    before, after = promotable.dataset_tags()
    result = sambodhan(promotable, monkeypatch, "diff", "department", before, after)
    assert result.exit_code == 0, result.output
    assert "added" in result.output
    unknown = sambodhan(promotable, monkeypatch, "diff", "department", before, "v20200101_000000")
    assert isinstance(unknown.exception, PermanentError)
    assert before in str(unknown.exception)


# The whole way


def test_a_failure_of_the_platform_is_one_line_on_stderr(deployed: World):
    ended = sambodhan_process("rollback", "department", environment=child_environment(deployed))
    assert ended.returncode == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith("Error Rolling back department: ")
    assert "was the first version" in line
