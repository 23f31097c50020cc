"""Focal loss for the transformers Trainer: easy rows count less, rare labels more."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

# Beyond these a label with a handful of rows would drown all others, or a frequent one vanish.
SMALLEST_WEIGHT, LARGEST_WEIGHT = 0.25, 4.0


class FocalLoss:
    """Lin et al. 2017: -alpha_c (1 - p)^gamma log p, where p is the probability of the true label.

    Pass it as `Trainer(compute_loss_func=...)`. Then the model gets no labels and computes no loss
    of its own. The Trainer takes the result as scaled already, so the sum is divided by
    `num_items_in_batch`, the rows of all accumulated batches: 4 batches of 4 rows give the same
    gradient as one of 16. A mean per batch would give four times as much.
    """

    def __init__(self, *, gamma: float, class_weights: Sequence[float]) -> None:
        self.gamma = gamma
        self.class_weights = tuple(class_weights)

    def __call__(
        self, outputs: Any, labels: "Tensor", num_items_in_batch: "Tensor | int | None" = None
    ) -> "Tensor":
        """Loss of one batch.

        Args:
            outputs: Has `logits` [n, K].
            labels: Label ids [n].
            num_items_in_batch: Rows of the whole optimizer step; None, as in evaluation, means n.
        """
        import torch

        # In float32 also under autocast: a bfloat16 probability near 1 is 1, and its gradient 0.
        log_probabilities = torch.log_softmax(outputs.logits.float(), dim=-1)
        log_p = log_probabilities.gather(1, labels[:, None]).squeeze(1)
        alpha = torch.tensor(self.class_weights, device=log_p.device)[labels]
        # 1 - p without cancellation, and never 0, where a gamma below 1 has no finite gradient.
        doubt = (-torch.expm1(log_p)).clamp_min(1e-12)
        loss = -alpha * doubt**self.gamma * log_p
        return loss.sum() / (len(labels) if num_items_in_batch is None else num_items_in_batch)


def balancing_weights(label_ids: NDArray[np.int64], n_labels: int) -> tuple[float, ...]:
    """Weight n / (K n_c) of each label, clipped to [0.25, 4]; equally frequent labels have 1."""
    counts = np.bincount(label_ids, minlength=n_labels)
    # The weight of a label without rows multiplies nothing; it only must be a number.
    weights = len(label_ids) / (n_labels * np.maximum(counts, 1))
    return tuple(np.clip(weights, SMALLEST_WEIGHT, LARGEST_WEIGHT).tolist())
