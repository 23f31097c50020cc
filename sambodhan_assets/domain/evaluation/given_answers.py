"""The answers of a deployed model that runs elsewhere: it was asked before, and is not at hand."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.errors import PermanentError

FAMILY = "remote"


@dataclass(frozen=True, kw_only=True, eq=False)
class GivenAnswers:
    """Stands where a model would; it knows the texts that it was asked and no others.

    Attributes:
        labels: All labels of the task; the position is the label id.
        label_ids: Label id by text.
        family: "remote": nobody here knows how it was trained.
    """

    labels: tuple[str, ...]
    label_ids: Mapping[str, int] = field(default_factory=dict[str, int])
    family: str = FAMILY

    def knows(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Bool [n]: the texts that it was asked."""
        return np.array([text in self.label_ids for text in texts], dtype=bool)

    def answers(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Label ids [n].

        Raises:
            PermanentError: It was not asked one of the texts.
        """
        missing = int((~self.knows(texts)).sum())
        if missing:
            raise PermanentError(
                tried=f"Reading the answers of the deployed model to {len(texts)} texts",
                found=f"{missing} of them were not asked.",
                todo="Ask all texts that `texts_to_ask` names before the evaluation.",
            )
        return np.array([self.label_ids[text] for text in texts], dtype=np.int64)

    @property
    def digest(self) -> str:
        """Tells whether the same texts got the same answers; 12 hexadecimal digits."""
        content = json.dumps(sorted(self.label_ids.items())).encode()
        return hashlib.sha256(content).hexdigest()[:12]
