"""Cleans grievance texts and gives each text the key under which duplicates are found."""

import hashlib
import re
import unicodedata

# Stored with every version: cleaning is not idempotent ("<\n>" -> "< >" -> ""), so a reader must
# know which cleaner a text went through and never clean it twice.
CLEANER_VERSION = "1"

TEXT_KEY_LENGTH = 32

_URL = re.compile(r"https?://\S+|www\.\S+")
_TAG = re.compile(r"<.*?>")


def clean_text(text: str) -> str:
    r"""Remove URLs and HTML tags, make line breaks and runs of whitespace one space, and strip.

    Gives exactly what these substitutions give, in this order, on any string::

        re.sub(r"https?://\S+|www\.\S+", "", text)
        re.sub(r"<.*?>", "", text)
        re.sub(r"\n", " ", text)
        re.sub(r"\s+", " ", text).strip()

    The guards are exact because every URL holds "://" or "www." literally, and `str.split` knows
    the same 29 whitespace characters as `\s`. Joiners (ZWJ, ZWNJ) are not whitespace and stay.
    """
    if "://" in text or "www." in text:
        text = _URL.sub("", text)
    if "<" in text:
        text = "\n".join(map(_without_tags, text.split("\n")))
    return _single_spaced(text)


def _without_tags(line: str) -> str:
    # "." stops at a line break only, so lines are independent. Behind the last ">" no tag can end:
    # searching there would take quadratic time on a text of 20,000 "<".
    end = line.rfind(">") + 1
    return _TAG.sub("", line[:end]) + line[end:]


def normalised(text: str) -> str:
    """Return the form in which texts are compared: NFC, case folded, one space between words.

    Joiners stay: without ZWJ and ZWNJ Devanagari words become other words.
    """
    return _single_spaced(folded(text))


def folded(text: str) -> str:
    """Return `normalised` of a text that `clean_text` returned."""
    if text.isascii():
        return text.lower()
    # Folding can take letters apart again ("ΐ"), hence the second composition.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _single_spaced(text: str) -> str:
    # Of all whitespace only the space is printable, so most texts are known to need nothing: half
    # the time of taking every text apart.
    if text.isprintable() and "  " not in text and " " not in (text[:1], text[-1:]):
        return text
    return " ".join(text.split())


def text_key(text: str) -> str:
    """Return the first 32 hexadecimal digits of the SHA-256 of the normalised text."""
    return key_of_normalised(normalised(text))


def key_of_normalised(text: str) -> str:
    """Return `text_key` of a text that `normalised` returned."""
    return hashlib.sha256(text.encode()).hexdigest()[:TEXT_KEY_LENGTH]
