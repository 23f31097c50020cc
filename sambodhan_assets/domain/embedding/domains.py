"""Domains of words: what a model is asked for each, and when two spellings are one word."""

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

# Domain -> what a model reads; `{}` stands for the word. The setting EMBEDDING_TEMPLATES replaces
# it, and a new domain is one more entry.
DEFAULT_TEMPLATES: Mapping[str, str] = MappingProxyType(
    {"brand": "car brand: {}", "model": "car model: {}"}
)


def query_text(templates: Mapping[str, str], domain: str, text: str) -> str:
    """What a model reads of a word; the word itself may hold braces."""
    return templates[domain].replace("{}", text, 1)


def template_problem(template: str) -> str | None:
    """Why a text cannot be a template, or None."""
    return None if template.count("{}") == 1 else "must hold {} once, where the word stands"


def tidy(text: str) -> str:
    """The text as it is kept: composed characters, single spaces, nothing around it."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def word_key(text: str) -> str:
    """Equal for two spellings that differ in case and spaces only."""
    return tidy(text).casefold()
