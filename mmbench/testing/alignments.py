"""Properties of alignments."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mmbench.registrations import Alignment
from mmbench.testing.alignment_subject import AlignmentSubject
from mmbench.testing.batches import Batch
from mmbench.testing.lanes import lanes_equal_solo
from mmbench.testing.numerics import (
    cpu_and_gpu_agree,
    device_and_type_follow_the_input,
    single_precision_agrees_with_double,
    the_seed_decides,
)
from mmbench.testing.results import expect
from mmbench.testing.trainable import (
    every_parameter_is_registered,
    every_parameter_moves,
    every_parameter_receives_a_gradient,
    state_survives_saving,
)

__all__ = ["PROPERTIES"]

_SPECIAL: dict[str, Callable[[Batch], Batch]] = {
    "identical features": lambda batch: Batch(
        batch.size, dict.fromkeys(batch.values, batch.values["x_i"])
    ),
    "constant features": lambda batch: batch.map_values(torch.ones_like),
    "zeros": lambda batch: batch.map_values(torch.zeros_like),
    "features of a thousand": lambda batch: batch.scaled(1e3),
}


def a_finite_scalar_for_every_batch(alignment: Alignment) -> str:
    """The loss is a finite scalar with finite gradients for batches of none, one, two and seven."""
    sizes = (0, 1, 2, 7)  # none: it may be that no sample of a batch has both modalities
    for size in sizes:
        _require_finite(AlignmentSubject(alignment).batch(size), alignment, f"{size} samples")
    return f"finite for B = {', '.join(map(str, sizes))}"


def special_features_stay_finite(alignment: Alignment) -> str:
    """Identical, constant, zero and large features give a finite loss and finite gradients."""
    for name, change in _SPECIAL.items():
        _require_finite(change(AlignmentSubject(alignment).batch()), alignment, name)
    return f"finite with {', '.join(_SPECIAL)}"


def both_modalities_receive_a_gradient(alignment: Alignment) -> str:
    """The gradient with respect to both modalities' features is not zero."""
    subject = AlignmentSubject(alignment)
    batch = subject.batch().tracked()
    subject.loss(subject.build(training=True), batch).backward()  # type: ignore[no-untyped-call]
    for name, x in batch.values.items():
        expect(
            x.grad is not None and bool(x.grad.abs().sum() > 0),
            f"a gradient at {name}",
            "none",
            "Use both features, and do not detach them: their encoders learn through the loss.",
        )
    return "both are reached"


def _require_finite(batch: Batch, alignment: Alignment, where: str) -> None:
    subject = AlignmentSubject(alignment)
    module, tracked = subject.build(training=True), batch.tracked()
    loss = subject.call(module, tracked)
    expect(
        loss.shape == (),
        f"a scalar loss with {where}",
        f"shape {tuple(loss.shape)}",
        "Return the mean over the samples.",
    )
    if loss.requires_grad:
        loss.backward()  # type: ignore[no-untyped-call]
    gradients = [x.grad for x in (*tracked.values.values(), *module.parameters())]
    tensors: list[Tensor] = [loss, *(g for g in gradients if g is not None)]
    expect(
        all(bool(tensor.isfinite().all()) for tensor in tensors),
        f"a finite loss and finite gradients with {where}",
        f"NaN or infinity; the loss is {float(loss.detach()):g}",
        "Look for a norm, variance or logarithm of zero, and for a mean over no samples.",
    )


PROPERTIES = (
    a_finite_scalar_for_every_batch,
    special_features_stay_finite,
    both_modalities_receive_a_gradient,
    every_parameter_is_registered,
    every_parameter_receives_a_gradient,
    every_parameter_moves,
    state_survives_saving,
    the_seed_decides,
    single_precision_agrees_with_double,
    device_and_type_follow_the_input,
    cpu_and_gpu_agree,
    lanes_equal_solo,
)
