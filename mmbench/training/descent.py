"""One step of the lanes of a pass: from a batch of each to the gradients that each descends."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mmbench.contracts import JacobianWeighting
from mmbench.gradients import jacobians
from mmbench.training.cuda_graph import Graphed
from mmbench.training.lane import Member
from mmbench.training.program import Nested, Program, Work, tensors
from mmbench.training.recording import Recording
from mmbench.training.stack import Refused, Stack

__all__ = ["Descent"]

WORTH = 20
"""Steps that must be left: recording one takes as long as eight to ten repetitions save."""

WORTH_A_GRAPH = 200
"""Steps that must be left on a GPU, where to capture a graph waits for all work (not measured)."""


class Descent:
    """Finds the gradients of a stack.

    What the model does is recorded on the second batch of a shape, and repeated on the next ones; on the first,
    layers prepare what they keep. Each time that lanes have stopped, it takes twice as many batches until that
    pays again. Weightings may do anything, and are asked every time.

    Args:
        stack: of the lanes that train.
        steps: of the whole training.

    """

    def __init__(self, stack: Stack, steps: int) -> None:
        self._stack, self._left = stack, steps
        self._works: dict[object, Work] = {}
        self._met: dict[object, int] = {}
        self._unrecorded = 1
        self._wanted: list[str] | None = None
        self._shares: dict[str, Tensor] = {}

    def __call__(self, members: Sequence[Member], batches: dict[str, Any]) -> dict[str, Tensor]:
        """The losses `(K,)` of one batch a lane. The stack has their gradients then."""
        first = members[0].weighting
        written = self._by_term if isinstance(first, JacobianWeighting) else self._by_share
        shape = tuple(tensor.shape for tensor in tensors(batches))
        work = self._work(shape, written)
        running = work(batches)
        losses = {name: loss.detach().requires_grad_() for name, loss in next(running).items()}
        if isinstance(first, JacobianWeighting):
            self._want(first.wanted(losses), losses)
            self._collect(members, losses, running.send({}))
        else:
            running.send(self._shares_of(members, losses))
        if isinstance(work, Recording):
            self._works[shape] = self._quickest(work.program()) or written
        return losses

    def forget(self) -> None:
        """Lanes have stopped: what was recorded is of others."""
        self._works.clear()
        self._met.clear()
        self._shares.clear()
        self._unrecorded *= 2

    def _work(self, shape: object, written: Work) -> Work:
        """What repeats it; where nothing does, the work as it is written, recorded if that pays."""
        self._left -= 1
        if shape in self._works:
            return self._works[shape]
        met = self._met[shape] = self._met.get(shape, 0) + 1
        if met <= self._unrecorded or self._left < WORTH:
            return written
        return Recording(written, self._stack.template)

    def _quickest(self, program: Program | None) -> Work | None:
        on_gpu = self._stack.values.is_cuda and self._left >= WORTH_A_GRAPH
        return Graphed(program) if program is not None and on_gpu else program

    def _by_share(self, batches: Nested) -> Generator[Nested, Any, None]:
        """Yields the losses, is sent the share of each in what is descended, and collects the gradients."""
        losses, _, _ = self._stack(batches)
        shares = yield losses
        leaves = self._stack.leaves
        found = torch.autograd.grad(
            [*losses.values()], leaves, [*shares.values()], allow_unused=True
        )
        self._stack.collect(found)
        yield {}

    def _by_term(self, batches: Nested) -> Generator[Nested, Any, None]:
        """Yields the losses, and then, for groups of parameters, the gradient of each that is wanted."""
        losses, _, _ = self._stack(batches)
        yield losses
        wanted = {name: losses[name] for name in self._wanted or ()}
        yield jacobians(wanted, self._stack.groups())

    def _want(self, wanted: Mapping[str, Tensor], losses: Mapping[str, Tensor]) -> None:
        if any(loss is not losses.get(name) for name, loss in wanted.items()):
            raise Refused("a weighting that wants the gradients of others than the losses")
        if self._wanted not in (None, list(wanted)):
            raise Refused("a weighting that wants other gradients than before")
        self._wanted = list(wanted)

    def _shares_of(self, members: Sequence[Member], losses: dict[str, Tensor]) -> dict[str, Tensor]:
        """The gradients, `(K,)`, of what the weightings make of the losses; their own go to the stack."""
        if self._shares:
            return self._shares
        total, constant = _combined(members, losses)
        sources = [*losses.values(), *self._stack.leaves_of_weightings]
        found = torch.autograd.grad(total, sources, allow_unused=True)
        shares = dict(zip(losses, found, strict=False))
        if any(share is None for share in shares.values()):
            raise Refused("a loss that a weighting leaves out")
        self._stack.collect_of_weightings(found[len(losses) :])
        if constant:
            self._shares = shares
        return shares

    def _collect(self, members: Sequence[Member], losses: dict[str, Tensor], rows: Nested) -> None:
        """Give the stack, for gradients, what each lane's weighting makes of those of its terms."""
        if self._stack.leaves_of_weightings:
            raise Refused("a weighting of gradients with parameters, which get none")
        updates = [
            member.update(_at(losses, place), {group: _at(rows[group], place) for group in rows})
            for place, member in enumerate(members)
        ]
        found: dict[int, Tensor] = {}
        for name, group in self._stack.groups().items():
            sizes = [parameter[0].numel() for parameter in group]
            nothing = group[0].new_zeros(sum(sizes))
            own = torch.stack([update.get(name, nothing) for update in updates])
            for parameter, part in zip(group, torch.split(own, sizes, dim=1), strict=True):
                found[id(parameter)] = part.reshape(parameter.shape)
        self._stack.collect([found.get(id(leaf)) for leaf in self._stack.leaves])


def _combined(members: Sequence[Member], losses: dict[str, Tensor]) -> tuple[Tensor, bool]:
    """The sum of what each lane's weighting makes of its losses, and whether all do the same for ever."""
    first = members[0].weighting
    if first.constant and all(m.weighting.weights() == first.weights() for m in members):
        return first(losses).sum(), True
    totals = []
    each = zip(*(loss.unbind() for loss in losses.values()), strict=True)
    for member, own in zip(members, each, strict=True):
        with member.drawing():
            totals.append(member.weighting(dict(zip(losses, own, strict=True))))
    return torch.stack(totals).sum(), False


def _at(values: Mapping[str, Tensor], place: int) -> dict[str, Tensor]:
    return {name: own[place].detach() for name, own in values.items()}
