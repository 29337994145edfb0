"""Which datasets of a suite are here, and why the others are not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from mmbench.data.loading import DATA, root_of
from mmbench.errors import UsageError
from mmbench.jobs import Pick
from mmbench.registrations import Dataset, Suite
from mmbench.registry import Registry
from mmbench.selection import select

__all__ = ["entries", "states", "unavailable"]


def entries(suite: Suite, registry: Registry) -> Iterator[tuple[Pick, tuple[str, ...]]]:
    """Each dataset of the suite with the encoders that the suite chooses for it.

    Raises:
        UnknownName: if a dataset is not registered.

    """
    for spelling, encoders in suite.datasets.items():
        for pick in select([spelling], registry.datasets):
            yield pick, encoders


def states(suite: Suite, registry: Registry) -> dict[str, str]:
    """Each dataset of the suite -> why it is not here, empty where it is; for those who only look."""
    found: dict[str, str] = {}
    for spelling in suite.datasets:
        try:
            picks = select([spelling], registry.datasets)
        except UsageError as error:
            found[spelling] = str(error)
        else:
            found |= {str(p): unavailable(registry.datasets[p.name], p) for p in picks}
    return found


def unavailable(registration: Dataset, pick: Pick) -> str:
    """Why a dataset cannot be loaded here, and how to get it; empty where it can."""
    if registration.missing:
        return f"it needs {', '.join(registration.missing)}, which is not installed"
    if not registration.layout:
        return ""
    try:
        root_of(registration, pick)
    except UsageError:
        return f"{_looked(pick)}; it needs {registration.layout}; source: {registration.source}"
    return ""


def _looked(pick: Pick) -> str:
    if "root" in pick.params:
        return f"nothing is at {pick.params['root']}"
    home = os.environ.get(DATA)
    if not home:
        return f"{DATA} is not set to a folder that holds {pick.name}"
    return f"nothing is at {Path(home) / pick.name}"
