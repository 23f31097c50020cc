"""In which language a text is written: by its letters, by rules for Latin ones, by py3langid."""

import re
from collections.abc import Callable
from enum import StrEnum
from functools import cache

from sambodhan_assets.domain.gate.scripts import Script, script_of


class Language(StrEnum):
    """The language of a text."""

    NEPALI = "nepali"
    ROMANISED = "romanised_nepali"
    ENGLISH = "english"
    MIXED = "mixed"
    HINDI = "hindi"
    MARATHI = "marathi"
    UNKNOWN = "unknown"


# In Devanagari a text counts as Nepali unless py3langid is as sure as this of one of the others.
# Of Hindi sentences it is surer, of short Nepali ones that it takes for Marathi half as sure.
SURE = 0.9
# Neither digits nor signs.
_LETTER = re.compile("[A-Za-z\u0904-\u0939]")
_OTHERS = {"hi": Language.HINDI, "mr": Language.MARATHI}
_OF_SCRIPT = {
    Script.ROMANISED: Language.ROMANISED,
    Script.ENGLISH: Language.ENGLISH,
    Script.MIXED: Language.MIXED,
}


def language_of(text: str) -> Language:
    """The language of a text.

    py3langid takes Nepali in Latin letters for Shona and an empty text for Afrikaans, so it is
    asked about Devanagari alone, with three languages to choose from.
    """
    if not _LETTER.search(text):
        return Language.UNKNOWN
    script = script_of(text)
    if script is not Script.DEVANAGARI:
        return _OF_SCRIPT[script]
    language, probability = _identifier()(text)
    return _OTHERS.get(language, Language.NEPALI) if probability >= SURE else Language.NEPALI


def forget_languages() -> None:
    """Frees the model of languages, 70 MB; the next text loads it again."""
    _identifier.cache_clear()


@cache
def _identifier() -> Callable[[str], tuple[str, float]]:
    # It takes 0.7 s to load.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(["ne", *_OTHERS])
    return identifier.classify
