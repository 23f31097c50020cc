"""What recognisers of personal data report, and which of overlapping reports count."""

from collections.abc import Iterable
from dataclasses import dataclass

EMAIL = "email"
MOBILE = "mobile"
LANDLINE = "landline"
CITIZENSHIP = "citizenship"
PAN = "pan"
PASSPORT = "passport"
BANK_ACCOUNT = "bank_account"
CARD = "card"
URL_TOKEN = "url_token"  # noqa: S105 - the name of a kind, no secret
COORDINATES = "coordinates"

# Of two kinds with the same span and the same doubt, the first counts.
KINDS = (
    EMAIL,
    MOBILE,
    LANDLINE,
    CITIZENSHIP,
    PAN,
    PASSPORT,
    CARD,
    BANK_ACCOUNT,
    URL_TOKEN,
    COORDINATES,
)

# Without digits and signs, so that no recogniser finds anything in them.
PLACEHOLDERS = {
    EMAIL: "[EMAIL]",
    MOBILE: "[PHONE]",
    LANDLINE: "[PHONE]",
    CITIZENSHIP: "[CITIZENSHIP_NUMBER]",
    PAN: "[PAN]",
    PASSPORT: "[PASSPORT_NUMBER]",
    BANK_ACCOUNT: "[BANK_ACCOUNT]",
    CARD: "[CARD_NUMBER]",
    URL_TOKEN: "[LINK]",
    COORDINATES: "[LOCATION]",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One piece of personal data: `text[start:end]`.

    Attributes:
        kind: One of KINDS.
        start: Position of the first character.
        end: Position behind the last character.
    """

    kind: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """What one recogniser reports, in positions of the shown text.

    Attributes:
        kind: One of KINDS.
        start: Position of the first character.
        end: Position behind the last character.
        doubt: 0 if the value speaks for itself; otherwise characters between it and the word that
            says what it is, plus 1. Of candidates with one span the one with least doubt counts.
    """

    kind: str
    start: int
    end: int
    doubt: int = 0


def settled(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The candidates that count, in the order of the text: of overlapping ones the longest."""
    best = sorted(
        candidates,
        key=lambda one: (one.start - one.end, one.doubt, KINDS.index(one.kind), one.start),
    )
    kept: list[Candidate] = []
    taken: set[int] = set()
    for one in best:
        span = range(one.start, one.end)
        # The longest come first, so an overlap covers an end of the shorter one.
        if one.start not in taken and one.end - 1 not in taken:
            kept.append(one)
            taken.update(span)
    return sorted(kept, key=lambda one: one.start)
