"""A learning rate for each modality."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mmbench.contracts import Term
from mmbench.errors import BadParameter, NonFiniteError
from mmbench.training.loop import predict
from mmbench.training.step import Training
from mmbench_weightings.equal import Equal
from mmbench_weightings.scores import modalities

__all__ = ["MSLR"]

_SMALL = 1e-12  # a score that underflowed is still a score: 0 / 0 counts as 1


class MSLR(Equal):
    """Modality-specific learning rates: Σ c L, with encoder and head of modality i at the rate f_i r_i η.

    f_i is the factor with which the modality alone does best, and r_i = p_i(t) / mean(p_i(t−1), …, p_i(t−window)),
    with p_i(t) = exp(−validation loss of its head) after epoch t: a modality that improves is sped up. Yao and
    Mihalcea 2022, Findings of ACL, doi:10.18653/v1/2022.findings-acl.143: their strategies Keep (`window = 0`)
    and Dynamic, stated for any M. This project's choices: f_i is the best of 1/spread, 1 and spread by validation
    loss; p_i stands where the paper has accuracy, so that it has a meaning for every task; of the modalities
    trained alone the rates are taken over, not the weights.

    One backward pass; with a spread above 1, 3 M trainings of one modality before the first step.

    Args:
        spread: between the rates that a modality alone is tried with; 1 tries none.
        window: epochs that a modality's score is compared with; 0 keeps the rates.

    """

    factors: Tensor
    progress: Tensor
    history: Tensor

    def __init__(self, terms: tuple[Term, ...], spread: float = 1.0, window: int = 5) -> None:
        super().__init__(terms)
        if spread < 1 or window < 0:
            raise BadParameter(
                f"Expected a spread of at least 1 and a window of at least 0. "
                f"Found {spread} and {window}. Raise them."
            )
        self.spread, self.window = spread, window
        self.modalities = modalities(terms)
        count = len(self.modalities)
        self.register_buffer("factors", torch.ones(count))
        self.register_buffer("progress", torch.ones(count))
        self.register_buffer("history", torch.full((window, count), torch.nan))

    def begin(self, training: Training) -> None:
        """Find the rate with which each modality alone does best."""
        if self.spread > 1:
            best = [_best_factor(training, name, self.spread) for name in self.modalities]
            self.factors = self.factors.new_tensor(best)

    def rates(self) -> dict[str, float]:
        rates = (self.factors * self.progress).tolist()
        return {
            f"{part}:{name}": rate
            for name, rate in zip(self.modalities, rates, strict=True)
            for part in ("encoder", "head")
        }

    def end_epoch(self, train: Mapping[str, float], validation: Mapping[str, float]) -> None:
        losses = self.history.new_tensor([validation[f"uni:{name}"] for name in self.modalities])
        scores = (-losses).exp().clamp(min=_SMALL)
        if not self.window:
            return
        if not self.history.isnan().any():
            self.progress = scores / self.history.mean(dim=0)
        self.history = torch.cat([self.history[1:], scores[None]])


def _best_factor(training: Training, modality: str, spread: float) -> float:
    losses = {
        factor: _loss_alone(training, modality, factor) for factor in (1.0, 1 / spread, spread)
    }
    return min(losses, key=losses.__getitem__)


def _loss_alone(training: Training, modality: str, factor: float) -> float:
    """The validation loss of the modality trained by itself; infinite where that diverges."""
    try:
        alone = training.alone(modality, lr=factor * training.settings.lr)
    except NonFiniteError:
        return torch.inf
    part, task = training.data.validation, training.task
    if modality in part.present:
        part = part.take(part.present[modality].nonzero()[:, 0])
    prediction, targets, _ = predict(alone, part, task)
    return float(task.loss(prediction, targets).mean())
