"""What can go wrong.

::

    MmbenchError
    ├── UsageError              the request is wrong: exit code 2
    │   ├── UnknownName         no such fusion, dataset, …; carries the nearest names
    │   ├── DuplicateName       two plugins register one name
    │   └── BadParameter        a parameter that does not exist, or a value out of its range
    ├── PluginError             a plugin cannot be loaded or breaks its contract
    │   └── NotApplicable       a method has no meaning for this data: the job is skipped, not failed
    ├── DataError               a dataset is missing, corrupt or malformed
    ├── NonFiniteError          training or prediction produced NaN or infinity
    └── JournalError            a results folder cannot be read or written

Every message says what should hold, what was found and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "BadParameter",
    "DataError",
    "DuplicateName",
    "JournalError",
    "MmbenchError",
    "NonFiniteError",
    "NotApplicable",
    "PluginError",
    "UnknownName",
    "UsageError",
    "unknown",
]


class MmbenchError(Exception):
    """Base of every error that mmbench raises on purpose."""


class UsageError(MmbenchError):
    """The request cannot be carried out as written."""


class UnknownName(UsageError):
    """A name that nothing is registered under."""


class DuplicateName(UsageError):
    """One name, registered by two plugins."""


class BadParameter(UsageError):
    """A parameter that does not exist or cannot take this value."""


class PluginError(MmbenchError):
    """A plugin that cannot be loaded or breaks its contract."""


class NotApplicable(PluginError):
    """A method that has no meaning for this data; its job is recorded as skipped, with the reason."""


class DataError(MmbenchError):
    """Data that is missing, corrupt or malformed."""


class NonFiniteError(MmbenchError):
    """A loss or a prediction that is NaN or infinite."""


class JournalError(MmbenchError):
    """A results folder that cannot be read or written."""


def unknown(what: str, name: str, available: Iterable[str], note: str = "") -> UnknownName:
    """The error for a name nobody registered, with the nearest registered ones."""
    names = sorted(available)
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    guess = f" Did you mean {nearest[0]!r}?" if nearest else ""
    listed = f" Available: {', '.join(names) or 'none'}."
    return UnknownName(f"Unknown {what} {name!r}.{guess}{listed}{note}")
