"""What a model folder says about its own training: `training.json`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from sambodhan_assets.domain.errors import PermanentError

TRAINING_FILE = "training.json"
_TODO = "Use a model folder that this platform wrote and that nobody edited."


@dataclass(frozen=True, kw_only=True)
class TrainingRecord:
    """How one model came to be. It holds no text and no secret, so it may be published.

    Attributes:
        family: Which loader reads the folder: "linear" or "transformer".
        labels: All labels of the task; the position is the label id.
        hyperparameters: Every setting that shaped the weights, as JSON values.
        seed: Seed of all randomness in training; None for a model that was not trained here.
        library_versions: Versions of the libraries that trained the model.
        training_rows: Rows that the weights were fitted on; None if not known.
        outcome: What training measured about itself, e.g. the best validation macro-F1.
        extra: What the caller adds: dataset version, content hash, cleaner version and so on.
    """

    family: str
    labels: tuple[str, ...]
    hyperparameters: Mapping[str, Any]
    seed: int | None
    library_versions: Mapping[str, str]
    training_rows: int | None
    outcome: Mapping[str, Any] = field(default_factory=dict[str, Any])
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def with_extra(self, extra: Mapping[str, Any] | None) -> "TrainingRecord":
        """This record with more (or newer) entries under `extra`."""
        return replace(self, extra={**self.extra, **(extra or {})})

    def with_outcome(self, outcome: Mapping[str, Any]) -> "TrainingRecord":
        """This record with more (or newer) entries under `outcome`."""
        return replace(self, outcome={**self.outcome, **outcome})

    def to_json(self) -> str:
        """The record as JSON text with sorted keys: equal records give equal bytes."""
        return json.dumps(
            asdict(self), ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False
        )

    @classmethod
    def from_json(cls, text: str) -> "TrainingRecord":
        """Read `to_json` back.

        Raises:
            PermanentError: The text is no JSON object, or a field is missing or of a wrong type.
        """
        try:
            fields = json.loads(text)
        except json.JSONDecodeError as error:
            raise _unreadable(f"it is no JSON ({error}).") from error
        if not isinstance(fields, dict):
            raise _unreadable("it is no JSON object.")
        fields = cast(dict[str, Any], fields)
        wrong = [
            name
            for name, kind in _KINDS.items()
            if name not in fields or not isinstance(fields[name], kind)
        ]
        if wrong:
            raise _unreadable(f"the fields {wrong} are missing or of a wrong type.")
        known: dict[str, Any] = {name: fields[name] for name in _KINDS}
        known["labels"] = tuple(str(label) for label in fields["labels"])
        return cls(**known)

    def write(self, folder: Path) -> None:
        """Write `training.json` into `folder`, which exists."""
        (folder / TRAINING_FILE).write_text(self.to_json() + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "TrainingRecord":
        """Read `training.json` of a model folder.

        Raises:
            PermanentError: The file is missing or unreadable.
        """
        path = folder / TRAINING_FILE
        if not path.is_file():
            raise _unreadable(f"{path} does not exist.")
        return cls.from_json(path.read_text(encoding="utf-8"))


_KINDS: dict[str, type | tuple[type, ...]] = {
    "family": str,
    "labels": list,
    "hyperparameters": dict,
    "seed": (int, type(None)),
    "library_versions": dict,
    "training_rows": (int, type(None)),
    "outcome": dict,
    "extra": dict,
}


def library_versions(names: Sequence[str]) -> dict[str, str]:
    """Installed versions of the named distributions."""
    return {name: version(name) for name in names}


def _unreadable(found: str) -> PermanentError:
    return PermanentError(tried=f"Reading {TRAINING_FILE} of a model", found=found, todo=_TODO)
