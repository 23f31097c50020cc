"""Compares the cleaner with the four substitutions: `python -m benchmarks.cleaner`.

It must give the same characters for every string, and it should be faster.
"""

import time
from collections.abc import Callable, Sequence

import typer

from benchmarks.generated_texts import generate_texts
from benchmarks.plain_preparation import clean_text as four_substitutions
from sambodhan_assets.domain.dataset.cleaning import clean_text
from tests.adversarial_texts import adversarial_texts

ADVERSARIAL_TEXTS = 200_000
ORDINARY_TEXTS = 100_000
SEED = 7


def differences(count: int = ADVERSARIAL_TEXTS) -> int:
    """How many of `count` strings, made to tell cleaners apart, come out differently."""
    texts = adversarial_texts(count, seed=SEED)
    return sum(clean_text(text) != four_substitutions(text) for text in texts)


def microseconds(clean: Callable[[str], str], texts: Sequence[str]) -> float:
    """Processor time per text, the best of three runs."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for text in texts:
            clean(text)
        best = min(best, time.process_time() - start)
    return best / len(texts) * 1e6


def main() -> None:
    """Print differences and times."""
    found = differences()
    texts = list(generate_texts(ORDINARY_TEXTS, seed=SEED))
    ours, plain = microseconds(clean_text, texts), microseconds(four_substitutions, texts)
    print(f"{found} differences in {ADVERSARIAL_TEXTS:,} adversarial strings")
    print(
        f"{ours:.2f} µs per ordinary text against {plain:.2f} µs, {plain / ours:.1f} times faster"
    )
    if found:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
