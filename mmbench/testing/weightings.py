"""Properties of weightings."""

from __future__ import annotations

import copy
import math
from itertools import product

import torch
from torch import nn

from mmbench.contracts import LossWeighting, Sampling
from mmbench.errors import MmbenchError, NotApplicable
from mmbench.registrations import Weighting
from mmbench.tasks import TASKS
from mmbench.testing.joint_model import Change, joint_data, joint_model, joint_task, joint_terms
from mmbench.testing.results import Violation, expect
from mmbench.training.loop import Trainer, training_of
from mmbench.training.step import Settings

__all__ = ["PROPERTIES"]

_COUNTS = (1, 2, 3, 4)
_EPOCHS = 4
_HALF = 2
_BATCH = 6
_LR = 0.01
_LANES = 3
_CHANGES: dict[str, Change] = {
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
    """On every task and with one to four modalities, training keeps losses, weights and parameters finite."""
    refused = []
    for task, count in product(TASKS, _COUNTS):
        try:
            training = _Training(weighting, count, task)
            training.run(_EPOCHS)
        except NotApplicable as reason:
            refused.append(f"{task}: skipped ({reason})")
            continue
        training.require_finite(f"{task}, M = {count}")
    expect(
        len(refused) < len(TASKS) * len(_COUNTS),
        "a task that it has a meaning for",
        "; ".join(dict.fromkeys(refused)),
        "Raise NotApplicable only where the method has no meaning.",
    )
    listed = f"finite after {_EPOCHS} epochs for M = {', '.join(map(str, _COUNTS))}"
    return "; ".join([listed, *dict.fromkeys(refused)])


def every_parameter_receives_a_gradient(weighting: Weighting) -> str:
    """`backward` sets the gradient of every parameter of the model and of its own."""
    seen = 0
    for count in _COUNTS:
        training = _Training(weighting, count)
        training.run(1)  # of all rounds, since a method that alternates serves one modality a round
        named = training.parameters()
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
    whole.run(_HALF)
    resumed = _Training(weighting, 2)
    try:
        resumed.restore(whole)
    except RuntimeError as error:
        raise Violation(
            f"Expected a new weighting to load the state of one in training. Found {error}. "
            f"Create every buffer and parameter in __init__."
        ) from error
    whole.run(_EPOCHS - _HALF)
    resumed.run(_EPOCHS - _HALF)
    resumed.require_same(
        whole,
        "the same parameters and weights with and without saving",
        "Keep state in parameters and buffers; count steps in a buffer.",
    )
    return "the same to the last bit"


def unusual_losses_stay_finite(weighting: Weighting) -> str:
    """Negative, zero and large losses give finite gradients or a clear error."""
    seen = []
    for name, change in _CHANGES.items():
        try:
            training = _Training(weighting, 2, change=change)
            training.run(_EPOCHS)
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
        training.run(_EPOCHS)
    second.require_same(
        first,
        "the same parameters after training under one seed",
        "Draw from torch's global generator only, which the harness seeds.",
    )
    return "equal to the last bit"


def lanes_equal_solo(weighting: Weighting) -> str:
    """Several of it that train in turns give what each gives alone."""
    alone = [_Training(weighting, 2, seed=seed) for seed in range(_LANES)]
    for training in alone:
        training.run(_EPOCHS)
    lanes = [_Training(weighting, 2, seed=seed) for seed in range(_LANES)]
    for _ in range(_EPOCHS):
        for training in lanes:
            training.run(1)
    for lane, solo in zip(lanes, alone, strict=True):
        lane.require_same(
            solo,
            "the result of each lane to be that of training it alone",
            "Keep state on the instance, never on the class, in a module or in a cache.",
        )
    return f"{_LANES} lanes equal to the last bit"


def a_constant_one_sums_over_trainings(weighting: Weighting) -> str:
    """After some training, the losses (K,) of K trainings give the sum of what each training's give."""
    training = _Training(weighting, 2)
    training.run(_HALF)
    own = training.weighting
    if not own.constant:
        return "not constant"
    draws = torch.Generator().manual_seed(0)
    losses = {term.name: torch.rand(_LANES, generator=draws) for term in own.terms}
    alone = [own({name: loss[lane] for name, loss in losses.items()}) for lane in range(_LANES)]
    together = own(losses)
    expect(
        together.dim() == 0 and torch.allclose(together, torch.stack(alone).sum()),
        "the losses of several trainings to give the sum of what each one's give",
        f"{together.tolist()} for {sum(map(float, alone))}",
        "Only Σ c·L with weights that never change is `constant`.",
    )
    return f"the sum over {_LANES}"


class _Training:
    """The harness's own training of the joint model by a weighting."""

    def __init__(
        self,
        weighting: Weighting,
        count: int,
        task: str = "classification",
        change: Change = lambda loss: loss,
        seed: int = 0,
    ) -> None:
        self.seed, self.epochs = seed, 0
        torch.manual_seed(seed)
        fitted = joint_task(task, change)
        model, data = joint_model(count, fitted, change), joint_data(count, fitted)
        terms = joint_terms(count)
        self.weighting: LossWeighting = weighting.load()(terms)
        settings = Settings(_EPOCHS, _EPOCHS, _BATCH, _LR, 0.01, seed)
        objective = tuple(term for term in terms if term.kind != "aux")
        self.weighting.begin(training_of(model, fitted, data, terms, settings))
        self.trainer = Trainer(
            model, self.weighting, objective, fitted, settings, Sampling(), data.train
        )

    def run(self, epochs: int) -> None:
        """Epochs of two batches, each under a seed of its own."""
        for _ in range(epochs):
            torch.manual_seed(1000 * self.seed + self.epochs)
            means = self.trainer.epoch()
            self.weighting.end_epoch(means, means)
            self.epochs += 1

    def restore(self, other: _Training) -> None:
        """Go on where another training is."""
        self.epochs = other.epochs
        for name in ("model", "weighting", "optimiser", "schedule"):
            state = copy.deepcopy(getattr(other.trainer, name).state_dict())
            getattr(self.trainer, name).load_state_dict(state)
        self.trainer.order.set_state(other.trainer.order.get_state())

    def weights(self) -> dict[str, float]:
        return self.weighting.weights()

    def parameters(self) -> dict[str, nn.Parameter]:
        """Every parameter of the model and of the weighting, by name."""
        named = dict(self.trainer.model.named_parameters())
        return named | {f"weighting.{n}": p for n, p in self.weighting.named_parameters()}

    def require_same(self, other: _Training, should: str, advice: str) -> None:
        expected = other.parameters()
        different = [n for n, p in self.parameters().items() if not torch.equal(p, expected[n])]
        expect(
            not different and _same(self.weights(), other.weights()),
            should,
            f"differences in {', '.join(different[:3]) or 'the weights'}; "
            f"weights {self.weights()} and {other.weights()}",
            advice,
        )

    def require_finite(self, where: str) -> None:
        finite = all(bool(parameter.isfinite().all()) for parameter in self.parameters().values())
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
    lanes_equal_solo,
    a_constant_one_sums_over_trainings,
)
