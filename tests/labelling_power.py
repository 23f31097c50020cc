"""What further labels could show in a window of a test."""

from sambodhan_assets.domain.gate.policies import Policy, PolicySettings
from sambodhan_assets.domain.gate.power import measure_power
from tests.gate_windows import make_window

STRICT = PolicySettings(policy=Policy.STRICT)
SEED = 7


def power_of(rows, settings=STRICT, sheet_size=30):
    return measure_power(make_window(rows), 2, settings, sheet_size=sheet_size, seed=SEED)
