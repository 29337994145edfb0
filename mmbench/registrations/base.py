"""What every registration has."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from mmbench.errors import PluginError
from mmbench.search import Space

__all__ = ["NAME", "TASKS", "Registration", "Target"]

Target: TypeAlias = str | Callable[..., Any]
TASKS: tuple[str, ...] = ("classification", "multilabel", "regression", "retrieval")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")


@dataclass(frozen=True)
class Registration:
    """What every registration has.

    Attributes:
        name: what the command line calls it; letters, digits, `_`, `-` and `.`.
        target: `"module:attribute"`, or the object itself.
        summary: one line; the first line of the target's docstring where it is left out.
        paper: where the method comes from.
        parameters: hyperparameters and the space they are searched in. Their defaults are the defaults of
            the target's signature.
        requires: modules that an extra brings and the target imports.

    """

    kind: ClassVar[str] = "registration"

    name: str
    target: Target
    summary: str = field(default="", kw_only=True)
    paper: str = field(default="", kw_only=True)
    parameters: Mapping[str, Space] = field(default_factory=dict, kw_only=True)
    requires: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not NAME.match(self.name):
            raise PluginError(
                f"Expected the name of a {self.kind} to be letters, digits, '_', '-' and '.'. "
                f"Found {self.name!r}."
            )
        self._check_target()
        if not self.summary:
            documented = "" if isinstance(self.target, str) else self.target.__doc__
            lines = (documented or "").strip().splitlines()
            object.__setattr__(self, "summary", lines[0] if lines else "")

    def _check_target(self) -> None:
        if not callable(self.target) and not re.match(r"[\w.]+:\w+\Z", str(self.target)):
            raise PluginError(
                f"Expected the target of {self.kind} {self.name!r} to be a callable or "
                f"'module:attribute'. Found {self.target!r}."
            )

    @property
    def missing(self) -> list[str]:
        """Modules that the target needs and that are not installed."""
        return [name for name in self.requires if importlib.util.find_spec(name) is None]

    @property
    def module(self) -> str:
        """The module whose source the target lives in."""
        if isinstance(self.target, str):
            return self.target.partition(":")[0]
        return self.target.__module__

    def load(self) -> Callable[..., Any]:
        """Import the target.

        Raises:
            PluginError: if an extra is missing or the import fails.

        """
        if not isinstance(self.target, str):
            return self.target
        if self.missing:
            raise PluginError(
                f"{self.kind.capitalize()} {self.name!r} needs {', '.join(self.missing)}, "
                "which is not installed."
            )
        module, _, attribute = self.target.partition(":")
        try:
            loaded: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
        except Exception as error:
            raise PluginError(
                f"{self.kind.capitalize()} {self.name!r} could not be imported from {self.target!r}: "
                f"{type(error).__name__}: {error}"
            ) from error
        return loaded
