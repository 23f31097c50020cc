"""What a run of dataset_export can be told, and what of it is refused."""

from collections.abc import Sequence

import dagster as dg
from pydantic import Field

from resources.export_sources import ALL, FurtherFile, format_of, shown_path
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.export.further_rows import FurtherSource
from sambodhan_assets.domain.export.source_files import SOURCE_FORMATS
from sambodhan_assets.domain.export.versioning import parse_version
from sambodhan_assets.domain.export.writers import FORMATS


class FurtherSourceConfig(dg.Config):
    """A file whose rows are exported beside those of the dataset versions, as train."""

    name: str = Field(description="Name in the export, such as helpdesk-2025.")
    path: str = Field(description="Path or fsspec URL (s3://, gs://, https://).")
    format: str = Field(default="", description="jsonl, csv or parquet; empty: as the path ends.")
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="Column of text, label and task; text, label and task where not given.",
    )
    task: str = Field(default="", description="Task of all rows; empty: a column names it.")
    on_error: str = Field(
        default="fail", description="fail, or exclude: malformed rows are left out and counted."
    )


class ExportConfig(dg.Config):
    """All of it may be left out."""

    task: str = Field(default=ALL, description="Label task, or all.")
    version: str = Field(
        default="",
        description="MAJOR.MINOR.PATCH, or a name such as test; empty: the next version.",
    )
    target_samples: int = Field(
        default=0, ge=0, description="Rows, as many of each task and label as its share; 0: all."
    )
    seed: int = Field(default=42, description="Seed of that sample.")
    formats: list[str] = Field(
        default=["jsonl", "parquet"], description="Of jsonl, parquet and csv."
    )
    sources: list[FurtherSourceConfig] = Field(default=[], description="Further files.")
    upload: bool = Field(
        default=True, description="false: the folder of this machine, whatever storage is set."
    )
    quality: bool = Field(default=True, description="false: no QA; the manifest says so.")
    allow_dirty: bool = Field(
        default=False, description="Export from a source tree with uncommitted changes."
    )
    thresholds: dict[str, float | None] = Field(
        default={},
        description="Limits by metric that replace those of the QA report; null takes one away.",
    )


def checked(config: ExportConfig) -> ExportConfig:
    """The configuration with its version as it is used.

    Raises:
        PermanentError: A value is wrong; the error names it and what is allowed.
    """
    formats = list(dict.fromkeys(config.formats))
    if not formats or not set(formats) <= set(FORMATS):
        raise _wrong(f"formats is {config.formats}", f"Choose some of {', '.join(FORMATS)}.")
    names = [source.name for source in config.sources]
    if len(set(names)) != len(names) or not all(names):
        raise _wrong(f"the sources are named {names}", "Give every source a name of its own.")
    version = parse_version(config.version) if config.version else ""
    return config.model_copy(update={"formats": formats, "version": version})


def further_files(sources: Sequence[FurtherSourceConfig]) -> list[FurtherFile]:
    """The further sources of a configuration.

    Raises:
        PermanentError: A value is wrong; the error names it and what is allowed.
    """
    return [_further_file(source) for source in sources]


def _further_file(config: FurtherSourceConfig) -> FurtherFile:
    form = config.format or format_of(config.path)
    if form not in SOURCE_FORMATS:
        allowed = ", ".join(SOURCE_FORMATS)
        raise _wrong(f"the format of source {config.name} is {form!r}", f"Set one of {allowed}.")
    if config.on_error not in ("fail", "exclude"):
        found = f"on_error of source {config.name} is {config.on_error!r}"
        raise _wrong(found, "Set fail or exclude.")
    if unknown := set(config.columns) - {"text", "label", "task"}:
        raise _wrong(
            f"columns of source {config.name} names {', '.join(sorted(unknown))}",
            "It may name text, label and task.",
        )
    # "@" is the sign of dataset versions, and a line break would break reports.
    if "@" in config.name or not config.name.isprintable():
        raise _wrong(f"a source is named {config.name!r}", "Use letters, digits and hyphens.")
    source = FurtherSource(
        name=config.name,
        file=shown_path(config.path),
        text=config.columns.get("text", "text"),
        label=config.columns.get("label", "label"),
        task=None if config.task else config.columns.get("task", "task"),
        only_task=config.task or None,
        exclude_malformed=config.on_error == "exclude",
    )
    return FurtherFile(path=config.path, format=form, source=source)


def _wrong(found: str, todo: str) -> PermanentError:
    return PermanentError(
        tried="Reading the configuration of dataset_export", found=f"{found}.", todo=todo
    )
