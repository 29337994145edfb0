"""Auxiliary losses weighted by how their gradient agrees with the joint loss's."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmbench.contracts import Term
from mmbench.errors import BadParameter
from mmbench.gradients import assign
from mmbench_weightings.backpropagation import gradients, of_kind, require_finite
from mmbench_weightings.coefficients import kept
from mmbench_weightings.equal import Equal

__all__ = ["GradientSimilarity"]


class GradientSimilarity(Equal):
    """Encoder i takes ∇L_joint + Σ_t max(0, cos(∇L_joint, ∇L_t)) c_t ∇L_t; Du 2018, arXiv:1812.02224.

    t runs over L_i and the alignments L_ij, whose receiver is encoder i: λ_i and w_ij are learned, and say
    whether modality j helped modality i. To the encoder of j, L_ij sends nothing; that is the business of
    L_ji. A modality thus receives only gradients that do not oppose the joint loss.

    The paper has one auxiliary loss and no smoothing. Here cosines are averaged over steps with decay β, with
    bias correction, and then clamped: clamping first would turn noise into agreement. β = 0 is the
    paper's rule. The fusion's own auxiliary losses count as a part of L_joint. Heads and alignments take the
    whole gradient of their losses, so that a modality of weight 0 can come back. Any M.

    Cost: two backward passes, one for L_joint and one for all L_i, which reach no other modality's encoder; and
    one through one encoder for each alignment.

    Args:
        smoothing: β in [0, 1).

    Raises:
        BadParameter: if there is no joint loss to agree with.

    """

    agreement: Tensor
    steps: Tensor

    def __init__(self, terms: tuple[Term, ...], smoothing: float = 0.9) -> None:
        super().__init__(terms)
        if not 0 <= smoothing < 1:
            raise BadParameter(f"Expected smoothing in [0, 1). Found {smoothing}.")
        self.smoothing = smoothing
        if not self._weights.get("joint"):
            raise BadParameter(
                f"Expected the term joint, which the others are compared with. "
                f"Found {', '.join(kept(self._weights))}. Raise its weight above 0."
            )
        self._judged = of_kind(self._weights, "uni", "align")
        self._fused = {
            f"encoder:{name}"
            for term in self._judged
            for name in term.partition(":")[2].split("->")
        }
        self.register_buffer("agreement", torch.zeros(len(self._judged)))
        self.register_buffer("steps", torch.tensor(0))

    def backward(
        self, losses: Mapping[str, Tensor], groups: Mapping[str, list[nn.Parameter]]
    ) -> None:
        require_finite(losses, self._weights)
        found = gradients(losses, of_kind(self._weights, "joint", "aux"), groups)
        lessons, whole = self._lessons(losses, groups)
        self._compare(found, lessons)
        shares = self._shares()
        learned = [{_receiver(term): shares[term] * g} for term, g in lessons.items()]
        for more in (*whole, *learned):
            found |= {name: found[name] + gradient for name, gradient in more.items()}
        assign(groups, found)

    def weights(self) -> dict[str, float]:
        """The learned share times c; c of L_joint and of the fusion's losses."""
        shares = self._shares()
        return {name: c * shares.get(name, 1.0) for name, c in self._weights.items()}

    def _lessons(
        self, losses: Mapping[str, Tensor], groups: Mapping[str, list[nn.Parameter]]
    ) -> tuple[dict[str, Tensor], list[dict[str, Tensor]]]:
        """Term -> gradient of c L at its receiver; and the gradients of what is no fused encoder."""
        uni = gradients(losses, of_kind(self._weights, "uni"), groups)
        apart = {name: group for name, group in groups.items() if name not in self._fused}
        lessons = {}
        whole = [{name: gradient for name, gradient in uni.items() if name in apart}]
        for term, c in self._judged.items():
            encoder = _receiver(term)
            if encoder not in uni:
                continue
            lessons[term] = uni[encoder]
            if term.startswith("align:"):
                taught = gradients(losses, {term: c}, {**apart, encoder: groups[encoder]})
                lessons[term] = taught.pop(encoder)
                whole.append(taught)
        return lessons, whole

    def _compare(self, main: Mapping[str, Tensor], lessons: Mapping[str, Tensor]) -> None:
        """Average this step's cosines into the agreement."""
        self.steps += 1
        self.agreement *= self.smoothing
        for place, term in enumerate(self._judged):
            if term in lessons:
                found = F.cosine_similarity(main[_receiver(term)], lessons[term], dim=0)
                self.agreement[place] += (1 - self.smoothing) * found

    def _shares(self) -> dict[str, float]:
        """Term -> max(0, mean cosine); 0 before the first step."""
        correction = 1 - self.smoothing ** max(int(self.steps), 1)
        shares = (self.agreement / correction).clamp(0, 1)
        return dict(zip(self._judged, shares.tolist(), strict=True))


def _receiver(term: str) -> str:
    """The encoder that a term is weighed at: of `uni:<i>` and of `align:<i>-><j>`, that of i."""
    return f"encoder:{term.partition(':')[2].partition('->')[0]}"
