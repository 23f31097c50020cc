"""The versioned steps that a text goes through before it is compared, split and trained on.

First it is cleaned, then personal data is taken out of it (PII_POLICY). A version of a dataset and
a model record both steps, so that whoever serves the model gives it texts as it was trained on.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sambodhan_assets.domain.dataset.cleaning import (
    CLEANER_VERSION,
    folded,
    key_of_normalised,
)
from sambodhan_assets.domain.privacy.redaction import REDACTOR_VERSION, PiiPolicy, redacted

PERSONAL_DATA = "holds personal data"
# As the settings of a version and the record of a model name the steps.
STEPS = ("cleaner_version", "pii_policy", "redactor_version")


def steps_of(policy: PiiPolicy) -> dict[str, str]:
    """The steps of this program, by name."""
    return {
        "cleaner_version": CLEANER_VERSION,
        "pii_policy": policy.value,
        "redactor_version": REDACTOR_VERSION,
    }


def recorded_steps(settings: Mapping[str, Any]) -> dict[str, str]:
    """The steps that a version or a model names; those before PII_POLICY name the cleaner alone."""
    return {name: str(settings[name]) for name in STEPS if name in settings}


@dataclass(frozen=True, kw_only=True, slots=True)
class Protected:
    """A cleaned text after the second step.

    Attributes:
        text: As it is kept; "" if its row is dropped.
        kinds: Personal data in the cleaned text: places by kind.
        other_key: Key of the form that the policy did not choose, of texts with personal data.
    """

    text: str
    kinds: Counter[str]
    other_key: str


def protect(text: str, policy: PiiPolicy) -> Protected | None:
    """Takes personal data out of a cleaned text; None if it holds none."""
    without, kinds = redacted(text)
    if not kinds:
        return None
    if policy is PiiPolicy.DROP:
        return Protected(text="", kinds=kinds, other_key="")
    kept, other = (without, text) if policy is PiiPolicy.REDACT else (text, without)
    return Protected(text=kept, kinds=kinds, other_key=key_of_normalised(folded(other)))
