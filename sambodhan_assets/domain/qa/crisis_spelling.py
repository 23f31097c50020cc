"""The form of a text in which crisis terms are searched: one spelling for one sound."""

import unicodedata

# Long and short vowels, and the three s, are written for one another in most complaints, and so
# are chandrabindu and anusvara, and v and b. Joiners, nukta and the soft hyphen tell no words of
# the lexicon apart.
_ONE_SOUND = {
    "\u0940": "\u093f",
    "\u0942": "\u0941",
    "\u0908": "\u0907",
    "\u090a": "\u0909",
    "\u0936": "\u0938",
    "\u0937": "\u0938",
    "\u0901": "\u0902",
    "\u0935": "\u092c",
    "\u2018": "'",
    "\u2019": "'",
    "\u2010": "-",
    "\u2011": "-",
    "\u2013": "-",
}
_NOT_SHOWN = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u093c"
_TABLE = str.maketrans(_ONE_SOUND | dict.fromkeys(_NOT_SHOWN))
# Two signs where one belongs, as old keyboards make them: they look the same.
_TYPED_APART = (
    ("\u093e\u0947", "\u094b"),
    ("\u093e\u0948", "\u094c"),
    ("\u0905\u093e", "\u0906"),
    ("\u0905\u094b", "\u0913"),
)


def one_spelling(text: str) -> str:
    """The text in small letters with one space between words, and one spelling for one sound."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_TABLE)
        for typed, meant in _TYPED_APART:
            text = text.replace(typed, meant)
    return " ".join(text.lower().split())
