"""Properties of modules: results repeat, whatever the precision and the device."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmbench.registrations import Registration
from mmbench.testing.agreement import require_agreement
from mmbench.testing.batches import Batch
from mmbench.testing.results import NotTested, expect
from mmbench.testing.subjects import Subject, subjects_of

__all__ = [
    "cpu_and_gpu_agree",
    "device_and_type_follow_the_input",
    "single_precision_agrees_with_double",
    "the_seed_decides",
]

_SINGLE = 1e-4
_ADVICE_DEVICE = (
    "Create tensors with `device=x.device, dtype=x.dtype`, or register them as buffers."
)


def the_seed_decides(registration: Registration) -> str:
    """The same seed gives the same module and training pass; evaluation is not random."""
    for subject in subjects_of(registration):
        first, second = (_pass(subject, seed=3) for _ in range(2))
        expect(
            torch.equal(first, second),
            "the same result in training under the same seed",
            "two results",
            "Draw from torch's global generator only, which the harness seeds.",
        )
        module, batch = subject.build(), subject.batch()
        torch.manual_seed(0)
        once, again = subject.call(module, batch), subject.call(module, batch)
        expect(
            torch.equal(once, again),
            "the same result twice in evaluation mode",
            "two results",
            "Where `self.training` is false use the expectation or the mode instead of a draw.",
        )
    return "equal to the last bit in training, and in evaluation without a seed"


def single_precision_agrees_with_double(registration: Registration) -> str:
    """In float32 the module gives what it gives in float64, but for rounding."""
    worst = 0.0
    for subject in subjects_of(registration):
        module, batch = subject.build(), subject.batch()
        expected = subject.call(module, batch)
        found = subject.call(module.float(), batch.cast(torch.float32))
        difference = require_agreement(
            found,
            expected,
            _SINGLE,
            "float32 to agree with float64",
            "Look for sums of large numbers, small divisors and constants of a fixed type.",
        )
        worst = max(worst, difference)
    return f"at most {worst:.1g} apart"


def device_and_type_follow_the_input(registration: Registration) -> str:
    """The result has the input's type, and nothing is created on a device of its own.

    Without a GPU the device is `meta`, on which tensors have a shape and no values.
    """
    device = "cuda" if torch.cuda.is_available() else "meta"
    for subject in subjects_of(registration):
        for dtype in (torch.float64, torch.float32):
            module = subject.build().to(dtype)
            batch = subject.batch().cast(dtype)
            found = subject.call(module, batch)
            expect(found.dtype == dtype, f"a result in {dtype}", f"{found.dtype}", _ADVICE_DEVICE)
        moved = _moved(subject, module.to(device), batch.to(device))
        expect(
            moved.device.type == device,
            f"a result on {device}",
            f"one on {moved.device}",
            _ADVICE_DEVICE,
        )
    return f"float64, float32 and a move to {device}"


def cpu_and_gpu_agree(registration: Registration) -> str:
    """On a GPU the module gives what it gives on the CPU, but for rounding."""
    if not torch.cuda.is_available():
        raise NotTested("this machine has no GPU")
    worst = 0.0
    for subject in subjects_of(registration):
        module, batch = subject.build(), subject.batch()
        expected = subject.call(module, batch)
        found = subject.call(module.to("cuda"), batch.to("cuda")).cpu()
        difference = require_agreement(
            found, expected, 1e-6, "the GPU to agree with the CPU", _ADVICE_DEVICE
        )
        worst = max(worst, difference)
    return f"at most {worst:.1g} apart in float64"


def _pass(subject: Subject, seed: int) -> Tensor:
    module = subject.build(seed, training=True)
    return subject.seeded(module, subject.batch(), seed)


def _moved(subject: Subject, module: nn.Module, batch: Batch) -> Tensor:
    try:
        return subject.call(module, batch)
    except (RuntimeError, NotImplementedError) as error:
        if "meta" not in str(error) or "is not on the expected device" in str(error):
            raise
        raise NotTested(f"it reads values, which only a GPU could show here: {error}") from error
