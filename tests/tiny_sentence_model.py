"""A tiny sentence model: a BERT of one narrow layer that reads single characters."""

import string
from pathlib import Path

LETTERS = string.ascii_lowercase + string.digits + ":-."
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def build_tiny_sentence_model(folder: Path, *, width: int = 32, seed: int = 0) -> Path:
    """Writes a SentenceTransformer with random weights; takes about a second.

    Args:
        folder: Made if it does not exist.
        width: Of its vectors; 2 attention heads.
        seed: Of its weights.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizer

    # Every word is spelt: its first letter, then its further letters as continuations.
    words = [*SPECIAL, *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    bare = folder.parent / f"{folder.name}-bert"
    bare.mkdir(parents=True)
    vocabulary = {word: at for at, word in enumerate(words)}
    BertTokenizer(vocab=vocabulary, do_lower_case=True, model_max_length=64).save_pretrained(bare)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = BertConfig(
            vocab_size=len(words),
            hidden_size=width,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=2 * width,
            max_position_embeddings=64,
        )
        BertModel(config).save_pretrained(bare)
        body = Transformer(str(bare))
        model = SentenceTransformer(modules=[body, Pooling(width, pooling_mode="mean")])
    model.save(str(folder), create_model_card=False)
    return folder
