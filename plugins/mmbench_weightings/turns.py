"""Training by turns: one step of the optimiser a modality."""

from __future__ import annotations

import torch
from torch import Tensor

from mmbench.contracts import Term
from mmbench.errors import BadParameter
from mmbench_weightings.backpropagation import of_kind
from mmbench_weightings.equal import Equal

__all__ = ["Turns"]


class Turns(Equal):
    """Base of the methods that take turns; the order is that of the unimodal terms.

    `backward` of a subclass ends with `pass_on`. The learning rate of the groups that rest is 0, since AdamW
    would move them by its momentum and weight decay even where their gradient is zero.

    Args:
        terms: of the objective; each `uni:<m>` that is not dropped has a turn.
        more: turns that belong to no modality, after the modalities'.

    Raises:
        BadParameter: if no modality has a turn.

    """

    turn: Tensor

    def __init__(self, terms: tuple[Term, ...], more: int = 0) -> None:
        super().__init__(terms)
        self._modalities = [name.partition(":")[2] for name in of_kind(self._weights, "uni")]
        if not self._modalities:
            raise BadParameter(
                f"Expected a unimodal term, since modalities train by turns. "
                f"Found {', '.join(self._weights)}. Choose the objective joint+uni."
            )
        self.rounds = len(self._modalities) + more
        self.register_buffer("turn", torch.tensor(0))

    def resting(self, turn: int) -> list[str]:
        """The groups of parameters that do not move in a turn."""
        raise NotImplementedError

    def rates(self) -> dict[str, float]:
        return dict.fromkeys(self.resting((int(self.turn) - 1) % self.rounds), 0.0)

    def pass_on(self) -> None:
        """End a turn."""
        self.turn.copy_((self.turn + 1) % self.rounds)
