"""Tells what was typed without a word in mind: a key held down, a row of keys, only signs."""

import re

# Keys that lie side by side.
_ROWS = ("`1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./")
_PLACE = {key: (row, column) for row, keys in enumerate(_ROWS) for column, key in enumerate(keys)}
# Fewer signs than this say something, such as "???" or "...".
MANY_SIGNS = 8
MANY_REPETITIONS = 6
# Of the characters of a text, the share in words that are mash.
MASH_SHARE = 0.6

_VOWELS = frozenset("aeiouy")
_REPEATED = re.compile(r"(\S{1,4}?)\1{2,}")
_HELD = re.compile(rf"(\w)\1{{{MANY_REPETITIONS - 1},}}")
_BARE_CONSONANTS = re.compile("[क-ह]{4,}")
_SIGNS = re.compile(r"[!-/:-@\[-`{-~\s]+")


def is_keyboard_mash(text: str) -> bool:
    """Whether a text is mash: its words are, by rules for the keys of a Latin keyboard.

    Devanagari is mash if one letter is held down, or if three words or more are all made of bare
    consonants.
    """
    words = text.split()
    if not words:
        return False
    if _SIGNS.fullmatch(text):
        joined = "".join(words)
        return len(joined) >= MANY_SIGNS and len(set(joined)) > 1
    if len(words) >= 3 and all(map(_BARE_CONSONANTS.fullmatch, words)):
        return True
    mash = sum(len(word) for word in words if _is_mash(word))
    return mash >= MASH_SHARE * sum(map(len, words)) and not _few_repeated(words)


def _few_repeated(words: list[str]) -> bool:
    """A single short word of one letter, as "zzz" or "hmmm", is an interjection."""
    return len(words) == 1 and len(words[0]) < MANY_REPETITIONS and len(set(words[0])) == 1


def _is_mash(word: str) -> bool:
    if not word.isascii():
        held = _HELD.match(word)
        return held is not None and held.end() == len(word)
    if not any(map(str.isalpha, word)):
        return len(word) >= MANY_SIGNS and _follows_a_row(word)
    return _is_repeated(word) or _follows_a_row(word) or _has_no_vowels(word)


def _is_repeated(word: str) -> bool:
    """One letter three times or more, or up to four letters without a vowel in turn."""
    found = _REPEATED.match(word)
    if not found or len(word) - found.end() >= len(found[1]) or len(word) < 4:
        # "hdhdh" is two and a half times "hd".
        return len(word) >= 5 and word[2:] == word[:-2] and not _VOWELS & set(word)
    return len(set(found[1])) == 1 or not _VOWELS & set(found[1])


def _follows_a_row(word: str) -> bool:
    """Runs of three keys or more, side by side in one direction, make up the whole word."""
    places = [_PLACE.get(key) for key in word.lower()]
    if len(places) < 3 or None in places:
        return False
    known = [place for place in places if place is not None]
    run, step = 1, 0
    for before, after in zip(known, known[1:], strict=False):
        new_step = after[1] - before[1] if before[0] == after[0] else 0
        if abs(new_step) == 1 and step in (0, new_step):
            run, step = run + 1, new_step
        elif run < 3:
            return False
        else:
            run, step = 1, 0
    return run >= 3 or run == 1


def _has_no_vowels(word: str) -> bool:
    # Small letters only: abbreviations are written in capitals, and short ones in either.
    if len(word) < 6 or not (word.isalpha() and word.islower()):
        return False
    return sum(letter in _VOWELS for letter in word) * 6 < len(word)
