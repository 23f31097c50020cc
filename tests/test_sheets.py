"""Risk: a sheet runs a citizen's text as a formula, loses letters, or gives a label to another row.

Sheets go through spreadsheets and many hands before they come back.
"""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.labelling.instructions import instructions
from sambodhan_assets.domain.labelling.purposes import Purpose
from sambodhan_assets.domain.labelling.safe_cells import FORMULA_SIGNS, guarded, unguarded
from sambodhan_assets.domain.labelling.sheet import Sheet, row_key, shown_text
from sambodhan_assets.domain.labelling.sheet_csv import write_csv
from sambodhan_assets.domain.labelling.sheet_files import write_sheet
from sambodhan_assets.domain.labelling.sheet_reading import check_sheet
from sambodhan_assets.domain.labelling.sheet_xlsx import write_xlsx
from tests.adversarial_texts import FRAGMENTS
from tests.databases import DEPARTMENT, URGENCY
from tests.filled_sheets import OFFICE, Cells, FilledRow, from_xlsx, rules
from tests.sheets import sheet, sheet_row

TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from([*FRAGMENTS, *FORMULA_SIGNS, "'", "=1+1", "#N/A"])).map("".join),
)


def from_csv(path: Path) -> Iterator[Cells]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


FORMATS: list = [
    pytest.param(write_csv, from_csv, "sheet.csv", id="CSV"),
    pytest.param(write_xlsx, from_xlsx, "sheet.xlsx", id="XLSX"),
]


# Texts


@given(text=TEXTS)
def test_a_guarded_cell_starts_with_no_sign_of_a_formula_and_gives_the_text_back(text: str):
    cell = guarded(text)
    assert unguarded(cell) == text
    assert cell.lstrip(" \u00a0")[:1] not in set(FORMULA_SIGNS)


@pytest.mark.parametrize("sign", FORMULA_SIGNS)
def test_every_sign_of_a_formula_is_guarded(sign: str):
    assert guarded(f"{sign}HYPERLINK(1)") == f"'{sign}HYPERLINK(1)"


@pytest.mark.parametrize(("write", "read", "name"), FORMATS)
@given(texts=st.lists(TEXTS, min_size=1, max_size=5))
def test_every_text_comes_back_as_it_was_shown(
    write: Callable[[Sheet, Path], None],
    read: Callable[[Path], Iterator[Cells]],
    name: str,
    texts: list[str],
    tmp_path_factory: pytest.TempPathFactory,
):
    made = sheet(*(sheet_row(n, text=shown_text(text)) for n, text in enumerate(texts)))
    path = tmp_path_factory.mktemp("sheet") / name
    write(made, path)
    rows = list(read(path))
    assert [unguarded(row["text"]) for row in rows] == [row.text for row in made.rows]
    assert [row["complaint_id"] for row in rows] == [str(row.complaint_id) for row in made.rows]
    checked = check_sheet([FilledRow(n, row) for n, row in enumerate(rows, start=2)], rules(made))
    assert checked.problems == ()
    assert checked.empty == len(texts)


@given(text=st.text())
def test_a_shown_text_is_shown_as_it_is_a_second_time(text: str):
    assert shown_text(shown_text(text)) == shown_text(text)


@pytest.mark.parametrize("text", ["=1+1", "+977 980", "-5", "@cmd", "#N/A", '=HYPERLINK("x")'])
def test_no_cell_of_a_workbook_is_a_formula_or_an_error(tmp_path: Path, text: str):
    write_xlsx(sheet(sheet_row(1, text=text)), tmp_path / "sheet.xlsx")
    page = load_workbook(tmp_path / "sheet.xlsx")["complaints"]
    assert {cell.data_type for row in page.iter_rows() for cell in row if cell.value} <= {"s", "n"}
    (cell,) = [cell for cell in page[2] if cell.value == text]
    assert cell.quotePrefix
    assert cell.number_format == "@"


def test_a_csv_file_opens_with_the_right_letters_in_a_spreadsheet(tmp_path: Path):
    write_csv(sheet(), tmp_path / "sheet.csv")
    assert (tmp_path / "sheet.csv").read_bytes().startswith("\ufeffbatch,".encode())


def test_a_text_too_long_for_a_cell_is_cut_and_keeps_its_key(tmp_path: Path):
    text = shown_text("😀 पानी " * 10_000)
    made = sheet(sheet_row(1, text=text))
    write_xlsx(made, tmp_path / "sheet.xlsx")
    (row,) = from_xlsx(tmp_path / "sheet.xlsx")
    assert row["text"] == text
    assert row["text"].endswith("...")


@given(text=TEXTS, spaces=st.sampled_from(["\n", "  ", " \r\n "]))
def test_a_key_survives_what_spreadsheets_do_to_texts(text: str, spaces: str):
    changed = text.replace(" ", spaces)
    assert row_key("audit", 7, changed) == row_key("audit", 7, text)
    assert row_key("audit", 8, text) != row_key("audit", 7, text)
    assert row_key("other", 7, text) != row_key("audit", 7, text)


# What people see


def test_a_workbook_offers_the_labels_of_every_question_as_a_list(tmp_path: Path):
    write_xlsx(sheet(), tmp_path / "sheet.xlsx")
    book = load_workbook(tmp_path / "sheet.xlsx")
    page, labels = book["complaints"], book["labels"]
    offered = {}
    for rule in page.data_validations.dataValidation:
        _, _, cells = rule.formula1.partition("!")
        column = str(rule.sqref).partition("2")[0]
        offered[page[f"{column}1"].value] = [row[0].value for row in labels[cells.replace("$", "")]]
        assert str(rule.sqref) == f"{column}2:{column}3"
        assert rule.allow_blank
    assert offered == {
        "verified_department": list(DEPARTMENT.labels),
        "verified_urgency": list(URGENCY.labels),
    }
    assert page.freeze_panes == "A2"
    assert page["F2"].alignment.wrap_text
    assert labels.sheet_state == "hidden"


def test_the_instructions_are_in_both_languages_in_the_workbook_and_beside_the_csv(tmp_path: Path):
    made = sheet()
    write_sheet(made, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{made.batch}{ending}" for ending in (".csv", ".xlsx", ".txt")
    }
    text = (tmp_path / f"{made.batch}.txt").read_text(encoding="utf-8-sig")
    page = load_workbook(tmp_path / f"{made.batch}.xlsx").worksheets[1]
    assert [cell.value or "" for (cell,) in page.iter_rows(max_col=1)] == text.splitlines()
    assert "निर्देशन" in text
    assert "Do not skip the hard ones" in text
    assert all(label in text for task in (DEPARTMENT, URGENCY) for label in task.labels)


@pytest.mark.parametrize("purpose", Purpose)
def test_every_purpose_is_explained(purpose: Purpose):
    others = [instructions(sheet(purpose=p)) for p in Purpose if p != purpose]
    own = instructions(sheet(purpose=purpose))
    assert all(len(set(own) - set(other)) == 2 for other in others)


def test_only_disagreements_show_answers():
    made = sheet(sheet_row(1, answers=(OFFICE, DEPARTMENT.labels[0])))
    assert made.columns[6:8] == ["answer_1", "answer_2"]
    assert made.values(made.rows[0])["answer_1"] == OFFICE
    assert "answer_1" not in sheet().columns


def test_a_sheet_with_a_complaint_twice_or_without_a_question_is_refused():
    with pytest.raises(PermanentError, match="comes twice"):
        sheet(sheet_row(1), sheet_row(1))
    with pytest.raises(PermanentError, match="asks for no label"):
        sheet(questions=())
