"""Risk: two runs on the same data draw different samples, so datasets cannot be reproduced."""

import hashlib

import pytest

from resources.feedback.queries import FeedbackQueries
from resources.feedback.reads import first_unflagged
from resources.feedback.sampling import HASHINT8, MD5, SampleOrder
from resources.feedback.schema import found_columns
from resources.postgres.connection import transaction
from resources.postgres.url import database_url
from tests.databases import DEPARTMENT, execute, feedback_store, snapshot, text_of

SAMPLERS = [HASHINT8, MD5]
FLAGGED = range(1, 101)


@pytest.fixture
def url(feedback_url):
    """2,000 complaints with ids 1 to 2000, of which 1 to 100 are corrected."""
    execute(
        feedback_url,
        f"INSERT INTO complaints SELECT n, 'text ' || n, '{DEPARTMENT.labels[0]}', 'NORMAL'"
        " FROM generate_series(1, 2000) n",
        "INSERT INTO misclassified_complaints (complaint_id, correct_department, reviewed,"
        f" reviewed_at) SELECT n, '{DEPARTMENT.labels[1]}', true, now()"
        " FROM generate_series(1, 100) n",
    )
    return feedback_url


def without_hashint8(url: str) -> str:
    """The same database for a role to which the fast hash function is forbidden."""
    execute(
        url,
        "DROP ROLE IF EXISTS plain_reader",
        "CREATE ROLE plain_reader LOGIN",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain_reader",
        "REVOKE EXECUTE ON FUNCTION pg_catalog.hashint8extended FROM PUBLIC",
    )
    return text_of(database_url(url).set(username="plain_reader"))


def ids(taken, *, ranked=True):
    return [
        row["complaint_id"]
        for row in taken.rows.to_pylist()
        if row["source"] == "unflagged" and (row["sample_rank"] is not None) == ranked
    ]


def hashint8_order(url, seed=42, after=0):
    hashed = f"hashint8extended(id, {seed})"
    query = f"SELECT id FROM complaints WHERE id > greatest(100, {after}) ORDER BY {hashed}, id"
    return [row[0] for row in execute(url, query)]


def md5_order(seed=42):
    return sorted(range(101, 2001), key=lambda n: (hashlib.md5(f"{seed}:{n}".encode()).digest(), n))


def test_the_sample_is_the_smallest_hashes(url):
    taken = snapshot(feedback_store(url), replay_max=150)
    assert taken.report.sampler == HASHINT8
    assert ids(taken) == hashint8_order(url)[:200]


def test_a_server_without_the_fast_hash_falls_back_to_md5(url):
    taken = snapshot(feedback_store(without_hashint8(url)), replay_max=150)
    assert taken.report.sampler == MD5
    assert ids(taken) == md5_order()[:200]
    execute(url, "DROP OWNED BY plain_reader", "DROP ROLE plain_reader")


def test_a_server_with_another_hash_falls_back_to_md5(url, monkeypatch):
    monkeypatch.setattr("resources.feedback.sampling.KNOWN_ANSWERS", ((1, 42, 7),))
    taken = snapshot(feedback_store(url))
    assert taken.report.sampler == MD5
    assert ids(taken) == md5_order()[:50]


def test_another_seed_draws_another_sample(url):
    store = feedback_store(url)
    assert ids(snapshot(store, seed=1)) != ids(snapshot(store, seed=2))
    assert ids(snapshot(store, seed=-1)) == hashint8_order(url, seed=-1)[:50]


@pytest.mark.parametrize(
    "disturbance",
    [
        "UPDATE complaints SET message = message WHERE id % 3 = 0",
        "VACUUM FULL complaints",
        "CREATE TABLE moved AS SELECT * FROM complaints ORDER BY random();"
        " TRUNCATE complaints CASCADE; INSERT INTO complaints SELECT * FROM moved",
        "ANALYZE complaints",
    ],
)
def test_the_same_rows_in_another_physical_order_give_the_same_snapshot(url, disturbance):
    store = feedback_store(url)
    # Without reviews, because TRUNCATE empties that table too.
    execute(url, "TRUNCATE misclassified_complaints")
    before = snapshot(store, replay_max=300, window_after_id=1500, window_max=200)
    execute(url, *disturbance.split(";"))
    after = snapshot(store, replay_max=300, window_after_id=1500, window_max=200)
    assert after.rows.equals(before.rows)
    assert after.report == before.report


def test_growth_pushes_rows_out_and_never_reorders_those_that_stay(url):
    store = feedback_store(url)
    before = ids(snapshot(store, replay_max=250))
    execute(
        url,
        f"INSERT INTO complaints SELECT n, 'text ' || n, '{DEPARTMENT.labels[0]}', 'NORMAL'"
        " FROM generate_series(2001, 2200) n",
    )
    after = ids(snapshot(store, replay_max=250))
    stayed = [n for n in after if n <= 2000]
    assert stayed == before[: len(stayed)]
    assert len(stayed) > 240


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("population", [-1, 0, 1, 300, 1_900, 10**9])
@pytest.mark.parametrize("small_share", [0, 2**64])
def test_a_wrong_guess_of_the_population_changes_no_row(
    url, sampler, population, small_share, monkeypatch
):
    # In one pass over the table, or by way of the index: the rows are the same.
    monkeypatch.setattr("resources.feedback.queries.SMALL_SHARE", small_share)
    order = SampleOrder(name=sampler, seed=42)
    with transaction(database_url(url), tried="Testing", mode="read") as connection:
        queries = FeedbackQueries([DEPARTMENT], found_columns(connection), db_timezone="UTC")
        rows = first_unflagged(
            connection, queries, DEPARTMENT, order,
            limit=200, population=population, after_id=None, on_progress=lambda _: None,
        )  # fmt: skip
    expected = hashint8_order(url) if sampler == HASHINT8 else md5_order()
    assert rows["complaint_id"].to_pylist() == expected[:200]


@pytest.mark.parametrize("every", [2, 20])
def test_complaints_without_a_label_leave_their_place_to_the_next_ones(url, every):
    execute(url, f"UPDATE complaints SET department = NULL WHERE id % {every} = 0")
    labelled = [n for n in hashint8_order(url) if n % every]
    assert ids(snapshot(feedback_store(url), replay_max=150)) == labelled[:200]


@pytest.mark.parametrize("small_share", [0, 2**64])
def test_complaints_without_a_label_leave_no_gap_in_the_sample(url, small_share, monkeypatch):
    monkeypatch.setattr("resources.feedback.queries.SMALL_SHARE", small_share)
    execute(url, "UPDATE complaints SET department = NULL WHERE id % 3 > 0")
    taken = snapshot(feedback_store(url), replay_max=50)
    labelled = [number for number in hashint8_order(url) if number % 3 == 0]
    corrected = taken.report.correction_count
    assert ids(taken) == labelled[: 50 + corrected // 2]
    assert taken.report.unflagged_count == len(labelled)


def test_the_window_has_its_own_sample_by_the_same_hash(url):
    taken = snapshot(feedback_store(url), window_after_id=1000, window_max=120)
    in_window = {
        row["complaint_id"]
        for row in taken.rows.to_pylist()
        if row["in_window"] and row["source"] == "unflagged"
    }
    assert ids(taken) == hashint8_order(url)[:50]
    assert set(hashint8_order(url, after=1000)[:120]) == in_window
    only_window = ids(taken, ranked=False)
    assert only_window == sorted(in_window - set(ids(taken)))
    assert taken.report.window_unflagged_count == 1000
    assert taken.report.window_correction_count == 0


def test_without_a_deployed_version_everything_is_the_window(url):
    store = feedback_store(url)
    taken = snapshot(store, window_max=120)
    assert ids(taken) == hashint8_order(url)[:50]
    assert ids(taken, ranked=False) == sorted(hashint8_order(url)[50:120])
    assert all(row["in_window"] for row in taken.rows.to_pylist())
    assert ids(snapshot(store, window_max=10), ranked=False) == []
    assert taken.report.window_correction_count == 100


def test_a_sample_larger_than_the_table_is_all_of_it(url):
    taken = snapshot(feedback_store(url), replay_max=10**9)
    assert ids(taken) == hashint8_order(url)


def test_the_snapshot_is_one_state_of_the_database_although_others_write(url):
    def interfere(_):
        execute(
            url,
            "DELETE FROM misclassified_complaints",
            "UPDATE complaints SET department = NULL WHERE id > 1000",
        )

    store = feedback_store(url)
    before = snapshot(store, replay_max=100)
    during = store.snapshot(
        DEPARTMENT, correct_ratio=0.5, replay_max=100, window_after_id=None, window_max=0, seed=42,
        on_progress=interfere,
    )  # fmt: skip
    assert during.rows.equals(before.rows)
    assert during.report == before.report
    assert snapshot(store).report.correction_count == 0
