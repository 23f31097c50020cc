"""Risk: pairs are lost, doubled or changed on their way from a table, a service or a file."""

import json
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from resources.embedding.pair_source import read_pairs_file
from resources.embedding.postgres_pairs import PostgresPairs
from resources.embedding.supabase_pairs import SupabasePairs
from sambodhan_assets.domain.embedding.domains import DEFAULT_TEMPLATES
from sambodhan_assets.domain.errors import PermanentError, TransientError
from sambodhan_assets.domain.sample.typos import generate_pairs
from tests.databases import execute

KEY = "anon-key"


class Supabase(ThreadingHTTPServer):
    """Answers as a project does: at most `most` rows, in the order that was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.rows: list[dict[str, str | None]] = []
        self.most = 1000
        self.failures: list[int] = []
        self.offsets: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Supabase)
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        if server.failures:
            self._answer(server.failures.pop(), [], "*/*")
        elif self.headers["apikey"] != KEY:
            self._answer(401, [], "*/*")
        elif address.path != "/rest/v1/typo_training_dataset":
            self._answer(404, [], "*/*")
        else:
            order = [part.removesuffix(".asc") for part in query["order"].split(",")]
            rows = sorted(server.rows, key=lambda row: [str(row[name]) for name in order])
            start = int(query["offset"])
            server.offsets.append(start)
            page = rows[start : start + min(server.most, int(query["limit"]))]
            span = f"{start}-{start + len(page) - 1}" if page else "*"
            self._answer(200, page, f"{span}/{len(rows)}")

    def _answer(self, status: int, rows: list[dict[str, str | None]], span: str) -> None:
        body = json.dumps(rows).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Range", span)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def supabase() -> Generator[Supabase]:
    server = Supabase()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def source(server: Supabase, key: str = KEY) -> SupabasePairs:
    return SupabasePairs(url=server.url, key=key, first_wait_seconds=0.01)


def test_all_pages_of_supabase_are_read(supabase: Supabase):
    supabase.rows = generate_pairs(2345, seed=1).to_pylist()
    found = source(supabase).read()
    assert found is not None
    assert sorted(map(str, found.to_pylist())) == sorted(map(str, supabase.rows))
    assert supabase.offsets == [0, 1000, 2000]


def test_a_project_that_answers_fewer_rows_is_read_whole(supabase: Supabase):
    supabase.most = 100
    supabase.rows = generate_pairs(250, seed=1).to_pylist()
    found = source(supabase).read()
    assert found is not None
    assert found.num_rows == 250


def test_an_empty_answer_of_supabase_is_no_error_and_its_other_cause_is_known(supabase: Supabase):
    found = source(supabase).read()
    assert found is not None
    assert found.num_rows == 0
    assert "row-level security" in SupabasePairs.why_empty


def test_na_null_and_missing_values_stay_what_they_are(supabase: Supabase):
    supabase.rows = [
        {"typo": "NA", "corrected": "null", "domain": "brand"},
        {"typo": None, "corrected": "Nano", "domain": "model"},
    ]
    found = source(supabase).read()
    assert found is not None
    assert found.to_pylist() == supabase.rows


def test_a_busy_project_is_asked_again(supabase: Supabase):
    supabase.rows = generate_pairs(5, seed=1).to_pylist()
    supabase.failures = [503, 429]
    found = source(supabase).read()
    assert found is not None
    assert found.num_rows == 5


def test_a_project_that_stays_busy_is_an_error_that_may_pass(supabase: Supabase):
    supabase.failures = [503] * 10
    with pytest.raises(TransientError, match="answered 503"):
        source(supabase).read()


def test_a_wrong_key_is_told_and_not_shown(supabase: Supabase):
    with pytest.raises(PermanentError, match="refuses .401.") as error:
        source(supabase, key="wrong-secret").read()
    assert "wrong-secret" not in str(error.value)


def test_pairs_in_postgres_are_added_once(empty_database: str, tmp_path: Path):
    pairs = PostgresPairs(url=empty_database, home=str(tmp_path))
    assert pairs.read() is None
    rows = generate_pairs(30, seed=1)
    assert pairs.add(rows) == 30
    assert pairs.add(rows) == 0
    found = pairs.read()
    assert found is not None
    assert sorted(map(str, found.to_pylist())) == sorted(map(str, rows.to_pylist()))


def test_a_table_of_others_without_a_column_is_named(empty_database: str, tmp_path: Path):
    execute(empty_database, "CREATE TABLE typo_training_dataset (typo text, corrected text)")
    with pytest.raises(PermanentError, match="no column domain"):
        PostgresPairs(url=empty_database, home=str(tmp_path)).read()


def test_a_file_with_an_unknown_domain_is_loaded_not_at_all(tmp_path: Path):
    (tmp_path / "pairs.csv").write_text("typo,corrected,domain\nNA,Nano,model\nrde,red,colour\n")
    with pytest.raises(PermanentError, match="line 3: domain is 'colour'; known: brand, model"):
        read_pairs_file(tmp_path / "pairs.csv", DEFAULT_TEMPLATES)
    found = read_pairs_file(tmp_path / "pairs.csv").to_pylist()
    assert found[0] == {"typo": "NA", "corrected": "Nano", "domain": "model"}
