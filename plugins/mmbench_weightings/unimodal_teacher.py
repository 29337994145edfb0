"""Distillation of unimodally trained features into the joint model."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmbench.contracts import Term
from mmbench.gradients import assign
from mmbench.model import FusionModel
from mmbench.training.step import Step, Training
from mmbench_weightings.backpropagation import gradients_with_heads_apart, of_kind, require_finite
from mmbench_weightings.equal import Equal
from mmbench_weightings.samples import counted, mean_of

__all__ = ["UnimodalTeacher"]


class UnimodalTeacher(Equal):
    """L_joint + w Σ_i c_i MSE(φ_i, φ_i*), w = 10; UMT, Du 2021, arXiv:2106.11059, and Du 2023, ICML.

    φ_i is modality i's pooled feature and φ_i* that of a frozen teacher, which was trained on modality i alone
    from the same initial weights, under the same settings. The mean is over features and over the samples
    that have the modality. As in the paper L_i does not train the encoders: the distillation stands in
    its place. Here it trains the unimodal heads, which read the features, and its reported weight is 0;
    its coefficient c_i is the distillation's. Other terms keep theirs. Any M.

    The teachers are no part of the state: `begin` trains them, from the seed and thus always the same.

    Cost: one backward pass, and one more through the heads; a forward pass through each teacher's encoder; M
    unimodal trainings before the first step.

    Args:
        weight: w, of the distillation.

    """

    def __init__(self, terms: tuple[Term, ...], weight: float = 10.0) -> None:
        super().__init__(terms)
        self.weight = weight
        self._taught = {
            name.partition(":")[2]: c for name, c in of_kind(self._weights, "uni").items()
        }
        self._teachers: dict[str, FusionModel] = {}  # a plain dict: not among the submodules
        self._distance: Tensor | None = None

    def begin(self, training: Training) -> None:
        """Train the teachers."""
        for modality in self._taught:
            self._teachers[modality] = training.alone(modality).eval().requires_grad_(False)

    def observe(self, step: Step) -> None:
        """Compare this batch's features with the teachers'."""
        distances = []
        for modality, teacher in self._teachers.items():
            feature = step.outputs.features[modality]
            with torch.no_grad():
                target = teacher.encode(step.batch)[2][modality]
            gaps = (feature - target).square().mean(dim=1)
            mean = mean_of(gaps, counted(step.batch, modality, gaps))
            distances.append(self._taught[modality] * mean)
        self._distance = torch.stack(distances).sum() if distances else None

    def backward(
        self, losses: Mapping[str, Tensor], groups: Mapping[str, list[nn.Parameter]]
    ) -> None:
        require_finite(losses, self._weights)
        found, weights = dict(losses), dict(self._weights)
        if self._distance is not None:
            found["distillation"], weights["distillation"] = self._distance, self.weight
        self._distance = None
        assign(groups, gradients_with_heads_apart(found, weights, groups))

    def weights(self) -> dict[str, float]:
        return self._weights | dict.fromkeys(of_kind(self._weights, "uni"), 0.0)
