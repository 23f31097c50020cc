"""Risk: a page hides a failure, runs what a citizen wrote, or shows 0 where nobody looked."""

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sambodhan_assets.domain.qa.charts import MOST_SERIES, bars, stacked
from sambodhan_assets.domain.qa.metric import ListedRow
from sambodhan_assets.domain.qa.page_views import SHOWN_IDS, SHOWN_ROWS
from sambodhan_assets.domain.qa.report import report_without_qa
from sambodhan_assets.domain.qa.report_page import html_page
from sambodhan_assets.domain.qa.verdicts import Severity
from tests.qa_reports import at_most, make_report, metric, section

TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "p", "div", "span",
    "ul", "li", "b", "code", "table", "thead", "tbody", "tr", "th", "td", "figure", "img",
}  # fmt: skip
VOID = {"meta", "img"}
PNG = b"\x89PNG\r\n\x1a\n"
SPITEFUL = st.text(st.sampled_from("<>&\"'/={}%#$-!;:ab क\n"), max_size=40) | st.text(max_size=20)


class Reader(HTMLParser):
    """What a browser makes of a page: its tags, texts and pictures."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self.addresses: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.feed(page)
        self.close()
        assert not self.open, f"{self.open} are not closed"

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        named = dict(attrs)
        assert not [name for name in named if name.startswith("on")]
        self.addresses += [str(named[name]) for name in ("src", "href") if name in named]
        if tag == "img":
            self.pictures.append(named)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def test_the_page_opens_with_what_is_not_met_and_what_to_do():
    report = make_report(
        metric("near_duplicate_share", 0.31),
        metric("garbled_share", 0.0),
        thresholds=[at_most("near_duplicate_share", 0.2), at_most("garbled_share", 0.1)],
    )
    text = Reader(html_page(report)).text
    start = text.index("1 of 2 thresholds are not met. These are warnings")
    sentence = text.index("near_duplicate_share is 0.31, at most 0.2 is allowed")
    assert start < sentence < text.index("To do: Look at the rows.") < text.index("Thresholds")


def test_an_error_tells_not_to_use_the_export():
    report = make_report(
        metric("personal_data_rows", 2),
        thresholds=[at_most("personal_data_rows", 0, severity=Severity.ERROR)],
    )
    assert "Do not use this export" in Reader(html_page(report)).text


def test_a_page_on_which_all_is_well_says_so():
    report = make_report(metric("garbled_share", 0.0), thresholds=[at_most("garbled_share", 0.1)])
    text = Reader(html_page(report)).text
    assert "All 1 thresholds are met." in text
    assert "To do" not in text


def test_a_page_without_qa_says_that_nothing_was_measured():
    report = report_without_qa(version="test", created_at="now", rows=3, reason="Nobody asked")
    text = Reader(html_page(report)).text
    assert "Nothing in this export was measured. Nobody asked." in text
    assert "met" not in text.split()


def test_what_was_not_measured_is_nowhere_a_zero():
    part = section(
        metric("psi_label", None, reason="there is no earlier export"),
        tables={"PSI by dimension": {"label": None, "script": None}},
        name="drift",
    )
    report = make_report(sections=[part], thresholds=[at_most("psi_label", 0.25)])
    page = html_page(report)
    text = Reader(page).text
    assert text.count("not measured") >= 4
    assert "Not measured: there is no earlier export." in text
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", page)
    assert not [cell for cell in cells if cell.strip() in ("0", "0.0", "None", "nan")]
    assert "None" not in text


def test_the_page_needs_nothing_from_outside_and_runs_nothing():
    part = section(metric("share", 0.1), tables={"rows by script": {"latin": 2, "other": 1}})
    reader = Reader(html_page(make_report(sections=[part])))
    assert reader.tags <= TAGS
    assert all(address.startswith("data:image/png;base64,") for address in reader.addresses)


def test_every_chart_is_a_picture_that_says_the_same_in_words():
    part = section(
        tables={
            "rows by script": {"latin": 2, "devanagari": 1},
            "label shares of task by script": {
                "latin: roads": 0.25,
                "latin: water": 0.75,
                "mixed: roads": 1.0,
                "mixed: water": 0.0,
            },
            "accuracy of task by script": {"latin": 0.5, "mixed": None},
            "macro-F1 of task by script": {"latin": 0.25, "mixed": None},
            "test rows of task by script": {"latin": 200, "mixed": 9},
            "rows by script in this export": {"latin": 2, "mixed": 2},
            "rows by script in the previous export": {"latin": 1, "mixed": 0},
            "personal data published, by kind": {"email": 0, "mobile": 0},
            "personal data read, by kind": {"email": 4, "mobile": 1},
        }
    )
    reader = Reader(html_page(make_report(sections=[part])))
    alts = [str(picture["alt"]) for picture in reader.pictures]
    assert alts == [
        "Bar chart of rows by script: latin 2, devanagari 1.",
        "Bar chart of label shares of task by script: latin roads 0.25, latin water 0.75, "
        "mixed roads 1, mixed water 0.",
        "Bar chart of model scores of task by script: accuracy latin 0.5, accuracy mixed not "
        "measured, macro-F1 latin 0.25, macro-F1 mixed not measured.",
        "Bar chart of shares of rows by script in both exports: the previous export latin 1, the "
        "previous export mixed 0, this export latin 0.5, this export mixed 0.5.",
        "Bar chart of personal data by kind: read email 4, read mobile 1, published email 0, "
        "published mobile 0.",
    ]
    for picture in reader.pictures:
        assert base64.b64decode(str(picture["src"]).partition(",")[2]).startswith(PNG)


def test_a_long_list_is_cut_and_tells_its_total():
    listed = [ListedRow(id=f"row{n:03}", reason="crisis", detail="term") for n in range(100)]
    table = {f"name {n:03}": n for n in range(100)}
    part = section(tables={"rows by name": table}, listed=listed)
    text = Reader(html_page(make_report(sections=[part]))).text
    assert "crisis (100 rows)" in text
    assert f"The first {SHOWN_IDS} of 100 listed rows; all of them are in" in text
    assert text.count("row0") == SHOWN_IDS
    assert f"{SHOWN_ROWS} of 100 lines; all are in qa_report_v0.2.0.json." in text


@given(name=SPITEFUL, reason=SPITEFUL, version=SPITEFUL)
@settings(deadline=None)
def test_whatever_an_export_holds_stays_text(name: str, reason: str, version: str):
    part = section(
        metric(name, None, reason=reason),
        name=name,
        # One number: no picture is drawn.
        tables={name: {reason: 1, version: None}},
        listed=[ListedRow(id=name, reason=reason, detail=version)],
    )
    report = make_report(sections=[part], thresholds=[at_most(name, 1, section=reason)])
    reader = Reader(html_page(replace(report, version=version)))
    assert reader.tags <= TAGS
    assert " ".join(name.split()) in reader.text


@pytest.mark.parametrize(
    "name", ["$x^2$", "$", r"\frac", "काठमाडौं", "", "\x00", "a" * 300, "{}", "_", "\U0001f3e0"]
)
def test_any_name_can_be_drawn(name: str):
    assert bars({name: {name: 1, "b": None}, "other": {name: 2.5}}, limit=1).startswith(PNG)
    parts = {f"{name}{n}": 1 for n in range(MOST_SERIES + 3)}
    assert stacked({name: parts, "b": {}, "c": {name: None}}).startswith(PNG)


@pytest.mark.parametrize("value", [1e-300, 1e300, -5.0, 0.0, 10**12])
def test_any_number_can_be_drawn(value: float):
    assert bars({"": {"a": value, "b": 1}}).startswith(PNG)


def test_equal_tables_give_equal_pictures():
    assert bars({"": {"a": 1, "b": 2}}) == bars({"": {"a": 1, "b": 2}})
