"""Risk: a wrong setting is ignored, explained badly, or shows a secret."""

from pathlib import Path

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.assembly import build_resources
from resources.profiles import Settings, load_settings, read_environment_file
from resources.registry.hub import HubRegistry
from sambodhan_assets.label_tasks import LABEL_TASKS
from tests.refused_settings import refusal

SECRET = "postgresql://user:geheim@db.example:5432/feedback"


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_nothing_set_is_enough():
    settings = load_settings()
    assert settings.family == "linear"
    assert settings.evaluation_mode == "crossfit"
    assert settings.home == Path.cwd() / ".sambodhan"
    assert settings.registry_location == str(Path.cwd() / ".sambodhan" / "registry")
    assert settings.artifact_url == str(Path.cwd() / ".sambodhan" / "artifacts")


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("MIN_DATASET_LEN", "many-of-them", "integer"),
        ("MIN_DATASET_LEN", "-170000", "greater than or equal to 1"),
        ("EXECUTOR", "kubernetes", "'in_process'"),
        ("MODEL_FAMILY", "forest-of-trees", "'linear' or 'transformer'"),
        ("POLICY", "generous", "'balanced', 'strict' or 'f1_delta'"),
        ("EVALUATION", "guesswork", "'crossfit' or 'holdout'"),
        ("BOOTSTRAP_MIN_F1", "1.7654", "less than or equal to 1"),
        ("DECISION_THRESHOLD", "-0.7654", "greater than or equal to 0"),
        ("FOCAL_ALPHA", "-7.654", "greater than 0"),
        ("DB_TIMEZONE", "Nepal/Somewhere", "time zone"),
        ("LABEL", "departement", "department, urgency"),
        ("REGISTRY", "somewhere-else", "'folder' or 'hub'"),
        ("HUB_VISIBILITY", "half-open", "'private' or 'public'"),
        ("HF_ENDPOINT", "https://hub.example/", "without a slash at its end"),
        ("DATASET_LICENSE", "Creative Commons", "such as cc-by-4.0"),
        ("MODEL_LICENSE", "mit\nlanguage: xx", "such as cc-by-4.0"),
        ("PREPARE_DATASET_SPACE_ID", "prepare-dataset", "owner/name of a Space"),
        ("API_ENDPOINT", "http://127.0.0.1:8000/answers", "ends with /predict"),
        ("SPACE_HARDWARE", "T4 small", "such as t4-small"),
        ("AUTO_RETRAIN", "sometimes", "boolean"),
        ("WANDB_MODE", "sometimes", "'online', 'offline' or 'disabled'"),
        ("WANDB_BASE_URL", "wandb.example", "http or https address"),
        ("WANDB_TIMEOUT_SECONDS", "-7.654", "greater than 0"),
        ("POSTGRES_URL", "mysql://user:geheim@db/feedback", "postgresql://"),
    ],
)
def test_a_wrong_value_is_one_line_with_its_name_and_what_is_allowed(
    name: str, value: str, allowed: str
):
    message = refusal(**{name: value})
    assert name in message
    assert allowed in message
    assert value not in message
    assert "geheim" not in message
    assert "\n" not in message


def test_all_wrong_values_are_named_at_once():
    message = refusal(MIN_DATASET_LEN="few", EXECUTOR="ray", REPLAY_MAX="none")
    assert all(name in message for name in ("MIN_DATASET_LEN", "EXECUTOR", "REPLAY_MAX"))


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=0x920), min_size=12))
def test_no_text_that_is_no_number_is_taken_or_shown(text: str):
    message = refusal(MIN_DATASET_LEN=f"x{text}")
    assert f"x{text}" not in message


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch):
    for name in ("MIN_DATASET_LEN", "POSTGRES_URL", "MODEL_CHECKPOINT", "EXECUTOR"):
        monkeypatch.setenv(name, "")
    assert load_settings() == load_settings({})
    assert load_settings().min_dataset_len == 1000
    assert load_settings().postgres_url is None


def test_what_the_caller_gives_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MIN_DATASET_LEN", "17")
    assert load_settings().min_dataset_len == 17
    assert load_settings({"MIN_DATASET_LEN": "18"}).min_dataset_len == 18


def test_a_checkpoint_chooses_the_transformer_and_the_holdout():
    settings = load_settings({"MODEL_CHECKPOINT": "xlm-roberta-base"})
    assert (settings.family, settings.evaluation_mode) == ("transformer", "holdout")
    linear = load_settings({"MODEL_CHECKPOINT": "xlm-roberta-base", "MODEL_FAMILY": "linear"})
    assert (linear.family, linear.evaluation_mode) == ("linear", "crossfit")


def test_settings_that_contradict_each_other_are_refused():
    assert "needs MODEL_CHECKPOINT" in refusal(MODEL_FAMILY="transformer")
    message = refusal(MODEL_CHECKPOINT="xlm-roberta-base", EVALUATION="crossfit")
    assert "EVALUATION=holdout" in message


def test_the_hub_needs_a_token_which_stands_in_no_text_and_in_no_resource():
    assert "needs HF_TOKEN" in refusal(REGISTRY="hub")
    settings = load_settings({"REGISTRY": "hub", "HF_TOKEN": "hf_geheim"})
    resources = build_resources(settings, LABEL_TASKS)
    assert isinstance(resources["registry"], HubRegistry)
    for text in (repr(settings), str(settings.model_dump()), repr(resources)):
        assert "geheim" not in text


def test_the_address_of_the_database_is_in_no_text_and_in_no_resource():
    settings = load_settings({"POSTGRES_URL": SECRET})
    resources = build_resources(settings, LABEL_TASKS)
    assert isinstance(resources["feedback"].url, dg.EnvVar | str)
    for text in (repr(settings), str(settings), str(settings.model_dump()), repr(resources)):
        assert "geheim" not in text
    assert settings.postgres_url is not None
    assert settings.postgres_url.get_secret_value() == SECRET


def test_the_environment_goes_before_the_environment_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / ".env").write_text("MIN_DATASET_LEN=21\nREPLAY_MAX=22\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REPLAY_MAX", "33")
    monkeypatch.setenv("MIN_DATASET_LEN", "to be removed after the test")
    monkeypatch.delenv("MIN_DATASET_LEN")
    read_environment_file()
    assert load_settings().min_dataset_len == 21
    assert load_settings().replay_max == 33


def test_the_folder_of_all_state_is_absolute_and_may_start_with_a_tilde(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_settings({"SAMBODHAN_HOME": "~/state"}).home == tmp_path / "state"
    assert load_settings({"SAMBODHAN_HOME": "state"}).home == Path.cwd() / "state"


def tracking_mode(**variables: str) -> str | None:
    return load_settings(variables).tracking_mode


def test_how_runs_are_tracked_is_decided_by_key_and_mode():
    key = "a" * 40
    assert tracking_mode() is None
    assert tracking_mode(WANDB_API_KEY=key) == "online"
    assert tracking_mode(WANDB_API_KEY=key, WANDB_MODE="offline") == "offline"
    assert tracking_mode(WANDB_API_KEY=key, WANDB_MODE="disabled") is None
    assert tracking_mode(WANDB_MODE="offline") == "offline"
    assert "WANDB_API_KEY, which is not set" in refusal(WANDB_MODE="online")


def test_the_wandb_key_stands_in_resources_by_the_name_of_its_variable_only():
    settings = load_settings({"WANDB_API_KEY": "k" * 40})
    tracker = build_resources(settings, LABEL_TASKS)["tracker"]
    assert "k" * 40 not in repr(tracker)
    assert tracker.api_key == "WANDB_API_KEY"
