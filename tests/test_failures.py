"""Risk: a red outcome quotes a complaint or a secret, or nobody can find out what went wrong."""

import re
import stat
from collections.abc import Generator
from pathlib import Path

import dagster as dg
import pytest

from resources.masking import forget_secrets, remember_secrets
from sambodhan_assets.assets.failures import explained_failures
from sambodhan_assets.domain.errors import PermanentError, TransientError

COMPLAINT = "the bridge of our ward has fallen"
SECRET = "geheim-4711-lang"


@pytest.fixture(autouse=True)
def _knows_a_secret() -> Generator[None]:
    remember_secrets([SECRET])
    yield
    forget_secrets()


def refused() -> None:
    try:
        raise ValueError(f"{COMPLAINT}, {SECRET}")
    except ValueError as error:
        raise TransientError(tried="Reading", found=f"no {SECRET}.", todo="Wait.") from error


def broken() -> None:
    raise KeyError(COMPLAINT, SECRET)


def stored(home: Path, work) -> tuple[dg.Failure, str]:
    """Runs a job that does the work; returns the failure, and all that Dagster stores of it."""

    @dg.op
    def probe() -> None:
        with explained_failures(str(home), "a-run.txt"):
            work()

    @dg.job
    def probing() -> None:
        probe()

    with dg.DagsterInstance.ephemeral() as instance:
        run = probing.execute_in_process(instance=instance, raise_on_error=False)
        records = instance.all_logs(run.run_id)
    (found,) = (
        record.dagster_event.step_failure_data.user_failure_data
        for record in records
        if record.dagster_event and record.dagster_event.is_step_failure
    )
    assert found is not None
    failure = dg.Failure(found.description, found.metadata)
    return failure, "\n".join(record.to_json() for record in records)


@pytest.mark.parametrize(("work", "kind"), [(refused, "ValueError"), (broken, "KeyError")])
def test_dagster_stores_the_kind_and_the_place_of_an_error_but_not_what_it_quotes(
    tmp_path: Path, work, kind: str
):
    failure, log = stored(tmp_path, work)
    assert COMPLAINT not in log
    assert SECRET not in log
    code = str(failure.metadata["lines of code"].value)
    assert kind in code
    assert re.search(rf"tests/test_failures.py:\d+ in {work.__name__}\n", code)


@pytest.mark.parametrize("work", [refused, broken])
def test_the_whole_error_stands_in_a_file_of_this_user_without_secrets(tmp_path: Path, work):
    failure, _ = stored(tmp_path, work)
    file = Path(str(failure.metadata["whole error"].value))
    assert file == tmp_path / "errors/a-run.txt"
    assert COMPLAINT in file.read_text()
    assert SECRET not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def no_folder(home: Path) -> None:
    (home / "errors").write_text("a file in its place")


def full_disk(home: Path) -> None:
    (home / "errors").mkdir()
    (home / "errors/a-run.txt").symlink_to("/dev/full")


@pytest.mark.parametrize(
    ("hinder", "why"), [(no_folder, "File exists"), (full_disk, "No space left on device")]
)
@pytest.mark.parametrize(
    ("work", "words"), [(refused, "Reading: no ***. Wait."), (broken, "KeyError, which nobody")]
)
def test_where_the_whole_error_cannot_be_written_the_rest_is_told_all_the_same(
    tmp_path: Path, work, words: str, hinder, why: str
):
    hinder(tmp_path)
    failure, log = stored(tmp_path, work)
    file = tmp_path / "errors/a-run.txt"
    assert str(failure.description).startswith(words)
    told = f"{file} could not be written ({why})."
    assert failure.metadata["whole error not kept"].value == told
    assert COMPLAINT not in log
    assert SECRET not in log


def test_an_error_about_half_a_character_is_kept_too(tmp_path: Path):
    def work() -> None:
        raise ValueError(f"{COMPLAINT} \ud83d")

    failure, log = stored(tmp_path, work)
    assert f"{COMPLAINT} \\ud83d" in Path(str(failure.metadata["whole error"].value)).read_text()
    assert COMPLAINT not in log


def test_a_known_error_keeps_its_words_and_whether_a_retry_may_help(tmp_path: Path):
    with pytest.raises(dg.Failure) as caught, explained_failures(str(tmp_path), "a-run.txt"):
        refused()
    assert caught.value.description == "Reading: no ***. Wait."
    assert caught.value.allow_retries


def test_an_error_without_a_cause_leaves_no_file(tmp_path: Path):
    def work() -> None:
        raise PermanentError(tried="Reading", found="nothing.", todo="Write.")

    with pytest.raises(dg.Failure) as caught, explained_failures(str(tmp_path), "a-run.txt"):
        work()
    assert set(caught.value.metadata) == {"tried", "found", "what to do"}
    assert not caught.value.allow_retries
    assert not (tmp_path / "errors").exists()
