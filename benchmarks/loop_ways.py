"""Ways to run the closed loop: ours, the published rule, never retraining, and all true labels."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from benchmarks.loop_candidates import (
    MODEL_SEED,
    Serving,
    as_served,
    build,
    contest_of,
    train,
    true_f1,
)
from benchmarks.loop_traffic import Traffic
from benchmarks.loop_worlds import World
from sambodhan_assets.domain.dataset.balanced import BalancedDataset, build_balanced_dataset
from sambodhan_assets.domain.dataset.preparation import PreparationSettings
from sambodhan_assets.domain.evaluation.answers import predict
from sambodhan_assets.domain.evaluation.evaluate import evaluate
from sambodhan_assets.domain.gate.policies import Policy, PolicySettings
from sambodhan_assets.domain.gate.verdict import Verdict, VerdictName, decide
from sambodhan_assets.domain.models.linear import train_linear
from sambodhan_assets.domain.models.training import training_rows

AUDITS_PER_CYCLE = 50
LABELS_PER_SHEET = 30
NO_CANDIDATE = "NO CANDIDATE"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One cycle; scores are true macro-F1 on the held-out third.

    Attributes:
        verdict: The verdict's name.
        before: Of the model that answered this cycle's complaints.
        candidate: Of the candidate; None if none could be trained.
        after: Of the model that is deployed at the end of the cycle.
        gain: Estimated gain on the traffic; None if not measured.
        lower_05: Its 5 % bound.
        sheet: Labels that were asked for to decide.
    """

    verdict: str
    before: float
    candidate: float | None
    after: float
    gain: float | None = None
    lower_05: float | None = None
    sheet: int = 0

    @property
    def promoted(self) -> bool:
        """Whether the candidate was deployed."""
        return self.verdict == VerdictName.PROMOTE

    @property
    def truly_worse(self) -> bool:
        """Whether what is deployed afterwards is worse than what was: a false promotion."""
        return self.after < self.before


@dataclass(frozen=True, kw_only=True, eq=False)
class Judgement:
    """A verdict, with the labels that were asked for before it was spoken."""

    verdict: Verdict
    gain: float | None
    lower_05: float | None
    sheet: dict[int, int]


def ours(world: World, *, seed: int, audits: int, sheet: int) -> Iterator[Step]:
    """The rules of the lane, from the first model on.

    Args:
        world: What happens.
        seed: Seed of what officials notice and of all draws.
        audits: Random unflagged complaints that are labelled each cycle.
        sheet: Disagreements that are labelled before a second decision about a candidate.
    """
    traffic = Traffic(world, seed=seed)
    dataset = build(traffic.snapshot(after_id=0), world, parent=None)
    serving = as_served(world, dataset, train(dataset, world), after_id=0)
    for arrivals in world.cycles:
        answers = predict(serving.model, [arrival.text for arrival in arrivals])
        traffic.audit(traffic.arrive(arrivals, answers.tolist()), audits)
        snapshot = traffic.snapshot(after_id=serving.after_id)
        dataset = build(snapshot, world, parent=dataset.assignments)
        candidate = as_served(world, dataset, train(dataset, world), after_id=traffic.newest_id)
        judgement = _judge(world, dataset, candidate, serving, traffic, sheet)
        traffic.keep(judgement.sheet)
        winner = candidate if judgement.verdict.deploys else serving
        yield Step(
            verdict=judgement.verdict.name.value,
            before=serving.f1,
            candidate=candidate.f1,
            after=winner.f1,
            gain=judgement.gain,
            lower_05=judgement.lower_05,
            sheet=len(judgement.sheet),
        )
        serving = winner


def published(world: World, *, seed: int) -> Iterator[Step]:
    """The rule f1_delta with its training mix: corrections and half as many unflagged complaints.

    It starts with our first model. Candidates learn nothing else: no corpus, no earlier answers.
    """
    traffic = Traffic(world, seed=seed)
    first = build(traffic.snapshot(after_id=0), world, parent=None)
    serving = as_served(world, first, train(first, world), after_id=0)
    # A pool of one label is no error here; the loop waits for the next cycle.
    settings = PreparationSettings(replay_max=0, min_rows=len(world.corpus) * 1_000)
    for arrivals in world.cycles:
        answers = predict(serving.model, [arrival.text for arrival in arrivals])
        traffic.arrive(arrivals, answers.tolist())
        snapshot = traffic.snapshot(after_id=0, with_corpus=False)
        dataset = build_balanced_dataset(
            snapshot, labels=world.labels, settings=settings, parent_assignments=None
        )
        if len(set(training_rows(dataset)[1])) < 2:
            yield Step(verdict=NO_CANDIDATE, before=serving.f1, candidate=None, after=serving.f1)
            continue
        candidate = as_served(world, dataset, train(dataset, world), after_id=0)
        contest = replace(contest_of(world, dataset, candidate, serving), mode="holdout")
        verdict = decide(evaluate(contest).evidence, PolicySettings(policy=Policy.F1_DELTA))
        winner = candidate if verdict.deploys else serving
        yield Step(
            verdict=verdict.name.value,
            before=serving.f1,
            candidate=candidate.f1,
            after=winner.f1,
        )
        serving = winner


def all_true_labels(world: World) -> Iterator[float]:
    """True macro-F1 if every complaint so far had its true label and all were trained on."""
    known = list(world.corpus)
    for arrivals in world.cycles:
        known += arrivals
        model = train_linear(
            [labelled.text for labelled in known],
            [labelled.label for labelled in known],
            labels=world.labels,
            seed=MODEL_SEED,
        )
        yield true_f1(world, model)


def _judge(
    world: World,
    dataset: BalancedDataset,
    candidate: Serving,
    serving: Serving,
    traffic: Traffic,
    size: int,
) -> Judgement:
    """Decide; on HOLD have a sheet of disagreements labelled, and decide once more."""
    contest = contest_of(world, dataset, candidate, serving)
    found = evaluate(contest)
    verdict, sheet = decide(found.evidence, PolicySettings()), dict[int, int]()
    compared = found.compared
    if verdict.name == VerdictName.HOLD and compared is not None:
        open_rows = compared.disagreed & ~compared.labelled
        sheet = traffic.sheet(found.rows.complaint_ids[open_rows].tolist(), size)
    if sheet:
        found = evaluate(replace(contest, sheet=sheet))
        verdict = decide(found.evidence, PolicySettings())
    estimate, interval = found.evidence.estimate, found.evidence.interval
    return Judgement(
        verdict=verdict,
        gain=estimate and estimate.gain,
        lower_05=interval and interval.lower_05,
        sheet=sheet,
    )
