"""Replaces personal data by what kind it was."""

from collections import Counter
from enum import StrEnum

from sambodhan_assets.domain.privacy.findings import PLACEHOLDERS
from sambodhan_assets.domain.privacy.recognition import find_personal_data

# Stored with every version of a dataset and with every model: texts are redacted once, when a
# dataset is prepared, and a model gets texts as its training rows were. Raise it with every change
# of what is found.
REDACTOR_VERSION = "1"


class PiiPolicy(StrEnum):
    """What becomes of personal data in what is trained on and published (PII_POLICY)."""

    REDACT = "redact"
    DROP = "drop"
    REPORT = "report"


def redact(text: str) -> str:
    """A text with placeholders where personal data stood; redacting twice changes nothing."""
    return redacted(text)[0]


def redacted(text: str) -> tuple[str, Counter[str]]:
    """A text with placeholders, and how often each kind was replaced."""
    findings = find_personal_data(text)
    if not findings:
        return text, Counter()
    counts = Counter[str]()
    # A placeholder is shorter than most numbers: what stood too far from "account" may now stand
    # beside it. Every round removes digits or signs and adds none, so this ends.
    while findings:
        parts, at = list[str](), 0
        for finding in findings:
            parts += [text[at : finding.start], PLACEHOLDERS[finding.kind]]
            at = finding.end
        text = "".join([*parts, text[at:]])
        counts.update(finding.kind for finding in findings)
        findings = find_personal_data(text)
    return text, counts
