"""A decision record as a folder: the record, its page, its picture, and the complaints' texts."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.gate.decision_record import DecisionRecord, record_from_json
from sambodhan_assets.domain.gate.figures import confusion_figure
from sambodhan_assets.domain.gate.report import summary_markdown

RECORD_FILE = "decision.json"
REPORT_FILE = "report.md"
FIGURE_FILE = "confusion.png"
EXAMPLES_FILE = "examples.parquet"


def write_record(record: DecisionRecord, folder: Path, examples: pa.Table | None) -> None:
    """Write a record and what people read of it.

    Args:
        record: The decision.
        folder: Is made if it does not exist.
        examples: The fixed and broken complaints with their texts. They stand in this file only,
            so that whoever may not see texts can be given the rest.

    Raises:
        PermanentError: A number in the record is not finite.
    """
    content = record.to_json()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / REPORT_FILE).write_text(summary_markdown(record), encoding="utf-8")
    if (picture := confusion_figure(record)) is not None:
        (folder / FIGURE_FILE).write_bytes(picture)
    if examples is not None:
        pq.write_table(examples, folder / EXAMPLES_FILE)
    # Last: a folder with a record is complete.
    (folder / RECORD_FILE).write_text(content, encoding="utf-8")


def read_record(folder: Path) -> DecisionRecord:
    """Read the record of a folder.

    Raises:
        PermanentError: The folder holds no record, or the file is none.
    """
    path = folder / RECORD_FILE
    if not path.is_file():
        raise PermanentError(
            tried=f"Reading the decision record in {folder}",
            found=f"there is no {RECORD_FILE}.",
            todo="Run the evaluation again; it writes the record last.",
        )
    return record_from_json(path.read_text(encoding="utf-8"))
