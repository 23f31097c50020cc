"""What the stages of the embedding lane need to know."""

from collections.abc import Mapping

import dagster as dg
from pydantic import Field


class EmbeddingOptions(dg.ConfigurableResource):
    """Settings of the embedding lane; resources/profiles.py reads them."""

    templates: dict[str, str] = Field(description="What a model reads, by domain.")
    min_pairs: int = Field(description="Fewest pairs worth a version.")
    min_new_pairs: int = Field(description="New pairs that make the sensor start a run.")
    checkpoint: str | None = Field(description="First base model; None for the packaged MiniLM.")
    as_zip: bool = Field(description="Whether a version holds the model as a zip too.")
    token: str = Field(default="", repr=False, description="Access token of the Hub.")
    endpoint: str | None = Field(default=None, description="Address of the Hub.")

    @property
    def domains(self) -> Mapping[str, str]:
        """Known domains with their templates."""
        return self.templates
