"""Typos put right by rivals, base model and trained models.

Run: python -m benchmarks.embeddings [--pairs 1000] [--draws 1]
Each draw of pairs trains once from the packaged MiniLM, then again from the result on half as many
pairs more, as two weeks do. It ends with exit status 1 if a demand does not hold.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import pyarrow as pa

from resources.embedding.base_model import MISSING, packaged_model
from sambodhan_assets.domain.embedding.contest import (
    BASE,
    CANDIDATE,
    DEPLOYED,
    ContestResult,
    hold_contest,
)
from sambodhan_assets.domain.embedding.dataset import EmbeddingDataset, build_dataset
from sambodhan_assets.domain.embedding.domains import DEFAULT_TEMPLATES
from sambodhan_assets.domain.embedding.model import EmbeddingScorer, load_sentence_model
from sambodhan_assets.domain.embedding.pairs import prepare_pairs
from sambodhan_assets.domain.embedding.record import rival_sentence, score_table
from sambodhan_assets.domain.embedding.settings import EmbeddingSettings
from sambodhan_assets.domain.embedding.training import train_embeddings
from sambodhan_assets.domain.sample.typos import generate_pairs

SEED = 42
SEEN_GAIN = 0.15


@dataclass(frozen=True, kw_only=True)
class Weeks:
    """Two trainings on one draw of pairs.

    Attributes:
        first: The first model against the base model, on the first pairs.
        second: The second against the first and the base model, on all pairs.
        seconds: Wall time of the two trainings.
    """

    first: ContestResult
    second: ContestResult
    seconds: tuple[float, float]


def dataset_of(count: int, draw: int, parent: pa.Table | None) -> EmbeddingDataset:
    """The first generated pairs of a draw, split as the lane does."""
    prepared = prepare_pairs(generate_pairs(count, seed=draw), DEFAULT_TEMPLATES)
    return build_dataset(prepared, templates=DEFAULT_TEMPLATES, parent=parent)


def live_through(base: Path, count: int, draw: int) -> Weeks:
    """Trains twice and lets all answer."""
    early = dataset_of(count, draw, None)
    late = dataset_of(count + count // 2, draw, early.assignments)
    model = load_sentence_model(base)
    first_seconds = _train(model, early)
    weights = {name: part.clone() for name, part in model.state_dict().items()}
    first = _contest(early, {CANDIDATE: model, BASE: load_sentence_model(base)})
    second_seconds = _train(model, late)
    deployed = load_sentence_model(base)
    deployed.load_state_dict(weights)
    models = {CANDIDATE: model, DEPLOYED: deployed, BASE: load_sentence_model(base)}
    return Weeks(
        first=first, second=_contest(late, models), seconds=(first_seconds, second_seconds)
    )


def _train(model: Any, dataset: EmbeddingDataset) -> float:
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as work:
        train_embeddings(
            model,
            dataset,
            EmbeddingSettings(),
            work_folder=Path(work),
            seed=SEED,
            on_log=lambda line: print(line, file=sys.stderr),
        )
    return time.perf_counter() - start


def _contest(dataset: EmbeddingDataset, models: dict[str, Any]) -> ContestResult:
    scorers = {name: EmbeddingScorer(model, dataset.templates) for name, model in models.items()}
    return hold_contest(dataset, scorers)


def demands(runs: list[Weeks]) -> dict[str, bool]:
    """Whether the first training is as good as demanded, on the mean over the draws."""
    seen = mean(_gain(run.first, "seen") for run in runs)
    unseen = mean(_gain(run.first, "unseen") for run in runs)
    return {
        f"accuracy@1 on seen words rises by {SEEN_GAIN} at least: {seen:+.3f}": seen >= SEEN_GAIN,
        f"accuracy@1 on unseen words does not fall: {unseen:+.3f}": unseen >= 0,
    }


def _gain(result: ContestResult, words: str) -> float:
    gain = getattr(result.comparison, words)
    if gain is None:
        raise SystemExit(f"The test split has no typos of {words} words: draw more pairs.")
    return gain.gain


def main() -> None:
    """Prints the tables and the demands."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=1000, help="of the first training")
    parser.add_argument("--draws", type=int, default=1, help="how many draws of pairs")
    options = parser.parse_args()
    base = packaged_model()
    if base is None:
        raise SystemExit(MISSING)
    runs: list[Weeks] = []
    for draw in range(1, options.draws + 1):
        runs.append(live_through(base, options.pairs, draw))
        for name, result, seconds in zip(
            ("first", "second"), (runs[-1].first, runs[-1].second), runs[-1].seconds, strict=True
        ):
            print(
                f"\nDraw {draw}, {name} training, {seconds:.0f} s\n\n{score_table(result.scores)}"
            )
            print(f"\n{rival_sentence(result.scores)}")
    found = demands(runs)
    print()
    for demand, held in found.items():
        print(f"{demand}: {'held' if held else 'MISSED'}")
    sys.exit(0 if all(found.values()) else 1)


if __name__ == "__main__":
    main()
