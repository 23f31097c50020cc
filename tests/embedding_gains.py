"""Gains of an embedding model that were never measured, and the policies that judge them."""

from sambodhan_assets.domain.embedding.contest import DEPLOYED, Comparison
from sambodhan_assets.domain.embedding.gain import Gain
from sambodhan_assets.domain.gate.interval import GainInterval
from sambodhan_assets.domain.gate.policies import Policy, PolicySettings

BALANCED = PolicySettings()
STRICT = PolicySettings(policy=Policy.STRICT)
F1_DELTA = PolicySettings(policy=Policy.F1_DELTA)


def make_gain(gain=0.05, lower=0.01, upper=0.2, *, queries=100, words=50):
    interval = GainInterval(lower_05=lower, upper_95=upper, replicates=10, seed=1)
    return Gain(queries=queries, words=words, gain=gain, interval=interval)


def compared(both=None, **fields):
    parts = {"seen": make_gain(), "unseen": make_gain(), "over_merging": make_gain(0, 0, 0)}
    return Comparison(against=DEPLOYED, both=both or make_gain(), **{**parts, **fields})


FORGETS = {"unseen": make_gain(-0.2, -0.3, -0.01)}
MERGES = {"over_merging": make_gain(0.3, 0.11, 0.4)}
