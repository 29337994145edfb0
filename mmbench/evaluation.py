"""What the test part tells of a trained model, beyond its score."""

from __future__ import annotations

import torch
from torch import Tensor

from mmbench.data.part import Part
from mmbench.data.sealed import TrainingData
from mmbench.model import FusionModel
from mmbench.tasks import Task
from mmbench.training.loop import EVALUATION_BATCH, predict

__all__ = ["absences", "probes"]

RIDGE = 1e-2
"""Of a probe, as a share of the number of training samples: features have unit variance."""


def absences(model: FusionModel, test: Part, task: Task) -> dict[str, float | None]:
    """The score with modalities absent at test time.

    Returns:
        `without_<m>` with one modality absent, `only_<m>` with all others absent; nothing for a model of
        one modality.

    """
    names = sorted(set(test.inputs) - {model.gallery})
    if len(names) < 2:
        return {}
    found: dict[str, float | None] = {}
    found |= {f"without_{name}": _score(model, test.without(name), task) for name in names}
    if len(names) == 2:
        return found | {f"only_{a}": found[f"without_{b}"] for a, b in (names, names[::-1])}
    for name in names:
        others = [other for other in names if other != name]
        found[f"only_{name}"] = _score(model, test.without(*others), task)
    return found


def probes(
    model: FusionModel, data: TrainingData, test: Part, task: Task
) -> dict[str, float | None]:
    """How much each encoder has learned: the score of a linear probe on its frozen features.

    The probe is a ridge regression of the targets (one-hot for classes), fitted on the training part in
    closed form, on the samples that have the modality.

    Returns:
        `probe_<m>`; `head_<m>`, the score of the model's own unimodal head, where it has one. Nothing in
        retrieval, where a target is not a label.

    """
    if task.name == "retrieval" or not len(model.encoders):
        return {}
    train, _ = _encoded(model, data.train)
    encoded, logits = _encoded(model, test)
    found: dict[str, float | None] = {}
    for name, features in encoded.items():
        seen, kept = _here(data.train, name), _here(test, name)
        if not (bool(seen.any()) and bool(kept.any())):
            continue
        prediction = _ridge(
            train[name][seen], data.train.targets[seen], features[kept], task.head_size
        )
        targets = test.targets[kept].cpu()
        found[f"probe_{name}"] = _primary(task, prediction.cpu(), targets)
        if name in logits:
            found[f"head_{name}"] = _primary(task, logits[name][kept].cpu(), targets)
    return found


def _encoded(model: FusionModel, part: Part) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Pooled features and unimodal predictions of every modality."""
    model.eval()
    features: dict[str, list[Tensor]] = {}
    logits: dict[str, list[Tensor]] = {}
    with torch.inference_mode():
        for batch in part.batches(EVALUATION_BATCH):
            outputs = model(batch)
            for found, seen in ((features, outputs.features), (logits, outputs.logits)):
                for name, values in seen.items():
                    found.setdefault(name, []).append(values)
    return _joined(features), _joined(logits)


def _joined(found: dict[str, list[Tensor]]) -> dict[str, Tensor]:
    return {name: torch.cat(values) for name, values in found.items()}


def _here(part: Part, name: str) -> Tensor:
    everywhere = torch.ones(len(part), dtype=torch.bool, device=part.targets.device)
    return part.present.get(name, everywhere)


def _ridge(train: Tensor, targets: Tensor, test: Tensor, size: int) -> Tensor:
    """Predictions (N, size) of a ridge regression from features (N, D), standardised."""
    if targets.dim() == 1 and not targets.is_floating_point():
        targets = torch.nn.functional.one_hot(targets, size)
    y = targets.double().reshape(len(targets), -1)
    mean, spread = train.double().mean(dim=0), train.double().std(dim=0, correction=0)
    scale = torch.where(spread > 0, spread, 1.0)
    x, x_test = (train.double() - mean) / scale, (test.double() - mean) / scale
    gram = x.T @ x + RIDGE * len(x) * torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    weights = torch.linalg.solve(gram, x.T @ (y - y.mean(dim=0)))
    found: Tensor = x_test @ weights + y.mean(dim=0)
    return found


def _score(model: FusionModel, part: Part, task: Task) -> float | None:
    prediction, targets, _ = predict(model, part, task)
    return _primary(task, prediction, targets)


def _primary(task: Task, prediction: Tensor, targets: Tensor) -> float | None:
    """The primary metric; None where the predictions are not finite."""
    if not bool(prediction.isfinite().all()):
        return None
    return task.score(prediction, targets)
