"""Finding the item that a query shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from mmbench.errors import DataError
from mmbench.tasks.base import Task

__all__ = ["Retrieval"]

TEMPERATURE = 0.07
RANKS = (1, 5, 10)


class Retrieval(Task):
    """Predictions are query embeddings (N, E); row k of the targets belongs to row k.

    Targets are the gallery's embeddings, which the model makes from the dataset's gallery modality, and the
    number of each one's item: (N, E + 1). Rows of one item are never held against each other.
    """

    name = "retrieval"
    primary = "mrr"
    head_size = 64

    def fit(self, train: npt.NDArray[Any], everything: npt.NDArray[Any]) -> Task:
        if everything.ndim != 1 or everything.dtype.kind not in "iu":
            raise DataError(
                f"Expected items as whole numbers, of shape (N,). "
                f"Found {everything.dtype} of shape {everything.shape}."
            )
        return self

    def encode(self, targets: npt.NDArray[Any]) -> Tensor:
        return torch.from_numpy(targets.astype(np.int64))

    def loss(self, prediction: Tensor, targets: Tensor) -> Tensor:
        """Symmetric cross-entropy of cosine similarities within the batch, at temperature 0.07."""
        gallery, items = targets[:, :-1], targets[:, -1]
        similarity = _similarity(prediction, gallery) / TEMPERATURE
        own = torch.arange(len(similarity), device=similarity.device)
        same = (items[:, None] == items) & (own[:, None] != own)
        similarity = similarity.masked_fill(same, -torch.inf)
        forth = F.cross_entropy(similarity, own, reduction="none")
        back = F.cross_entropy(similarity.T, own, reduction="none")
        return (forth + back) / 2

    def metrics(self, prediction: Tensor, targets: Tensor) -> dict[str, float]:
        """R@1, R@5, R@10 and mean reciprocal rank among all items, each by its nearest entry."""
        scores = _similarity(prediction.double(), targets[:, :-1].double())
        _, item = torch.unique(targets[:, -1], return_inverse=True)
        nearest = torch.full((len(scores), int(item.max()) + 1), -torch.inf, dtype=scores.dtype)
        nearest = nearest.scatter_reduce(1, item.expand_as(scores), scores, "amax")
        own = nearest.gather(1, item[:, None])
        # A tie counts against the query: a model that maps everything to one point finds nothing.
        ranks = (nearest >= own).sum(dim=1)
        found = {f"r_at_{k}": float((ranks <= k).double().mean()) for k in RANKS}
        return {**found, "mrr": float(ranks.double().reciprocal().mean())}


def _similarity(queries: Tensor, gallery: Tensor) -> Tensor:
    return F.normalize(queries, dim=-1) @ F.normalize(gallery, dim=-1).T
