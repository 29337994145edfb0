"""The terms of the joint loss L = Σ_i [λ_i·L_i + Σ_{j≠i} w_ij·L_ij] + λ_joint·L_joint.

This file computes the terms; a weighting chooses λ and w.
"""

from __future__ import annotations

from itertools import permutations

import torch
from torch import Tensor

from mmbench.contracts import Term
from mmbench.data.part import Part
from mmbench.errors import UsageError
from mmbench.jobs import Objective
from mmbench.model import FusionModel, Outputs
from mmbench.tasks import Task

__all__ = ["losses", "planned_terms", "sample_losses"]


def planned_terms(objective: Objective, modalities: tuple[str, ...]) -> tuple[Term, ...]:
    """The terms that the objective asks for; a term with coefficient 0 is left out, with its work.

    Args:
        objective: which kinds of term, and the user's tables of λ and w.
        modalities: that take part.

    Raises:
        UsageError: if no term is left.

    """
    asked = ["joint"]
    if "uni" in objective.terms:
        asked += [f"uni:{name}" for name in modalities]
    if "align" in objective.terms:
        asked += [f"align:{i}->{j}" for i, j in permutations(modalities, 2)]
    tables = {**objective.lambdas, **objective.ws}
    terms = tuple(Term(name, tables.get(name.partition(":")[2] or name)) for name in asked)
    kept = tuple(term for term in terms if term.coefficient != 0)
    if not kept:
        raise UsageError(
            "Expected a term with a coefficient above 0. Found none: every λ and w is 0."
        )
    return kept


def sample_losses(
    outputs: Outputs, batch: Part, task: Task, terms: tuple[Term, ...]
) -> dict[str, Tensor]:
    """The loss of each sample, (B,), of the terms that have one: `joint` and `uni:<m>`."""
    target = batch.targets if outputs.gallery is None else outputs.gallery
    found: dict[str, Tensor] = {}
    for term in terms:
        if term.kind == "joint":
            found[term.name] = task.loss(outputs.prediction, target)
        elif term.kind == "uni":
            found[term.name] = task.loss(outputs.logits[term.rest], target)
    return found


def losses(
    model: FusionModel, outputs: Outputs, batch: Part, task: Task, terms: tuple[Term, ...]
) -> dict[str, Tensor]:
    """The scalar loss of every term on one batch, and of the fusion's own `aux` terms.

    A modality's terms average over the samples that have it, by the samples' weights where they have some.
    """
    found: dict[str, Tensor] = {}
    of_samples = sample_losses(outputs, batch, task, terms)
    for term in terms:
        if term.name in of_samples:
            here = batch.present.get(term.rest) if term.kind == "uni" else None
            found[term.name] = _mean(of_samples[term.name], here, batch.weights)
        elif term.kind == "align":
            found[term.name] = _align(model, outputs, batch, term.rest)
    return found | {f"aux:{name}": loss for name, loss in outputs.aux.items()}


def _mean(values: Tensor, present: Tensor | None, weights: Tensor | None) -> Tensor:
    if present is None and weights is None:
        return values.mean()
    counted = torch.ones_like(values) if weights is None else weights
    if present is not None:
        counted = counted * present
    total = counted.sum()
    return (values * counted).sum() / torch.where(total > 0, total, 1.0)


def _align(model: FusionModel, outputs: Outputs, batch: Part, pair: str) -> Tensor:
    """The cross-modal loss over the samples that have both modalities."""
    i, _, j = pair.partition("->")
    x_i, x_j = outputs.features[i], outputs.features[j]
    more = {"targets": batch.targets} if outputs.gallery is None else {}
    if i in outputs.logits and j in outputs.logits:
        more |= {"logits_i": outputs.logits[i], "logits_j": outputs.logits[j]}
    both = [batch.present[name] for name in (i, j) if name in batch.present]
    if both:
        here = torch.stack(both).all(dim=0)
        x_i, x_j = x_i[here], x_j[here]
        more = {name: values[here] for name, values in more.items()}
        if len(x_i) == 0:  # a mean over no sample would be NaN
            return x_i.sum() + x_j.sum()
    return model.align(pair, x_i, x_j, more)
