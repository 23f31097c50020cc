"""Risk: a clock that stands still or goes back makes a tag twice, or an older one the newest."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.version_tags import is_tag, next_tag

MOMENTS = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 (hypothesis adds the zone)
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def test_a_tag_is_the_time_in_utc():
    nepal = timezone(timedelta(hours=5, minutes=45))
    assert next_tag(datetime(2026, 1, 29, 20, 15, 52, tzinfo=nepal), None) == "v20260129_143052"


def test_a_clock_that_goes_back_moves_one_second_past_the_newest():
    assert next_tag(datetime(2026, 1, 1, tzinfo=UTC), "v20261231_235959") == "v20270101_000000"


@given(st.lists(MOMENTS, min_size=1, max_size=20))
def test_tags_always_increase(moments):
    tags: list[str] = []
    for moment in moments:
        tags.append(next_tag(moment, tags[-1] if tags else None))
    assert tags == sorted(set(tags))
    assert all(is_tag(tag) for tag in tags)
