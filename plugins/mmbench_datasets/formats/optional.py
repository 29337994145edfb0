"""Packages that only some formats need."""

from __future__ import annotations

import importlib
from typing import Any

from mmbench.errors import PluginError

__all__ = ["optional"]


def optional(module: str, purpose: str) -> Any:
    """Import a module of the extra `formats`.

    Raises:
        PluginError: if it is not installed.

    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise PluginError(
            f"Expected the package {module!r}, {purpose}. Found none. "
            f"Install it with `pip install 'mmbench[formats]'`."
        ) from error
