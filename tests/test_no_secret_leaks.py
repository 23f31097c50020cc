"""Risk: a password, a token or a complaint leaves the places that are made for it.

Real runs, green, on hold and red, with planted secrets and marked complaints; then every byte that
they left behind or sent is searched, in the forms in which text hides.
"""

import base64
import json
from collections.abc import Generator
from urllib.parse import quote_plus

import pytest

from resources.postgres.embedded import EmbeddedPostgres
from tests.lane_states import Worlds
from tests.leak_search import files_of, found_in
from tests.leak_world import MARKS, SECRETS, Traces, guarded_role, left_traces

# Six runs in one fixture, on a machine that may be busy.
pytestmark = pytest.mark.timeout(600)

# Where complaints may stand: beside these, nothing under SAMBODHAN_HOME holds one.
PLACES_OF_COMPLAINTS = ("artifacts", "sheets", "errors")
DATA_FILES = (".parquet", ".skops", ".safetensors")


@pytest.fixture(scope="module")
def traces(
    worlds: Worlds, postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Traces]:
    with guarded_role(postgres_server), left_traces(worlds, tmp_path_factory.mktemp("s")) as found:
        yield found


def sent(traces: Traces) -> dict[str, bytes]:
    """Everything that left for people, a mail also as its reader sees it."""
    return {
        "output": traces.printed,
        **{f"mail {number}": mail for number, mail in enumerate(traces.mails)},
        **{f"chat {number}": chat for number, chat in enumerate(traces.chats)},
    }


@pytest.mark.parametrize("needle", [*SECRETS, *MARKS])
@pytest.mark.parametrize(
    "hide",
    [
        lambda text: text.encode(),
        lambda text: text.upper().encode() if text.isascii() else text.encode(),
        lambda text: json.dumps({"a": f"x{text}y"}).encode(),
        lambda text: f"x{text}".encode("utf-16"),
        lambda text: base64.b64encode(f"some{text}thing".encode()),
        lambda text: base64.b64encode(f"me:{text}".encode()),
        lambda text: quote_plus(f"({text})").encode(),
    ],
)
def test_the_search_finds_what_hides(needle: str, hide):
    assert found_in({"there": b"\0\1" + hide(needle) + b"\2"}, [needle]) == [f"there: {needle}"]


def test_the_runs_ended_as_planned(traces: Traces):
    assert traces.runs == ("green", "green", "red", "red", "red", "red")
    assert len(traces.mails) == len(traces.chats) == 6
    subjects = [mail.partition(b"Subject: ")[2].splitlines()[0] for mail in traces.mails]
    assert subjects == [
        b"OK department_pipeline: department accepted",
        b"OK department_pipeline: department on hold",
        *[b"FAILED department_pipeline"] * 4,
    ]
    first = json.loads(traces.chats[0])["text"]
    assert "/datasets/alice/sambodhan-department-dataset/tree/v2" in first
    assert "/alice/sambodhan-department-classifier/tree/v2" in first
    reds = [json.loads(chat)["text"] for chat in traces.chats[2:]]
    assert "the Hub does not know this token (401)" in reds[0]
    assert "password authentication failed" in reds[1]
    assert "RuntimeError, which nobody expected here" in reds[2]
    assert " characters in 1 rows (complaints " in reds[3]


def test_complaints_and_secrets_were_where_they_could_leak(traces: Traces):
    """Otherwise the other tests would search for what was never there."""
    held = [file for name, file in files_of(traces.home).items() if name.startswith("sheets/")]
    assert any(MARKS[0].encode() in file for file in held)
    whole = [file.read_text() for file in (traces.home / "errors").iterdir()]
    assert any(all(mark in text for mark in MARKS) for text in whole)
    logs = files_of(traces.home / "dagster")
    assert any(name.endswith(".err") and b"No way to ***" in log for name, log in logs.items())
    assert any(name.endswith(".db") for name in logs)
    assert any(name.endswith(".wandb") for name in files_of(traces.home))


def test_no_secret_stands_in_any_file_of_the_platform(traces: Traces):
    assert found_in(files_of(traces.home), SECRETS) == []


def test_no_complaint_stands_outside_of_the_places_made_for_them(traces: Traces):
    others = {
        name: data
        for name, data in files_of(traces.home).items()
        if name.partition("/")[0] not in PLACES_OF_COMPLAINTS
    }
    assert found_in(others, MARKS) == []


def test_nothing_that_was_printed_or_sent_holds_a_secret_or_a_complaint(traces: Traces):
    assert found_in(sent(traces), [*SECRETS, *MARKS]) == []


def test_the_hub_gets_no_secret_and_complaints_in_data_files_only(traces: Traces):
    names = {name.rpartition("/")[2] for name in traces.hub}
    assert {"README.md", "manifest.json", "metadata.json", "dataset_metadata.json"} <= names
    assert found_in(traces.hub, SECRETS) == []
    told = {name: data for name, data in traces.hub.items() if not name.endswith(DATA_FILES)}
    assert found_in({**told, "commits": traces.commits.encode()}, MARKS) == []
    assert found_in({"commits": traces.commits.encode()}, SECRETS) == []
