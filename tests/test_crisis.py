"""Risk: a cry for help goes unseen, or so many harmless rows are flagged that nobody looks."""

import csv
import re
import tomllib
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.qa import crisis_lexicon
from sambodhan_assets.domain.qa.crisis import CrisisScan
from sambodhan_assets.domain.qa.crisis_lexicon import CRISES, Category, TermScript, load_lexicon
from sambodhan_assets.domain.qa.crisis_pattern import CrisisPattern
from sambodhan_assets.domain.qa.crisis_spelling import one_spelling
from tests.export_rows import batch_of, metrics_of

LEXICON = load_lexicon()
PATTERN = CrisisPattern(LEXICON)
CASES = Path(__file__).parent / "data" / "crisis_cases.csv"
ONE_WORD = [
    (term.script, form)
    for term in LEXICON
    for form in term.words[0]
    if len(term.words) == 1 and term.category is not Category.HARMLESS
]
LETTERS = {
    TermScript.DEVANAGARI: "कखगचजटडतथपफभमयरलसहािुेो्ं",
    TermScript.ENGLISH: "abcdefghijklmnopqrstuvwxyz",
    # No sound that a term begins with in another spelling: "a" + "atmahatya".
    TermScript.ROMANISED: "bdgknprty",
}


def cases(*, flagged: bool, note: str = "") -> list[dict[str, str]]:
    with CASES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    chosen = [row for row in rows if (row["category"] != "none") == flagged]
    return [row for row in chosen if row["note"].startswith(note)]


def categories(text: str) -> set[str]:
    return {term.category.value for term in PATTERN.find(text)}


def test_every_crisis_of_the_table_is_flagged_with_its_category():
    wanted = cases(flagged=True)
    assert len(wanted) > 100
    missed = [row["text"] for row in wanted if row["category"] not in categories(row["text"])]
    assert missed == []


def test_no_crisis_of_the_table_gets_a_second_category():
    assert [row["text"] for row in cases(flagged=True) if len(categories(row["text"])) > 1] == []


def test_a_term_inside_of_another_word_of_the_table_is_never_flagged():
    boundary = cases(flagged=False, note="boundary:")
    assert len(boundary) > 40
    assert [row["text"] for row in boundary if categories(row["text"])] == []


def test_no_harmless_sense_and_no_plain_complaint_of_the_table_is_flagged():
    # The phrases were written with this table in view: it says that they work, not how many
    # harmless rows of an export are flagged.
    assert [row["text"] for row in cases(flagged=False) if categories(row["text"])] == []


@given(st.sampled_from(ONE_WORD), st.data())
@example((TermScript.ENGLISH, "flood"), None)
def test_a_term_behind_other_letters_of_its_word_is_never_flagged(
    term: tuple[TermScript, str], data: st.DataObject | None
):
    script, form = term
    before = data.draw(st.text(LETTERS[script], min_size=1, max_size=6)) if data else "re"
    word = one_spelling(before + form)
    # "हिम" + "पहिरो" is a term itself.
    assume(not any(word.startswith(one_spelling(other)) for _, other in ONE_WORD))
    assert PATTERN.find(f"x {word} x") == []


@given(st.sampled_from(ONE_WORD), st.sampled_from(["क्ष", "ट्य", "ठ्ठ", "घाट", "रहित", "xyz", "q"]))
@example((TermScript.DEVANAGARI, "बाढी"), "घाट")
def test_a_term_before_letters_that_are_no_suffix_is_never_flagged(
    term: tuple[TermScript, str], behind: str
):
    assert PATTERN.find(f"{term[1]}{behind} x") == []


@given(st.text(max_size=200))
def test_any_text_can_be_searched(text: str):
    assert {term.category for term in PATTERN.find(text)} <= set(CRISES)


@pytest.mark.parametrize("behind", [" ", ",", "।", "॥", "!", ")", '"', "\n", "ः"])
def test_punctuation_ends_a_word(behind: str):
    assert categories(f"आत्महत्या{behind}") == {"self_harm"}
    assert categories(f"suicide{behind} x") == {"self_harm"}


@pytest.mark.parametrize(
    "text",
    [
        "बाढीहरूलाई",
        "अपहरणकोबारेमा",
        "floodले घर बगायो",
        "pahiroले",
        "pahiroharulai",
        "भुकंप",
        "आत्‍महत्या",
        "पहिराे आयो",
        "FLOOD",
        "the flood's water",
        "ＦＬＯＯＤ",
        "fire  broke\nout",
    ],
)
def test_suffixes_spellings_and_typing_do_not_hide_a_term(text: str):
    assert len(categories(text)) == 1


def test_a_harmless_phrase_hides_only_its_own_words():
    assert categories("A flood light was fixed.") == set()
    assert categories("The flood light fell in the flood.") == {"disaster"}


def test_every_form_of_the_lexicon_is_found_by_itself():
    single = [t for t in LEXICON if t.category is not Category.HARMLESS]
    missed = [
        form
        for term in single
        for form in term.words[0]
        if term.category.value not in categories(" ".join([form, *(w[0] for w in term.words[1:])]))
    ]
    assert missed == []


def test_every_category_has_terms_in_every_script_and_every_term_a_source():
    assert {(t.category, t.script) for t in LEXICON} == {
        (c, s) for c in Category for s in TermScript
    }
    assert len({(t.term, t.script) for t in LEXICON}) == len(LEXICON)
    assert all(term.source for term in LEXICON)
    assert [term.term for term in LEXICON if term.reviewed_by] == []


def test_the_lexicon_goes_into_the_built_package():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["sambodhan_assets.domain.qa"]
    assert any(fnmatch(crisis_lexicon.LEXICON_FILE, pattern) for pattern in patterns)


def test_metrics_count_rows_by_category_and_each_row_is_listed_once():
    scan = CrisisScan()
    scan.add(batch_of(["बाढी आयो", "flood and suicide", "no water"]))
    scan.add(batch_of(["He will kill me."], first=3))
    section = scan.result()
    metrics = metrics_of(section)
    assert metrics["crisis_flag_count"].value == 3
    assert metrics["crisis_flag_share"].value == 0.75
    counted = {c: metrics[f"crisis_{c.value}_count"].value for c in CRISES}
    assert list(counted.values()) == [1, 1, 0, 2]
    assert metrics["crisis_disaster_share"].value == 0.5
    assert [(row.id, row.reason) for row in section.listed] == [
        ("row3", "crisis: threat_to_life"),
        ("row1", "crisis: self_harm"),
        ("row0", "crisis: disaster"),
    ]
    assert section.listed[1].detail == "terms: flood, suicide"


def test_the_list_is_bounded_and_the_totals_are_said():
    scan = CrisisScan(listed_per_category=2)
    scan.add(batch_of(["flood"] * 5 + ["murder"]))
    section, metrics = scan.result(), metrics_of(scan.result())
    listed = Counter(row.reason for row in section.listed)
    assert listed == {"crisis: disaster": 2, "crisis: threat_to_life": 1}
    assert metrics["crisis_rows_listed"].value == 3
    assert metrics["crisis_flag_count"].value == 6


def test_without_rows_nothing_is_measured():
    metrics = metrics_of(CrisisScan().result())
    told = {name: metric for name, metric in metrics.items() if "lexicon" not in name}
    assert all(metric.value is None and metric.reason for metric in told.values())


def test_the_lexicon_is_unreviewed_until_a_person_is_named():
    unreviewed = metrics_of(CrisisScan().result())
    assert unreviewed["crisis_lexicon_unreviewed"].value == len(LEXICON)
    assert "The lexicon is unreviewed" in unreviewed["crisis_flag_share"].definition
    nobody = metrics_of(CrisisScan(reviewers=["", " "]).result())
    assert nobody["crisis_lexicon_unreviewed"].value == len(LEXICON)
    reviewed = metrics_of(CrisisScan(reviewers=["Asha Rai"]).result())
    assert reviewed["crisis_lexicon_unreviewed"].value == 0
    assert "unreviewed" not in reviewed["crisis_flag_share"].definition


def test_a_damaged_line_of_the_lexicon_is_named(monkeypatch: pytest.MonkeyPatch):
    damaged = "term,script,category,source,reviewed_by\nflood,english,weather,x,\n"
    monkeypatch.setattr(Path, "read_text", lambda self, encoding=None: damaged)
    with pytest.raises(PermanentError, match=re.escape("crisis_lexicon.csv, line 2")):
        crisis_lexicon.load_lexicon()
