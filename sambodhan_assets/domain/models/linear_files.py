"""Linear weights as a skops file: arrays only, so that reading one runs no code."""

import json
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.linear_fit import LinearWeights
from sambodhan_assets.domain.models.text_counts import Vocabulary

WEIGHTS_FILE = "linear.skops"
# Everything that `write_weights` writes. skops trusts all estimators of scikit-learn by default;
# this file has none, so one in it is a sign of another make.
TRUSTED_TYPES = ("builtins.dict", "builtins.list", "builtins.str", "numpy.ndarray")
_ARRAYS = {
    "terms": ("uint8", 1),
    "idf": ("float64", 1),
    "classes": ("int64", 1),
    "coefficients": ("float64", 2),
    "intercepts": ("float64", 1),
}
# Where skops writes the address of an object: in the schema, and as the name of an array's file.
_ADDRESS = re.compile(r'(?<="__id__": )\d+|\d+(?=\.npy)')


def write_weights(folder: Path, weights: LinearWeights) -> None:
    """Write `linear.skops` into `folder`, which exists."""
    from skops.io import dump

    # As one array of bytes: skops describes each item of a list or dict in JSON of its own, which
    # takes 40 times the space and seconds to read. No term holds a line feed.
    terms = np.frombuffer("\n".join(weights.vocabulary.terms).encode("utf-8"), dtype=np.uint8)
    arrays = {
        "terms": terms,
        "idf": weights.idf,
        "classes": weights.classes,
        "coefficients": weights.coefficients,
        "intercepts": weights.intercepts,
    }
    dump(arrays, folder / WEIGHTS_FILE, compression=zipfile.ZIP_DEFLATED)
    _make_reproducible(folder / WEIGHTS_FILE)


def _make_reproducible(path: Path) -> None:
    """Write the same bytes for the same weights: no time of day, numbers for memory addresses.

    A run that repeats a training then finds the version that a killed run has published.
    """
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = members.pop("schema.json").decode("utf-8")
    addresses = dict.fromkeys(_ADDRESS.findall(schema))
    numbers = {address: str(number) for number, address in enumerate(addresses, start=1)}

    def numbered(text: str) -> str:
        return _ADDRESS.sub(lambda match: numbers[match[0]], text)

    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (*members.items(), ("schema.json", numbered(schema).encode("utf-8"))):
            # A ZipInfo without a time stands for 1980.
            entry = zipfile.ZipInfo(numbered(name))
            archive.writestr(entry, data, compress_type=zipfile.ZIP_DEFLATED)


def read_weights(folder: Path, *, n_labels: int) -> LinearWeights:
    """Read `linear.skops` of a folder.

    Raises:
        PermanentError: The file is missing or no skops file, names a type beyond TRUSTED_TYPES, or
            its arrays do not fit each other or `n_labels`, or are not finite.
    """
    path = folder / WEIGHTS_FILE
    if not path.is_file():
        raise _refusal(path, "it does not exist.")
    try:
        arrays = _load(path)
        if problem := _problem(arrays, n_labels):
            raise _refusal(path, problem)
        terms = arrays["terms"].tobytes().decode("utf-8").split("\n")
    # What zipfile, json, numpy and skops raise for a damaged or foreign file.
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, TypeError, ValueError) as error:
        raise _refusal(path, f"it is damaged or of another make ({error!r}).") from error
    vocabulary = Vocabulary.of(terms)
    if list(vocabulary.terms) != terms or len(set(terms)) != arrays["idf"].size:
        raise _refusal(path, "its terms are not sorted, not distinct or not one per weight.")
    return LinearWeights(
        vocabulary=vocabulary,
        idf=arrays["idf"],
        classes=arrays["classes"],
        coefficients=arrays["coefficients"],
        intercepts=arrays["intercepts"],
    )


def _load(path: Path) -> dict[str, NDArray[Any]]:
    from skops.io import load

    with zipfile.ZipFile(path) as archive:
        schema = json.loads(archive.read("schema.json"))
    if unknown := sorted(_types_in(schema) - set(TRUSTED_TYPES)):
        raise _refusal(path, f"it holds {unknown}; only {list(TRUSTED_TYPES)} may be in it.")
    return load(path, trusted=list(TRUSTED_TYPES))


def _types_in(schema: object) -> set[str]:
    """Qualified names of all types that a skops schema names, at any depth."""
    if isinstance(schema, list):
        return set[str]().union(*map(_types_in, cast(list[object], schema)))
    if not isinstance(schema, dict):
        return set()
    entry = cast(dict[str, object], schema)
    inside = set[str]().union(*map(_types_in, entry.values()))
    if "__class__" in entry:
        inside.add(f"{entry.get('__module__')}.{entry['__class__']}")
    return inside


def _problem(arrays: dict[str, NDArray[Any]], n_labels: int) -> str | None:
    """What is wrong with the arrays, or None."""
    if set(arrays) != set(_ARRAYS):
        return f"it holds {sorted(arrays)} instead of {sorted(_ARRAYS)}."
    for name, (kind, dimensions) in _ARRAYS.items():
        if arrays[name].dtype != np.dtype(kind) or arrays[name].ndim != dimensions:
            return f"{name} is {arrays[name].dtype} of {arrays[name].ndim} dimensions."
        if not np.isfinite(arrays[name]).all():
            return f"{name} holds values that are not finite."
    classes = arrays["classes"].tolist()
    if not set(classes) <= set(range(n_labels)) or len(set(classes)) < 2:
        return f"it predicts the label ids {classes}, but the record has {n_labels} labels."
    rows = 1 if len(classes) == 2 else len(classes)
    if arrays["coefficients"].shape != (rows, arrays["idf"].size):
        return f"its coefficients have the shape {arrays['coefficients'].shape}."
    return None if arrays["intercepts"].shape == (rows,) else "its intercepts do not fit."


def _refusal(path: Path, found: str) -> PermanentError:
    return PermanentError(
        tried=f"Reading the linear model {path}",
        found=found,
        todo="Use a model folder that this platform wrote, or train anew.",
    )
