"""Risk: a bad row is loaded, dropped without a word, or reported at the wrong line."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resources.feedback.csv_rows import read_csv
from resources.feedback.files import load_complaints, load_corrections
from sambodhan_assets.domain.dataset.snapshot import MAX_MESSAGE_LENGTH
from sambodhan_assets.domain.errors import PermanentError
from tests.databases import DEPARTMENT, complaint, execute, feedback_store

OFFICE = DEPARTMENT.labels[0]
COMPLAINTS = "id,message,department,urgency\n"
CORRECTIONS = "complaint_id,correct_department,correct_urgency"


@pytest.fixture
def store(feedback_url):
    return feedback_store(feedback_url)


@pytest.fixture
def write(tmp_path):
    """Writes text or bytes to a file and returns its path."""

    def write(content: str | bytes):
        path = tmp_path / "file.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def stored(store, columns="*", table="complaints"):
    return execute(store.url, f"SELECT {columns} FROM {table} ORDER BY id")


def refusal(load, path, store) -> str:
    with pytest.raises(PermanentError) as error:
        load(path, store)
    return str(error.value)


def test_complaints_are_loaded_as_they_stand(write, store):
    path = write(
        "\ufeffid,message,department,urgency,created_at\r\n"
        f'1,"सडक, ""ठूलो""\nखाल्डो","{OFFICE}",URGENT,2025-06-01 12:00:00\r\n'
        "\r\n"
        "2,,,,\r\n"
    )
    assert load_complaints(path, store) == 2
    created = datetime(2025, 6, 1, 12, tzinfo=UTC)
    first, second = stored(store)
    assert first == (1, 'सडक, "ठूलो"\nखाल्डो', OFFICE, "URGENT", created)
    assert second[:4] == (2, "", None, None)
    assert second[4] is not None


def test_times_without_a_zone_are_read_in_the_zone_of_the_database(write, feedback_url):
    store = feedback_store(feedback_url, db_timezone="Asia/Kathmandu")
    path = write(
        "id,message,department,urgency,created_at\n1,a,,,2025-06-01T17:45\n2,b,,,2025-06-01T12:00Z\n"
    )
    load_complaints(path, store)
    noon = datetime(2025, 6, 1, 12, tzinfo=UTC)
    assert stored(store, "created_at") == [(noon,), (noon,)]


def test_an_unknown_zone_of_the_database_is_named(write, feedback_url):
    store = feedback_store(feedback_url, db_timezone="Mars/Crater")
    assert "'Mars/Crater' is no known time zone" in refusal(load_complaints, write(""), store)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b",text,,", "id is missing"),
        (b"one,text,,", "id is 'one', not a whole number"),
        (b"99999999999999999999,text,,", "not a whole number of 64 bits"),
        (b"1,text,Somewhere,", "department is 'Somewhere'; allowed: 'Municipal"),
        (b"1,text,,urgent", "urgency is 'urgent'; allowed: 'NORMAL', 'URGENT', 'HIGHLY URGENT'"),
        (b"1,a\0b,,", "message holds a NUL byte"),
        (b"1,\xff\xfe,,", "no valid UTF-8 in line 3"),
        (b'1,"two\nlines \xff",,', "no valid UTF-8 in line 4"),
        (b"1," + b"x" * (MAX_MESSAGE_LENGTH + 1) + b",,", "20,001 characters; 20,000 are allowed"),
        (b"1,text", "2 values for 4 columns"),
        (b"1,text,,,", "5 values for 4 columns"),
        (b"7,text,,", "the id 7 stands in the file before"),
        (b'1,"text"x,,', "no readable CSV"),
        (b'1,"text', "no readable CSV"),
    ],
)
def test_a_bad_complaint_is_named_by_line_and_nothing_is_loaded(write, store, row, reason):
    path = write(COMPLAINTS.encode() + b"7,good,,\n" + row + b"\n")
    told = refusal(load_complaints, path, store)
    assert "line 3: " in told
    assert reason in told
    assert "1 bad row:" in told
    assert stored(store) == []


def test_twenty_bad_rows_are_shown_and_all_are_counted(write, store):
    path = write(COMPLAINTS + "".join(f"{n},text,wrong,\n" for n in range(50)))
    told = refusal(load_complaints, path, store)
    assert "50 bad rows" in told
    assert "line 21: " in told
    assert "line 22: " not in told
    assert "and 30 more" in told


def test_a_row_with_two_faults_names_both(write, store):
    told = refusal(load_complaints, write(COMPLAINTS + "x,text,,soon\n"), store)
    assert "id is 'x'" in told
    assert "urgency is 'soon'" in told
    assert "1 bad row:" in told


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "no column department, id, message, urgency"),
        ("id,message,department", "no column urgency"),
        ("id,message,department,urgency,created", "unknown column created"),
        ("id,message,department,urgency,id", "a column comes twice"),
    ],
)
def test_an_unusable_header_is_explained(write, store, header, reason):
    told = refusal(load_complaints, write(f"{header}\n"), store)
    assert reason in told
    assert "may have created_at" in told


def test_a_missing_file_is_explained(tmp_path, store):
    assert "No such file" in refusal(load_complaints, tmp_path / "none.csv", store)


def test_corrections_are_loaded_with_their_defaults(write, store):
    store.upsert_complaints([complaint(1), complaint(2, urgency=None)])
    path = write(f"{CORRECTIONS}\n1,{DEPARTMENT.labels[3]},URGENT\n2,,NORMAL\n")
    assert load_corrections(path, store) == 2
    columns = "complaint_id, model_predicted_urgency, correct_department, correct_urgency, reviewed"
    assert stored(store, columns, "misclassified_complaints") == [
        (1, "NORMAL", DEPARTMENT.labels[3], "URGENT", True),
        (2, None, None, "NORMAL", True),
    ]
    assert store.corrections(DEPARTMENT).num_rows == 1


def test_all_columns_of_a_correction_are_taken(write, store):
    store.upsert_complaints([complaint(1)])
    optional = "id,model_predicted_department,model_predicted_urgency,reviewed,reviewed_at"
    path = write(
        f"{CORRECTIONS},{optional}\n"
        f"1,,URGENT,5,{DEPARTMENT.labels[3]},HIGHLY URGENT,yes,2025-06-01 12:00+00\n"
        "1,,URGENT,6,,,false,\n"
    )
    assert load_corrections(path, store) == 2
    assert load_corrections(path, store) == 2
    columns = "id, model_predicted_department, model_predicted_urgency, reviewed, reviewed_at"
    assert stored(store, columns, "misclassified_complaints") == [
        (5, DEPARTMENT.labels[3], "HIGHLY URGENT", True, datetime(2025, 6, 1, 12, tzinfo=UTC)),
        (6, OFFICE, "NORMAL", False, None),
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("8,,URGENT,,,", "there is no complaint 8"),
        (",,URGENT,,,", "complaint_id is missing"),
        ("1,,URGENT,5,,", "the id 5 stands in the file before"),
        ("1,,URGENT,,perhaps,", "reviewed is 'perhaps', not true or false"),
        ("1,,URGENT,,,yesterday", "reviewed_at is 'yesterday', not a time like"),
    ],
)
def test_a_bad_correction_is_named_by_line_and_nothing_is_loaded(write, store, row, reason):
    store.upsert_complaints([complaint(1)])
    path = write(f"{CORRECTIONS},id,reviewed,reviewed_at\n1,,URGENT,5,,\n{row}\n")
    told = refusal(load_corrections, path, store)
    assert f"line 3: {reason}" in told
    assert stored(store, table="misclassified_complaints") == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=8))
def test_every_text_survives_and_every_line_number_is_that_of_the_file(write, texts):
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(["text", "line"])
    for text in texts:
        writer.writerow([text, buffer.getvalue().count("\n") + 1])
    rows = list(read_csv(write(buffer.getvalue()), required={"text", "line"}, optional=set()))
    assert [row.values["text"] for row in rows] == texts
    assert [row.values["line"] for row in rows] == [str(row.line) for row in rows]
