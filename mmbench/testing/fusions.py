"""Properties of fusions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from mmbench.registrations import Fusion
from mmbench.search import Choice, Space
from mmbench.testing.agreement import agree, require_agreement
from mmbench.testing.batches import Batch
from mmbench.testing.cost import cost_can_be_counted
from mmbench.testing.fusion_subject import FusionSubject, fusion_subjects
from mmbench.testing.lanes import lanes_equal_solo
from mmbench.testing.numerics import (
    cpu_and_gpu_agree,
    device_and_type_follow_the_input,
    single_precision_agrees_with_double,
    the_seed_decides,
)
from mmbench.testing.results import NotTested, Violation, expect
from mmbench.testing.trainable import (
    every_parameter_is_registered,
    every_parameter_moves,
    every_parameter_receives_a_gradient,
    state_survives_saving,
)

__all__ = ["PROPERTIES"]

_LARGE = 1e3
_TOLERANCE = 1e-6
_AWKWARD = ("keys", "type", "values")
_BATCH = 16


def output_shape(fusion: Fusion) -> str:
    """The output is `(B, out_dim)` for every number of modalities and for a batch of one."""
    subjects = fusion_subjects(fusion)
    for subject in subjects:
        for training, size in ((False, 1), (False, 5), (True, 5)):
            module = subject.build(training=training)
            shape = tuple(subject.call(module, subject.batch(size)).shape)
            expect(
                shape == (size, subject.out_dim),
                f"shape {(size, subject.out_dim)} at {subject.label}",
                f"{shape}",
                "Return one row a sample, of the size the fusion was built with.",
            )
    return f"(B, {subjects[0].out_dim}) for {', '.join(s.label for s in subjects)}; B = 1 and 5"


def search_space_can_be_built(fusion: Fusion) -> str:
    """The corners of the declared search space can be built and called."""
    subject = fusion_subjects(fusion)[-1]
    corners = list(_corners(fusion.parameters))
    for params in corners:
        try:
            found = subject.call(subject.build(params=params), subject.batch())
        except Exception as error:
            raise Violation(
                f"Expected every setting of the search space to work. Found {type(error).__name__}: "
                f"{error} at {params}. Narrow the space, or make the setting work."
            ) from error
        expect(
            found.shape == (5, subject.out_dim) and bool(found.isfinite().all()),
            f"a finite output of shape {(5, subject.out_dim)} at {params}",
            f"shape {tuple(found.shape)}",
            "Narrow the space, or make the setting work.",
        )
    return f"{len(corners)} settings" if corners[0] else "no hyperparameters"


def modality_names_are_free(fusion: Fusion) -> str:
    """Modalities may be called `keys`, `type` or `values`."""
    needed = len(fusion_subjects(fusion)[-1].names)
    if not needed:
        raise NotTested("it sees no modality")
    subject = FusionSubject(fusion, (*_AWKWARD, "video")[:needed])
    try:
        subject.call(subject.build(), subject.batch())
    except (AttributeError, KeyError) as error:
        raise Violation(
            f"Expected any modality's name to work. Found {type(error).__name__}: {error} with "
            f"{', '.join(subject.names)}. Keep modules in an nn.ModuleList, or prefix the keys of "
            f"nn.ModuleDict."
        ) from error
    return ", ".join(subject.names)


def zeros_and_large_values_stay_finite(fusion: Fusion) -> str:
    """Zeros and values of a thousand give finite outputs and gradients."""
    for subject in fusion_subjects(fusion):
        for factor in (0.0, _LARGE):
            _require_finite(
                subject,
                subject.batch().scaled(factor),
                f"values times {factor:g}",
            )
    return f"finite at 0 and at {_LARGE:g}"


def an_absent_modality_stays_finite(fusion: Fusion) -> str:
    """With a modality absent, from some samples or from all, outputs and gradients are finite."""
    some = torch.tensor([True, False, False, True, False])
    for subject in fusion_subjects(fusion):
        for name in subject.names:
            for rows in (some, torch.ones_like(some)):
                batch = subject.batch().without(name, rows)
                _require_finite(subject, batch, f"{name} absent from {int(rows.sum())} of 5")
    return "finite with each modality absent"


def every_modality_receives_a_gradient(fusion: Fusion) -> str:
    """The gradient of the training loss with respect to every modality is not zero."""
    for subject in _fusing(fusion):
        module = subject.build(training=True)
        batch = subject.batch(_BATCH).tracked()
        torch.manual_seed(0)
        subject.loss(module, batch).backward()  # type: ignore[no-untyped-call]
        for name, x in batch.values.items():
            expect(
                x.grad is not None and bool(x.grad.abs().sum() > 0),
                f"a gradient at modality {name!r} ({subject.label})",
                "none",
                "Use every modality, and do not detach it: its encoder learns through it.",
            )
    return "every modality is reached"


def every_modality_changes_the_output(fusion: Fusion) -> str:
    """Exchanging one modality between samples changes the output, or at least an auxiliary loss."""
    indirect = set()
    for subject in _fusing(fusion):
        module, batch = subject.build(), subject.batch(_BATCH)
        expected = subject.call(module, batch)
        for name in subject.names:
            other = batch.permuted(name)
            if not agree(subject.call(module, other), expected, 1e-9):
                continue
            expect(
                not _losses_agree(subject, batch, other),
                f"another output when {name!r} is exchanged between samples ({subject.label})",
                "the same",
                "Use every modality.",
            )
            indirect.add(name)
    note = f", {', '.join(sorted(indirect))} by an auxiliary loss only" if indirect else ""
    return f"every modality matters{note}"


def samples_are_independent(fusion: Fusion) -> str:
    """In evaluation a sample's output does not depend on the other samples of its batch."""
    if fusion.role == "shuffled":
        raise NotTested("its role is to exchange a modality between samples")
    worst = 0.0
    for subject in fusion_subjects(fusion):
        module, batch = subject.build(), subject.batch()
        alone = torch.cat([subject.call(module, batch.row(k)) for k in range(batch.size)])
        difference = require_agreement(
            subject.call(module, batch),
            alone,
            _TOLERANCE,
            f"each sample alone to give what it gives in a batch ({subject.label})",
            "Do not normalise, sort or attend across the batch axis.",
        )
        worst = max(worst, difference)
    return f"at most {worst:.1g} apart"


def the_order_of_keys_does_not_matter(fusion: Fusion) -> str:
    """The output does not depend on the order of the modalities in the mapping."""
    tested = [s for s in fusion_subjects(fusion) if len(s.names) > 1]
    if not tested:
        raise NotTested("it takes fewer than two modalities")
    for subject in tested:
        module, batch = subject.build(), subject.batch()
        require_agreement(
            subject.call(module, batch.turned()),
            subject.call(module, batch),
            1e-12,
            f"the same output with the keys in reverse ({subject.label})",
            "Go through modalities in the order of `sorted(dims)`, never of the mapping.",
        )
    return "the same in reverse"


def padding_does_not_matter(fusion: Fusion) -> str:
    """What stands behind a false mask does not change the output."""
    subjects = [s for s in fusion_subjects(fusion) if s.has_masks]
    if not subjects:
        raise NotTested(f"its level {fusion.level!r} has no masks")
    for subject in subjects:
        module, batch = subject.build(), _padded(subject.batch())
        noise = {
            name: torch.where(batch.masks[name].unsqueeze(-1), x, 10 * torch.randn_like(x))
            for name, x in batch.values.items()
        }
        spoilt = Batch(batch.size, noise, batch.masks, batch.presence, batch.targets)
        require_agreement(
            subject.call(module, spoilt),
            subject.call(module, batch),
            _TOLERANCE,
            f"the same output whatever stands behind a false mask ({subject.label})",
            "Mask attention scores and averages.",
        )
    return "the same for zeros and for noise"


def _fusing(fusion: Fusion) -> list[FusionSubject]:
    """With two modalities or more, of which each must matter."""
    subjects = [subject for subject in fusion_subjects(fusion) if len(subject.names) > 1]
    if not subjects:
        raise NotTested("it takes fewer than two modalities")
    return subjects


def _require_finite(subject: FusionSubject, batch: Batch, where: str) -> None:
    for training in (False, True):
        module = subject.build(training=training)
        tracked = batch.tracked()
        torch.manual_seed(0)
        loss = subject.loss(module, tracked)
        if loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]
        gradients = [x.grad for x in (*tracked.values.values(), *module.parameters())]
        tensors: list[Tensor] = [loss, *(g for g in gradients if g is not None)]
        expect(
            all(bool(tensor.isfinite().all()) for tensor in tensors),
            f"a finite output and finite gradients with {where} ({subject.label})",
            "NaN or infinity",
            "Look for a division, logarithm, exponential or square root that can overflow or meet zero.",
        )


def _losses_agree(subject: FusionSubject, batch: Batch, other: Batch) -> bool:
    losses = []
    for given in (batch, other):
        module = subject.build(training=True)
        torch.manual_seed(0)
        losses.append(subject.loss(module, given))
    return agree(losses[0], losses[1], 1e-9)


def _padded(batch: Batch) -> Batch:
    """Sample k has its last k steps padded, down to one real step; padding is zeros."""
    masks = {}
    for name, x in batch.values.items():
        steps = x.shape[1]
        real = (steps - torch.arange(batch.size)).clamp(min=1)
        masks[name] = torch.arange(steps) < real[:, None]
    values = {name: x * masks[name].unsqueeze(-1) for name, x in batch.values.items()}
    return Batch(batch.size, values, masks, batch.presence, batch.targets)


def _corners(parameters: Mapping[str, Space]) -> Iterator[dict[str, Any]]:
    """All lows, all highs, and each option of every choice among the lows."""
    low = {name: _ends(space)[0] for name, space in parameters.items()}
    yield low
    if not low:
        return
    yield {name: _ends(space)[-1] for name, space in parameters.items()}
    for name, space in parameters.items():
        for value in _ends(space)[1:-1]:
            yield {**low, name: value}


def _ends(space: Space) -> tuple[Any, ...]:
    return space.options if isinstance(space, Choice) else (space.low, space.high)


PROPERTIES = (
    output_shape,
    search_space_can_be_built,
    modality_names_are_free,
    zeros_and_large_values_stay_finite,
    an_absent_modality_stays_finite,
    every_parameter_is_registered,
    every_parameter_receives_a_gradient,
    every_parameter_moves,
    state_survives_saving,
    every_modality_receives_a_gradient,
    every_modality_changes_the_output,
    samples_are_independent,
    the_order_of_keys_does_not_matter,
    padding_does_not_matter,
    the_seed_decides,
    single_precision_agrees_with_double,
    device_and_type_follow_the_input,
    cpu_and_gpu_agree,
    lanes_equal_solo,
    cost_can_be_counted,
)
