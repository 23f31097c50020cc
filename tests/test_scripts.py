"""Risk: complaints in one script are answered badly, and are counted under another one."""

import random
from collections import Counter

import pytest

from sambodhan_assets.domain.dataset.cleaning import clean_text
from sambodhan_assets.domain.gate.script_words import ENGLISH, ROMANISED_NEPALI
from sambodhan_assets.domain.gate.scripts import Script, script_of
from sambodhan_assets.domain.sample import phrases_english, phrases_nepali, phrases_romanised
from sambodhan_assets.domain.sample.grievances import RESPELLED

LANGUAGES = {
    Script.DEVANAGARI: phrases_nepali.NEPALI,
    Script.ROMANISED: phrases_romanised.ROMANISED,
    Script.ENGLISH: phrases_english.ENGLISH,
}


def letter(draw: random.Random, language, closing) -> str:
    """A sample grievance whose languages are known: a problem, some details, a plea."""
    groups = [group for issues in language.issues.values() for group in issues]
    sentences = [draw.choice(language.openings), draw.choice(draw.choice(groups))]
    sentences += draw.sample(language.details, draw.choice((0, 1, 1, 2)))
    sentences.append(draw.choice(draw.choice(closing.pleas)))
    text = " ".join(sentences).format(
        place=draw.choice(language.towns),
        duration=draw.choice(language.durations),
        office=draw.choice(language.offices),
    )
    if language is phrases_romanised.ROMANISED and draw.random() < RESPELLED:
        text = text.replace("chh", "x").replace("bh", "v")
    return clean_text(text)


def scripts_found(language, closing, count=400):
    draw = random.Random(7)
    return Counter(script_of(letter(draw, language, closing)) for _ in range(count))


@pytest.mark.parametrize("script", LANGUAGES)
def test_a_script_is_known_on_the_sample_grievances(script):
    found = scripts_found(LANGUAGES[script], LANGUAGES[script])
    assert found[script] >= 0.99 * found.total()


@pytest.mark.parametrize(
    ("first", "second"),
    [(Script.DEVANAGARI, Script.ENGLISH), (Script.ENGLISH, Script.ROMANISED)],
)
def test_a_letter_that_closes_in_another_language_is_mostly_mixed(first, second):
    """Where the plea is a small part of it, the letter counts as what most of it is."""
    found = scripts_found(LANGUAGES[first], LANGUAGES[second])
    assert found[Script.MIXED] > 0.6 * found.total()
    assert set(found) <= {Script.MIXED, first}


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("bato bigryo chito banaunu paryo", Script.ROMANISED),
        ("BATTI XAINA, KAHILE AAUXA?", Script.ROMANISED),
        ("Please repair the road", Script.ENGLISH),
        ("सडक बत्ती बलेन", Script.DEVANAGARI),
        ("KUKL को पानी आएन, कहिले आउँछ थाहा छैन", Script.DEVANAGARI),
        ("road खराब छ please fix soon", Script.MIXED),
        ("please fix the bato, sadak ma pani chha and it is not safe", Script.MIXED),
        ("12345", Script.MIXED),
        ("", Script.MIXED),
    ],
)
def test_short_texts_are_told_apart(text, script):
    assert script_of(text) == script


def test_the_lists_are_whole():
    assert len(ROMANISED_NEPALI) > 250
    assert len(ENGLISH) > 150


def test_no_word_counts_for_two_languages():
    assert ROMANISED_NEPALI.isdisjoint(ENGLISH)
