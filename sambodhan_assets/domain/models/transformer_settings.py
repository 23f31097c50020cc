"""The settings of a fine-tuning run."""

from dataclasses import dataclass

from sambodhan_assets.domain.models.precision import PRECISIONS, Precision


@dataclass(frozen=True, kw_only=True)
class TransformerSettings:
    """Everything that shapes a fine-tuning run beside data and seed.

    Attributes:
        checkpoint: Pretrained model to start from: a folder, or a name that transformers resolves.
        epochs: Most passes over the training rows; early stopping may end sooner.
        train_batch_size: Rows per optimizer step.
        eval_batch_size: Rows per forward pass in evaluation; changes speed only.
        learning_rate: Peak of a linear schedule that falls to 0.
        weight_decay: AdamW's, on all weights but biases and norms.
        eval_steps: Optimizer steps between evaluations; the last step is evaluated too.
        early_stopping_patience: Evaluations in a row without a better macro-F1 that end training.
        max_length: Tokens that are read of a text; lowered to what the checkpoint can take.
        focal_gamma: How much less an easy row counts; 0 is cross-entropy.
        focal_alpha: One constant weight for all labels; None weighs label c by n / (K n_c),
            clipped to [0.25, 4].
        precision: "auto", or one of "bf16", "fp16", "fp32".
        prune_vocabulary: Drop tokens that neither the training rows nor `vocabulary_texts` use.
    """

    checkpoint: str = "xlm-roberta-base"
    epochs: int = 3
    train_batch_size: int = 16
    eval_batch_size: int = 32
    learning_rate: float = 2e-5
    weight_decay: float = 0.01
    eval_steps: int = 50
    early_stopping_patience: int = 1
    max_length: int = 512
    focal_gamma: float = 2.0
    focal_alpha: float | None = None
    precision: Precision = "auto"
    prune_vocabulary: bool = False

    def __post_init__(self) -> None:
        at_least_one = (
            "epochs", "train_batch_size", "eval_batch_size", "eval_steps", "early_stopping_patience"
        )  # fmt: skip
        for name in at_least_one:
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: must be 1 or more")
        if self.max_length < 8:
            raise ValueError(f"max_length={self.max_length}: must be 8 or more")
        if self.learning_rate <= 0:
            raise ValueError(f"learning_rate={self.learning_rate}: must be above 0")
        if self.weight_decay < 0 or self.focal_gamma < 0:
            raise ValueError(
                f"weight_decay={self.weight_decay}, focal_gamma={self.focal_gamma}: below 0"
            )
        if self.focal_alpha is not None and self.focal_alpha <= 0:
            raise ValueError(f"focal_alpha={self.focal_alpha}: must be above 0, or None")
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision={self.precision!r}: must be one of {PRECISIONS}")
