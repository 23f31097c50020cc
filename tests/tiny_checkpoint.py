"""A tiny checkpoint of XLM-RoBERTa's architecture, with a tokenizer of the same class."""

import json
from collections.abc import Sequence
from pathlib import Path

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]


def build_tiny_checkpoint(
    folder: Path, texts: Sequence[str], *, pieces: int = 300, hidden: int = 64, layers: int = 2
) -> Path:
    """Write a checkpoint with random weights that has seen no data but its tokenizer's.

    It is saved as a masked language model, as `xlm-roberta-base` is, so that loading it for
    classification starts with a new head. Takes about a second.

    Args:
        folder: Made if it does not exist.
        texts: Train the Unigram tokenizer.
        pieces: Most pieces of its vocabulary.
        hidden: Width; 2 attention heads.
        layers: Depth.
    """
    import torch
    from transformers import XLMRobertaConfig, XLMRobertaForMaskedLM

    tokenizer = _tokenizer(texts, pieces)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = XLMRobertaConfig(
            vocab_size=len(tokenizer),
            hidden_size=hidden,
            num_hidden_layers=layers,
            num_attention_heads=2,
            intermediate_size=2 * hidden,
            max_position_embeddings=514,
            type_vocab_size=1,
        )
        XLMRobertaForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer(texts: Sequence[str], pieces: int):
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import XLMRobertaTokenizer

    trained = Tokenizer(models.Unigram())
    trained.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    trainer = trainers.UnigramTrainer(
        vocab_size=pieces, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False
    )
    trained.train_from_iterator(texts, trainer)
    # Trained pieces in the order of their ids, then the mask, as in the published vocabulary.
    vocabulary = [(piece, score) for piece, score in json.loads(trained.to_str())["model"]["vocab"]]
    vocabulary.append(("<mask>", 0.0))
    return XLMRobertaTokenizer(vocab=vocabulary, model_max_length=512)
