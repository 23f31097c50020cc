"""Risk: pairs that should start a run start none, or a run that cannot end well starts for ever."""

import uuid

import dagster as dg
import pytest

from resources.embedding.options import EmbeddingOptions
from sambodhan_assets.domain.feedback_watch import MAX_ATTEMPTS
from sambodhan_assets.jobs import TASK_TAG
from sambodhan_assets.label_tasks import EMBEDDING
from sensors.lane_watch import STATE_TAG
from sensors.training_pairs import Pairs, decide_pairs, state_of
from tests.lane_world import World
from tests.typo_worlds import IDLE, JOB, LOADED, WEAK, train, write_pairs

OPTIONS = EmbeddingOptions(
    templates={}, min_pairs=100, min_new_pairs=50, checkpoint=None, as_zip=False
)


def pairs(*typos: int, term: str = "Toyota") -> Pairs:
    return {("brand", f"typo {at}"): term for at in typos}


def first(count: int) -> Pairs:
    return pairs(*range(count))


@pytest.mark.parametrize(
    ("found", "decided", "failed", "reason"),
    [
        (first(0), first(0), 0, "0 changed pairs, 50 start a run."),
        (first(99), first(0), 0, "About 99 of 100 pairs (EMBEDDING_MIN_PAIRS)."),
        (first(100), first(0), 0, None),
        (first(149), first(100), 0, "49 changed pairs, 50 start a run."),
        (first(150), first(100), 0, None),
        # Taken back, or corrected otherwise: what was learned is wrong now.
        (first(150), first(200), 0, None),
        (first(151), first(200), 0, "49 changed pairs, 50 start a run."),
        (first(200), {**first(200), **pairs(*range(50), term="Tata")}, 0, None),
        (first(120), pairs(*range(30, 130)), 0, "40 changed pairs, 50 start a run."),
        (first(50), first(200), 0, "About 50 of 100 pairs (EMBEDDING_MIN_PAIRS)."),
        (first(150), first(100), MAX_ATTEMPTS - 1, None),
        (
            first(150),
            first(100),
            MAX_ATTEMPTS,
            "3 runs failed on this state; mend the cause and start one.",
        ),
    ],
)
def test_a_run_starts_when_enough_has_changed_and_can_be_used(
    found: Pairs, decided: Pairs, failed: int, reason: str | None
):
    state = state_of(found, "v1")
    decision = decide_pairs(found, decided, state, OPTIONS, failed_attempts=failed)
    if reason is None:
        assert decision.run_key == f"embedding-{state}-{failed + 1}"
    else:
        assert (decision.run_key, decision.reason) == (None, reason)


def test_pairs_that_come_back_to_an_earlier_state_are_another_run():
    """Dagster starts no second run of one key, and a decision lies between the two."""
    before, between = first(100), first(200)
    assert state_of(before, None) != state_of(before, "v2")
    assert state_of(before, "v1") != state_of(between, "v1")
    assert state_of(before, "v1") == state_of(dict(reversed(before.items())), "v1")


def look(world: World, instance: dg.DagsterInstance) -> dg.SensorResult:
    repository = world.definitions.get_repository_def()
    sensor = repository.get_sensor_def("new_training_pairs")
    resources = repository.get_top_level_resources()
    with dg.build_sensor_context(instance=instance, resources=resources) as context:
        result = sensor(context)
    assert isinstance(result, dg.SensorResult)
    return result


def key_of(result: dg.SensorResult) -> str:
    (request,) = result.run_requests or []
    assert request.run_key is not None
    assert request.tags[STATE_TAG] in request.run_key
    return request.run_key


def said(result: dg.SensorResult) -> str:
    assert not result.run_requests
    assert isinstance(result.skip_reason, dg.SkipReason)
    assert result.skip_reason.skip_message is not None
    return result.skip_reason.skip_message


def record_run(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus, state: str = "another"
) -> str:
    run_id = str(uuid.uuid4())
    tags = {TASK_TAG: EMBEDDING.name, STATE_TAG: state}
    instance.add_run(dg.DagsterRun(job_name=JOB, run_id=run_id, status=status, tags=tags))
    return run_id


def test_new_pairs_ask_for_one_run_until_they_are_decided_on(pairs_loaded: World):
    with dg.DagsterInstance.ephemeral() as instance:
        assert key_of(look(pairs_loaded, instance)) == key_of(look(pairs_loaded, instance))
        assert train(pairs_loaded, WEAK).success
        assert said(look(pairs_loaded, instance)) == "0 changed pairs, 50 start a run."


def test_a_hold_is_a_decision_and_starts_nothing_again(pairs_grown: World):
    with dg.DagsterInstance.ephemeral() as instance:
        assert "first" not in key_of(look(pairs_grown, instance))
        assert train(pairs_grown, IDLE).amber("RETRIEVAL_GATE")
        assert said(look(pairs_grown, instance)) == "0 changed pairs, 50 start a run."
        write_pairs(pairs_grown, LOADED)
        assert key_of(look(pairs_grown, instance))


def test_a_run_that_failed_is_repeated_and_not_for_ever(pairs_loaded: World):
    with dg.DagsterInstance.ephemeral() as instance:
        keys = set[str]()
        for _ in range(MAX_ATTEMPTS):
            result = look(pairs_loaded, instance)
            keys.add(key_of(result))
            (request,) = result.run_requests or []
            record_run(instance, dg.DagsterRunStatus.FAILURE, request.tags[STATE_TAG])
        assert len(keys) == MAX_ATTEMPTS
        assert said(look(pairs_loaded, instance)).startswith("3 runs failed on this state")
        write_pairs(pairs_loaded, LOADED + 100)
        assert key_of(look(pairs_loaded, instance)).endswith("-1")


def test_a_run_that_waits_or_works_is_not_started_again(pairs_loaded: World):
    with dg.DagsterInstance.ephemeral() as instance:
        run_id = record_run(instance, dg.DagsterRunStatus.STARTED)
        assert said(look(pairs_loaded, instance)) == f"Run {run_id} works on embedding."


def test_templates_alone_start_nothing(pairs_deployed: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EMBEDDING_TEMPLATES", '{"brand": "brand {}", "model": "model {}"}')
    with dg.DagsterInstance.ephemeral() as instance:
        found = said(look(pairs_deployed.but(), instance))
    assert found == "0 changed pairs, 50 start a run."


def test_an_unknown_domain_is_an_error_of_the_look_that_explains_itself(pairs_loaded: World):
    with (pairs_loaded.home / "pairs.csv").open("a") as lines:
        lines.write("rde,red,colour\n")
    with dg.DagsterInstance.ephemeral() as instance, pytest.raises(dg.Failure) as error:
        look(pairs_loaded, instance)
    assert error.value.description is not None
    assert "these domains are unknown: 'colour' in row 1001." in error.value.description
    assert error.value.metadata["what to do"].value == (
        "Known are brand, model; EMBEDDING_TEMPLATES adds more."
    )
