"""Properties of modules: everything they learn is registered, trains and is saved."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from mmbench.registrations import Registration
from mmbench.testing.results import NotTested, expect
from mmbench.testing.subjects import Subject, subjects_of

__all__ = [
    "every_parameter_is_registered",
    "every_parameter_moves",
    "every_parameter_receives_a_gradient",
    "state_survives_saving",
]

_BATCHES = 4
_SIZE = 32


def every_parameter_is_registered(registration: Registration) -> str:
    """Every tensor of the module is among its parameters and buffers."""
    counts = set()
    for subject in subjects_of(registration):
        module = subject.build()
        known = {id(tensor) for tensor in (*module.parameters(), *module.buffers())}
        loose = [name for name, tensor in _attributes(module) if id(tensor) not in known]
        expect(
            not loose,
            "every tensor of the module to be a parameter or a buffer",
            f"{', '.join(loose)} held as a plain attribute, which no optimiser, state_dict or .to() sees",
            "Use nn.Parameter, nn.ParameterList, nn.ModuleList, nn.ModuleDict or register_buffer.",
        )
        _check_graph(subject, module, known)
        counts.add(sum(parameter.numel() for parameter in module.parameters()))
    return f"{' to '.join(map(str, sorted({min(counts), max(counts)})))} parameters, all registered"


def every_parameter_receives_a_gradient(registration: Registration) -> str:
    """The gradient of the loss with respect to every parameter is finite and not zero."""
    seen = []
    for subject in _trained(registration):
        module = subject.build(training=True)
        reached = _gradients(subject, module)
        silent = sorted(name for name, size in reached.items() if size == 0)
        expect(
            not silent,
            f"a gradient on every parameter ({subject.label or 'always'})",
            f"none on {', '.join(silent)}",
            "Use the parameter in forward, or do not create it.",
        )
        seen.append(len(reached))
    return f"{max(seen)} tensors of parameters reached"


def every_parameter_moves(registration: Registration) -> str:
    """One step of the optimiser changes every trainable parameter that has a gradient."""
    moved = 0
    for subject in _trained(registration):
        module = subject.build(training=True)
        before = {name: p.detach().clone() for name, p in module.named_parameters()}
        optimiser = torch.optim.Adam(module.parameters(), lr=0.1)
        _gradients(subject, module)
        optimiser.step()
        still = [name for name, p in module.named_parameters() if torch.equal(p, before[name])]
        expect(
            not still,
            "every parameter to move in one step",
            f"{', '.join(still)} where it was",
            "Look for `requires_grad=False`, `detach` and in-place resets in forward.",
        )
        moved = max(moved, len(before))
    return f"{moved} tensors of parameters moved"


def state_survives_saving(registration: Registration) -> str:
    """A module that loads another's state_dict gives what the other gives."""
    tested = 0
    for subject in subjects_of(registration):
        module, other, batch = subject.build(), subject.build(seed=1), subject.batch()
        if not module.state_dict():
            continue
        expected = subject.seeded(module, batch)
        other.load_state_dict(copy.deepcopy(module.state_dict()))
        expect(
            torch.equal(subject.seeded(other, batch), expected),
            "the same result after load_state_dict",
            "another one",
            "Keep all that forward depends on in parameters and persistent buffers.",
        )
        tested += 1
    if not tested:
        raise NotTested("it has no state")
    return "the result is the same to the last bit"


def _trained(registration: Registration) -> list[Subject]:
    """The subjects that have parameters.

    With one modality there may be nothing to weigh, so the others speak for it where there are any.
    """
    found = [s for s in subjects_of(registration) if any(True for _ in s.build().parameters())]
    if not found:
        raise NotTested("it has no parameters")
    return [subject for subject in found if subject.label != "M = 1"] or found


def _gradients(subject: Subject, module: nn.Module) -> dict[str, float]:
    """Parameter -> sum of absolute gradients over a few batches; they are left in `.grad`.

    Several batches, because a router, dropout or presence may leave a parameter out of one.
    """
    for seed in range(_BATCHES):
        torch.manual_seed(seed)
        for batch in subject.training_batches(_SIZE, seed):
            subject.loss(module, batch).backward()  # type: ignore[no-untyped-call]
    sizes = {}
    for name, parameter in module.named_parameters():
        gradient = torch.zeros(()) if parameter.grad is None else parameter.grad
        expect(
            bool(gradient.isfinite().all()),
            f"a finite gradient on {name}",
            "NaN or infinity",
            "Look for a division, logarithm or square root at zero.",
        )
        sizes[name] = float(gradient.abs().sum())
    return sizes


def _check_graph(subject: Subject, module: nn.Module, known: set[int]) -> None:
    """No leaf of the autograd graph is unknown: it finds what hides in closures and globals."""
    module.train()
    torch.manual_seed(0)
    loss = subject.loss(module, subject.batch())
    strangers = [leaf for leaf in _leaves(loss) if id(leaf) not in known]
    expect(
        not strangers,
        "the result to depend on registered parameters only",
        f"tensors of shape {', '.join(str(tuple(leaf.shape)) for leaf in strangers)} that require a "
        f"gradient and are not registered",
        "Make them nn.Parameter attributes of the module.",
    )


def _leaves(result: Tensor) -> Iterator[Tensor]:
    pending: list[Any] = [result.grad_fn]
    seen = set()
    while pending:
        node = pending.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            yield node.variable
        pending.extend(parent for parent, _ in node.next_functions)


def _attributes(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Tensors in plain attributes and containers of the module and its submodules, by name."""
    for prefix, part in module.named_modules():
        for name, value in vars(part).items():
            if name not in ("_parameters", "_buffers", "_modules"):
                yield from _tensors(f"{prefix}.{name}".lstrip("."), value)


def _tensors(name: str, value: object) -> Iterator[tuple[str, Tensor]]:
    if isinstance(value, Tensor):
        yield name, value
    elif isinstance(value, nn.Module):
        yield from ((f"{name}.{inner}", p) for inner, p in value.named_parameters())
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _tensors(f"{name}[{key!r}]", item)
    elif isinstance(value, Iterable) and isinstance(value, (list, tuple, set, frozenset)):
        for place, item in enumerate(value):
            yield from _tensors(f"{name}[{place}]", item)
