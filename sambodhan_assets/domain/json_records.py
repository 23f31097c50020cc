"""Reads back records that this platform wrote as JSON objects with a format version."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from sambodhan_assets.domain.errors import PermanentError

Record = TypeVar("Record")


def record_from_json(
    text: str,
    build: Callable[[dict[str, Any]], Record],
    *,
    name: str,
    format_version: int,
    todo: str,
) -> Record:
    """Reads a record.

    Args:
        text: JSON of an object with the field `format_version`.
        build: Makes the record from the object's fields. What is wrong with them ends in a
            ValueError, KeyError, TypeError or AttributeError.
        name: What is read, and where it was found, for the error.
        format_version: The one that `build` knows.
        todo: What to do about a damaged one.

    Raises:
        PermanentError: It is damaged, or of a later release of this program.
    """
    try:
        fields = json.loads(text)
        found = fields["format_version"]
        if found == format_version:
            return build(fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PermanentError(
            tried=f"Reading {name}",
            found=f"it is damaged ({type(error).__name__}: {error}).",
            todo=todo,
        ) from error
    raise PermanentError(
        tried=f"Reading {name}",
        found=f"its format is {found}, known is {format_version}.",
        todo="Use the release of this platform that wrote it.",
    )
