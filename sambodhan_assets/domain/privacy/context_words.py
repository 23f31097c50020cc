"""Finds out whether a number stands beside a word that says what it is."""

import re
from collections.abc import Iterable

from sambodhan_assets.domain.privacy.findings import Candidate

# Farthest that a word stands from its number, in characters.
REACH = 30
_LONGEST_WORD = 30

# Before the number: anything but another long number.
_GAP_BEFORE = re.compile(r"(?:(?![0-9]{5}).)*\Z", re.DOTALL)
# Behind it: the same sentence. "no." and its Nepali form end none.
_GAP_BEHIND = re.compile(r"(?:(?:नं|न|no)\.|[^0-9,;.।!?])*\Z", re.IGNORECASE)
# The word belongs to the number that follows at once.
_OWN_NUMBER = re.compile(r"[^0-9,;।()]{0,12}[A-Za-z]{0,2}[0-9](?:[-./ ]?[0-9]){5}")
_NO = r"[ .:#-]*(?:(?:no|num|number|नं|न|नम्बर|नंबर)[ .:#-]*)?\Z"
# These nouns name the number that follows them, whatever stands farther away.
_OTHER_NOUN = re.compile(
    r"(?:\b(?:bills?|meters?|invoices?|receipts?|tokens?|tickets?|tenders?|vouchers?|complaints?"
    r"|plots?|kitta|wards?|cheques?|rooms?|batch|serial|lot|rasid|darta|chalani)"
    r"|(?:बिल|बील|मिटर|रसिद|टोकन|टिकट|ठेक्का|भौचर|उजुरी|निवेदन|कित्ता|वडा|चेक|कोठा|दर्ता|चलानी))" + _NO,
    re.IGNORECASE,
)
_MONEY_BEFORE = re.compile(r"(?:\b(?:rs|npr|inr|usd|nrs)|रु|रू|रुपैयाँ|[$₹€])[ .:]*\Z", re.IGNORECASE)
_MONEY_BEHIND = re.compile(
    r"[ ]?(?:/-|rupees?|rupaiya|rs\b|npr\b|yen\b|dollars?|रुपैया|रुपियाँ|रू|रु|लाख|करोड|हजार)",
    re.IGNORECASE,
)
_JOINT = re.compile(r"[ ]*(?:[,/;&]|\b(?:and|or|ra)\b|र|वा|तथा|अनि)?[ ]*\Z", re.IGNORECASE)


class ContextWord:
    """Words that stand beside numbers of one kind."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern, re.IGNORECASE)

    def anywhere(self, text: str) -> bool:
        """Whether a text holds such a word at all."""
        return self._pattern.search(text) is not None

    def distance(self, text: str, start: int, end: int) -> int | None:
        """Characters between a number and the nearest word beside it; None if there is none."""
        head = text[max(0, start - 12) : start]
        if _MONEY_BEFORE.search(head) or _MONEY_BEHIND.match(text, end):
            return None
        found = [self._before(text, start), self._behind(text, end)]
        near = [gap for gap in found if gap is not None]
        return min(near) if near else None

    def _before(self, text: str, start: int) -> int | None:
        begin = max(0, start - REACH - _LONGEST_WORD)
        nearest = None
        for match in self._pattern.finditer(text, begin, start):
            nearest = match.end()
        if nearest is None or start - nearest > REACH:
            return None
        gap = text[nearest:start]
        if _OTHER_NOUN.search(gap) or not _GAP_BEFORE.match(gap):
            return None
        return len(gap)

    def _behind(self, text: str, end: int) -> int | None:
        match = self._pattern.search(text, end, end + REACH + _LONGEST_WORD)
        if match is None or match.start() - end > REACH:
            return None
        gap = text[end : match.start()]
        if not _GAP_BEHIND.match(gap):
            return None
        bracketed = gap.endswith("(") and text[match.end() : match.end() + 1] == ")"
        if _OWN_NUMBER.match(text, match.end()) and not bracketed:
            return None
        return len(gap)


def beside(
    word: ContextWord, kind: str, text: str, spans: Iterable[tuple[int, int]]
) -> list[Candidate]:
    """The spans that stand beside the word, and those that "and", a comma or a slash joins to them.

    Args:
        word: What says that a number is of this kind.
        kind: One of KINDS.
        text: The shown text.
        spans: Start and end of every number with the right shape, in the order of the text.
    """
    spans = list(spans)
    if not spans or not word.anywhere(text):
        return []
    gaps = [word.distance(text, start, end) for start, end in spans]
    joined = [
        _JOINT.match(text, spans[at][1], spans[at + 1][0]) is not None
        and spans[at][1] < spans[at + 1][0]
        for at in range(len(spans) - 1)
    ]
    for at, follows in enumerate(joined):
        if follows and gaps[at + 1] is None and gaps[at] is not None:
            gaps[at + 1] = REACH
    for at in reversed(range(len(joined))):
        if joined[at] and gaps[at] is None and gaps[at + 1] is not None:
            gaps[at] = REACH
    return [
        Candidate(kind=kind, start=start, end=end, doubt=gap + 1)
        for (start, end), gap in zip(spans, gaps, strict=True)
        if gap is not None
    ]
