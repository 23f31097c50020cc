"""Proves that an export is whole: every byte, the lock, the rows and their schema."""

import csv
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.export.checksums import CHECKSUMS_NAME, digest_of, parse_checksums
from sambodhan_assets.domain.export.config_lock import LOCK_NAME
from sambodhan_assets.domain.export.files import data_name
from sambodhan_assets.domain.export.manifest import (
    ExportManifest,
    content_hash,
    digest_of_json,
    manifest_name,
)
from sambodhan_assets.domain.export.rows import EXPORT_SCHEMA
from sambodhan_assets.domain.export.writers import jsonl_bytes

_READ_BUFFER = 1 << 20
# Each becomes a Python object before it is a line: 10,000 of them are 60 MB.
_ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, kw_only=True)
class VerifiedExport:
    """An export in which nothing is wrong.

    Attributes:
        manifest: Its manifest.
        files: How many files were compared.
        rows: Rows of each data file.
    """

    manifest: ExportManifest
    files: int
    rows: dict[str, int]


def verify_export(folder: Path) -> VerifiedExport:
    """Verifies an export in a folder.

    Raises:
        PermanentError: A file is missing, superfluous or changed, or does not hold what the
            manifest says; the error names the file.
    """
    manifest = read_manifest(folder)
    _verify_bytes(folder, manifest)
    _verify_lock(folder, manifest)
    rows = _verify_rows(folder, manifest)
    return VerifiedExport(manifest=manifest, files=len(manifest.files) + 2, rows=rows)


def read_manifest(folder: Path) -> ExportManifest:
    """The manifest of a folder, which must hold exactly one."""
    found = sorted(folder.glob("manifest_v*.json"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise _wrong(folder, f"one manifest_v*.json is expected, there is {names}")
    try:
        text = found[0].read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _wrong(folder, f"{found[0].name} is no UTF-8") from error
    manifest = ExportManifest.from_json(text, origin=str(found[0]))
    if found[0].name != manifest_name(manifest.version):
        raise _wrong(folder, f"{found[0].name} describes the version {manifest.version}")
    return manifest


def _verify_bytes(folder: Path, manifest: ExportManifest) -> None:
    name = manifest_name(manifest.version)
    found = {path.name for path in folder.iterdir()}
    expected = {*manifest.files, name, CHECKSUMS_NAME}
    problems = [f"{missing} is missing" for missing in expected - found]
    problems += [f"{other} does not belong to the export" for other in found - expected]
    files = {known for known in expected & found if (folder / known).is_file()}
    problems += [f"{other} is no file" for other in (expected & found) - files]
    digests = {known: digest_of(folder / known) for known in files}
    if CHECKSUMS_NAME in files and name in files:
        problems += _changed(digests, _listed(folder), manifest)
    if problems:
        raise _wrong(folder, "; ".join(sorted(problems)))


def _changed(
    digests: Mapping[str, str], listed: Mapping[str, str], manifest: ExportManifest
) -> list[str]:
    """Names what has changed: of a file, the manifest and the checksums two agree as a rule."""
    name = manifest_name(manifest.version)
    changed: set[str] = set()
    for file, entry in manifest.files.items():
        if file in digests and not digests[file] == entry.sha256 == listed.get(file):
            agreed = {entry.sha256: CHECKSUMS_NAME, listed.get(file): name}
            changed.add(agreed.get(digests[file], file))
    if set(listed) != {*manifest.files, name}:
        changed.add(CHECKSUMS_NAME)
    problems = [f"{file} has changed" for file in changed]
    if not changed and listed[name] != digests[name]:
        problems.append(f"{name} or its line in {CHECKSUMS_NAME} has changed")
    return problems


def _listed(folder: Path) -> dict[str, str]:
    return parse_checksums((folder / CHECKSUMS_NAME).read_bytes().decode("utf-8", "replace"))


def _verify_lock(folder: Path, manifest: ExportManifest) -> None:
    lock = json.loads((folder / LOCK_NAME).read_text(encoding="utf-8"))
    if digest_of(folder / LOCK_NAME) != manifest.config_lock_sha256:
        raise _wrong(folder, f"{LOCK_NAME} is not the one that the manifest was made with")
    if digest_of_json(lock["settings"]) != lock["settings_hash"]:
        raise _wrong(folder, f"the settings in {LOCK_NAME} do not give their hash")
    locked = {f"{d['name']}@{d['tag']}": d["content_hash"] for d in lock["datasets"]}
    locked |= {source["name"]: source["sha256"] for source in lock["sources"]}
    if locked != {origin.name: origin.content_hash for origin in manifest.origins}:
        raise _wrong(folder, f"{LOCK_NAME} names other inputs than the manifest")


def _verify_rows(folder: Path, manifest: ExportManifest) -> dict[str, int]:
    counted: dict[str, int] = {}
    digests: set[str] = set()
    for form, read in _READERS.items():
        name = data_name(manifest.version, form)
        if name in manifest.files:
            try:
                counted[name], digest = read(folder / name)
            except (ValueError, KeyError, TypeError, csv.Error) as error:
                raise _wrong(folder, f"{name} has another schema ({error})") from error
            digests |= {digest} - {""}
    for name, rows in counted.items():
        if rows != manifest.rows:
            raise _wrong(folder, f"{name} has {rows} rows, the manifest says {manifest.rows}")
    forms = [form for form in _READERS if data_name(manifest.version, form) in counted]
    if any(content_hash(digest, forms) != manifest.content_hash for digest in digests):
        raise _wrong(folder, f"{', '.join(counted)} do not hold the rows that the manifest names")
    return counted


def _read_jsonl(path: Path) -> tuple[int, str]:
    rows, digest = 0, hashlib.sha256()
    with path.open("rb") as file:
        for rows, line in enumerate(file, 1):
            _check_types(json.loads(line), f"line {rows}")
            digest.update(line)
    return rows, digest.hexdigest()


def _read_parquet(path: Path) -> tuple[int, str]:
    digest = hashlib.sha256()
    with pq.ParquetFile(path, buffer_size=_READ_BUFFER) as file:
        if file.schema_arrow.names != EXPORT_SCHEMA.names:
            raise ValueError(f"its columns are {file.schema_arrow.names}")
        for batch in file.iter_batches(_ROWS_AT_ONCE, use_threads=False):
            # Casting refuses nulls and other types.
            columns = [batch.column(field.name).cast(field.type) for field in EXPORT_SCHEMA]
            digest.update(jsonl_bytes(pa.record_batch(columns, schema=EXPORT_SCHEMA)))
        return file.metadata.num_rows, digest.hexdigest()


def _read_csv(path: Path) -> tuple[int, str]:
    rows = 0
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        if next(reader, None) != EXPORT_SCHEMA.names:
            raise ValueError("its first line does not name the columns")
        for rows, cells in enumerate(reader, 1):
            if len(cells) != len(EXPORT_SCHEMA.names):
                raise ValueError(f"row {rows} has {len(cells)} cells")
            int(cells[EXPORT_SCHEMA.names.index("label_id")])
    # Its texts are not those of the other formats: formulas are neutralised.
    return rows, ""


_READERS: dict[str, Callable[[Path], tuple[int, str]]] = {
    "jsonl": _read_jsonl,
    "parquet": _read_parquet,
    "csv": _read_csv,
}


def _check_types(row: dict[str, Any], place: str) -> None:
    if list(row) != EXPORT_SCHEMA.names:
        raise ValueError(f"{place} has the fields {list(row)}")
    for field in EXPORT_SCHEMA:
        if type(row[field.name]) is not (int if pa.types.is_integer(field.type) else str):
            raise ValueError(f"{field.name} in {place} is no {field.type}")


def _wrong(folder: Path, found: str) -> PermanentError:
    return PermanentError(
        tried=f"Verifying the export in {folder}",
        found=f"{found}.",
        todo="Do not use it: fetch the version again, or export under another version.",
    )
