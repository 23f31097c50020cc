"""Typos put right by rivals, base model and trained models.

Run: python -m benchmarks.embeddings
Trains once from the packaged MiniLM, then again from the result on more pairs, as two weeks do.
"""

import argparse
import tempfile
from pathlib import Path

import pyarrow as pa

from resources.embedding.base_model import MISSING, packaged_model
from sambodhan_assets.domain.embedding.contest import BASE, CANDIDATE, DEPLOYED, hold_contest
from sambodhan_assets.domain.embedding.dataset import EmbeddingDataset, build_dataset
from sambodhan_assets.domain.embedding.domains import DEFAULT_TEMPLATES
from sambodhan_assets.domain.embedding.model import EmbeddingScorer, load_sentence_model
from sambodhan_assets.domain.embedding.pairs import prepare_pairs
from sambodhan_assets.domain.embedding.record import score_table
from sambodhan_assets.domain.embedding.settings import EmbeddingSettings
from sambodhan_assets.domain.embedding.training import train_embeddings
from sambodhan_assets.domain.sample.typos import generate_pairs

SEED = 7


def dataset_of(count: int, parent: pa.Table | None) -> EmbeddingDataset:
    """The first generated pairs, split as the lane does."""
    prepared = prepare_pairs(generate_pairs(count, seed=SEED), DEFAULT_TEMPLATES)
    return build_dataset(prepared, templates=DEFAULT_TEMPLATES, parent=parent)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=1500)
    count = parser.parse_args().pairs
    folder = packaged_model()
    if folder is None:
        raise SystemExit(MISSING)
    first = dataset_of(count, None)
    second = dataset_of(count + count // 2, first.assignments)
    deployed, candidate = load_sentence_model(folder), load_sentence_model(folder)
    with tempfile.TemporaryDirectory() as work:
        settings = EmbeddingSettings()
        train_embeddings(deployed, first, settings, work_folder=Path(work), seed=SEED, on_log=print)
        candidate.load_state_dict(deployed.state_dict())
        train_embeddings(
            candidate, second, settings, work_folder=Path(work), seed=SEED, on_log=print
        )
    models = {CANDIDATE: candidate, DEPLOYED: deployed, BASE: load_sentence_model(folder)}
    scorers = {name: EmbeddingScorer(model, first.templates) for name, model in models.items()}
    print(score_table(hold_contest(second, scorers).scores))


if __name__ == "__main__":
    main()
