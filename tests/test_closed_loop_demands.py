"""Risk: the closed loop passes although a demand does not hold."""

from dataclasses import replace

import pytest

from benchmarks.loop_demands import judge
from benchmarks.loop_program import table
from benchmarks.loop_runs import (
    CEILING,
    CORRECTIONS_ONLY,
    FLOOR,
    OURS,
    PUBLISHED,
    Order,
    Run,
    scenes_of,
)
from benchmarks.loop_ways import Step


def made_run(label="urgency", apart="text", seed=0, **ends) -> Run:
    curves = {
        OURS: 0.94,
        CORRECTIONS_ONLY: 0.92,
        PUBLISHED: 0.5,
        FLOOR: 0.92,
        CEILING: 0.94,
    } | ends
    steps = {
        way: [Step(verdict="PROMOTE", before=0.92, candidate=end, after=end)]
        for way, end in curves.items()
        if way in (OURS, CORRECTIONS_ONLY, PUBLISHED)
    }
    order = Order(data="", label=label, apart=apart, cycles=1, seed=seed)
    return Run(order=order, curves={way: [0.92, end] for way, end in curves.items()}, steps=steps)


def missed(*runs: Run) -> list[str]:
    apart = made_run(apart="near-duplicate")
    return [demand.demand for demand in judge(scenes_of([*runs, apart])) if not demand.held]


def test_all_demands_can_hold():
    assert missed(made_run()) == []


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ({OURS: 0.933}, ["closes 0.7"]),
        ({OURS: 0.92}, ["ends above never retraining", "closes 0.7"]),
        ({OURS: 0.899}, ["no promotion", "ends above never retraining", "closes 0.7"]),
        ({CORRECTIONS_ONLY: 0.9185}, ["corrections only"]),
        ({CORRECTIONS_ONLY: 0.89}, ["no promotion", "corrections only"]),
        ({PUBLISHED: 0.91}, ["f1_delta falls"]),
    ],
)
def test_a_demand_that_does_not_hold_is_told(ends, words):
    found = missed(made_run(**ends))
    assert len(found) == len(words)
    assert all(word in demand for word, demand in zip(words, found, strict=True))


def test_a_loss_of_exactly_what_is_allowed_is_no_loss():
    assert missed(made_run(**{CORRECTIONS_ONLY: 0.919})) == []


def test_demands_speak_about_means_over_seeds_and_labels():
    one = made_run(seed=0, **{OURS: 0.915})
    two = made_run(seed=1, **{OURS: 0.955})
    assert missed(one, two) == []
    other = made_run(label="department", **{OURS: 0.9335})
    assert missed(one, two, other) == []
    (scene,) = scenes_of([one, two])
    assert scene.end(OURS) == pytest.approx(0.935)
    assert scene.closed(OURS) == pytest.approx(0.75)
    assert scene.error(OURS)[-1] == pytest.approx(0.02)
    assert scene.worst_step(OURS) == pytest.approx(-0.005)


def test_promotions_and_false_ones_are_told_by_cycle():
    worse, better = made_run(seed=0, **{OURS: 0.915}), made_run(seed=1, **{OURS: 0.955})
    held = [Step(verdict="HOLD", before=0.92, candidate=0.91, after=0.92)]
    steps = {way: taken + held for way, taken in better.steps.items()}
    other = {way: taken + held for way, taken in worse.steps.items()}
    (scene,) = scenes_of([replace(worse, steps=other), replace(better, steps=steps)])
    lines = table(scene).splitlines()
    outcome = next(
        row for row, line in enumerate(lines) if line.startswith("ours: 2 of 4 promoted")
    )
    assert lines[outcome + 1] == "  promoted (truly worse) by cycle: 2 (1), 0 (0)"
