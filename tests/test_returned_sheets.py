"""Risk: a sheet that comes back gives a label to another row, or one that nobody gave.

Sheets go through spreadsheets and many hands before they come back.
"""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.labelling.purposes import Purpose
from sambodhan_assets.domain.labelling.sheet import Sheet
from sambodhan_assets.domain.labelling.sheet_reading import CheckedSheet, check_sheet
from sambodhan_assets.domain.labelling.sheet_xlsx import read_xlsx, write_xlsx
from tests.filled_sheets import OFFICE, FilledRow, from_xlsx, rules
from tests.sheets import QUESTIONS, sheet, sheet_row


def filled(made: Sheet, **changes: str) -> list[FilledRow]:
    """The rows of a sheet; the changes apply to the second one, which stands in line 3."""
    rows = []
    for line, row in enumerate(made.rows, start=2):
        values = {name: "" if v is None else str(v) for name, v in made.values(row).items()}
        rows.append(FilledRow(line, values | (changes if line == 3 else {})))
    return rows


def check(made: Sheet, **changes: str) -> CheckedSheet:
    return check_sheet(filled(made, **changes), rules(made))


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
