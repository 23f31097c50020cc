"""The settings of one training of the embedding model."""

from dataclasses import dataclass

from sambodhan_assets.domain.models.precision import PRECISIONS, Precision


@dataclass(frozen=True, kw_only=True)
class EmbeddingSettings:
    """Everything that shapes a training beside pairs, base model and seed.

    Attributes:
        epochs: Passes over the training pairs, each in both directions.
        batch_size: Most pairs per step, one per word; every other pair of a batch is a wrong answer
            to learn from.
        learning_rate: Peak of a linear schedule that falls to 0. With the usual 2e-5 a few hundred
            pairs hardly move the model. With 2e-4 and 1,000 pairs accuracy@1 fell from 0.42 to
            0.40 on words that training never saw; with 1e-4 and 1,500 it rose from 0.42 to 0.43.
        warmup_share: Share of the steps in which the rate rises.
        scale: Factor on the cosine before the softmax.
        precision: "auto", or one of "bf16", "fp16", "fp32".
    """

    epochs: int = 5
    batch_size: int = 64
    learning_rate: float = 1e-4
    warmup_share: float = 0.1
    scale: float = 20.0
    precision: Precision = "auto"

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 2:
            raise ValueError(
                f"epochs={self.epochs}, batch_size={self.batch_size}: at least 1 and 2 are needed"
            )
        if self.learning_rate <= 0 or self.scale <= 0:
            raise ValueError(
                f"learning_rate={self.learning_rate}, scale={self.scale}: must be above 0"
            )
        if not 0 <= self.warmup_share < 1:
            raise ValueError(f"warmup_share={self.warmup_share}: must be in [0, 1)")
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision={self.precision!r}: must be one of {PRECISIONS}")
