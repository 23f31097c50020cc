"""What is said of wrong settings."""

import pytest

from resources.profiles import load_settings
from sambodhan_assets.domain.errors import PermanentError


def refusal(**variables: str) -> str:
    """The error of settings that cannot be."""
    with pytest.raises(PermanentError) as caught:
        load_settings(variables)
    return str(caught.value)
