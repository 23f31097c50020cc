"""Measures the scan for personal data: `python -m benchmarks.personal_data`.

The plain way runs every recogniser on every text. Both must find the same.
"""

import time
from collections.abc import Callable, Sequence

import typer

from benchmarks.generated_texts import generate_texts
from sambodhan_assets.domain.privacy.findings import Finding
from sambodhan_assets.domain.privacy.recognition import RECOGNISERS, find_personal_data, found_by
from sambodhan_assets.domain.privacy.redaction import redact

TEXTS = 50_000
# The plain way is slow, and its time per text does not depend on how many there are.
PLAIN_TEXTS = 5_000
SEED = 7
# So many texts a second on one core are demanded.
DEMANDED = 20_000
# One text in so many gets a phone number, an address and an account.
PLANTED_ONE_IN = 50
PLANTED = " फोन ९८४१२३४५६७, sita@example.com, खाता नं ०१२३४५६७८९०१२३।"


def texts_to_scan(count: int) -> list[str]:
    """Generated complaints, one in PLANTED_ONE_IN of them with personal data."""
    texts = generate_texts(count, seed=SEED)
    return [
        text + PLANTED if place % PLANTED_ONE_IN == 0 else text for place, text in enumerate(texts)
    ]


def plain(text: str) -> list[Finding]:
    """Every recogniser, without looking at the text first."""
    return found_by(RECOGNISERS, text)


def per_second(scan: Callable[[str], object], texts: Sequence[str]) -> float:
    """Texts per second of processor time, the best of three runs."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for text in texts:
            scan(text)
        best = min(best, time.process_time() - start)
    return len(texts) / best


def main() -> None:
    """Print rates and their ratio; end with status 1 if the demand does not hold."""
    texts = texts_to_scan(TEXTS)
    few = texts[:PLAIN_TEXTS]
    differ = sum(plain(text) != find_personal_data(text) for text in few)
    ours, slow, replacing = (
        per_second(find_personal_data, texts),
        per_second(plain, few),
        per_second(redact, texts),
    )
    length = sum(map(len, texts)) / len(texts)
    print(f"{len(texts):,} texts of {length:.0f} characters, one in {PLANTED_ONE_IN} planted")
    print(f"scan      {ours:>9,.0f} texts a second; demanded {DEMANDED:,}")
    print(f"plain     {slow:>9,.0f} texts a second; the scan is {ours / slow:.1f} times faster")
    print(f"redaction {replacing:>9,.0f} texts a second")
    print(f"{differ} of {len(few):,} texts are judged differently by the two")
    if differ or ours < DEMANDED:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
