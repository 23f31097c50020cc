"""The files of a dataset version that are written for readers: card and metadata."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

METADATA_FILE = "dataset_metadata.json"
CARD_FILE = "README.md"


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
        excluded: Rows left out, by reason.
    """

    name: str
    version_tag: str
    label_column: str
    created_at: str
    split_rows: Mapping[str, int]
    label_rows: Mapping[str, int]
    replay_rows: int
    row_count: int
    excluded: Mapping[str, int]


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
    (folder / CARD_FILE).write_text(_card(description), encoding="utf-8")


def _card(description: DatasetDescription) -> str:
    splits = [
        f"  - split: {name}\n    path: data/{name}-*.parquet" for name in description.split_rows
    ]
    header = ["---", "language:", "- ne", "- en", "task_categories:", "- text-classification"]
    header += ["size_categories:", f"- {_size_category(sum(description.split_rows.values()))}"]
    header += ["configs:", "- config_name: default", "  data_files:", *splits]
    header += [*_dataset_info(description), "---"]
    return "\n".join(
        [
            *header,
            "",
            f"# {description.name} {description.version_tag}",
            "",
            f"Citizens' grievances with their {description.label_column}, corrected by officials.",
            "Near-duplicates of a text are never in two splits.",
            "",
            _table("split", description.split_rows),
            "",
            _table("label", description.label_rows),
            "",
            f"The replay holds {description.replay_rows} further rows to train on.",
            "",
            _table("left out", description.excluded),
            "",
        ]
    )


def _dataset_info(description: DatasetDescription) -> list[str]:
    """Types and row counts; by them `datasets` reads labels by name and misses a missing file."""
    # JSON strings are YAML strings, whatever a label is called.
    names = [
        f"        '{i}': {json.dumps(name, ensure_ascii=False)}"
        for i, name in enumerate(description.label_rows)
    ]
    splits = [
        f"  - name: {name}\n    num_examples: {rows}"
        for name, rows in description.split_rows.items()
    ]
    features = ["  features:", "  - name: grievance", "    dtype: string", "  - name: label"]
    features += ["    dtype:", "      class_label:", "        names:"]
    return ["dataset_info:", *features, *(f"  {line}" for line in names), "  splits:", *splits]


def _size_category(rows: int) -> str:
    """The Hub's name for the size of a dataset."""
    bounds = [(1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K")]
    bounds += [(1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M")]
    return next((name for bound, name in bounds if rows < bound), "10M<n<100M")


def _table(heading: str, counts: Mapping[str, int]) -> str:
    rows = [f"| {name} | {count} |" for name, count in counts.items()] or ["| none | 0 |"]
    return "\n".join([f"| {heading} | rows |", "|---|---|", *rows])
