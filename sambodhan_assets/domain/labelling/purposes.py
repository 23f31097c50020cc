"""Why people are asked for labels; how a label may be used depends on it."""

from enum import StrEnum


class Purpose(StrEnum):
    """What a batch of complaints is labelled for.

    AUDIT is a random draw of unflagged complaints, so that its labels stand for all of them.
    DISAGREEMENT is a random draw of the complaints that one candidate answers differently from the
    deployed version; for later candidates these were chosen, and no longer random. REVIEW holds the
    complaints that the deployed model was least sure of; they stand for themselves only.
    """

    AUDIT = "audit"
    DISAGREEMENT = "disagreement"
    REVIEW = "review"
