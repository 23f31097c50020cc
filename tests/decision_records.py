"""A decision with every part filled in, and the least that one can hold."""

import numpy as np

from sambodhan_assets.domain.gate.decision_record import (
    DatasetFacts,
    DecisionRecord,
    Latency,
    ModelFacts,
    RivalFacts,
    WindowFacts,
    compare,
)
from sambodhan_assets.domain.gate.estimator import estimate
from sambodhan_assets.domain.gate.evidence import (
    Evidence,
    F1DeltaScores,
    FirstModelScores,
    GuardResult,
)
from sambodhan_assets.domain.gate.examples import broken_examples, fixed_examples
from sambodhan_assets.domain.gate.interval import gain_interval
from sambodhan_assets.domain.gate.policies import PolicySettings
from sambodhan_assets.domain.gate.split_score import score_split
from sambodhan_assets.domain.gate.verdict import decide
from sambodhan_assets.domain.scores import score_card
from sambodhan_assets.label_tasks import LABEL_TASKS
from tests.gate_windows import certain, make_window, sampled, unlabelled

LABELS = LABEL_TASKS[0].labels
ROWS = (
    [certain(0, 0, 1)] * 9
    + [certain(2, 2, 0)] * 4
    + [certain(3, 1, 2)] * 2
    + [unlabelled(c, c) for c in (0, 0, 0, 1, 1, 2, 2, 3)] * 25
    + [sampled(0, 0, 1), sampled(1, 0, 1), sampled(2, 2, 3)]
    + [unlabelled(0, 1)] * 5
)
FACTS = {"content_hash": "0123456789abcdef", "family": "linear"}


def make_split_score():
    rng = np.random.default_rng(7)
    truth, answers = rng.integers(0, 4, 60), rng.integers(0, 4, 60)
    return score_split(truth, answers, np.arange(60), len(LABELS), seed=7)


def make_model(tag, confusion, **parts):
    return ModelFacts(tag=tag, window=score_card(confusion, n=len(ROWS)), **FACTS, **parts)


def make_record(**overrides):
    """A decision with every part filled in."""
    window = make_window(ROWS)
    found = estimate(window, len(LABELS))
    interval = gain_interval(window, len(LABELS), replicates=200, seed=7)
    settings = PolicySettings()
    scores = F1DeltaScores(candidate_f1=0.91, deployed_f1=1 / 3)
    guard = GuardResult(name="anchor", passed=True, outcome_if_failed="HOLD", sentence="Fine.")
    measured = {"estimate": found, "interval": interval, "f1_delta": scores}
    evidence = Evidence(something_deployed=True, guards=(guard,), **measured)
    ids = np.arange(len(ROWS)) + 1000
    parts = {
        "task": "department",
        "labels": LABELS,
        "created_at": "2025-01-02T03:04:05+00:00",
        "settings": settings,
        "verdict": decide(evidence, settings),
        "candidate": make_model(
            "v20250102_030405",
            found.candidate_confusion,
            test_split=make_split_score(),
            latency=Latency(p50_ms=1.25, p99_ms=3.5),
        ),
        "deployed": make_model("v20240102_030405", found.deployed_confusion),
        "dataset": DatasetFacts(tag="v20250101_000000", content_hash="fedcba9876543210"),
        "evaluation": "crossfit",
        "window": WindowFacts(
            after_id=17, rows=len(ROWS), corrections=15, unflagged_population=2000
        ),
        "comparison": compare(found, interval),
        "rival": RivalFacts(name="the linear model", window_f1=0.8, interval=interval),
        "majority_f1": 0.1,
        "f1_delta": scores,
        "guards": (guard,),
        "fixed": fixed_examples(window, ids, LABELS),
        "broken": broken_examples(window, ids, LABELS),
        "seeds": {"bootstrap": 7},
        "library_versions": {"numpy": np.__version__},
    }
    return DecisionRecord(**(parts | overrides))


def first_record():
    """The decision about a first model: nothing is deployed, so nothing is compared."""
    settings = PolicySettings()
    scores = FirstModelScores(candidate_f1=0.9, majority_f1=0.2)
    verdict = decide(Evidence(something_deployed=False, first_model=scores), settings)
    bare = ModelFacts(tag="v20250102_030405", **FACTS)
    return make_record(
        verdict=verdict, candidate=bare, deployed=None, window=None, comparison=None, rival=None,
        majority_f1=None, f1_delta=None, guards=(), fixed=(), broken=(),
    )  # fmt: skip
