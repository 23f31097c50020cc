"""Risk: a lost, slow or senseless answer of a deployed model counts as an answer, a failure loops
for hours, or the token and the texts go where nobody sent them.
"""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from resources.remote_model import (
    GIVE_UP_AFTER,
    MAX_ANSWER_BYTES,
    RemoteModels,
    RemoteVersion,
    space_host,
)
from sambodhan_assets.label_tasks import LABEL_TASKS
from tests.predict_server import Behaviour, PredictServer, Reply, predict_server

URGENCY = LABEL_TASKS[1]
LABELS = URGENCY.labels
TEXTS = [f"complaint {number}" for number in range(12)]
BAD = TEXTS[3]


def fine(text: str, attempt: int = 1) -> Reply:
    """The full shape, with the labels in another order."""
    label = LABELS[len(text) % 3]
    rest = [other for other in reversed(LABELS) if other != label]
    scores = {rest[0]: 0.1, label: 0.7, rest[1]: 0.2}
    return Reply.of({"label": label, "confidence": 0.7, "scores": scores})


def but(reply: Reply, *, attempts: int = 1000) -> Behaviour:
    """Answers well, but for the first attempts at one text."""
    return lambda text, attempt: reply if text == BAD and attempt <= attempts else fine(text)


def remote(server: PredictServer, **other) -> RemoteModels:
    fields = {"attempts": 4, "wait_seconds": 0.01, "timeout_seconds": 5.0}
    return RemoteModels(endpoints={URGENCY.name: server.address}, **(fields | other))


def test_every_distinct_text_is_asked_once_and_answered():
    with predict_server(fine) as server:
        asked = remote(server).ask(URGENCY, [*TEXTS, *TEXTS])
    assert asked.label_ids == {text: len(text) % 3 for text in TEXTS}
    assert asked.why_incomplete is None
    assert server.asked == dict.fromkeys(TEXTS, 1)
    assert {header["content-type"] for header in server.headers} == {"application/json"}


TEMPORARY = {
    "429": Reply(status=429),
    "503": Reply(status=503),
    "a dropped connection": Reply(status=None),
    "a connection that ends in the middle": Reply(body=b'{"label": "URG', cut=True),
    "half of an answer": Reply(body=b'{"label": "URG'),
    "a page of a proxy": Reply(body=b"<html>Starting</html>"),
    "no answer in time": Reply.label("URGENT", delay=0.6),
}


@pytest.mark.parametrize("reply", TEMPORARY.values(), ids=TEMPORARY.keys())
def test_a_failure_that_passes_is_tried_again(reply: Reply):
    with predict_server(but(reply, attempts=2)) as server:
        asked = remote(server, timeout_seconds=0.3).ask(URGENCY, TEXTS)
    assert asked.label_ids == {text: len(text) % 3 for text in TEXTS}
    assert asked.why_incomplete is None
    assert server.asked[BAD] == 3


# What the server does for ever -> the cause that is told, and how often it was tried.
LASTING = {
    "500": (Reply(status=500), "status 500: 1", 4),
    "silence": (Reply(status=None), "connection lost: 1", 4),
    "slowness": (Reply.label("URGENT", delay=0.6), "too slow: 1", 4),
    "half an answer": (Reply(body=b'{"label"'), "no JSON: 1", 4),
    "400": (Reply(status=400), "status 400: 1", 1),
    "401": (Reply(status=401), "status 401: 1", 1),
    "404": (Reply(status=404), "status 404: 1", 1),
    "422": (Reply(status=422), "status 422: 1", 1),
    "another address": (
        Reply(status=307, headers={"location": "http://127.0.0.1:9/predict"}),
        "status 307: 1",
        1,
    ),
    "a long pause": (Reply(status=429, headers={"retry-after": "3600"}), "status 429: 1", 1),
    "an unknown label": (Reply.label("VERY URGENT"), "an unknown label: 1", 1),
    "no label": (Reply.of({"detail": "ok"}), "no label: 1", 1),
    "a list": (Reply.of([{"label": "URGENT", "score": 0.5}]), "no JSON object: 1", 1),
    "a flood": (Reply(body=b" " * (MAX_ANSWER_BYTES + 1)), "too long an answer: 1", 1),
}


@pytest.mark.parametrize(("reply", "cause", "tries"), LASTING.values(), ids=LASTING.keys())
def test_a_text_without_an_answer_makes_the_whole_incomplete(reply: Reply, cause: str, tries: int):
    with predict_server(but(reply)) as server:
        asked = remote(server, timeout_seconds=0.3).ask(URGENCY, TEXTS)
    assert BAD not in asked.label_ids
    assert len(asked.label_ids) == len(TEXTS) - 1
    assert asked.why_incomplete == (
        f"The deployed model gave no usable answer to 1 of 12 complaints ({cause}), so nothing was"
        " compared."
    )
    assert server.asked[BAD] == tries


def test_a_service_that_says_when_to_come_again_is_obeyed():
    def busy(text: str, attempt: int) -> Reply:
        return Reply(status=429, headers={"retry-after": "1"}) if attempt == 1 else fine(text)

    with predict_server(busy) as server:
        assert remote(server).ask(URGENCY, [BAD]).why_incomplete is None
    assert server.times[1] - server.times[0] >= 0.95


def test_a_date_far_away_is_not_waited_for_and_one_gone_by_is_now():
    far, past = (
        format_datetime(datetime.now(UTC) + timedelta(days=days), usegmt=True) for days in (1, -1)
    )
    for date, tries in ((far, 1), (past, 4), ("soon", 4)):
        busy = Reply(status=503, headers={"retry-after": date})
        with predict_server(but(busy)) as server:
            assert remote(server).ask(URGENCY, [BAD]).causes == {"status 503": 1}
        assert server.asked[BAD] == tries


def test_no_more_requests_are_open_at_once_than_allowed():
    def slow(text: str, attempt: int) -> Reply:
        return Reply.label("URGENT", delay=0.05)

    with predict_server(slow) as server:
        asked = remote(server, concurrency=3).ask(URGENCY, TEXTS)
    assert asked.why_incomplete is None
    assert server.most_at_once == 3


def test_a_service_that_is_down_is_not_asked_for_every_complaint():
    texts = [f"complaint {number}" for number in range(500)]
    with predict_server(lambda text, attempt: Reply(status=500)) as server:
        asked = remote(server, attempts=2, concurrency=4).ask(URGENCY, texts)
    assert GIVE_UP_AFTER <= asked.causes["status 500"] < GIVE_UP_AFTER + 4
    assert len(server.asked) < GIVE_UP_AFTER + 4
    assert asked.why_incomplete is not None
    assert "others were not asked any more" in asked.why_incomplete


def test_nobody_at_the_address_is_a_reason_and_no_error():
    with predict_server(fine) as server:
        pass
    asked = remote(server, attempts=2).ask(URGENCY, [BAD])
    assert asked.causes == {"connection lost": 1}
    assert remote(server).version(URGENCY) == RemoteVersion()


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (
            Reply.of({"version": "v20260101_020000", "content_hash": "ab12", "task": "urgency"}),
            RemoteVersion(tag="v20260101_020000", content_hash="ab12"),
        ),
        (Reply.of({"version": "1.0"}), RemoteVersion(tag="1.0")),
        (Reply.of({"version": "<script>alert(1)</script>"}), RemoteVersion()),
        (Reply.of({"version": 3}), RemoteVersion()),
        (Reply.of(["v1"]), RemoteVersion()),
        (Reply(body=b"v1"), RemoteVersion()),
        (Reply(status=404), RemoteVersion()),
        (Reply(status=None), RemoteVersion()),
    ],
)
def test_the_version_is_what_the_service_says_if_it_says_one(reply: Reply, expected: RemoteVersion):
    with predict_server(fine, version=reply) as server:
        assert remote(server).version(URGENCY) == expected


def test_what_stands_behind_an_address_is_sent_along_and_shown_to_nobody():
    with predict_server(fine, version=Reply.of({"version": "v7"})) as server:
        server.address += "?key=secret"
        assert remote(server).ask(URGENCY, [BAD]).why_incomplete is None
        assert remote(server).version(URGENCY).tag == "v7"
    assert server.paths == ["/predict?key=secret", "/version?key=secret"]
    assert "secret" not in remote(server).host(URGENCY)


OWN = "sambodhan-urgency-space.hf.space"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (f"https://{OWN}/predict", True),
        (f"http://{OWN}/predict", False),
        ("https://somebody-else.hf.space/predict", False),
        (f"https://{OWN}.example.org/predict", False),
        (f"https://example.org/{OWN}/predict", False),
        ("http://127.0.0.1:7860/predict", False),
    ],
)
def test_the_token_is_shown_to_the_own_space_over_https_and_to_nobody_else(
    address: str, shown: bool
):
    found = RemoteModels(
        endpoints={URGENCY.name: address}, token_hosts={URGENCY.name: OWN}, token="hf_secret"
    )
    expected = {"authorization": "Bearer hf_secret"} if shown else {}
    assert found.token_header(URGENCY) == expected
    without_space = RemoteModels(endpoints={URGENCY.name: address}, token="hf_secret")
    assert without_space.token_header(URGENCY) == {}


def test_a_space_is_served_where_the_hub_serves_it():
    assert space_host("Sambodhan/Urgency_Space") == OWN
    assert space_host("a/b.c") == "a-b-c.hf.space"
