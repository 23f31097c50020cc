"""Risk: a mail says what is not so, or carries a secret, markup or a complaint."""

from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.run_message import plain_text
from sambodhan_assets.domain.run_page import html_page
from sambodhan_assets.domain.run_summary import Ending, RunEnd, RunSummary, Serving, TaskNews
from tests.mails import tell

pytestmark = pytest.mark.usefixtures("no_waiting")
SENTENCES = ("could not be read", "still serves", "Nothing is deployed", "The registry names")
SERVING = (Serving(task="urgency", tag="v1", replaced="v0"),)


def test_a_red_run_reads_otherwise_than_a_rejection():
    red = RunSummary(
        run_id="r",
        job="retrain_urgency",
        end=RunEnd.FAILED,
        reasons=("the disk is full",),
        serving=SERVING,
    )
    text = plain_text(red)
    assert text.startswith("FAILED retrain_urgency\n")
    assert "the disk is full\nThe previous version still serves.\n" in text
    rejection = TaskNews(task="urgency", ending=Ending.REJECTED, headline="Worse.")
    rejected = replace(red, end=RunEnd.SUCCEEDED, reasons=(), news=(rejection,))
    assert rejected.subject == "OK retrain_urgency: urgency rejected"
    assert "urgency: v1, as before this run\n" in plain_text(rejected)
    red_colour = "#cf222e"
    assert red_colour in html_page(red)
    assert red_colour not in html_page(rejected)


@pytest.mark.parametrize("end", [RunEnd.FAILED, RunEnd.CANCELLED])
@pytest.mark.parametrize(
    ("serving", "sentence"),
    [
        (None, "What serves now could not be read"),
        (SERVING, "The previous version still serves."),
        ((Serving(task="urgency", tag=None),), "Nothing is deployed, as before."),
        (
            (Serving(task="urgency", tag="v2", by_this_run=True, unsure=True),),
            "The registry names urgency v2 since this run; if a Space serves it, look at what that",
        ),
        (
            (Serving(task="embedding", tag="v2", by_this_run=True),),
            "The registry names embedding v2 since this run.",
        ),
    ],
)
def test_a_run_that_broke_off_says_of_what_serves_only_what_is_known(
    end: RunEnd, serving: tuple[Serving, ...] | None, sentence: str
):
    summary = RunSummary(run_id="r", job="urgency_pipeline", end=end, serving=serving)
    assert summary.subject == f"{end} urgency_pipeline"
    assert sentence in plain_text(summary)
    said = [part for part in SENTENCES if part in plain_text(summary)]
    assert said == [part for part in SENTENCES if part in sentence]


def test_a_mail_holds_no_secret_in_any_of_its_forms(tmp_path: Path):
    password = 'a&b<"geheim'
    settings = {"SAMBODHAN_HOME": str(tmp_path), "HF_TOKEN": password}
    reasons = (f"no way with {password} to postgresql://me:geheim@db/x",)
    tell(settings, RunSummary(run_id="r", job="j", end=RunEnd.FAILED, reasons=reasons))
    mail = message_from_bytes((tmp_path / "mail/r.eml").read_bytes(), policy=policy.default)
    assert "no way with *** to postgresql://***@db/x" in str(mail)
    assert "geheim" not in str(mail)


def test_only_a_set_address_of_the_ui_makes_a_link(tmp_path: Path):
    settings = {"SAMBODHAN_HOME": str(tmp_path), "DAGSTER_URL": "https://dagster.example/ui/"}
    tell(settings)
    mail = (tmp_path / "mail/a-run.eml").read_text()
    assert "this run: https://dagster.example/ui/runs/a-run\n" in mail
    assert 'href="https://dagster.example/ui/runs/a-run"' in mail
    tell({"SAMBODHAN_HOME": str(tmp_path / "other")})
    assert "/runs/" not in (tmp_path / "other/mail/a-run.eml").read_text()


@given(st.text())
def test_nothing_that_a_run_said_becomes_markup(said: str):
    said = f"<script>{said}</script>"
    page = html_page(
        RunSummary(
            run_id="r",
            job=said,
            end=RunEnd.FAILED,
            news=(
                TaskNews(
                    task=said,
                    ending=Ending.HOLD,
                    headline=said,
                    facts=((said, said),),
                    commands=((said, said),),
                ),
            ),
            reasons=(said,),
            steps=(said,),
            serving=(Serving(task=said, tag=said),),
            links=((said, said),),
        )
    )
    assert "<script>" not in page
