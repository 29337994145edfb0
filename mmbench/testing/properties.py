"""Which properties apply to a registration, and running them."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmbench.registrations import Registration
from mmbench.testing.results import NotTested, Result, Violation

__all__ = ["Case", "Property", "check", "properties_for"]

# Imported when asked for: they bring torch, which a test suite that checks no plugin must not pay for.
_PROPERTIES = {
    "alignment": "mmbench.testing.alignments",
    "dataset": "mmbench.testing.datasets",
    "encoder": "mmbench.testing.encoders",
    "fusion": "mmbench.testing.fusions",
    "report": "mmbench.testing.reports",
    "sampler": "mmbench.testing.samplers",
    "suite": "mmbench.testing.suites",
    "weighting": "mmbench.testing.weightings",
}


@dataclass(frozen=True)
class Property:
    """Something that holds for every registration of a kind.

    Attributes:
        holds: given the registration, returns what it saw; raises Violation or NotTested. Its name and the
            first line of its docstring are the property's.

    """

    holds: Callable[[Any], str]

    @property
    def name(self) -> str:
        return str(getattr(self.holds, "__name__", self.holds)).replace("_", " ")

    @property
    def statement(self) -> str:
        """What should hold, in one line."""
        return (self.holds.__doc__ or "").strip().partition("\n")[0]


@dataclass(frozen=True)
class Case:
    """One property of one registration."""

    tested: Property
    registration: Registration

    @property
    def label(self) -> str:
        return f"{self.registration.kind}:{self.registration.name}: {self.tested.name}"

    def run(self) -> Result:
        """Test it under a fixed seed, leaving the caller's random state as it was."""
        try:
            self._require_extras()
            return self._result("passed", _seeded(self.tested.holds, self.registration))
        except NotTested as reason:
            return self._result("skipped", str(reason))
        except Violation as violation:
            return self._result("failed", str(violation))
        except Exception as error:
            return self._result("failed", self._unexpected(error))

    def _require_extras(self) -> None:
        if self.registration.missing:
            missing = ", ".join(self.registration.missing)
            raise NotTested(f"it needs {missing}, which is not installed")

    def _result(self, status: Any, message: str) -> Result:
        return Result(
            self.registration.kind, self.registration.name, self.tested.name, status, message
        )

    def _unexpected(self, error: Exception) -> str:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if "torch" not in Path(frame.filename).parts]
        where = (own or frames)[-1]
        return (
            f"Expected: {self.tested.statement} Found {type(error).__name__}: {error} "
            f"({where.filename}:{where.lineno})."
        )


def properties_for(registration: Registration) -> tuple[Property, ...]:
    """The properties of the registration's kind."""
    from mmbench.testing import declarations

    functions: Sequence[Callable[[Any], str]] = declarations.PROPERTIES
    if registration.target:
        functions = (*declarations.TARGET_PROPERTIES, *functions)
    if registration.kind in _PROPERTIES:
        module = importlib.import_module(_PROPERTIES[registration.kind])
        functions = (*functions, *module.PROPERTIES)
    return tuple(Property(function) for function in functions)


def check(registration: Registration) -> list[Result]:
    """Run every property that applies."""
    return [Case(item, registration).run() for item in properties_for(registration)]


def _seeded(holds: Callable[[Any], str], registration: Registration) -> str:
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return holds(registration)
