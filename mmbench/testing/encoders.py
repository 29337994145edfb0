"""Properties of encoders."""

from __future__ import annotations

from dataclasses import replace

import torch

from mmbench.registrations import Encoder
from mmbench.testing.agreement import require_agreement
from mmbench.testing.cost import cost_can_be_counted
from mmbench.testing.encoder_subject import DIM, encoder_subjects
from mmbench.testing.lanes import lanes_equal_solo
from mmbench.testing.numerics import (
    cpu_and_gpu_agree,
    device_and_type_follow_the_input,
    single_precision_agrees_with_double,
    the_seed_decides,
)
from mmbench.testing.results import NotTested, expect
from mmbench.testing.trainable import (
    every_parameter_is_registered,
    every_parameter_moves,
    every_parameter_receives_a_gradient,
    state_survives_saving,
)

__all__ = ["PROPERTIES"]


def defaults_are_kinds_it_takes(encoder: Encoder) -> str:
    """The kinds it is chosen for are among the kinds it takes."""
    strange = sorted(set(encoder.default_for) - set(encoder.kinds))
    expect(
        not strange,
        f"default_for to be among {', '.join(encoder.kinds)}",
        ", ".join(strange),
        "Add the kind to `kinds`, or take it out of `default_for`.",
    )
    return (
        f"takes {', '.join(encoder.kinds)}; default for {', '.join(encoder.default_for) or 'none'}"
    )


def tokens_and_mask_have_the_promised_shapes(encoder: Encoder) -> str:
    """Tokens are `(B, T, dim)` and finite, their mask `(B, T)` and bool, for a batch of one too."""
    seen = []
    for subject in encoder_subjects(encoder):
        for size in (1, 5):
            tokens, mask = subject.encode(subject.build(), subject.batch(size))
            found = f"{tuple(tokens.shape)} and {mask.dtype} {tuple(mask.shape)} for {subject.kind}"
            expect(
                tokens.ndim == 3
                and tokens.shape == (size, tokens.shape[1], DIM)
                and mask.shape == tokens.shape[:2]
                and mask.dtype == torch.bool,
                f"tokens ({size}, T, {DIM}) and a bool mask ({size}, T)",
                found,
                "Return both; a single feature is one token.",
            )
            expect(
                bool(tokens[mask].isfinite().all()),
                f"finite tokens for {subject.kind}",
                "NaN or infinity",
                "Look for a division, logarithm or square root at zero.",
            )
        seen.append(f"{subject.kind}: T = {tokens.shape[1]}")
    return ", ".join(seen)


def an_absent_sample_stays_finite(encoder: Encoder) -> str:
    """A sample of zeros behind a mask that is false throughout gives finite values and gradients."""
    for subject in encoder_subjects(encoder):
        batch = subject.batch()
        rows = torch.tensor([True, False, False, False, False])
        module = subject.build(training=True)
        absent = batch.without("x", rows).tracked()
        tokens, _ = subject.encode(module, absent)
        tokens.square().sum().backward()  # type: ignore[no-untyped-call]
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        expect(
            all(bool(tensor.isfinite().all()) for tensor in (tokens, *gradients)),
            f"finite tokens and gradients with an absent sample ({subject.kind})",
            "NaN or infinity",
            "A softmax over no step at all is NaN: fill its scores with a finite minimum.",
        )
    return "finite"


def samples_are_independent(encoder: Encoder) -> str:
    """In evaluation a sample's tokens do not depend on the other samples of its batch."""
    for subject in encoder_subjects(encoder):
        module, batch = subject.build(), subject.batch()
        alone = torch.cat([subject.call(module, batch.row(k)) for k in range(batch.size)])
        require_agreement(
            subject.call(module, batch),
            alone,
            1e-6,
            f"each sample alone to give what it gives in a batch ({subject.kind})",
            "Do not normalise, sort or cut to a length across the batch axis.",
        )
    return "each sample alone gives the same"


def padding_does_not_matter(encoder: Encoder) -> str:
    """What stands behind a false mask does not change the tokens."""
    masked = [subject for subject in encoder_subjects(encoder) if subject.batch().masks]
    if not masked:
        raise NotTested("its inputs have no mask")
    for subject in masked:
        module, batch = subject.build(), subject.batch()
        x, mask = batch.values["x"], batch.masks["x"]
        mask = mask.reshape(*mask.shape, *[1] * (x.ndim - 2))
        noise = torch.ones_like(x) if subject.spec.vocabulary else 10 * torch.randn_like(x)
        spoilt = replace(batch, values={"x": torch.where(mask, x, noise)})
        require_agreement(
            subject.call(module, spoilt),
            subject.call(module, batch),
            1e-6,
            f"the same tokens whatever stands behind a false mask ({subject.kind})",
            "Zero masked steps before they are mixed with others, and return a mask that leaves them out.",
        )
    return "the same for padding and for noise"


PROPERTIES = (
    defaults_are_kinds_it_takes,
    tokens_and_mask_have_the_promised_shapes,
    an_absent_sample_stays_finite,
    samples_are_independent,
    padding_does_not_matter,
    every_parameter_is_registered,
    every_parameter_receives_a_gradient,
    every_parameter_moves,
    state_survives_saving,
    the_seed_decides,
    single_precision_agrees_with_double,
    device_and_type_follow_the_input,
    cpu_and_gpu_agree,
    lanes_equal_solo,
    cost_can_be_counted,
)
