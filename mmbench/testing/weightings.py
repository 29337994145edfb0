"""Properties of weightings."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import torch
from torch import Tensor

from mmbench.contracts import LossWeighting
from mmbench.errors import MmbenchError
from mmbench.registrations import Weighting
from mmbench.testing.joint_model import JointModel
from mmbench.testing.results import Violation, expect

__all__ = ["PROPERTIES"]

_COUNTS = (1, 2, 3, 4)
_STEPS = 3
_LR = 0.01
_CHANGES: dict[str, Callable[[Tensor], Tensor]] = {
    "negative losses": lambda loss: loss - 10,
    "losses of zero": lambda loss: loss * 0,
    "losses of a thousand": lambda loss: loss * 1e3,
}


def it_is_a_loss_weighting(weighting: Weighting) -> str:
    """The target gives a `mmbench.LossWeighting` that knows its terms."""
    built = _Training(weighting, 2).weighting
    expect(
        isinstance(built, LossWeighting),
        "a mmbench.LossWeighting",
        type(built).__name__,
        "Derive the class from mmbench.LossWeighting.",
    )
    names = {term.name for term in built.terms}
    strange = sorted(set(built.weights()) - names)
    expect(
        not strange,
        f"weights() to speak of the terms {', '.join(sorted(names))}",
        ", ".join(strange),
        "Use the terms' names as keys.",
    )
    return f"weights of {len(built.weights())} of {len(names)} terms"


def training_stays_finite(weighting: Weighting) -> str:
    """With one to four modalities, training keeps losses, weights and parameters finite."""
    for count in _COUNTS:
        training = _Training(weighting, count)
        training.run(_STEPS)
        training.require_finite(f"M = {count}")
    return f"finite after {_STEPS} epochs for M = {', '.join(map(str, _COUNTS))}"


def every_parameter_receives_a_gradient(weighting: Weighting) -> str:
    """`backward` sets the gradient of every parameter of the model and of its own."""
    seen = 0
    for count in _COUNTS:
        training = _Training(weighting, count)
        training.backward()
        named = {
            f"{group}[{place}]": parameter
            for group, parameters in training.model.groups().items()
            for place, parameter in enumerate(parameters)
        }
        named |= dict(training.weighting.named_parameters())
        missing = [name for name, parameter in named.items() if parameter.grad is None]
        expect(
            not missing,
            f"backward to set the gradient of every parameter (M = {count})",
            f"none on {', '.join(missing)}",
            "Back-propagate a loss that reaches it, or set `.grad`.",
        )
        seen = max(seen, len(named))
    return f"{seen} tensors of parameters"


def state_survives_saving(weighting: Weighting) -> str:
    """A weighting that is saved and loaded in mid-training goes on as if it had not been."""
    whole = _Training(weighting, 2)
    whole.run(_STEPS)
    resumed = _Training(weighting, 2, seed=1)
    try:
        resumed.restore(whole)
    except RuntimeError as error:
        raise Violation(
            f"Expected a new weighting to load the state of one in training. Found {error}. "
            f"Create every buffer and parameter in __init__."
        ) from error
    whole.run(_STEPS)
    resumed.run(_STEPS)
    pairs = zip(whole.model.parameters(), resumed.model.parameters(), strict=True)
    expect(
        all(torch.equal(a, b) for a, b in pairs) and _same(whole.weights(), resumed.weights()),
        "the same parameters and weights with and without saving",
        f"weights {whole.weights()} and {resumed.weights()}",
        "Keep state in parameters and buffers; count steps in a buffer.",
    )
    return "the same to the last bit"


def unusual_losses_stay_finite(weighting: Weighting) -> str:
    """Negative, zero and large losses give finite gradients or a clear error."""
    seen = []
    for name, change in _CHANGES.items():
        training = _Training(weighting, 2)
        try:
            training.run(_STEPS, change)
            training.require_finite(name)
        except Violation:
            raise
        except MmbenchError as error:
            seen.append(f"{name}: refused ({error})")
        else:
            seen.append(f"{name}: finite")
    return "; ".join(seen)


def the_seed_decides(weighting: Weighting) -> str:
    """Training twice under one seed gives the same weights and parameters."""
    first, second = (_Training(weighting, 2) for _ in range(2))
    for training in (first, second):
        training.run(_STEPS)
    pairs = zip(first.model.parameters(), second.model.parameters(), strict=True)
    expect(
        all(torch.equal(a, b) for a, b in pairs),
        "the same parameters after training under one seed",
        "others",
        "Draw from torch's global generator only, which the harness seeds.",
    )
    return "equal to the last bit"


class _Training:
    """The joint model, a weighting and an optimiser, stepped as the training loop does."""

    def __init__(self, weighting: Weighting, count: int, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.model = JointModel(count)
        self.weighting: LossWeighting = weighting.load()(self.model.terms)
        trained = [*self.model.parameters(), *self.weighting.parameters()]
        self.optimiser = torch.optim.AdamW(trained, lr=_LR)

    def backward(self, change: Callable[[Tensor], Tensor] = lambda loss: loss) -> None:
        self.optimiser.zero_grad()
        self.weighting.backward(self.model.losses(change), self.model.groups())

    def run(self, epochs: int, change: Callable[[Tensor], Tensor] = lambda loss: loss) -> None:
        """Epochs of two steps."""
        torch.manual_seed(epochs)
        for _ in range(epochs):
            for _ in range(2):
                self.backward(change)
                self.optimiser.step()
                self.weighting.after_step(self.model.losses(change))
            means = {name: float(loss.detach()) for name, loss in self.model.losses(change).items()}
            self.weighting.end_epoch(means, means)

    def restore(self, other: _Training) -> None:
        self.model.load_state_dict(copy.deepcopy(other.model.state_dict()))
        self.weighting.load_state_dict(copy.deepcopy(other.weighting.state_dict()))
        self.optimiser.load_state_dict(copy.deepcopy(other.optimiser.state_dict()))

    def weights(self) -> dict[str, float]:
        return self.weighting.weights()

    def require_finite(self, where: str) -> None:
        parameters = [*self.model.parameters(), *self.weighting.parameters()]
        finite = all(bool(parameter.isfinite().all()) for parameter in parameters)
        expect(
            finite and all(math.isfinite(weight) for weight in self.weights().values()),
            f"finite parameters and weights with {where}",
            f"weights {self.weights()}",
            "Raise mmbench.errors.NonFiniteError where a loss cannot be weighted, or guard the division.",
        )


def _same(first: dict[str, float], second: dict[str, float]) -> bool:
    return first.keys() == second.keys() and all(first[name] == second[name] for name in first)


PROPERTIES = (
    it_is_a_loss_weighting,
    training_stays_finite,
    every_parameter_receives_a_gradient,
    state_survives_saving,
    unusual_losses_stay_finite,
    the_seed_decides,
)
