"""Risk: a transformer passes every test of its own and no lane trains, judges and deploys one.

About ten seconds, most of them the import of torch; no faster test takes a transformer through a
lane.
"""

import random
from collections.abc import Generator
from pathlib import Path

import pytest

from resources.lane_settings import candidate_repository, decision_repository
from resources.registry.base import Version
from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.dataset.files import read_dataset
from sambodhan_assets.domain.evaluation.window_rows import select_window
from sambodhan_assets.domain.gate.record_files import read_record
from sambodhan_assets.domain.models.training import training_rows
from sambodhan_assets.domain.sample.grievances import Grievance
from tests.citizens import careless_answers, complain, review
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, STAGES, World, keys
from tests.tiny_checkpoint import build_tiny_checkpoint

ROWS = 240
OPENINGS = ("tax paper ward", "school teacher exam", "water pipe bridge", "police theft night")
SYLLABLES = ("ka", "ri", "mo", "tu", "ne", "lo", "sa", "vi", "pe", "da", "gu", "hi")
HYPERPARAMETERS = {"epochs": 10, "learning_rate": 5e-3, "eval_steps": 60}


def plain_grievances() -> list[Grievance]:
    """Short texts whose first words tell the department: a tiny model learns them in seconds."""
    draw = random.Random(3)
    rows = []
    for number in range(1, ROWS + 1):
        words = ["".join(draw.choices(SYLLABLES, k=2)) for _ in range(9)]
        rows.append(
            Grievance(
                id=number,
                grievance=" ".join([OPENINGS[number % 4], *words]),
                department=DEPARTMENT.labels[number % 4],
                urgency="NORMAL",
            )
        )
    return rows


@pytest.fixture
def transformer_world(feedback_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Corrected complaints, and settings that name a tiny checkpoint and nothing else."""
    monkeypatch.setenv("POSTGRES_URL", feedback_url)
    rows = plain_grievances()
    checkpoint = build_tiny_checkpoint(
        tmp_path / "checkpoint", [row.grievance for row in rows], hidden=32, layers=1
    )
    settings = {
        "MODEL_CHECKPOINT": str(checkpoint),
        "EARLY_STOPPING_PATIENCE": "100",
        "BOOTSTRAP_MIN_F1": "0.3",
    }
    world = World(home=tmp_path / "home", url=feedback_url, overrides=settings)
    answers = careless_answers(rows, share=0.15)
    complain(world, rows, answers)
    review(world, rows, answers)
    return world


@pytest.fixture
def one_thread() -> Generator[None]:
    """Networks this small lose time to a second thread, and much of it beside another test."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
def test_a_transformer_is_trained_judged_on_a_holdout_and_deployed(transformer_world: World):
    world = transformer_world
    assert (world.settings.family, world.settings.evaluation_mode) == ("transformer", "holdout")
    config = {"ops": {"department__trained_model": {"config": HYPERPARAMETERS}}}
    outcome = run(world, run_config=config)
    assert outcome.failure is None
    assert outcome.made == keys(DEPARTMENT, *STAGES)
    candidate = world.artifacts.newest(candidate_repository(DEPARTMENT))
    assert candidate is not None
    assert serving_version(world).manifest.details["candidate_tag"] == candidate.tag
    check_that_anybody_can_load_it(world)
    check_that_it_was_judged_on_rows_that_it_had_not_seen(world)


def serving_version(world: World) -> Version:
    return world.registry.version(world.lanes.model_repository(DEPARTMENT), str(world.serving()))


def check_that_anybody_can_load_it(world: World) -> None:
    from transformers import AutoModelForSequenceClassification

    with world.registry.fetched(serving_version(world)) as folder:
        network = AutoModelForSequenceClassification.from_pretrained(folder)
        assert tuple(network.config.id2label.values()) == DEPARTMENT.labels
        assert not list(folder.rglob("*.bin"))
    model = world.serving_model()
    assert model.family == "transformer"
    asked = plain_grievances()[:40]
    answers = model.predict_proba([row.grievance for row in asked]).argmax(axis=1)
    right = sum(
        DEPARTMENT.labels[answer] == row.department
        for answer, row in zip(answers, asked, strict=True)
    )
    assert right > len(asked) / 2


def check_that_it_was_judged_on_rows_that_it_had_not_seen(world: World) -> None:
    decision = world.artifacts.newest(decision_repository(DEPARTMENT))
    dataset_version = world.registry.newest(world.lanes.dataset_repository(DEPARTMENT))
    assert decision is not None
    assert dataset_version is not None
    with world.artifacts.fetched(decision) as folder:
        record = read_record(folder)
    with world.registry.fetched(dataset_version) as folder:
        dataset = read_dataset(folder)
    scored = select_window(dataset, mode="holdout", after_id=None)
    trained = {text_key(text) for text in training_rows(dataset)[0]}
    assert dataset.report.rows_by_split["holdout"] > 0
    assert trained & set(scored.text_keys) == set()
    assert record.evaluation == "holdout"
    assert record.candidate.window is not None
    assert record.candidate.window.n == len(scored)
    # The linear rival answered the same rows.
    assert record.rival is not None
    assert record.rival.window_f1 is not None
