"""Commands of the embedding model: `sambodhan correct`, and its part of `sambodhan rollback`."""

from typing import Annotated

import typer

from resources.assembly import build_lane_settings, open_registry
from resources.embedding.base_model import version_model
from resources.profiles import load_settings
from resources.rollback import move_back
from sambodhan_assets.console import print_lines
from sambodhan_assets.domain.embedding.correction import nearest
from sambodhan_assets.domain.embedding.dataset import read_embedding_dataset
from sambodhan_assets.domain.embedding.model import EmbeddingScorer, load_sentence_model
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
    print_lines([f"{found.term}  {found.score:.3f}"])


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
