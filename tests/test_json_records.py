"""Risk: a damaged record, or one of a later release, is read as something else."""

from typing import Any

import pytest

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.json_records import record_from_json


def read(text: str) -> int:
    def build(fields: dict[str, Any]) -> int:
        return int(fields["rows"])

    return record_from_json(
        text, build, name="the record r.json", format_version=1, todo="Write it again."
    )


def test_a_record_is_built_from_its_fields():
    assert read('{"format_version": 1, "rows": 3}') == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"rows": 3}',
        '{"format_version": 1}',
        '{"format_version": 1, "rows": "many"}',
        '{"format_version": 1, "rows": null}',
    ],
)
def test_a_damaged_record_is_refused_with_what_to_do(text: str):
    with pytest.raises(PermanentError, match=r"the record r\.json: it is damaged.*Write it again"):
        read(text)


def test_a_record_of_a_later_release_is_called_so_whatever_it_holds():
    with pytest.raises(PermanentError, match="its format is 2, known is 1"):
        read('{"format_version": 2, "lines": 3}')
