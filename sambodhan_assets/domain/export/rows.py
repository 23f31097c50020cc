"""The rows of an export: one per task and text, in the order of their ids."""

import hashlib
from collections.abc import Iterable

import pyarrow as pa

# All passes go by batches of at most so many rows; nothing holds all texts at once.
BATCH_ROWS = 10_000
ID_LENGTH = 32

EXPORT_SCHEMA = pa.schema(
    [
        # Digest of task and text key of the published text: the same for the same text for ever.
        # Of the published text, because the digest of a phone number tells the phone number.
        pa.field("id", pa.string(), nullable=False),
        pa.field("task", pa.string(), nullable=False),
        pa.field("grievance", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("label_id", pa.int64(), nullable=False),
        # train, eval or test, as in the dataset version; rows of further sources are train.
        pa.field("split", pa.string(), nullable=False),
        # correction, audit, unflagged, anchor, or the name of a further source.
        pa.field("source", pa.string(), nullable=False),
        # NAME@TAG of the dataset version, or the name of the further source.
        pa.field("origin", pa.string(), nullable=False),
    ]
)

# Before the id is known: it belongs to the text as it is published.
RAW_SCHEMA = pa.schema([field for field in EXPORT_SCHEMA if field.name != "id"])


def row_ids(tasks: Iterable[str], text_keys: Iterable[str]) -> list[str]:
    """The ids of rows: 32 hexadecimal digits each."""
    # No task has a line break in its name, so no two pairs give the same text.
    pairs = (f"{task}\n{key}".encode() for task, key in zip(tasks, text_keys, strict=True))
    return [hashlib.sha256(pair).hexdigest()[:ID_LENGTH] for pair in pairs]
