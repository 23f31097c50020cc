"""Groups of near-duplicate texts: what is drawn in the bootstrap as one."""

from collections.abc import Sequence

from sambodhan_assets.domain.dataset.cleaning import key_of_normalised, normalised
from sambodhan_assets.domain.dataset.near_duplicates import near_duplicate_groups
from sambodhan_assets.domain.dataset.preparation import PreparationSettings
from sambodhan_assets.domain.dataset.text_signatures import index_texts


def group_keys(texts: Sequence[str]) -> list[str]:
    """For each text the smallest text key among its near-duplicates here.

    Models answer twins alike, so they are one piece of evidence. 20,000 texts take 0.4 s.
    """
    forms = [normalised(text) for text in texts]
    keys = [key_of_normalised(form) for form in forms]
    form_of = dict(sorted(zip(keys, forms, strict=True)))
    index = index_texts(list(form_of.values()), PreparationSettings.near_duplicate_threshold)
    # The texts stand in the order of their keys: the lowest position is the smallest key.
    distinct, lowest = list(form_of), near_duplicate_groups(index).tolist()
    group_of = {key: distinct[first] for key, first in zip(distinct, lowest, strict=True)}
    return [group_of[key] for key in keys]
