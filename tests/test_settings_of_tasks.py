"""Risk: a setting of one task, or one that names no task, is taken for that of another."""

import pytest

from resources.assembly import build_lane_settings
from resources.profiles import load_settings
from sambodhan_assets.label_tasks import LABEL_TASKS
from tests.refused_settings import refusal

DEPARTMENT, URGENCY = LABEL_TASKS


def names(**variables: str) -> dict[str, str]:
    lanes = build_lane_settings(load_settings(variables), LABEL_TASKS)
    models = {f"{task} model": name for task, name in lanes.model_names.items()}
    return {k: v for k, v in (lanes.dataset_names | models).items() if "embedding" not in k}


def test_repositories_are_named_by_the_tasks_own_variable_then_by_labels_then_by_the_task(
    monkeypatch: pytest.MonkeyPatch,
):
    assert names() == {
        "department": "sambodhan-department-dataset",
        "urgency": "sambodhan-urgency-dataset",
        "department model": "sambodhan-department-classifier",
        "urgency model": "sambodhan-urgency-classifier",
    }
    shared = {"LABEL": "urgency", "DATASET_REPO_ID": "org/data", "HUB_MODEL_ID": "org/model"}
    assert names(**shared) == {**names(), "urgency": "org/data", "urgency model": "org/model"}
    monkeypatch.setenv("URGENCY_DATASET", "org/own-data")
    monkeypatch.setenv("DEPARTMENT_MODEL", "org/own-model")
    found = names(**shared)
    assert found["urgency"] == "org/own-data"
    assert found["urgency model"] == "org/model"
    assert found["department model"] == "org/own-model"


@pytest.mark.parametrize(
    ("own", "shared", "value"),
    [
        ("SPACE", "SPACE_REPO_ID", "org/serves"),
        ("RETRAIN_SPACE", "RETRAIN_SPACE_ID", "org/retrains"),
        ("API_ENDPOINT", "API_ENDPOINT", "http://127.0.0.1:8000/predict"),
    ],
)
def test_spaces_belong_to_the_task_in_their_name_or_to_labels_task(
    own: str, shared: str, value: str, monkeypatch: pytest.MonkeyPatch
):
    def found(**variables: str) -> list[str | None]:
        settings = load_settings({"HF_TOKEN": "hf_geheim", **variables})
        read = {
            "SPACE": settings.inference_space,
            "RETRAIN_SPACE": settings.retrain_space,
            "API_ENDPOINT": settings.predict_endpoint,
        }[own]
        return [read(DEPARTMENT), read(URGENCY)]

    assert found(**{shared: value}) == [None, None]
    assert found(LABEL="urgency", **{shared: value}) == [None, value]
    monkeypatch.setenv(f"URGENCY_{own}", value.replace("org", "own"))
    assert found(LABEL="department", **{shared: value}) == [value, value.replace("org", "own")]


def test_a_space_needs_a_token_and_a_space_of_a_task_has_an_owner(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    assert "PREPARE_DATASET_SPACE_ID needs HF_TOKEN" in refusal(PREPARE_DATASET_SPACE_ID="org/name")
    # The Hub sets SPACE_ID in every Space; one that only serves public models has no token.
    assert load_settings({"SPACE_ID": "org/name"}).space_id == "org/name"
    monkeypatch.setenv("URGENCY_SPACE", "name-alone")
    assert "URGENCY_SPACE or SPACE_REPO_ID names no Space" in refusal(HF_TOKEN="hf_geheim")
    monkeypatch.setenv("URGENCY_SPACE", "org/name")
    monkeypatch.setenv("URGENCY_API_ENDPOINT", "https://user:geheim@example.org/predict")
    message = refusal(HF_TOKEN="hf_geheim")
    assert "URGENCY_API_ENDPOINT is no address of /predict" in message
    assert "geheim" not in message


def test_names_without_a_label_belong_to_nobody():
    assert names(DATASET_REPO_ID="org/data", HUB_MODEL_ID="org/model") == names()


def test_the_one_project_name_belongs_to_the_label_or_else_to_preparation(
    monkeypatch: pytest.MonkeyPatch,
):
    plain = load_settings()
    assert plain.dataset_wandb_project == "sambodhan-dataset-pipeline"
    assert plain.wandb_project(URGENCY) == "sambodhan-urgency-classifier"
    preparing = load_settings({"WANDB_PROJECT_NAME": "mine"})
    assert preparing.dataset_wandb_project == "mine"
    assert preparing.wandb_project(URGENCY) == "sambodhan-urgency-classifier"
    retraining = load_settings({"WANDB_PROJECT_NAME": "mine", "LABEL": "urgency"})
    assert retraining.dataset_wandb_project == "sambodhan-dataset-pipeline"
    assert retraining.wandb_project(URGENCY) == "mine"
    assert retraining.wandb_project(DEPARTMENT) == "sambodhan-department-classifier"
    monkeypatch.setenv("URGENCY_WANDB_PROJECT", "another")
    assert retraining.wandb_project(URGENCY) == "another"
