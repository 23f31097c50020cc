"""Strings that tell cleaners apart: all whitespace, nested tags, URLs in tags, combining marks."""

import random
import sys
from collections.abc import Iterator

WHITESPACE = [chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace()]
# Look like whitespace or like nothing, and are letters to every cleaner.
JOINERS = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff"]
MARKUP = [
    "<", ">", "<b>", "</b>", "<br/>", "<<i>>", "<a href='http://x.np/?q=<y>'>", "<\n>", "<\r>",
    "<\u2028>", "< >", "<>", "<!--", "-->", "&lt;p&gt;", "<" * 7, ">" * 3, "<a\n>b>",
]  # fmt: skip
URLS = [
    "http://", "https://", "http:/", "https://x", "http://x.np/a?b=c#d", "HTTP://X", "https:// x",
    "www.", "www. ", "www.x.np", "wwww.x", "WWW.x.np", "xhttps://y", "httpshttp://y", "://", "http",
    "https://www.x.np<b>", "<https://x y>", "www.\u200dx", "http://\xa0x",
]  # fmt: skip
WORDS = [
    "सडक", "पानी छैन", "नेपाल", "क्\u200dष", "र्\u200cय", "काठमाडौँ", "e\u0301", "\u0301",
    "q\u0323\u0307", "\u1e9b\u0323", "ﬁ", "ß", "İ", "ǰ", "ΐ", "road", "Road", "a", ".", "\x00",
    "\x1f", "😀", "\U0010ffff",
]  # fmt: skip
FRAGMENTS = [*WHITESPACE, *JOINERS, *MARKUP, *URLS, *WORDS]
GROUPS = (WHITESPACE, JOINERS, MARKUP, URLS, WORDS)


def adversarial_texts(count: int, *, seed: int) -> Iterator[str]:
    """Yield `count` strings of up to 24 fragments; the same seed gives the same strings."""
    rng = random.Random(seed)
    for _ in range(count):
        yield "".join(rng.choice(rng.choice(GROUPS)) for _ in range(rng.randrange(25)))
