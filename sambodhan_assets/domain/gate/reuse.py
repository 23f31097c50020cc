"""How often the same rows have judged models: every look wears a test out.

Judging k candidates of equal quality on one set of rows at 5 % lets k/20 of them pass by luck, and
whoever tunes against the answers learns the rows (Renggli et al. 2019, arXiv 1903.00278; Blum &
Hardt 2015, arXiv 1502.04585).
"""

from dataclasses import dataclass

USES_UNTIL_WARNING = 20


@dataclass(frozen=True, kw_only=True)
class Reuse:
    """Earlier decisions that looked at the same rows.

    Attributes:
        test_split: Earlier decisions of this line of dataset versions. A text that is in the test
            split of a version stays there in all later ones.
        window: Earlier decisions against the same deployed version, whose window they share; None
            where nothing is deployed.
    """

    test_split: int
    window: int | None

    def warnings(self) -> tuple[str, ...]:
        """One sentence per set of rows that was used too often."""
        used = [("test rows", self.test_split), ("window", self.window or 0)]
        return tuple(
            f"The same {what} {'have' if what.endswith('s') else 'has'} already judged {uses}"
            f" candidates; about {uses * 0.05:.0f} of so many would pass by luck alone."
            f" {_remedy(what)}"
            for what, uses in used
            if uses >= USES_UNTIL_WARNING
        )


def _remedy(what: str) -> str:
    if what == "window":
        return "Wait for more answered complaints, and audit some of them, before the next try."
    return "Read the scores of the test split with that in mind; they do not decide."
