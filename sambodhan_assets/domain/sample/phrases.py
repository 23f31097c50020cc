"""What a set of phrases for sample grievances consists of, and the labels that it may name."""

from collections.abc import Mapping
from dataclasses import dataclass

MUNICIPAL = "Municipal Governance & Community Services"
WELFARE = "Education, Health & Social Welfare"
INFRASTRUCTURE = "Infrastructure, Utilities & Natural Resources"
SECURITY = "Security & Law Enforcement"

# The domain may not import label_tasks, so the labels stand here again; a test compares the two.
DEPARTMENTS = (MUNICIPAL, WELFARE, INFRASTRUCTURE, SECURITY)
URGENCIES = ("NORMAL", "URGENT", "HIGHLY URGENT")

# Texts in the order NORMAL, URGENT, HIGHLY URGENT.
ByUrgency = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Phrases:
    """The building blocks of grievances in one language.

    Attributes:
        issues: Per department, sentences that state the problem, grouped by how grave it usually
            is. May hold the slots {place} and {duration}.
        border_issues: Sentences which two departments could answer for, with these departments.
        openings: How a letter starts; the empty string is allowed.
        details: Sentences that fit every problem and often name another department's words.
        pleas: Closing sentences per urgency, in the order of URGENCIES.
        between_pleas: Closing sentences that fit two neighbouring urgencies: first NORMAL and
            URGENT, then URGENT and HIGHLY URGENT.
        towns: Local governments.
        toles: Neighbourhoods.
        offices: Where people complained before; slot {office} of the details.
        durations: Slot {duration}.
        digits: The ten digits as this language writes them.
    """

    issues: Mapping[str, ByUrgency]
    border_issues: tuple[tuple[str, str, str], ...]
    openings: tuple[str, ...]
    details: tuple[str, ...]
    pleas: ByUrgency
    between_pleas: tuple[tuple[str, ...], tuple[str, ...]]
    towns: tuple[str, ...]
    toles: tuple[str, ...]
    offices: tuple[str, ...]
    durations: tuple[str, ...]
    digits: str
