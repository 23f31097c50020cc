"""Settings of the Hugging Face Hub; resources/profiles.py reads them together with all others."""

import re
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

# As the Hub writes its licences: cc-by-4.0, mit, other. It tells itself which ones it knows.
_LICENSE = re.compile(r"[a-z0-9][a-z0-9.+-]*")


class HubSettings(BaseSettings):
    """How the Hub is reached, and what its repositories say of themselves."""

    hf_token: SecretStr | None = Field(
        None, description="Access token of the Hugging Face Hub with the right to write."
    )
    hf_endpoint: str | None = Field(None, description="Address of the Hub; unset: the public one.")
    hub_visibility: Literal["private", "public"] = Field(
        "private", description="Of repositories that are created on the Hub."
    )
    dataset_license: str | None = Field(
        None, description="Licence on dataset cards, e.g. cc-by-4.0; unset: none is named."
    )
    model_license: str | None = Field(
        None, description="Licence on model cards, e.g. mit; unset: none is named."
    )

    @field_validator("hf_endpoint")
    @classmethod
    def _is_an_endpoint(cls, address: str | None) -> str | None:
        if address is not None and (not address.startswith("http") or address.endswith("/")):
            # datasets builds wrong addresses from one that ends with a slash.
            raise ValueError("must be an http or https address without a slash at its end")
        return address

    @field_validator("dataset_license", "model_license")
    @classmethod
    def _is_an_identifier(cls, name: str | None) -> str | None:
        if name is not None and not _LICENSE.fullmatch(name):
            raise ValueError("must be the Hub's identifier of a licence, such as cc-by-4.0")
        return name
