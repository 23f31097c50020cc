"""Keeps a spreadsheet from taking a citizen's text for a formula.

A cell that begins with one of these signs is computed when the file is opened: a complaint that
reads =HYPERLINK(...) would become a link, or worse. An apostrophe in front makes it text.
"""

# The full-width forms are taken for the plain ones by spreadsheets set to an East Asian language.
FORMULA_SIGNS = "=+-@\t\r\n＝＋－＠"
APOSTROPHE = "'"


def guarded(text: str) -> str:
    """The text as a CSV cell may hold it; `unguarded` gives it back."""
    return APOSTROPHE + text if _is_risky(text) else text


def unguarded(cell: str) -> str:
    """What a cell of a CSV file says."""
    risky = cell.startswith(APOSTROPHE) and _is_risky(cell[1:])
    return cell[1:] if risky else cell


def _is_risky(text: str) -> bool:
    # Spaces do not protect: some spreadsheets trim them. An apostrophe already there does, but
    # needs a second one, or it would be taken for ours.
    start = text.lstrip(" \u00a0").lstrip(APOSTROPHE).lstrip(" \u00a0")
    return start[:1] != "" and start[0] in FORMULA_SIGNS
