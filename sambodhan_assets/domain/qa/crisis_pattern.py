"""Finds terms of the crisis lexicon in a text: whole words only, in one pass."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sambodhan_assets.domain.qa.crisis_lexicon import Category, Term, TermScript
from sambodhan_assets.domain.qa.crisis_spelling import one_spelling
from sambodhan_assets.domain.qa.crisis_suffixes import (
    DEVANAGARI_SUFFIXES,
    MOST_SUFFIXES,
    ROMANISED_SUFFIXES,
)

# \w holds no vowel signs and no virama: with \b a term would be found inside of "मार्च".
_WORD = r"\w\u0900-\u0902\u0904-\u0963\u0970-\u097f"
_VISARGA = "\u0903"
_START = rf"(?<![{_WORD}{_VISARGA}])"
# A visarga at the end of a word is meant as a colon.
_END = rf"(?!{_VISARGA}?[{_WORD}])"
_BETWEEN_WORDS = "[ -]"
# Nepali in Latin letters has no spelling. A term with "aa" means the long vowel only.
_SOUNDS = re.compile("aa|a|chh|ch|x|ee|i|oo|u|sh|s|w|v|b|.")
_SPELLINGS = {
    "a": "aa?",
    "chh": "(?:chh?|x)",
    "ch": "(?:chh?|x)",
    "x": "(?:chh?|x)",
    "i": "(?:ee?|i)",
    "u": "(?:oo?|u)",
    "s": "sh?",
    "sh": "sh?",
    "v": "[bvw]",
    "b": "[bvw]",
    "w": "[bvw]",
}


@dataclass(kw_only=True)
class _Node:
    """A place in the tree of first words: what may follow, and the terms that end a word here."""

    children: "dict[str, _Node]" = field(default_factory=dict[str, "_Node"])
    terms: list[int] = field(default_factory=list[int])


class CrisisPattern:
    """The lexicon as one regular expression.

    The first words of the terms make a tree, so the time per word of a text does not grow with the
    lexicon; and nothing in it repeats without a bound, so the time is linear in the text. Where
    terms begin at the same word, the one with the most words is taken, and the search goes on
    behind it: "fire brigade" hides its "fire".
    """

    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms = tuple(terms)
        # Which term each group of the expression stands for.
        self._of_group: list[int] = []
        ways = [self._of_script(script) for script in TermScript if script in self._scripts()]
        self._search = re.compile(f"{_START}(?:{'|'.join(ways)}){_END}").finditer

    def find(self, text: str) -> list[Term]:
        """The terms of a text that are not harmless, in their order, each as often as it stands."""
        found = self._search(one_spelling(text))
        terms = [self._terms[self._of_group[(match.lastindex or 0) - 1]] for match in found]
        return [term for term in terms if term.category is not Category.HARMLESS]

    def _scripts(self) -> set[TermScript]:
        return {term.script for term in self._terms}

    def _of_script(self, script: TermScript) -> str:
        tree = _Node()
        for position, term in enumerate(self._terms):
            for form in term.words[0] if term.script is script else ():
                _insert(tree, _units(form, script), position)
        return self._written(tree) + _SUFFIXES[script]

    def _written(self, node: _Node) -> str:
        """The expression for all that may follow a node."""
        ways = [unit + self._written(child) for unit, child in sorted(node.children.items())]
        longest_first = sorted(node.terms, key=lambda position: (-self._words(position), position))
        ways += [self._tail(position) for position in longest_first]
        return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"

    def _words(self, position: int) -> int:
        return len(self._terms[position].words)

    def _tail(self, position: int) -> str:
        term = self._terms[position]
        words = [_one_of("".join(_units(form, term.script)) for form in w) for w in term.words[1:]]
        # An empty group tells which term was found: the last one that the search went through.
        self._of_group.append(position)
        return "".join(_BETWEEN_WORDS + word for word in words) + "()"


def _insert(tree: _Node, units: Iterable[str], position: int) -> None:
    for unit in units:
        tree = tree.children.setdefault(unit, _Node())
    if position not in tree.terms:
        tree.terms.append(position)


def _units(form: str, script: TermScript) -> list[str]:
    """The pieces of expression that a word is made of, one per letter or sound."""
    spelled = one_spelling(form)
    if script is not TermScript.ROMANISED:
        return [re.escape(letter) for letter in spelled]
    sounds: list[str] = _SOUNDS.findall(spelled)
    return [_SPELLINGS.get(sound, re.escape(sound)) for sound in sounds]


def _one_of(ways: Iterable[str]) -> str:
    # The longest first is a matter of time only: the end of the word decides.
    return f"(?:{'|'.join(sorted(set(ways), key=lambda way: (-len(way), way)))})"


def _repeated(suffixes: Iterable[str]) -> str:
    return f"{_one_of(suffixes)}{{0,{MOST_SUFFIXES}}}"


_POSTPOSITIONS = [re.escape(one_spelling(suffix)) for suffix in DEVANAGARI_SUFFIXES]
_SOUNDED = ["".join(_units(suffix, TermScript.ROMANISED)) for suffix in ROMANISED_SUFFIXES]
# Postpositions in Devanagari are glued to Latin words too. The inflections of English words stand
# in the lexicon: a rule would make "stabilise" of "stab".
_SUFFIXES = {
    TermScript.DEVANAGARI: _repeated(_POSTPOSITIONS),
    TermScript.ENGLISH: _repeated(_POSTPOSITIONS),
    TermScript.ROMANISED: _repeated([*_SOUNDED, *_POSTPOSITIONS]),
}
