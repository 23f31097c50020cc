"""Risk: a damaged source is read as something else, stops without its place, or is not counted."""

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.dataset.cleaning import clean_text
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.export.exclusions import (
    EMPTY,
    MALFORMED,
    OTHER_TASK,
    TOO_LONG,
    UNREADABLE,
    Exclusions,
)
from sambodhan_assets.domain.export.further_rows import FurtherSource, further_batches
from sambodhan_assets.domain.export.source_files import LONGEST_LINE, READERS

LABELS = {"urgency": ["NORMAL", "URGENT"]}
GOOD = {"text": "The road  is\nbroken <b>now</b>", "label": "URGENT", "task": "urgency"}
TWO_LINES = ["URGENT", "one\ntwo", "urgency", ""]
NO_TEXT_HERE = "secret words"


def source(form: str, *, exclude: bool) -> FurtherSource:
    return FurtherSource(
        name="more",
        file=f"more.{form}",
        text="text",
        label="label",
        task="task",
        only_task=None,
        exclude_malformed=exclude,
    )


def read(form: str, data: bytes, *, exclude: bool = False) -> tuple[list[dict], dict[str, int]]:
    exclusions, how = Exclusions(), source(form, exclude=exclude)
    batches = further_batches(
        READERS[form](io.BytesIO(data), how.columns),
        how,
        labels=LABELS,
        known_tasks=["department", "urgency"],
        exclusions=exclusions,
    )
    return [row for batch in batches for row in batch.to_pylist()], exclusions.of("more")


def jsonl(*lines: object) -> bytes:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return "".join(f"{text}\n" for text in texts).encode("utf-8", "surrogatepass")


def table(rows: list[dict]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


def sheet(*rows: list[str]) -> bytes:
    sink = io.StringIO()
    csv.writer(sink).writerows([["label", "text", "task", "other"], *rows])
    return sink.getvalue().encode("utf-8-sig")


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("jsonl", b"\xef\xbb\xbf" + jsonl(GOOD, "", GOOD)),
        (
            "csv",
            sheet(
                ["URGENT", GOOD["text"], "urgency", "x"], ["URGENT", GOOD["text"], "urgency", ""]
            ),
        ),
        ("parquet", table([GOOD, GOOD])),
    ],
    ids=["jsonl", "csv", "parquet"],
)
def test_rows_are_cleaned_as_those_of_dataset_versions_and_are_train(form: str, data: bytes):
    rows, excluded = read(form, data)
    assert excluded == {}
    assert (
        rows
        == [
            {
                "task": "urgency",
                "grievance": "The road is broken now",
                "label": "URGENT",
                "label_id": 1,
                "split": "train",
                "source": "more",
                "origin": "more",
            }
        ]
        * 2
    )


WRONG = {
    "cut off": ("jsonl", jsonl(GOOD, '{"text": "secret words'), "line 2: it is no JSON"),
    "a list": ("jsonl", jsonl([NO_TEXT_HERE]), "line 1: it is no JSON object"),
    "too deep": ("jsonl", jsonl("[" * 100_000), "line 1: it is no JSON"),
    "a field missing": ("jsonl", jsonl(GOOD, {"text": NO_TEXT_HERE}), "line 2: it has no field"),
    "half a pair": ("jsonl", jsonl(GOOD | {"text": "a \ud800"}), "line 1: its text is no valid"),
    "no UTF-8": ("jsonl", b'{"text": "\xff"}\n', "line 1: it is no UTF-8"),
    "a number": ("jsonl", jsonl(GOOD | {"text": 5}), "line 1: its text is no string"),
    "label": ("jsonl", jsonl(GOOD | {"label": NO_TEXT_HERE}), "line 1: its label is none of"),
    "task": ("jsonl", jsonl(GOOD | {"task": NO_TEXT_HERE}), "line 1: its task is none of"),
    "too long a line": ("jsonl", b"x" * (LONGEST_LINE + 9) + b"\n", "line 1: the line is longer"),
    "cells": ("csv", sheet(TWO_LINES, ["URGENT", NO_TEXT_HERE]), "line 4: it has 2 cells"),
    "an open quote": ("csv", b'text,label,task\n"secret words,a,b\n', "line 2: it is no CSV"),
    "bytes": ("csv", b"text,label,task\n\xff,URGENT,urgency\n", "line 2: its text is no valid"),
    "header": ("csv", b"text,label\nsecret words,URGENT\n", "line 1: the first line does not name"),
    "no Parquet": ("parquet", b"secret words" * 9, "row 1: the file cannot be read from here on"),
    "columns": ("parquet", table([{"text": NO_TEXT_HERE}]), "row 1: the file has no column"),
    "null label": ("parquet", table([GOOD, GOOD | {"label": None}]), "row 2: its label is none of"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_malformed_row_is_an_error_with_its_place_or_counted(case: str):
    form, data, expected = WRONG[case]
    with pytest.raises(PermanentError) as caught:
        read(form, data)
    message = str(caught.value)
    assert f"more.{form}, {expected}" in message
    assert NO_TEXT_HERE not in message
    rows, excluded = read(form, data, exclude=True)
    reason = UNREADABLE if case in ("header", "no Parquet", "columns") else MALFORMED
    assert excluded == {reason: 1}
    assert {row["grievance"] for row in rows} <= {"The road is broken now", "one two"}


def test_rows_that_say_nothing_or_belong_elsewhere_are_counted_not_refused():
    data = jsonl(
        GOOD | {"text": None},
        GOOD | {"text": " <br> "},
        GOOD | {"text": "x" * 20_001},
        GOOD | {"task": "department", "label": "whatever"},
        GOOD,
    )
    rows, excluded = read("jsonl", data)
    assert len(rows) == 1
    assert excluded == {EMPTY: 2, TOO_LONG: 1, OTHER_TASK: 1}


@given(st.lists(st.binary(max_size=40), max_size=10), st.sampled_from(sorted(READERS)))
def test_no_bytes_stop_a_source_that_excludes_what_is_malformed(lines: list[bytes], form: str):
    rows, excluded = read(form, b"\n".join(lines), exclude=True)
    assert rows == []
    assert set(excluded) <= {MALFORMED, UNREADABLE}


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=6))
def test_every_text_arrives_as_the_cleaner_leaves_it(texts: list[str]):
    given_rows = [GOOD | {"text": text} for text in texts]
    cleaned = [clean_text(text) for text in texts]
    rows, excluded = read("jsonl", jsonl(*given_rows))
    assert [row["grievance"] for row in rows] == [text for text in cleaned if text]
    assert excluded.get(EMPTY, 0) == cleaned.count("")


def test_a_damaged_page_of_a_parquet_file_is_named_by_its_row(tmp_path: Path):
    data = bytearray(table([GOOD | {"text": f"{n} {'x' * 50}"} for n in range(500)]))
    data[40:4000] = b"\xff" * 3960
    with pytest.raises(PermanentError, match="row 1: the file cannot be read from here on"):
        read("parquet", bytes(data))
