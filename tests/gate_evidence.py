"""Evidence on a candidate, with what a test leaves out filled in."""

from dataclasses import replace

from sambodhan_assets.domain.gate.estimator import estimate
from sambodhan_assets.domain.gate.evidence import Evidence
from sambodhan_assets.domain.gate.interval import GainInterval
from tests.gate_windows import HAND_EXAMPLE, make_window


def make_interval(lower=0.01, upper=0.05):
    return GainInterval(lower_05=lower, upper_95=upper, replicates=10_000, seed=7)


def make_estimate(*, gain=0.03, best=0.2, labels=30, unlabelled=70, groups=300):
    example = estimate(make_window(HAND_EXAMPLE), 2)
    counts = replace(
        example.counts,
        disagreed_rows=labels + unlabelled,
        disagreed_labels=labels,
        groups=groups,
    )
    return replace(
        example,
        candidate_f1=0.8 + gain,
        deployed_f1=0.8,
        gain=gain,
        worst_gain=-0.1,
        best_gain=best,
        counts=counts,
    )


def make_evidence(**overrides):
    better = {"something_deployed": True, "estimate": make_estimate(), "interval": make_interval()}
    return Evidence(**(better | overrides))
