"""Risk: a sheet runs a citizen's text as a formula, loses letters, or gives a label to another row.

Sheets go through spreadsheets and many hands before they come back.
"""

import csv
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.labelling.audit_rows import rows_of
from sambodhan_assets.domain.labelling.instructions import instructions
from sambodhan_assets.domain.labelling.purposes import Purpose
from sambodhan_assets.domain.labelling.safe_cells import FORMULA_SIGNS, guarded, unguarded
from sambodhan_assets.domain.labelling.sheet import Sheet, row_key, shown_text
from sambodhan_assets.domain.labelling.sheet_csv import write_csv
from sambodhan_assets.domain.labelling.sheet_files import write_sheet
from sambodhan_assets.domain.labelling.sheet_reading import CheckedSheet, SheetRules, check_sheet
from sambodhan_assets.domain.labelling.sheet_xlsx import read_xlsx, write_xlsx
from tests.adversarial_texts import FRAGMENTS
from tests.databases import DEPARTMENT, NOON, URGENCY
from tests.sheets import QUESTIONS, sheet, sheet_row

TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from([*FRAGMENTS, *FORMULA_SIGNS, "'", "=1+1", "#N/A"])).map("".join),
)
OFFICE = DEPARTMENT.labels[1]
Cells = dict[str, str]


@dataclass
class FilledRow:
    """One row as a reader of files hands it over."""

    line: int
    values: Cells
    problems: list[str] = field(default_factory=list)


def from_csv(path: Path) -> Iterator[Cells]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def from_xlsx(path: Path) -> Iterator[Cells]:
    rows = read_xlsx(path)
    _, header = next(rows)
    for _, cells in rows:
        yield dict(itertools.zip_longest(header, cells[: len(header)], fillvalue=""))


FORMATS: list = [
    pytest.param(write_csv, from_csv, "sheet.csv", id="CSV"),
    pytest.param(write_xlsx, from_xlsx, "sheet.xlsx", id="XLSX"),
]


def rules(*sheets: Sheet) -> SheetRules:
    registered = {s.batch: {row.complaint_id: row for row in rows_of(s)} for s in sheets}
    return SheetRules(
        registered=registered,
        questions=QUESTIONS,
        zone=ZoneInfo("Asia/Kathmandu"),
        now=NOON + timedelta(days=365),
    )


def filled(made: Sheet, **changes: str) -> list[FilledRow]:
    """The rows of a sheet; the changes apply to the second one, which stands in line 3."""
    rows = []
    for line, row in enumerate(made.rows, start=2):
        values = {name: "" if v is None else str(v) for name, v in made.values(row).items()}
        rows.append(FilledRow(line, values | (changes if line == 3 else {})))
    return rows


def check(made: Sheet, **changes: str) -> CheckedSheet:
    return check_sheet(filled(made, **changes), rules(made))


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


# Reading back


def test_a_label_is_read_with_who_and_when():
    checked = check(
        sheet(),
        verified_department=OFFICE,
        verifier=" Sita  Sharma\n",
        verified_at="2025-06-02 17:45",
    )
    (found,) = checked.labellings
    assert found.complaint_id == 1
    assert found.labels == {"department": OFFICE}
    assert found.verifier == "Sita Sharma"
    assert found.verified_at is not None
    assert found.verified_at.astimezone(UTC) == datetime(2025, 6, 2, 12, tzinfo=UTC)
    assert (checked.empty, checked.problems) == (1, ())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"verified_department": "Forestry"}, "verified_department is 'Forestry'; allowed: 'Munic"),
        ({"verified_urgency": "urgent"}, "allowed: 'NORMAL', 'URGENT', 'HIGHLY URGENT'"),
        ({"batch": "audit-x"}, "there is no batch 'audit-x'"),
        ({"complaint_id": "7"}, "complaint 7 does not belong to the batch audit-20250602-030000"),
        ({"complaint_id": "seven"}, "complaint_id is 'seven', not a whole number"),
        ({"complaint_id": "9" * 5000}, "not a whole number"),
        ({"text": "Another complaint"}, "do not belong together"),
        ({"row_key": ""}, "do not belong together"),
        ({"purpose": "review"}, "purpose is 'review', not 'audit'"),
        ({"verified_at": "yesterday"}, "verified_at is 'yesterday', not a time like"),
        ({"verified_at": "2205-06-01"}, "which lies ahead"),
    ],
)
def test_a_bad_row_is_named_by_line_and_reason(changes: dict[str, str], reason: str):
    ((line, told),) = check(sheet(), **changes).problems
    assert line == 3
    assert reason in told


def test_an_id_that_was_changed_to_that_of_another_row_is_noticed():
    (first, second), made = filled(sheet(), complaint_id="3"), sheet()
    ((line, told),) = check_sheet([second], rules(made)).problems
    assert (line, "do not belong together" in told) == (3, True)
    told = check_sheet([first, second], rules(made)).problems[0][1]
    assert told.endswith("it stands in line 2 already")


def test_two_rows_of_one_complaint_are_refused():
    first, second = filled(sheet())
    again = replace(second, line=4)
    ((line, told),) = check_sheet([first, second, again], rules(sheet())).problems
    assert (line, told) == (4, "complaint 1: it stands in line 3 already")


def test_a_label_that_was_not_asked_for_is_refused():
    made = sheet(questions=QUESTIONS[:1])
    ((_, told),) = check(made, verified_urgency="URGENT").problems
    assert told == "complaint 1: verified_urgency was not asked in this batch"


def test_rows_may_be_moved_and_left_out_and_sheets_put_together():
    other = sheet(sheet_row(3), batch="review-department-1", purpose=Purpose.REVIEW)
    rows = [filled(other)[0], filled(sheet(), verified_department=OFFICE)[1]]
    checked = check_sheet(rows, rules(sheet(), other))
    assert checked.problems == ()
    assert [found.complaint_id for found in checked.labellings] == [1]


def test_a_text_that_a_spreadsheet_took_for_a_date_or_a_number_keeps_its_key(tmp_path: Path):
    made = sheet(sheet_row(1, text="2025-06-01"), sheet_row(2, text="00123"))
    write_xlsx(made, tmp_path / "sheet.xlsx")
    book = load_workbook(tmp_path / "sheet.xlsx")
    page = book["complaints"]
    column = made.columns.index("text") + 1
    page.cell(2, column).value = datetime(2025, 6, 1)  # noqa: DTZ001
    page.cell(3, column).value = 123.0
    book.save(tmp_path / "sheet.xlsx")
    rows = [FilledRow(n, row) for n, row in enumerate(from_xlsx(tmp_path / "sheet.xlsx"), start=2)]
    assert check_sheet(rows, rules(made)).problems == ()


def test_a_file_that_is_no_workbook_is_explained(tmp_path: Path):
    (tmp_path / "sheet.xlsx").write_text("batch,complaint_id\n")
    with pytest.raises(PermanentError, match="no XLSX workbook"):
        list(read_xlsx(tmp_path / "sheet.xlsx"))
