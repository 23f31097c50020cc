"""The commands `sambodhan load ...`: files from people into the platform."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from resources.assembly import open_audit_store, open_feedback_store
from resources.profiles import load_settings
from sambodhan_assets.console import examples, out, print_lines
from sambodhan_assets.domain.errors import PermanentError

load_app = typer.Typer(no_args_is_help=True, help="Loads files into the database.")

CsvFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV file in UTF-8.")]
SheetFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="Filled sheet, XLSX or CSV in UTF-8.")
]


@load_app.command("complaints", epilog=examples("load complaints complaints.csv"))
def load_complaints(file: CsvFile) -> None:
    """Inserts or updates complaints: id, message, one column per task, [created_at].

    A file is loaded whole, or not at all if a row is wrong.
    """
    from resources.feedback import files as feedback_files

    count = feedback_files.load_complaints(file, open_feedback_store(load_settings()))
    out.print(f"Loaded {count} complaints.")


@load_app.command("corrections", epilog=examples("load corrections corrections.csv"))
def load_corrections(file: CsvFile) -> None:
    """Inserts or updates reviews: complaint_id, correct_<task>..., [id, reviewed, reviewed_at].

    Without an id every row is a new review, also when the file is loaded twice. A file is loaded
    whole, or not at all if a row is wrong.
    """
    from resources.feedback import files as feedback_files

    count = feedback_files.load_corrections(file, open_feedback_store(load_settings()))
    out.print(f"Loaded {count} corrections.")


@load_app.command("pairs", epilog=examples("load pairs typos.csv"))
def load_pairs(file: CsvFile) -> None:
    """Adds pairs to typo_training_dataset: typo, corrected, domain.

    Pairs that the table holds already are not added again. A file is loaded whole, or not at all
    if a row is wrong.
    """
    from resources.embedding.pair_source import TABLE, read_pairs_file
    from resources.embedding.postgres_pairs import PostgresPairs

    settings = load_settings()
    if settings.embedding_pairs or settings.supabase_url:
        raise PermanentError(
            tried=f"Loading pairs into {TABLE}",
            found="EMBEDDING_PAIRS or SUPABASE_URL is set, so the lane does not read this table.",
            todo="Add the pairs there, or unset it.",
        )
    pairs = read_pairs_file(file, settings.templates)
    url = settings.postgres_url.get_secret_value() if settings.postgres_url else ""
    count = PostgresPairs(url=url, home=str(settings.home)).add(pairs)
    out.print(f"Added {count} of {pairs.num_rows} pairs.")


@load_app.command("audits", epilog=examples("load audits audit-20260105-010000.xlsx"))
def load_audits(file: SheetFile) -> None:
    """Takes the labels of a sheet that people filled in, whatever it was drawn for.

    Empty cells are labels that nobody has given yet. Loading a sheet twice changes nothing; a
    changed label replaces the earlier one. A file is loaded whole, or not at all if a row is wrong.
    """
    from resources.audits import files as audit_files

    settings = load_settings()
    audits = open_audit_store(settings)
    found = audit_files.load_audits(
        file, audits, now=datetime.now(UTC), db_timezone=settings.db_timezone
    )
    print_lines(audit_files.describe(found, audits))
