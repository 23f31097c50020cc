"""Commands of the embedding lane: `correct`, `generate-pairs`, and its part of `rollback`."""

import csv
from pathlib import Path
from typing import Annotated

import typer

from resources.assembly import build_lane_settings, open_registry
from resources.embedding.base_model import version_model
from resources.profiles import load_settings
from resources.rollback import move_back
from sambodhan_assets.console import print_lines
from sambodhan_assets.domain.embedding.correction import Correction, nearest
from sambodhan_assets.domain.embedding.dataset import read_embedding_dataset
from sambodhan_assets.domain.embedding.model import EmbeddingScorer, load_sentence_model
from sambodhan_assets.domain.embedding.rivals import EditSimilarity
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.label_tasks import EMBEDDING, LABEL_TASKS


def correct(
    text: Annotated[str, typer.Argument(help="The word as somebody wrote it.")],
    domain: Annotated[str, typer.Option(help="Its domain, such as brand or model.")],
) -> None:
    """Answers the nearest correction with its score, from the deployed version."""
    settings = load_settings()
    lanes, registry = build_lane_settings(settings, LABEL_TASKS), open_registry(settings)
    models = lanes.model_repository(EMBEDDING)
    deployment = registry.deployed(models)
    if deployment is None:
        raise PermanentError(
            tried=f"Correcting {text!r}",
            found="no embedding model is deployed.",
            todo=f"Run the job {EMBEDDING.pipeline_job} first.",
        )
    words = registry.require_newest(
        lanes.dataset_repository(EMBEDDING), todo=f"Run the job {EMBEDDING.pipeline_job} first."
    )
    with registry.fetched(words) as folder:
        dataset = read_embedding_dataset(folder)
    version = registry.version(models, deployment.tag)
    with version_model(registry, version) as model:
        # What the model was trained to read, also where EMBEDDING_TEMPLATES has changed since.
        templates = version.manifest.details.get("templates", dataset.templates)
        scorer = EmbeddingScorer(load_sentence_model(model.folder), templates)
        found = nearest(scorer, dataset.terms, templates, domain, text)
    print_lines(_answers(found, nearest(EditSimilarity(), dataset.terms, templates, domain, text)))


def _answers(found: Correction, by_letters: Correction) -> list[str]:
    """The model's answer, and that of a comparison of letters where it is another one."""
    lines = [f"{found.term}  {found.score:.3f}"]
    if by_letters.term != found.term:
        lines.append(
            f"Comparing letters, without a model, says {by_letters.term} ({by_letters.score:.3f})."
        )
    return lines


def generate_pairs(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="CSV file to write.")],
    count: Annotated[int, typer.Option(min=1, max=20_000, help="How many pairs.")] = 1000,
    seed: Annotated[int, typer.Option(help="Same seed, same pairs.")] = 1,
) -> None:
    """Writes invented typos of car brands and models, to try the embedding lane with.

    An existing file is not overwritten.
    """
    from sambodhan_assets.domain.sample import typos

    pairs = typos.generate_pairs(count, seed=seed)
    try:
        with file.open("x", newline="", encoding="utf-8") as lines:
            writer = csv.writer(lines)
            writer.writerow(pairs.schema.names)
            writer.writerows(row.values() for row in pairs.to_pylist())
    except OSError as error:
        raise PermanentError(
            tried=f"Writing {file}",
            found=f"{error.strerror}.",
            todo="Name a file that does not exist, in a folder that does.",
        ) from error
    print_lines([f"Wrote {count} pairs to {file}."])


def roll_back_embedding(to: str | None) -> None:
    """Lets an earlier embedding version serve again; None for the one that was replaced."""
    settings = load_settings()
    deployment = move_back(
        EMBEDDING,
        build_lane_settings(settings, LABEL_TASKS),
        open_registry(settings),
        to=to,
        traffic_after_id=0,
        run_id="sambodhan rollback",
    )
    line = f"{EMBEDDING.name}: {deployment.tag} serves again; it was {deployment.replaced}."
    print_lines([line])
