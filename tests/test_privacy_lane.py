"""Risk: personal data reaches a version, a model or a served answer by a way nobody thought of."""

import csv
import re

import pyarrow.parquet as pq
import pytest

from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.dataset.cleaning import clean_text
from sambodhan_assets.domain.dataset.files import read_dataset
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.redacting import RedactingClassifier
from sambodhan_assets.domain.privacy.redaction import REDACTOR_VERSION
from sambodhan_assets.serving.served_model import load_served_model
from tests.citizens import live_second_round
from tests.databases import execute
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, World

STEPS = {"cleaner_version": "1", "pii_policy": "redact", "redactor_version": REDACTOR_VERSION}
PHONE = re.compile(r"98412\d{5}")
# A third of the complaints, corrected ones among them; each has a number of its own.
ADD_PHONES = (
    "UPDATE complaints SET message = message || ' फोन 98412' || lpad(id::text, 5, '0')"
    " WHERE id % 3 = 0 RETURNING id"
)


def newest_dataset(world: World) -> BalancedDataset:
    version = world.registry.newest(world.lanes.dataset_repository(DEPARTMENT))
    assert version is not None
    with world.registry.fetched(version) as folder:
        return read_dataset(folder)


def splits_by_complaint(dataset: BalancedDataset) -> dict[int, str]:
    rows = dataset.assignments.to_pylist()
    split = {row["text_key"]: row["split"] for row in rows}
    lines = dataset.lineage.to_pylist()
    return {
        row["complaint_id"]: split[row["text_key"]] for row in lines if row["text_key"] in split
    }


def published_words(world: World) -> str:
    """All that the registry holds; Parquet as text."""
    found: list[str] = []
    for file in (world.home / "registry").rglob("*"):
        if file.suffix == ".parquet":
            found.append(str(pq.ParquetFile(file).read().to_pylist()))
        elif file.is_file():
            found.append(file.read_bytes().decode("utf-8", errors="replace"))
    return "\n".join(found)


def test_nothing_that_is_published_holds_a_number_that_citizens_wrote(first_round: World):
    changed = len(execute(first_round.url, ADD_PHONES))
    outcome = run(first_round)
    assert outcome.success
    words = published_words(first_round)
    assert "[PHONE]" in words
    assert PHONE.search(words) is None
    assert PHONE.search(outcome.events) is None
    report = newest_dataset(first_round).report
    assert report.personal_data is not None
    assert 0 < report.personal_data["rows"] <= changed
    assert report.personal_data["places_by_kind"] == {"mobile": report.personal_data["rows"]}


def test_the_deployed_model_records_its_steps_and_is_served_with_them(
    first_round: World, monkeypatch: pytest.MonkeyPatch
):
    execute(first_round.url, ADD_PHONES)
    run(first_round)
    served = load_served_model(DEPARTMENT, first_round.lanes, first_round.registry)
    record = served.model.record
    assert {name: record.extra[name] for name in STEPS} == STEPS
    raw = clean_text("धारामा पानी छैन फोन 9841299999")
    assert served.answer(raw) == served.answer("धारामा पानी छैन फोन [PHONE]")
    monkeypatch.setattr("sambodhan_assets.serving.served_model.REDACTOR_VERSION", "2")
    with pytest.raises(PermanentError, match="redactor 1, this program has 2"):
        load_served_model(DEPARTMENT, first_round.lanes, first_round.registry)


def test_another_policy_publishes_anew_and_moves_no_complaint_to_another_split(first_round: World):
    execute(first_round.url, ADD_PHONES)
    before = first_round.but(PII_POLICY="report")
    run(before, "prepare_department")
    old = splits_by_complaint(newest_dataset(before))
    assert PHONE.search(published_words(before))
    outcome = run(first_round, "prepare_department")
    assert outcome.success
    assert len(first_round.dataset_tags()) == 2
    new = newest_dataset(first_round)
    assert splits_by_complaint(new) == old
    assert PHONE.search(str(new.splits["train"].to_pylist())) is None


def test_dropped_complaints_stand_in_the_lineage_with_the_reason(first_round: World):
    changed = {row[0] for row in execute(first_round.url, ADD_PHONES)}
    run(first_round.but(PII_POLICY="drop", MIN_DATASET_LEN="10"), "prepare_department")
    lines = newest_dataset(first_round).lineage.to_pylist()
    dropped = {row["complaint_id"] for row in lines if row["reason"] == "holds personal data"}
    assert dropped
    assert dropped == {row["complaint_id"] for row in lines} & changed


def test_a_model_from_before_the_step_is_compared_and_served_without_it(
    first_round: World, monkeypatch: pytest.MonkeyPatch
):
    execute(first_round.url, ADD_PHONES)
    with monkeypatch.context() as earlier:
        only_cleaner = {"cleaner_version": "1"}
        earlier.setattr(
            "sambodhan_assets.assets.trained_model.recorded_steps", lambda settings: only_cleaner
        )
        assert run(first_round).success
    served = load_served_model(DEPARTMENT, first_round.lanes, first_round.registry)
    assert "pii_policy" not in served.model.record.extra
    assert not isinstance(served.model, RedactingClassifier)
    live_second_round(first_round, share=1.0)
    outcome = run(first_round)
    assert outcome.success
    assert "F1_GATE" in outcome.checks


def test_sheets_show_what_citizens_wrote(deployed: World):
    live_second_round(deployed, share=0.2)
    execute(deployed.url, ADD_PHONES)
    assert run(deployed).amber("F1_GATE")
    (sheet,) = (deployed.home / "sheets").rglob("disagreement-*.csv")
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        texts = {int(row["complaint_id"]): row["text"] for row in csv.DictReader(file)}
    with_phone = [number for number in texts if number % 3 == 0]
    assert with_phone
    assert all(PHONE.search(texts[number]) for number in with_phone)
    assert not any("[PHONE]" in text for text in texts.values())


@pytest.mark.parametrize("policy", ["hide", "none"])
def test_an_unknown_policy_is_refused_when_settings_are_read(first_round: World, policy: str):
    with pytest.raises(Exception, match="PII_POLICY"):
        _ = first_round.but(PII_POLICY=policy).settings
