"""Properties of every registration: what it says of itself is so."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from mmbench.errors import BadParameter
from mmbench.registrations import Registration
from mmbench.search import Choice, Space
from mmbench.testing.results import expect

__all__ = ["GIVEN", "PROPERTIES", "TARGET_PROPERTIES"]

GIVEN: dict[str, tuple[str, ...]] = {
    "alignment": ("dim_i", "dim_j"),
    "dataset": (),
    "encoder": ("spec", "dim"),
    "engine": ("jobs", "settings"),
    "fusion": ("dims", "out_dim"),
    "report": ("records",),
    "sampler": (),
    "weighting": ("terms",),
}
"""Kind -> the positional arguments that the harness gives the target."""


def target_loads(registration: Registration) -> str:
    """The target can be imported and called."""
    target = registration.load()
    expect(
        callable(target),
        f"the target of {registration.kind} {registration.name!r} to be callable",
        f"{type(target).__name__}",
        "Name a class or a function.",
    )
    return f"{target.__module__}:{getattr(target, '__qualname__', target)}"


def summary_is_one_line(registration: Registration) -> str:
    """The registration says in one line what it is."""
    expect(
        bool(registration.summary.strip()) and "\n" not in registration.summary,
        "a summary of one line",
        repr(registration.summary),
        "Pass `summary=` or give the target a docstring.",
    )
    return registration.summary


def declared_parameters(registration: Registration) -> str:
    """Declared hyperparameters are keyword arguments, and their defaults lie in the declared space."""
    keywords = _keywords(registration)
    for name, space in registration.parameters.items():
        expect(
            name in keywords,
            f"declared parameter {name!r} to be a keyword argument with a default",
            f"the signature's keywords {', '.join(keywords) or 'none'}",
            "Rename one of them, or give the argument a default.",
        )
        expect(
            _lies_in(keywords[name], space),
            f"the default of {name!r} to lie in {space}",
            repr(keywords[name]),
            "Widen the space or change the default.",
        )
    fixed = sorted(set(keywords) - set(registration.parameters))
    note = f"; not searched: {', '.join(fixed)}" if fixed else ""
    return f"{', '.join(registration.parameters) or 'no hyperparameters'}{note}"


def _keywords(registration: Registration) -> Mapping[str, Any]:
    """The target's keyword arguments and their defaults; what the harness gives is left out."""
    given = set(GIVEN[registration.kind])
    if getattr(registration, "layout", ""):
        given |= {"root", "problems"}
    if getattr(registration, "per_modality", "") == "named":
        given.add("modality")
    signature = inspect.signature(registration.load()).parameters
    missing = [
        name
        for name, parameter in list(signature.items())[len(GIVEN[registration.kind]) :]
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        and name not in given
    ]
    expect(
        not missing,
        f"every argument beyond {', '.join(GIVEN[registration.kind]) or 'none'} to have a default",
        f"none for {', '.join(missing)}",
        "Give it one: the harness passes nothing else.",
    )
    return {
        name: parameter.default
        for name, parameter in signature.items()
        if parameter.default is not parameter.empty and name not in given
    }


def _lies_in(value: Any, space: Space) -> bool:
    try:
        space.check(value)
    except BadParameter:
        return False
    return isinstance(space, Choice) or space.low <= value <= space.high


PROPERTIES = (summary_is_one_line,)
TARGET_PROPERTIES = (target_loads, declared_parameters)
