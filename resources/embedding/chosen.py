"""Builds the resources of the embedding lane from the settings."""

from resources.embedding.options import EmbeddingOptions
from resources.embedding.pair_source import CsvPairs, PairSource
from resources.embedding.postgres_pairs import PostgresPairs
from resources.embedding.supabase_pairs import SupabasePairs
from resources.profiles import Settings


def build_pair_source(settings: Settings, *, url: str, key: str) -> PairSource:
    """EMBEDDING_PAIRS, else SUPABASE_URL, else PostgreSQL.

    Args:
        settings: Settings of this process.
        url: Address of PostgreSQL or the name of its variable; empty for the embedded server.
        key: Key of Supabase in the same form.
    """
    if settings.embedding_pairs is not None:
        return CsvPairs(file=str(settings.embedding_pairs.expanduser().absolute()))
    if settings.supabase_url is not None:
        return SupabasePairs(url=settings.supabase_url, key=key)
    return PostgresPairs(url=url, home=str(settings.home))


def build_embedding_options(settings: Settings, *, token: str) -> EmbeddingOptions:
    """What the stages see of the settings; `token` is empty where none is set."""
    return EmbeddingOptions(
        templates=settings.templates,
        min_pairs=settings.embedding_min_pairs,
        min_new_pairs=settings.embedding_min_new_pairs,
        checkpoint=settings.embedding_checkpoint,
        as_zip=settings.embedding_zip,
        token=token if settings.hf_token else "",
        endpoint=settings.hf_endpoint,
    )


def open_pair_source(settings: Settings) -> PairSource:
    """The pairs for use outside of Dagster runs."""
    url, key = settings.postgres_url, settings.supabase_anon_key
    return build_pair_source(
        settings,
        url=url.get_secret_value() if url else "",
        key=key.get_secret_value() if key else "",
    )
