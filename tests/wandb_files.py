"""Reads what an offline run of W&B wrote: a log in the format of LevelDB, of protobuf records.

wandb 0.31 has no reader of its own in Python any more.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wandb.proto.wandb_internal_pb2 import Record

HEADER = 7
BLOCK = 32 * 1024
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


@dataclass(frozen=True, kw_only=True)
class LoggedVersion:
    """A version as W&B knows it."""

    role: str
    kind: str
    name: str
    aliases: tuple[str, ...]
    digest: str
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class OfflineRun:
    """One segment of a run: a process writes one, and W&B joins those of one id.

    Attributes:
        folder: Its folder.
        records: Everything that was written, in order.
    """

    folder: Path
    records: tuple[Record, ...]

    def of(self, kind: str) -> list[Any]:
        return [getattr(r, kind) for r in self.records if r.WhichOneof("record_type") == kind]

    @property
    def id(self) -> str:
        return self.of("run")[0].run_id

    @property
    def project(self) -> str:
        return self.of("run")[0].project

    @property
    def config(self) -> dict[str, Any]:
        return {item.key: json.loads(item.value_json) for item in self.of("run")[0].config.update}

    @property
    def history(self) -> list[dict[str, Any]]:
        return [
            {
                (item.key or "/".join(item.nested_key)): json.loads(item.value_json)
                for item in h.item
            }
            for h in self.of("history")
        ]

    @property
    def values(self) -> dict[str, Any]:
        return {name: value for entry in self.history for name, value in entry.items()}

    @property
    def alerts(self) -> list[tuple[str, str, str]]:
        """(level, title, text) in order."""
        return [(alert.level, alert.title, alert.text) for alert in self.of("alert")]

    @property
    def versions(self) -> list["LoggedVersion"]:
        """Dataset and model versions in order; W&B also logs its tables as artifacts."""
        return [
            LoggedVersion(
                role="input" if found.use_after_commit else "output",
                kind=found.type,
                name=found.name,
                aliases=tuple(found.aliases),
                digest=found.digest,
                files=tuple(entry.local_path for entry in found.manifest.contents),
            )
            for found in self.of("artifact")
            if found.type != "run_table"
        ]

    @property
    def exit_code(self) -> int:
        return self.of("exit")[0].exit_code

    def table(self, name: str) -> dict[str, Any]:
        return json.loads((self.folder / "files" / self.values[f"{name}/path"]).read_text())


def offline_runs(folder: Path) -> list[OfflineRun]:
    """All runs under a W&B folder, oldest first."""
    files = sorted(folder.glob("wandb/*run-*/*.wandb"))
    return [OfflineRun(folder=file.parent, records=tuple(read(file))) for file in files]


def read(file: Path) -> Iterator[Record]:
    data = file.read_bytes()
    assert data[:4] == b":W&B"
    at, parts = HEADER, b""
    while at + HEADER <= len(data):
        if BLOCK - at % BLOCK < HEADER:
            at += BLOCK - at % BLOCK
            continue
        length, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        if kind not in (FULL, FIRST, MIDDLE, LAST):
            break
        parts += data[at + HEADER : at + HEADER + length]
        at += HEADER + length
        if kind in (FULL, LAST):
            record = Record()
            record.ParseFromString(parts)
            yield record
            parts = b""
