"""The sheets that wait for people, as lines for the command line."""

from resources.audits.base import AuditStore
from resources.sheets import SheetFolder

HEADINGS = ("purpose", "batch", "rows", "empty", "asks for", "file")
NONE_OPEN = (
    "No sheet is open. The job draw_audit_batch draws one, and so does a verdict HOLD where models "
    "disagree."
)


def open_sheet_lines(audits: AuditStore, sheets: SheetFolder) -> list[str]:
    """A table of the batches that lack labels, the earliest first; missing files are restored."""
    cells: list[tuple[str, ...]] = [HEADINGS]
    for batch in audits.open_batches():
        written = sheets.is_written(batch.name)
        file = str(sheets.file_of(batch.name)) if written else "not written; run its job again"
        row = (batch.purpose.value, batch.name, str(batch.rows), str(batch.unfilled))
        cells.append((*row, ", ".join(batch.asked), file))
    if len(cells) == 1:
        return [NONE_OPEN]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
