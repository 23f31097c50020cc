"""Invents the texts of millions of complaints, quickly and the same ones for the same seed."""

import random
from collections.abc import Iterator

from sambodhan_assets.domain.sample.grievances import LANGUAGES, generate_grievances
from sambodhan_assets.domain.sample.phrases import Phrases

# A text is a sample grievance with a free sentence of random words behind it. Each part repeats in
# a large table, as in real letters, and their combination hardly ever does.
GRIEVANCES = 40_000
FREE_SENTENCES = 40_000
# Letters that many people send, word for word or with one word changed.
COMMON_LETTERS = 4_000
EXACT_COPY, CHANGED_COPY = 0.03, 0.05


def generate_texts(count: int, *, seed: int) -> Iterator[str]:
    """Yield `count` texts in Nepali, romanised Nepali and English, about 210 characters long.

    They hold links, tags and line breaks, as web forms deliver them.
    """
    rng = random.Random(seed)
    letters = [letter.grievance for letter in generate_grievances(GRIEVANCES, seed=seed)]
    sentences = _free_sentences(rng)
    common = [_combined(rng, letters, sentences) for _ in range(COMMON_LETTERS)]
    for _ in range(count):
        kind = rng.random()
        if kind < EXACT_COPY:
            yield rng.choice(common)
        elif kind < EXACT_COPY + CHANGED_COPY:
            yield _with_a_word_changed(rng, rng.choice(common))
        else:
            yield _combined(rng, letters, sentences)


def _combined(rng: random.Random, letters: list[str], sentences: list[str]) -> str:
    letter, sentence = letters[int(rng.random() * GRIEVANCES)], rng.choice(sentences)
    return f"{letter} {sentence}"


def _with_a_word_changed(rng: random.Random, text: str) -> str:
    words = text.split(" ")
    words[rng.randrange(len(words))] = str(rng.randrange(10_000))
    return " ".join(words)


def _free_sentences(rng: random.Random) -> list[str]:
    pure = [(share, _words(language)) for share, language, other in LANGUAGES if language is other]
    shares = [share for share, _ in pure]
    vocabularies = rng.choices([words for _, words in pure], weights=shares, k=FREE_SENTENCES)
    return [" ".join(rng.choices(words, k=rng.randint(3, 9))) for words in vocabularies]


def _words(language: Phrases) -> list[str]:
    phrases = [*language.details, *language.openings, *language.toles, *language.towns]
    phrases += [issue for three in language.issues.values() for few in three for issue in few]
    return sorted({word for phrase in phrases for word in phrase.split() if "{" not in word})
