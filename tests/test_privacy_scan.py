"""Risk: an export tells that it holds no personal data without having looked, or hides what it did.

The published system reported "0 found" and had computed nothing.
"""

from collections import Counter

import pyarrow as pa
import pytest

from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.export.rows import EXPORT_SCHEMA, row_ids
from sambodhan_assets.domain.privacy.export_policy import apply_policy
from sambodhan_assets.domain.privacy.redaction import PiiPolicy
from sambodhan_assets.domain.privacy.scan import PersonalDataScan
from sambodhan_assets.domain.qa.metric import Measure, Section

PLAIN = "धारामा पानी छैन, वडा ५"
PHONE = "फोन ९८४१२३४५६७ मा सम्पर्क"
BOTH = "mail sita@example.com, mobile 9841234567 or 9851234567"


def batch(*texts: str, with_ids: bool = True) -> pa.RecordBatch:
    rows = [
        {
            "id": f"row {place}",
            "task": "department",
            "grievance": text,
            "label": "roads",
            "label_id": 1,
            "split": "train",
            "source": "correction",
            "origin": f"file {place % 2}",
        }
        for place, text in enumerate(texts)
    ]
    whole = pa.RecordBatch.from_pylist(rows, schema=EXPORT_SCHEMA)
    return whole if with_ids else whole.drop_columns(["id"])


def value(section: Section, name: str) -> float | None:
    return next(metric.value for metric in section.metrics if metric.name == name)


def test_redacting_replaces_texts_and_nothing_else():
    rows = batch(PLAIN, PHONE, BOTH)
    published, counts = apply_policy(rows, PiiPolicy.REDACT)
    assert published["grievance"].to_pylist() == [
        PLAIN,
        "फोन [PHONE] मा सम्पर्क",
        "mail [EMAIL], mobile [PHONE] or [PHONE]",
    ]
    assert published.drop_columns(["grievance"]).equals(rows.drop_columns(["grievance"]))
    assert counts.by_kind == {"mobile": 3, "email": 1}
    assert (counts.rows, counts.rows_with_any, counts.dropped) == (3, 2, 0)


def test_found_rows_are_named_by_the_id_of_the_published_text():
    _, counts = apply_policy(batch(PHONE, with_ids=False), PiiPolicy.REDACT)
    expected = row_ids(["department"], [text_key("फोन [PHONE] मा सम्पर्क")])
    assert [row.id for row in counts.found] == expected


def test_dropping_leaves_out_rows_and_counts_them_by_origin():
    published, counts = apply_policy(batch(PLAIN, PHONE, BOTH, PLAIN + "।"), PiiPolicy.DROP)
    assert published["grievance"].to_pylist() == [PLAIN, PLAIN + "।"]
    assert counts.dropped_by_origin == {"file 1": 1, "file 0": 1}


def test_reporting_changes_nothing_and_counts_all():
    rows = batch(PLAIN, PHONE)
    published, counts = apply_policy(rows, PiiPolicy.REPORT)
    assert published.equals(rows)
    assert (counts.by_kind, counts.dropped) == (Counter(mobile=1), 0)


@pytest.mark.parametrize("policy", PiiPolicy)
def test_an_empty_batch_stays_empty(policy: PiiPolicy):
    published, counts = apply_policy(batch(), policy)
    assert (published.num_rows, counts.rows, counts.by_kind) == (0, 0, Counter())


@pytest.mark.parametrize("policy", [PiiPolicy.REDACT, PiiPolicy.DROP])
def test_what_is_published_is_scanned_again_and_holds_nothing(policy: PiiPolicy):
    scan = PersonalDataScan()
    for rows in (batch(PLAIN, PHONE), batch(BOTH)):
        published, counts = apply_policy(rows, policy)
        scan.note(counts)
        scan.add(published)
    section = scan.result()
    assert value(section, "personal_data_count") == 0
    assert value(section, "personal_data_share") == 0
    assert value(section, "source_personal_data_count") == 4
    assert value(section, "source_personal_data_rows") == 2
    dropped = 2 if policy is PiiPolicy.DROP else 0
    assert value(section, "personal_data_rows_dropped") == dropped
    assert section.tables["personal data read, by kind"]["mobile"] == 3
    assert len(section.listed) == 2
    assert not any("98" in row.detail for row in section.listed)


def test_what_slips_through_is_found_listed_and_counted_by_kind():
    scan: Measure = PersonalDataScan()
    scan.add(batch(PLAIN, PHONE, BOTH))
    section = scan.result()
    assert value(section, "personal_data_rows") == 2
    assert value(section, "personal_data_share") == pytest.approx(2 / 3)
    assert value(section, "personal_data_mobile") == 3
    assert [(row.id, row.detail) for row in section.listed] == [
        ("row 1", "mobile 1"),
        ("row 2", "email 1, mobile 2"),
    ]


def test_what_was_not_scanned_is_not_measured_and_never_zero():
    section = PersonalDataScan().result()
    assert all(metric.value is None and metric.reason for metric in section.metrics)
    assert set(section.tables["personal data published, by kind"].values()) == {None}


def test_the_list_is_bounded_and_the_metric_tells_the_total():
    scan = PersonalDataScan(listed_at_most=5)
    for _ in range(3):
        scan.add(batch(*[PHONE] * 4))
    section = scan.result()
    assert (len(section.listed), value(section, "personal_data_rows")) == (5, 12)


def test_every_metric_has_its_own_name():
    names = [metric.name for metric in PersonalDataScan().result().metrics]
    assert len(names) == len(set(names))
