"""Risk: personal data is trained on or published, or taking it out moves a text between splits."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pytest

from sambodhan_assets.domain.dataset.balanced import BalancedDataset, build_balanced_dataset
from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.dataset.files import content_files, read_dataset, write_dataset
from sambodhan_assets.domain.dataset.leakage import find_leakage
from sambodhan_assets.domain.dataset.preparation import PreparationSettings
from sambodhan_assets.domain.dataset.text_steps import PERSONAL_DATA, recorded_steps, steps_of
from sambodhan_assets.domain.privacy.recognition import find_personal_data
from sambodhan_assets.domain.privacy.redaction import PiiPolicy
from tests.dataset_builds import FILLING, assigned, build, fate, tables_of
from tests.personal_data import VALUES, planted
from tests.snapshot_rows import (
    LABELS,
    Row,
    anchor,
    audit,
    correction,
    make_snapshot,
    unflagged,
    unlike,
)

REDACT, DROP, REPORT = PiiPolicy.REDACT, PiiPolicy.DROP, PiiPolicy.REPORT


def rows_with_phones(count: int = 60) -> list[Row]:
    """Corrections and unflagged complaints, each with a text and a phone number of its own."""
    rows = []
    for number in range(count):
        text = f"{unlike(number)} mobile 98412{number:05d}"
        rows.append(correction(number, text, LABELS[number % 3]))
        rows.append(unflagged(1000 + number, f"{unlike(500 + number)} call 98512{number:05d}",
                              sample_rank=number))  # fmt: skip
    rows.append(anchor(f"{unlike(999)} at 27.7172, 85.3240"))
    return rows


def prepare(rows: list[Row], policy: PiiPolicy, parent: BalancedDataset | None) -> BalancedDataset:
    """A version that another policy's version went before."""
    return build_balanced_dataset(
        make_snapshot(rows),
        labels=LABELS,
        settings=PreparationSettings(pii_policy=policy),
        parent_assignments=None if parent is None else parent.assignments,
        parent_lineage=None if parent is None else parent.lineage,
    )


def split_of_complaints(dataset: BalancedDataset) -> dict[int, str]:
    """Recorded split of every complaint whose text has one."""
    splits = assigned(dataset.assignments)
    return {
        row["complaint_id"]: splits[row["text_key"]]
        for row in dataset.lineage.to_pylist()
        if row["text_key"] in splits and row["complaint_id"] is not None
    }


def texts_of(dataset: BalancedDataset) -> list[str]:
    tables = [table for table in tables_of(dataset).values() if "grievance" in table.column_names]
    return [text for table in tables for text in table["grievance"].to_pylist()]


@pytest.mark.parametrize("make", [correction, audit, unflagged])
def test_corrections_audits_and_presumed_answers_go_the_same_way(make: Callable[..., Row]):
    dataset = build(make(1, f"{unlike(1)} फोन ९८४१२३४५६७", "URGENT"))
    assert f"{unlike(1)} फोन [PHONE]" in texts_of(dataset)
    assert not any("९८४१" in text for text in texts_of(dataset))


def test_no_byte_of_a_version_holds_planted_data(tmp_path: Path):
    rng = random.Random(5)
    cases = [planted(rng, kind) for kind in VALUES for _ in range(8)]
    rows = [
        correction(number, f"{case.text}\n{unlike(number)}", LABELS[number % 3])
        for number, case in enumerate(cases)
    ]
    dataset = build(*rows)
    write_dataset(dataset, LABELS, tmp_path)
    assert not any(find_personal_data(text) for text in texts_of(dataset))
    lineage = (tmp_path / "lineage.parquet").read_bytes()
    report = (tmp_path / "preparation.json").read_bytes()
    for case in cases:
        for _, value in case.spans:
            assert not any(value in text for text in texts_of(dataset))
            assert value.encode() not in lineage + report


def test_redaction_comes_before_deduplication():
    text = unlike(1)
    dataset = build(
        correction(1, f"{text} 9841234567"), correction(2, f"{text} 9851234567", "URGENT")
    )
    assert fate(dataset, 2)[0] in ("train", "eval", "test")
    assert fate(dataset, 1) == ("excluded", "duplicate of complaint 2")


def test_dropped_rows_stand_in_the_lineage_with_their_reason_and_nowhere_else():
    dataset = build(correction(1, f"{unlike(1)} 9841234567"), pii_policy=DROP)
    assert fate(dataset, 1) == ("excluded", PERSONAL_DATA)
    assert dataset.report.excluded[PERSONAL_DATA] == 1
    assert not any(unlike(1) in text for text in texts_of(dataset))
    lines = [line for line in dataset.lineage.to_pylist() if line["complaint_id"] == 1]
    assert [line["text_key"] for line in lines] == [None]


def test_reported_texts_stay_as_they_are_and_are_counted():
    text = f"{unlike(1)} 9841234567 a@example.com"
    dataset = build(correction(1, text), pii_policy=REPORT)
    assert text in texts_of(dataset)
    assert dataset.report.personal_data == {
        "policy": "report",
        "rows": 1,
        "places_by_kind": {"email": 1, "mobile": 1},
    }


def test_rows_that_are_left_out_before_are_not_looked_at():
    dataset = build(correction(1, "9841234567", None), unflagged(2, "9841234567", in_window=False))
    assert dataset.report.personal_data == {"policy": "redact", "rows": 0, "places_by_kind": {}}


def test_a_changed_policy_makes_new_content_even_where_no_text_changes(tmp_path: Path):
    contents = {}
    for policy in PiiPolicy:
        folder = tmp_path / policy
        write_dataset(build(correction(1, unlike(1)), pii_policy=policy), LABELS, folder)
        assert recorded_steps(read_dataset(folder).report.settings) == steps_of(policy)
        contents[policy] = [(folder / path).read_bytes() for path in content_files(folder)]
    assert contents[REDACT] != contents[DROP] != contents[REPORT] != contents[REDACT]
    tables = [path for path in content_files(tmp_path / REDACT) if path.endswith("parquet")]
    assert len({(tmp_path / policy / tables[0]).read_bytes() for policy in PiiPolicy}) == 1


@pytest.mark.parametrize(("before", "after"), [(REPORT, REDACT), (REDACT, REPORT)])
def test_another_policy_moves_no_text_to_another_split(before: PiiPolicy, after: PiiPolicy):
    rows = rows_with_phones()
    parent = prepare(rows, before, None)
    child = prepare(rows, after, parent)
    assert set(texts_of(parent)).isdisjoint(set(texts_of(child)))
    assert split_of_complaints(child) == split_of_complaints(parent)
    assert {name: table.num_rows for name, table in child.splits.items()} == {
        name: table.num_rows for name, table in parent.splits.items()
    }
    assert child.anchor_test.num_rows == parent.anchor_test.num_rows


def test_without_the_lineage_texts_would_move():
    rows = rows_with_phones()
    parent = prepare(rows, REPORT, None)
    child = build_balanced_dataset(
        make_snapshot(rows),
        labels=LABELS,
        settings=PreparationSettings(),
        parent_assignments=parent.assignments,
    )
    assert split_of_complaints(child) != split_of_complaints(parent)


def test_a_redactor_that_finds_other_things_moves_no_text():
    def as_before(row: Row) -> Mapping[str, object]:
        return row | {"message": str(row["message"]).replace("mobile 98412", "NUMBER")}

    rows = [row for row in rows_with_phones() if row["complaint_id"] is not None]
    parent = prepare([dict(as_before(row)) for row in rows], REPORT, None)
    child = prepare(rows, REDACT, parent)
    assert split_of_complaints(child) == split_of_complaints(parent)


def test_texts_that_become_one_stand_where_the_stronger_stood():
    text = unlike(3)
    rows = [correction(1, f"{text} 9841234567"), correction(2, f"{text} 9851234567")]
    keys = [text_key(str(row["message"])) for row in rows]
    assignments = pa.table(
        {"text_key": keys, "group_key": keys, "split": ["train", "test"]},
    )
    lineage = pa.table({"complaint_id": [1, 2], "text_key": keys})
    dataset = build_balanced_dataset(
        make_snapshot([*rows, *FILLING]),
        labels=LABELS,
        settings=PreparationSettings(),
        parent_assignments=assignments,
        parent_lineage=lineage,
    )
    assert fate(dataset, 2)[0] == "test"
    assert fate(dataset, 1)[0] == "excluded"


def test_digests_of_texts_with_phone_numbers_do_not_live_on():
    rows = rows_with_phones()
    parent = prepare(rows, REPORT, None)
    child = prepare(rows, REDACT, parent)
    raw = {text_key(str(row["message"])) for row in rows}
    kept = set(child.assignments["text_key"].to_pylist()) | set(
        child.assignments["group_key"].to_pylist()
    )
    assert kept.isdisjoint(raw)


@pytest.mark.parametrize("policy", PiiPolicy)
def test_no_split_shares_a_text_or_a_near_duplicate_after_a_changed_policy(policy: PiiPolicy):
    rows = rows_with_phones()
    found = find_leakage(prepare(rows, policy, prepare(rows, REPORT, None)))
    assert (found.same_texts, found.near_duplicates, found.misplaced_texts) == (0, 0, 0)


def test_with_its_own_steps_as_the_parent_nothing_changes():
    rows = rows_with_phones()
    first = prepare(rows, REDACT, None)
    again = prepare(rows, REDACT, first)
    for name, table in tables_of(first).items():
        assert tables_of(again)[name].equals(table), name


def test_a_version_from_before_the_step_names_the_cleaner_alone():
    assert recorded_steps({"cleaner_version": "1", "seed": 42}) == {"cleaner_version": "1"}
    assert recorded_steps({"cleaner_version": "1"}) != steps_of(REPORT)
