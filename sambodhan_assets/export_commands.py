"""The commands `sambodhan export ...`: look at exports, fetch them, prove them whole."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from resources.exports.chosen import open_export_store, open_store_at
from resources.profiles import load_settings
from resources.scratch import scratch_folder
from sambodhan_assets.console import examples, out, print_lines
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.export.verify import VerifiedExport, verify_export
from sambodhan_assets.domain.export.versioning import parse_version

export_app = typer.Typer(no_args_is_help=True, help="Looks after dataset exports.")

Place = Annotated[str, typer.Argument(help="Folder, or s3:// or gs:// address, of one version.")]
Version = Annotated[str, typer.Argument(help="Version such as 1.0.0 or test.")]


@export_app.command(
    epilog=examples(
        "export verify .sambodhan/exports/v0.1.0", "export verify s3://bucket/exports/v0.1.0"
    )
)
def verify(place: Place) -> None:
    """Proves that an export is whole: every byte, the lock, the rows and their schema.

    Exit code 1 with the file's name if a byte differs.
    """
    with _local(place) as folder:
        _say_verified(verify_export(folder), place)


@export_app.command(epilog=examples("export fetch 0.1.0 data"))
def fetch(
    version: Version,
    folder: Annotated[Path, typer.Argument(help="Folder that does not exist yet, or is empty.")],
) -> None:
    """Downloads a version and verifies it."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PermanentError(
            tried=f"Fetching an export into {folder}",
            found="it exists and is not an empty folder.",
            todo="Name another folder; nothing was fetched.",
        )
    store = open_export_store(load_settings())
    folder.mkdir(parents=True, exist_ok=True)
    store.fetch(parse_version(version), folder)
    _say_verified(verify_export(folder), str(folder))


@export_app.command("list", epilog=examples("export list"))
def list_versions() -> None:
    """Lists the versions that are published, the newest release last."""
    store = open_export_store(load_settings())
    manifests = [store.manifest(version) for version in store.versions()]
    lines = [
        f"{manifest.version:12} {manifest.rows:>10,} rows  {manifest.created_at}  "
        f"{', '.join(manifest.tasks)}"
        for manifest in manifests
    ]
    print_lines(lines or [f"No export is in {store.place()}; the job export_dataset makes one."])


@contextmanager
def _local(place: str) -> Generator[Path]:
    if "://" not in place:
        if not Path(place).is_dir():
            raise PermanentError(
                tried=f"Verifying the export in {place}",
                found="there is no such folder.",
                todo="Name the folder of one version, such as .sambodhan/exports/v0.1.0.",
            )
        yield Path(place)
        return
    with scratch_folder() as folder:
        store, version = open_store_at(place, load_settings())
        store.fetch(version, folder)
        yield folder


def _say_verified(verified: VerifiedExport, place: str) -> None:
    manifest = verified.manifest
    out.print(
        f"{place}: version {manifest.version} is whole: {verified.files} files, "
        f"{manifest.rows} rows in {', '.join(verified.rows)}.",
        markup=False,
        highlight=False,
    )
    if manifest.git_dirty:
        print_lines(["It was made from a source tree with uncommitted changes."])
    if not manifest.qa.get("run"):
        print_lines(["QA was not run."])
