"""Risk: a secret of the settings stands in an error, a log or a mail, or masking eats good text."""

import base64
import html
import io
import json
import logging
import re
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import get_args
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from resources.masking import forget_secrets, mask, mask_logs, remember_secrets
from resources.profiles import Settings, load_settings
from sambodhan_assets.console import err, print_lines

ROOT = Path(__file__).parents[1]
PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=40)


@pytest.fixture(autouse=True)
def _knows_nothing() -> Generator[None]:
    forget_secrets()
    yield
    forget_secrets()


@given(secret=PRINTABLE, before=st.text(), after=st.text())
def test_a_long_secret_is_hidden_wherever_it_stands(secret: str, before: str, after: str):
    remember_secrets([secret])
    for form in (secret, quote(secret), quote_plus(secret), html.escape(secret)):
        assert form not in mask(f"{before}{form}{after}")
    assert json.dumps(secret)[1:-1] not in mask(json.dumps({"password": secret}))
    assert repr(secret)[1:-1] not in mask(repr({"password": secret}))


@given(st.text(st.characters(codec="ascii", categories=["L", "Zs"])))
def test_text_without_secrets_stays_as_it_is(text: str):
    forget_secrets()
    assert mask(text) == text


def test_the_password_of_an_address_is_hidden_without_the_address():
    remember_secrets(["postgresql://me:p@ss:word/%23x@db.example:5432/feedback"])
    for form in ("p@ss:word/%23x", "p@ss:word/#x", "p%40ss%3Aword%2F%23x"):
        assert mask(f"login with {form} refused") == "login with *** refused"
    assert mask("db.example, user me") == "db.example, user me"


def test_the_path_of_a_webhook_is_hidden_without_its_host():
    remember_secrets(["https://hooks.example/services/T0/B0/geheim"])
    assert mask("POST /services/T0/B0/geheim at hooks.example") == "POST *** at hooks.example"


def test_a_password_that_is_a_word_leaves_longer_words_alone():
    remember_secrets(["post"])
    assert mask("the post of postgresql") == "the *** of postgresql"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:geheim@db/x", "postgresql://***@db/x"),
        ("token hf_abcdefgh1234", "token ***"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("/x?X-Amz-Signature=0a1b&part=1", "/x?X-Amz-Signature=***&part=1"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_whoever_s_it_is(text: str, shown: str):
    assert mask(text) == shown


SECRET_FIELDS = [
    name for name, field in Settings.model_fields.items() if SecretStr in get_args(field.annotation)
]


def planted(field: str) -> str:
    secret = f"geheim-{field}".ljust(40, "x")
    if field == "slack_webhook_url":
        return f"https://hooks.example/{secret}"
    return f"postgresql://me:{secret}@db/x" if field.endswith("_url") else secret


def test_every_secret_setting_is_hidden_from_then_on():
    load_settings({name.upper(): planted(name) for name in SECRET_FIELDS})
    assert {"hf_token", "postgres_url", "wandb_api_key", "smtp_password"} < set(SECRET_FIELDS)
    for name in SECRET_FIELDS:
        secret = planted(name).removeprefix("https://hooks.example")
        secret = secret.removeprefix("postgresql://me:").removesuffix("@db/x")
        assert mask(f"with {secret} and more") == "with *** and more"


def test_every_setting_that_is_called_a_secret_is_one():
    called = re.compile("token|password|secret|_key|webhook|postgres_url|db_url")
    assert [name for name in Settings.model_fields if called.search(name)] == SECRET_FIELDS


def test_secrets_that_libraries_read_themselves_are_hidden(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "geheim/of+a/bucket")
    load_settings()
    assert mask("signed with geheim/of+a/bucket") == "signed with ***"


def test_a_log_record_holds_no_secret_in_text_arguments_or_traceback():
    factory = logging.getLogRecordFactory()
    stream = io.StringIO()
    log = logging.Logger("probe")
    log.addHandler(logging.StreamHandler(stream))
    remember_secrets(["geheim-4711-lang"])
    try:
        mask_logs()
        log.warning("with %s", "geheim-4711-lang")
        try:
            raise ValueError("geheim-4711-lang")
        except ValueError:
            log.exception("failed")
    finally:
        logging.setLogRecordFactory(factory)
    assert "ValueError: ***" in stream.getvalue()
    assert "geheim" not in stream.getvalue()


def test_an_unknown_error_of_the_command_line_shows_no_secret(tmp_path: Path):
    script = (
        "import sambodhan_assets.cli as cli\n"
        "def broken(*_): raise RuntimeError('no way with geheim-4711-lang')\n"
        "cli.all_status = broken\n"
        "cli.main()\n"
    )
    environment = {
        "SAMBODHAN_HOME": str(tmp_path),
        "HF_TOKEN": "geheim-4711-lang",
        "PATH": "/usr/bin",
    }
    told = subprocess.run(
        [sys.executable, "-c", script, "status"],
        check=False,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 1
    assert "RuntimeError: no way with ***" in told.stderr
    assert "geheim" not in told.stderr


def test_a_secret_in_base64_of_a_login_is_hidden_by_its_header():
    login = base64.b64encode(b"me:geheim").decode()
    assert mask(f"Authorization: Basic {login}") == "Authorization: Basic ***"


def test_the_command_line_prints_no_secret(capsys: pytest.CaptureFixture[str]):
    remember_secrets(["geheim-4711-lang"])
    err.print("[red]Error[/red] refused: geheim-4711-lang")
    print_lines(["kept at /x?password=geheim-4711-lang"])
    printed = capsys.readouterr()
    assert "refused: ***" in printed.err
    assert "password=***" in printed.out
