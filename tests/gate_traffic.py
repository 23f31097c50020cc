"""Simulated traffic whose true gain is known, seen as the gate sees it: flags, audits, a sheet."""

from dataclasses import dataclass

import numpy as np

from sambodhan_assets.domain.gate.confusion import macro_f1
from sambodhan_assets.domain.gate.window import UNLABELLED, GateWindow


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Two models of known quality; errors fall on the other labels alike.

    Attributes:
        label_shares: Share of each label.
        accuracy: Of the deployed version.
        fixes: Share of its errors that the candidate answers rightly.
        differs: Share of its errors that the candidate answers with another wrong label.
        breaks: Share of its right answers that the candidate answers wrongly.
        flagged: Share of its errors that an official corrects.
    """

    label_shares: tuple[float, ...] = (0.5, 0.3, 0.2)
    accuracy: float
    fixes: float
    differs: float = 0.0
    breaks: float
    flagged: float = 0.6

    @property
    def n_labels(self) -> int:
        return len(self.label_shares)

    def true_gain(self) -> float:
        """Macro-F1 of the candidate minus that of the deployed version, on endless traffic."""
        wrong = (1 - np.eye(self.n_labels)) / (self.n_labels - 1)
        errors = 1 - self.accuracy
        candidate_right = self.accuracy * (1 - self.breaks) + errors * self.fixes
        confusions = [
            np.diag(self.label_shares) @ (right * np.eye(self.n_labels) + (1 - right) * wrong)
            for right in (candidate_right, self.accuracy)
        ]
        candidate, deployed = macro_f1(np.array(confusions))
        return float(candidate - deployed)

    def window(self, rng: np.random.Generator, rows: int, *, audits: int, sheet: int) -> GateWindow:
        """A window of so many complaints, with random audits and a sheet of disagreements."""
        truth = rng.choice(self.n_labels, size=rows, p=self.label_shares)
        deployed = np.where(rng.random(rows) < self.accuracy, truth, self._another(rng, truth))
        candidate = self._candidate(rng, truth, deployed)
        certain = (deployed != truth) & (rng.random(rows) < self.flagged)
        audited = rng.permutation(np.flatnonzero(~certain))[:audits]
        known = certain.copy()
        known[audited] = True
        drawn = rng.permutation(np.flatnonzero((candidate != deployed) & ~known))[:sheet]
        known[drawn] = True
        return GateWindow(
            candidate=candidate,
            deployed=deployed,
            truth=np.where(known, truth, UNLABELLED),
            certain=certain,
            group=np.arange(rows),
            weight=np.ones(rows),
        )

    def _candidate(
        self, rng: np.random.Generator, truth: np.ndarray, deployed: np.ndarray
    ) -> np.ndarray:
        draw = rng.random(len(truth))
        # One of the K - 2 labels that are neither right nor the deployed answer.
        third = self._another(rng, truth)
        while (same := third == deployed).any() and self.n_labels > 2:
            third = np.where(same & (deployed != truth), self._another(rng, truth), third)
            if not (same & (deployed != truth)).any():
                break
        on_error = np.where(
            draw < self.fixes, truth, np.where(draw < self.fixes + self.differs, third, deployed)
        )
        on_right = np.where(draw < self.breaks, self._another(rng, truth), truth)
        return np.where(deployed == truth, on_right, on_error)

    def _another(self, rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
        """A label other than the given one, each alike."""
        return (labels + rng.integers(1, self.n_labels, len(labels))) % self.n_labels
