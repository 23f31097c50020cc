"""Writes a sentence model's configuration so that older programs read it too.

Release 6 of sentence-transformers names modules and their settings anew, and releases 2 to 5 cannot
load what it saves. It still reads their names. Weights and tokenizer are the same in both.
"""

import json
from pathlib import Path
from typing import Any

_PACKAGE = "sentence_transformers.models"
_KNOWN = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
# What release 6 writes of a model that reads text as all did before.
_READS_TEXT = {
    "transformer_task": "feature-extraction",
    "modality_config": {"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
    "module_output_name": "token_embeddings",
}
_MODES = {
    "cls": "pooling_mode_cls_token",
    "max": "pooling_mode_max_tokens",
    "mean": "pooling_mode_mean_tokens",
    "mean_sqrt_len_tokens": "pooling_mode_mean_sqrt_len_tokens",
}


def write_older_format(folder: Path, *, max_seq_length: int) -> bool:
    """Rewrites the configuration of a saved model in place.

    Args:
        folder: What release 6 saved.
        max_seq_length: Most tokens that the model reads.

    Returns:
        Whether it was rewritten: not where a module, how it reads or how it pools has no older
        name.
    """
    modules = _read(folder / "modules.json")
    kinds = [module["type"].rpartition(".")[2] for module in modules]
    if kinds not in _KNOWN:
        return False
    reader = folder / modules[0]["path"] / "sentence_bert_config.json"
    pooling = _pooling(_read(folder / modules[1]["path"] / "config.json"))
    if pooling is None or _read(reader) != _READS_TEXT:
        return False
    renamed = [
        {**module, "type": f"{_PACKAGE}.{kind}"}
        for module, kind in zip(modules, kinds, strict=True)
    ]
    _write(folder / modules[1]["path"] / "config.json", pooling)
    _write(reader, {"max_seq_length": max_seq_length, "do_lower_case": False})
    _write(folder / "modules.json", renamed)
    return True


def _pooling(config: dict[str, Any]) -> dict[str, Any] | None:
    """The settings under their older names; None if they have none."""
    mode = config["pooling_mode"]
    if not isinstance(mode, str) or mode not in _MODES or not config["include_prompt"]:
        return None
    modes = {name: known == mode for known, name in _MODES.items()}
    return {"word_embedding_dimension": config["embedding_dimension"], **modes}


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _write(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
