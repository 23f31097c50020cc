"""The files of a dataset version that are written for readers: card and metadata."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sambodhan_assets.domain.card_text import CARD_FILE, card_text, inline, markdown_table
from sambodhan_assets.domain.dataset.snapshot import ANCHOR, AUDIT, CORRECTION, UNFLAGGED

METADATA_FILE = "dataset_metadata.json"
_SOURCES = {
    CORRECTION: "complaints whose label an official corrected",
    AUDIT: "complaints that an official labelled on request",
    UNFLAGGED: "complaints to whose answer nobody objected, with that answer",
    ANCHOR: "the anchor corpus, a file beside the database",
}
_POLICIES = {
    "redact": "Placeholders such as `[PHONE]` stand in their place.",
    "drop": "Rows that hold any are left out.",
    "report": "They were left as they are: treat the rows as personal data.",
}
_TAGS = ["complaints", "grievances", "nepal", "sambodhan"]


@dataclass(frozen=True, kw_only=True)
class DatasetDescription:
    """What a dataset version says about itself.

    Attributes:
        name: Repository name.
        version_tag: Its tag.
        label_column: Column of the source table.
        created_at: ISO 8601 time in UTC.
        split_rows: Rows per split.
        label_rows: Rows per label over all splits, in label order.
        replay_rows: Rows of the replay.
        row_count: Rows after cleaning and deduplication.
        source_rows: Rows per source after cleaning and deduplication.
        newest_correction: ISO 8601 time of the newest review; None if nothing was reviewed.
        excluded: Rows left out, by reason.
        license: The Hub's identifier; None names none.
        on_hub: Whether it is read by its name; else it is a folder.
        personal_data: Policy, rows with personal data and places by kind; None if nobody looked.
    """

    name: str
    version_tag: str
    label_column: str
    created_at: str
    split_rows: Mapping[str, int]
    label_rows: Mapping[str, int]
    replay_rows: int
    row_count: int
    source_rows: Mapping[str, int]
    newest_correction: str | None
    excluded: Mapping[str, int]
    license: str | None = None
    on_hub: bool = True
    personal_data: Mapping[str, Any] | None = None


def write_description(description: DatasetDescription, folder: Path) -> None:
    """Writes dataset_metadata.json and README.md into the folder of a version."""
    metadata = {
        "dataset_name": description.name,
        "version_tag": description.version_tag,
        "label_column": description.label_column,
        "created_at": description.created_at,
        "num_samples": description.row_count,
        "splits": dict(description.split_rows),
        "description": f"Versioned dataset for {description.label_column} classification.",
    }
    text = json.dumps(metadata, indent=2, ensure_ascii=False)
    (folder / METADATA_FILE).write_text(text + "\n", encoding="utf-8")
    card = card_text(_header(description), _body(description))
    (folder / CARD_FILE).write_text(card, encoding="utf-8")


def _header(description: DatasetDescription) -> dict[str, Any]:
    licence = {} if description.license is None else {"license": description.license}
    return {
        "pretty_name": f"Complaints by {description.label_column}",
        "language": ["ne", "en"],
        **licence,
        "task_categories": ["text-classification"],
        "task_ids": ["multi-class-classification"],
        "size_categories": [_size_category(sum(description.split_rows.values()))],
        "tags": _TAGS,
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": split, "path": f"data/{split}-*.parquet"}
                    for split in description.split_rows
                ],
            }
        ],
        "dataset_info": _dataset_info(description),
    }


def _dataset_info(description: DatasetDescription) -> dict[str, Any]:
    """Types and row counts; by them `datasets` reads labels by name and misses a missing file."""
    names = {str(place): label for place, label in enumerate(description.label_rows)}
    return {
        "features": [
            {"name": "grievance", "dtype": "string"},
            {"name": "label", "dtype": {"class_label": {"names": names}}},
        ],
        "splits": [
            {"name": split, "num_examples": rows} for split, rows in description.split_rows.items()
        ],
    }


def _body(description: DatasetDescription) -> str:
    labels = enumerate(description.label_rows.items())
    newest = description.newest_correction or "none; nothing was reviewed"
    return "\n\n".join(
        [
            f"# {inline(description.name)}",
            f"Version `{description.version_tag}`, prepared {description.created_at}.",
            f"Citizens' grievances with their {inline(description.label_column)}, in Nepali and "
            "English. Labels that officials corrected stand for the corrected ones. "
            "Near-duplicates of a text are never in two splits.",
            _loading(description),
            "## Splits",
            markdown_table(["split", "rows"], description.split_rows.items()),
            f"Beside the splits: {description.replay_rows} rows to train on (`replay/`), the rows "
            "on which models are compared (`window/`), and where each row came from and went "
            "(`lineage.parquet`).",
            "## Labels",
            markdown_table(
                ["id", "name", "rows"], [[place, name, rows] for place, (name, rows) in labels]
            ),
            "## Source",
            _source_table(description),
            f"Newest correction: {newest}. {_anchor_sentence(description)}",
            "## Personal data",
            *_personal_data(description.personal_data),
            "## Left out",
            markdown_table(["reason", "rows"], description.excluded.items() or [["none", 0]]),
        ]
    )


def _loading(description: DatasetDescription) -> str:
    named = f"{json.dumps(description.name)}, revision={json.dumps(description.version_tag)}"
    source = named if description.on_hub else '"path/of/this/folder"'
    lines = ["```python", "from datasets import load_dataset", "", f"rows = load_dataset({source})"]
    return "\n".join([*lines, "```"])


def _source_table(description: DatasetDescription) -> str:
    rows = description.source_rows.items()
    return markdown_table(
        ["source", "rows after cleaning and deduplication"],
        [[_SOURCES.get(source, source), count] for source, count in rows],
    )


def _personal_data(found: Mapping[str, Any] | None) -> list[str]:
    if found is None:
        return ["Nobody looked for personal data: treat the rows as such."]
    return [
        "E-mail addresses, phone numbers, numbers of citizenship certificates, permanent accounts, "
        "passports, bank accounts and cards, links with tokens and positions were looked for in "
        f"every row, and found in {found['rows']}. {_POLICIES[found['policy']]} Names of people "
        "are outside of what can be found and remain in the texts.",
        markdown_table(
            ["kind", "places in the rows that were read"],
            found["places_by_kind"].items() or [["none", 0]],
        ),
    ]


def _anchor_sentence(description: DatasetDescription) -> str:
    rows = description.source_rows.get(ANCHOR, 0)
    if not rows:
        return "No anchor corpus is in it."
    return f"{rows} rows come from an anchor corpus, which every version repeats."


def _size_category(rows: int) -> str:
    """The Hub's name for the size of a dataset."""
    bounds = [(1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K")]
    bounds += [(1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M")]
    return next((name for bound, name in bounds if rows < bound), "10M<n<100M")
