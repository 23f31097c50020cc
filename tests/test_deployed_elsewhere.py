"""Risk: a candidate is deployed over a model that serves elsewhere without being compared with it,
or an address that does not answer turns runs red, deploys, or is taken for a bad model.
"""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from resources.lane_settings import candidate_repository, decision_repository
from resources.remote_model import RemoteModels
from sambodhan_assets.assets.contest import SEED, _terms
from sambodhan_assets.assets.incumbent import Incumbent, deployed_elsewhere, deployed_here
from sambodhan_assets.domain.dataset.cleaning import clean_text
from sambodhan_assets.domain.dataset.files import read_dataset
from sambodhan_assets.domain.evaluation.contest import Contest, Evaluation
from sambodhan_assets.domain.evaluation.evaluate import evaluate
from sambodhan_assets.domain.evaluation.given_answers import GivenAnswers
from sambodhan_assets.domain.gate.decision_record import DecisionRecord
from sambodhan_assets.domain.gate.policies import VerdictName
from sambodhan_assets.domain.gate.record_files import read_record
from sambodhan_assets.domain.gate.report import summary_markdown
from sambodhan_assets.domain.models.classifier import load_classifier
from tests.citizens import (
    SECOND_MONTH,
    careless_answers,
    complain,
    grievances,
    review,
    second_round_rows,
    truth_of,
)
from tests.filled_disagreements import fill_in, sheet_files
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, World
from tests.predict_server import Behaviour, PredictServer, Reply, predict_server
from tests.services import free_port, machine, wait_for

CITIZENS = grievances()
TRUE = {clean_text(row.grievance): truth_of(row)[DEPARTMENT.name] for row in CITIZENS}
STORED = careless_answers(CITIZENS, share=0.4)
GIVEN = {clean_text(row.grievance): STORED[DEPARTMENT.name][row.id] for row in CITIZENS}


def as_given(text: str, attempt: int) -> Reply:
    """What was answered to the citizens, wrongly in four of ten cases."""
    return Reply.label(GIVEN[text])


def know_all(text: str, attempt: int) -> Reply:
    return Reply.label(TRUE[text])


def but_for_one(behaviour: Behaviour, other: Behaviour) -> Behaviour:
    """Behaves otherwise for the text that comes first."""
    chosen: dict[str, str] = {}

    def behave(text: str, attempt: int) -> Reply:
        first = chosen.setdefault("first", text)
        return (other if text == first else behaviour)(text, attempt)

    return behave


def another_label(text: str, attempt: int) -> Reply:
    return Reply.label(next(label for label in DEPARTMENT.labels if label != TRUE[text]))


def refuse(text: str, attempt: int) -> Reply:
    return Reply(status=400)


@dataclass(frozen=True, kw_only=True)
class Legacy:
    """A model that serves elsewhere.

    Attributes:
        world: It answered 300 citizens, and officials corrected every wrong answer; nothing is
            deployed in the registry.
        server: Where it answers.
    """

    world: World
    server: PredictServer


@pytest.fixture
def legacy(first_round: World) -> Generator[Legacy]:
    rows = second_round_rows()
    complain(first_round, rows, STORED)
    review(first_round, rows, STORED, month=SECOND_MONTH)
    with predict_server(as_given, version=Reply.of({"version": "legacy-7"})) as server:
        world = first_round.but(LABEL="department", API_ENDPOINT=server.address)
        yield Legacy(world=world, server=server)


def decision(world: World) -> DecisionRecord:
    version = world.artifacts.newest(decision_repository(DEPARTMENT))
    assert version is not None
    with world.artifacts.fetched(version) as folder:
        return read_record(folder)


def test_a_better_candidate_is_deployed_as_the_first_version_here(legacy: Legacy):
    world = legacy.world
    assert run(world).success
    record = decision(world)
    assert record.verdict.name == VerdictName.PROMOTE, record.verdict.reason
    assert record.deployed is not None
    assert (record.deployed.tag, record.deployed.family) == ("legacy-7", "remote")
    (move,) = world.registry.deployments(world.lanes.model_repository(DEPARTMENT))
    assert (move.sequence, move.replaced, move.tag) == (1, None, world.serving())
    # From here on the version in the registry is what has to be beaten.
    asked = legacy.server.asked.total()
    assert run(world, "decide_department", only=["department/evaluation"]).success
    later = decision(world).deployed
    assert later is not None
    assert (later.tag, later.family) == (world.serving(), "linear")
    assert legacy.server.asked.total() == asked


def test_labels_of_a_sheet_do_not_count_against_a_model_that_answers_otherwise(legacy: Legacy):
    """It may call itself by the same name; the sheet was drawn from other disagreements."""
    world = legacy.world
    legacy.server.behaviour = know_all
    assert run(world).amber("F1_GATE")
    (file,) = sheet_files(world)
    truth = {str(row.id): truth_of(row)[DEPARTMENT.name] for row in CITIZENS}
    assert fill_in(world, file, lambda row: truth[row["complaint_id"]]).labelled
    for behaviour, counted in ((know_all, True), (but_for_one(know_all, another_label), False)):
        legacy.server.behaviour = behaviour
        assert run(world, "decide_department", only=["department/evaluation"]).success
        comparison = decision(world).comparison
        assert comparison is not None
        assert bool(comparison.counts.disagreed_labels) == counted


def test_a_model_elsewhere_that_is_better_keeps_serving(legacy: Legacy):
    legacy.server.behaviour = know_all
    assert run(legacy.world).amber("F1_GATE")
    assert decision(legacy.world).verdict.name in (VerdictName.HOLD, VerdictName.REJECT)
    assert legacy.world.serving() is None


def test_one_complaint_without_an_answer_holds_and_the_same_candidate_is_decided_on_later(
    legacy: Legacy,
):
    world = legacy.world
    legacy.server.behaviour = but_for_one(as_given, refuse)
    outcome = run(world)
    record = decision(world)
    assert outcome.success
    assert outcome.amber("F1_GATE")
    assert record.verdict.name == VerdictName.HOLD
    assert record.verdict.reason == record.not_compared
    assert "no usable answer to 1 of" in record.verdict.reason
    assert "(status 400: 1)" in record.verdict.reason
    assert (record.comparison, record.window) == (None, None)
    assert world.serving() is None
    assert not list(world.home.glob("sheets/*"))
    assert not any(text in outcome.events for text in TRUE)
    legacy.server.behaviour = as_given
    assert run(world, "decide_department").success
    assert decision(world).candidate.tag == record.candidate.tag
    assert decision(world).verdict.name == VerdictName.PROMOTE
    assert len(world.moves()) == 1


def test_no_more_is_asked_than_the_admin_allows_and_the_record_says_so(legacy: Legacy):
    world = legacy.world.but(DEPLOYED_SAMPLE_SIZE="40")
    assert run(world).success
    record = decision(world)
    assert legacy.server.asked.total() <= 4 * 40
    assert record.window is not None
    assert record.window.drawn_from is not None
    assert record.window.rows <= 80 < record.window.drawn_from
    assert "the deployed version runs elsewhere" in summary_markdown(record)


# The model of this platform, served by this platform


def judged(world: World, incumbent: Incumbent) -> Evaluation:
    candidate = world.artifacts.newest(candidate_repository(DEPARTMENT))
    assert candidate is not None
    with world.artifacts.fetched(candidate) as folder:
        model = load_classifier(folder)
    return evaluate(
        Contest(
            **{**_terms(DEPARTMENT, world.lanes), "replicates": 200},
            dataset=dataset_of(world),
            candidate=model,
            deployed=incumbent.model,
            window_after_id=None,
            trained_before=frozenset(),
            on_progress=str,
        )
    )


def dataset_of(world: World):
    repository = world.lanes.dataset_repository(DEPARTMENT)
    version = world.registry.version(repository, world.dataset_tags()[-1])
    with world.registry.fetched(version) as folder:
        return read_dataset(folder)


def test_a_model_that_is_asked_over_http_scores_as_it_does_in_this_process(
    deployed: World, tmp_path: Path
):
    repository = deployed.lanes.model_repository(DEPARTMENT)
    pointer = deployed.registry.deployed(repository)
    assert pointer is not None
    here = deployed_here(DEPARTMENT, deployed.lanes, deployed.registry, pointer)
    assert here is not None
    port = free_port()
    with (
        machine(deployed.variables, tmp_path) as place,
        place.running("sambodhan", "serve", DEPARTMENT.name, "--port", str(port)) as service,
    ):
        wait_for(lambda: "answers on" in service.text, "the server's first word", service)
        remote = RemoteModels(
            endpoints={DEPARTMENT.name: f"http://127.0.0.1:{port}/predict"}, attempts=2
        )
        dataset = dataset_of(deployed)
        said: list[str] = []
        elsewhere = deployed_elsewhere(
            DEPARTMENT, deployed.lanes, remote, dataset, seed=SEED, on_progress=said.append
        )
    assert elsewhere is not None
    assert said[0].endswith(f"complaints are sent to the deployed model at 127.0.0.1:{port}.")
    assert elsewhere.name == here.name
    assert elsewhere.not_compared is None
    assert isinstance(elsewhere.model, GivenAnswers)
    over_http, in_process = (judged(deployed, found) for found in (elsewhere, here))
    assert repr(over_http.evidence.estimate) == repr(in_process.evidence.estimate)
    assert over_http.evidence.f1_delta == in_process.evidence.f1_delta
    assert over_http.deployed is not None
    assert in_process.deployed is not None
    assert over_http.deployed.test == in_process.deployed.test
    assert over_http.other_versions == in_process.other_versions
