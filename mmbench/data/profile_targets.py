"""How the targets of a dataset are spread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mmbench.data.samples import Samples

__all__ = ["QUANTILES", "Balance", "balance", "memberships", "quartiles"]

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)

Parts: TypeAlias = Mapping[str, npt.NDArray[np.int64]]
Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Balance:
    """How targets are spread over the parts of a split.

    Attributes:
        counts: class or label -> part -> samples.
        entropy: of the classes of the training part, in bits.
        most_entropy: what it would be if all classes were equally frequent.
        imbalance: samples of the most frequent class or label over those of the rarest, in the training part;
            None where that has none.
        quantiles: real target -> part -> its `QUANTILES`.
        items: different targets, in retrieval.

    """

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    entropy: float | None = None
    most_entropy: float | None = None
    imbalance: float | None = None
    quantiles: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    items: int | None = None


def balance(samples: Samples, task: str, parts: Parts) -> Balance:
    """Describe the targets in every part.

    Args:
        samples: the dataset.
        task: of the dataset.
        parts: name -> indices of its samples, in the order of `PARTS`.

    """
    if task == "retrieval":
        return Balance(items=len(np.unique(samples.targets)))
    if task == "regression":
        return Balance(quantiles=_quantiles(samples, parts))
    counts = {
        name: {part: int(mask[index].sum()) for part, index in parts.items()}
        for name, mask in memberships(samples, task, parts["train"]).items()
    }
    trained = np.array([count["train"] for count in counts.values()])
    imbalance = float(trained.max() / trained.min()) if trained.min() else None
    if task == "multilabel":
        return Balance(counts, imbalance=imbalance)
    shares = trained[trained > 0] / trained.sum()
    entropy = -float((shares * np.log2(shares)).sum())
    return Balance(counts, abs(entropy), float(np.log2(len(trained))), imbalance)


def memberships(samples: Samples, task: str, train: npt.NDArray[np.int64]) -> dict[str, Mask]:
    """The samples (N,) of every class or label, or of every quarter of one real target; else nothing."""
    targets: npt.NDArray[Any] = samples.targets
    if task == "classification":
        return {_name(samples, label): targets == label for label in range(int(targets.max()) + 1)}
    if task == "multilabel":
        return {_name(samples, label): column == 1 for label, column in enumerate(targets.T)}
    if task != "regression" or targets.size != len(targets):
        return {}
    edges = quartiles(targets[train])
    quarters = np.digitize(targets.ravel(), edges)
    shown = [f"{edge:.4g}" for edge in edges]
    between = [f"{start} to {end}" for start, end in pairwise(shown)]
    names = [f"below {shown[0]}", *between, f"from {shown[-1]}"]
    return {name: quarters == quarter for quarter, name in enumerate(names)}


def quartiles(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Edges that cut real values into quarters; fewer where many values are equal."""
    edges: npt.NDArray[np.float64] = np.unique(np.quantile(values.ravel(), (0.25, 0.5, 0.75)))
    return edges


def _name(samples: Samples, label: int) -> str:
    named = label < len(samples.target_names)
    return samples.target_names[label] if named else str(label)


def _quantiles(samples: Samples, parts: Parts) -> dict[str, dict[str, list[float]]]:
    columns = samples.targets.reshape(len(samples), -1).astype(np.float64)
    return {
        _name(samples, number): {
            part: np.quantile(column[index], QUANTILES).tolist() for part, index in parts.items()
        }
        for number, column in enumerate(columns.T)
    }
