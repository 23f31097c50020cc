"""Texts to token ids of bounded length, and token ids to padded batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

# Truncation is a state of the tokenizer that all threads share: with eight threads of a server one
# switched off what another had just switched on, and a long text came back uncut.
_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True)
class Encoded:
    """Token ids of some texts.

    Attributes:
        ids: One list per text, special tokens included, none longer than the limit.
        truncated: Texts that were cut to the limit.
    """

    ids: list[list[int]]
    truncated: int


def encode(tokenizer: Any, texts: Sequence[str], limit: int) -> Encoded:
    """Tokenise each text once and cut it to `limit` tokens."""
    if not texts:
        return Encoded([], 0)
    options = {"return_attention_mask": False, "return_token_type_ids": False, "verbose": False}
    with _ONE_AT_A_TIME:
        ids = tokenizer(list(texts), truncation=True, max_length=limit, **options)["input_ids"]
        # A text of exactly the limit lost nothing, so the full ones are read once more.
        full = [text for text, row in zip(texts, ids, strict=True) if len(row) == limit]
        whole = tokenizer(full, **options)["input_ids"] if full else []
    return Encoded(ids, sum(len(row) > limit for row in whole))


def pad(rows: Sequence[Sequence[int]], pad_id: int) -> dict[str, "Tensor"]:
    """`input_ids` and `attention_mask` [n, longest row], filled up on the right."""
    import torch

    longest = max(len(row) for row in rows)
    return {
        "input_ids": torch.tensor([[*row, *[pad_id] * (longest - len(row))] for row in rows]),
        "attention_mask": torch.tensor(
            [[1] * len(row) + [0] * (longest - len(row)) for row in rows]
        ),
    }


def longest_input(model: Any, tokenizer: Any) -> int:
    """Tokens that the model can take: more end in an index error inside its embedding.

    Models of the RoBERTa family number positions from `padding_idx + 1`, so XLM-R's table of 514
    rows serves 512 tokens.
    """
    limit = int(tokenizer.model_max_length)
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and hasattr(module, "num_embeddings"):
            unused = 0 if module.padding_idx is None else module.padding_idx + 1
            limit = min(limit, int(module.num_embeddings) - unused)
    return limit


def tokenizer_problem(model: Any, tokenizer: Any) -> str | None:
    """Why the tokenizer cannot serve the model, or None.

    Where `tokenizer.json` is missing, transformers answers with a tokenizer that knows its special
    tokens only and takes every word for unknown.
    """
    if len(tokenizer) <= len(set(tokenizer.all_special_ids)):
        return "its tokenizer has no vocabulary; tokenizer.json may be missing."
    rows = int(model.get_input_embeddings().num_embeddings)
    if len(tokenizer) > rows:
        return f"its tokenizer has {len(tokenizer)} tokens, its embedding {rows} rows."
    return None if tokenizer.pad_token_id is not None else "its tokenizer has no padding token."
