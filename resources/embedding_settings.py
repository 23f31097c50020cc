"""Settings of the embedding lane; resources/profiles.py reads them together with all others."""

from pathlib import Path

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from sambodhan_assets.domain.embedding.domains import DEFAULT_TEMPLATES, template_problem


class EmbeddingSettings(BaseSettings):
    """Where pairs come from, where training starts, and where versions go."""

    supabase_url: str | None = Field(
        None, description="Supabase project with the table typo_training_dataset."
    )
    supabase_anon_key: SecretStr | None = Field(
        None, validate_default=True, description="Key of that project."
    )
    embedding_pairs: Path | None = Field(
        None, description="CSV of training pairs; unset: SUPABASE_URL, else PostgreSQL."
    )
    embedding_checkpoint: str | None = Field(
        None, description="First base model: folder, zip, or Hub repository; unset: MiniLM."
    )
    embedding_templates: dict[str, str] | None = Field(
        None, description="What the model reads of a word, by domain, as JSON."
    )
    embedding_min_pairs: int = Field(100, ge=1, description="Fewest pairs worth a version.")
    embedding_min_new_pairs: int = Field(
        50, ge=1, description="New pairs that make the sensor start a run."
    )
    embedding_dataset: str = Field(
        "sambodhan-embedding-dataset", description="Dataset repository of the pairs."
    )
    embedding_model: str = Field(
        "sambodhan-embedding-model", description="Repository of the embedding model."
    )
    embedding_wandb_project: str = Field(
        "sambodhan-embedding-model", description="Project of W&B for its runs."
    )
    embedding_zip: bool = Field(
        False, description="Whether a version holds the model as a dated zip too."
    )

    @property
    def templates(self) -> dict[str, str]:
        """Template of every domain."""
        return self.embedding_templates or dict(DEFAULT_TEMPLATES)

    @field_validator("supabase_url")
    @classmethod
    def _is_a_project(cls, address: str | None) -> str | None:
        if address is not None and not address.startswith(("http://", "https://")):
            raise ValueError("must be an http or https address")
        return address

    @field_validator("supabase_anon_key")
    @classmethod
    def _belongs_to_the_project(
        cls, key: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        if info.data.get("supabase_url") is not None and key is None:
            raise ValueError("must be set together with SUPABASE_URL")
        return key

    @field_validator("embedding_templates")
    @classmethod
    def _are_templates(cls, templates: dict[str, str] | None) -> dict[str, str] | None:
        if templates is None:
            return None
        for domain, template in templates.items():
            if (problem := template_problem(template)) is not None:
                raise ValueError(f"the template of {domain!r} {problem}")
        if not templates:
            raise ValueError("must name one domain at least")
        return templates
