"""Risk: a password with special characters is misread, or stands in an error message."""

from urllib.parse import quote, unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from resources.postgres.url import database_url
from sambodhan_assets.domain.errors import PermanentError

PASSWORDS = [
    "plain",
    "p@ss",
    "a:b",
    "a/b",
    "100%",
    "a?b",
    "a#b",
    "@:/%",
    "@@",
    "a@b/c:d%zz?e",
    "नेपाल",
]


@pytest.mark.parametrize("password", PASSWORDS)
def test_a_raw_password_is_read_as_it_stands(password):
    url = database_url(f"postgresql://user:{password}@db.example:5433/feedback?sslmode=require")
    assert url.password == password
    assert (url.username, url.host, url.port, url.database) == (
        "user",
        "db.example",
        5433,
        "feedback",
    )
    assert url.query == {"sslmode": "require"}


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_a_percent_encoded_password_is_decoded(password):
    url = database_url(f"postgresql://user:{quote(password, safe='')}@host/feedback")
    assert url.password == password
    assert url.host == "host"


@given(st.text("aZ9@:/%#=&+,;!$'()*-_.~[]", min_size=1))
def test_any_raw_password_without_a_valid_escape_is_read_as_it_stands(password):
    assume(unquote(password) == password)
    url = database_url(f"postgresql://user:{password}@host/feedback")
    assert (url.password, url.host, url.database) == (password, "host", "feedback")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "PostgreSQL"])
def test_every_scheme_of_postgresql_means_psycopg(scheme):
    assert database_url(f"{scheme}://user@host/db").drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    ("text", "host", "port", "query"),
    [
        ("postgresql://u@[::1]:5433/db", "::1", 5433, {}),
        ("postgresql://u@host", "host", None, {}),
        ("postgresql:///db?host=/var/run", None, None, {"host": "/var/run"}),
        (
            "postgresql://u@%2Fvar%2Frun:5433/db",
            None,
            None,
            {"host": "/var/run", "port": "5433"},
        ),
        ("postgresql://u@one:1,two/db", None, None, {"host": "one,two", "port": "1,5432"}),
    ],
)
def test_hosts_are_read_in_every_form_that_libpq_knows(text, host, port, query):
    url = database_url(text)
    assert (url.host, url.port, dict(url.query)) == (host, port, query)


def test_user_and_password_may_stand_among_the_options():
    url = database_url("postgresql://host/db?user=me&password=secret&sslmode=disable")
    assert (url.username, url.password) == ("me", "secret")
    assert "secret" not in str(url)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        "mysql://user:secret@host/db",
        "user:secret@host/db",
        "postgresql://user:secret@host:port/db",
        "postgresql://user:secret@host:99999/db",
        "postgresql://user:secret@host/db?sslmode",
        "postgresql://user:secret@ho st/db",
        "postgresql://user:secret/host/db",
        "postgresql://user:secret@host/db?application_name=me@work",
    ],
)
def test_a_malformed_address_fails_in_one_line_that_shows_none_of_it(text):
    with pytest.raises(PermanentError, match="POSTGRES_URL") as error:
        database_url(text)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.__cause__ is None
