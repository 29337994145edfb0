"""The library `transformers`: imported when it is needed, which takes seconds, and kept quiet."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["quiet", "transformers"]


def transformers() -> Any:
    """The module, untyped: its annotations are partial and differ from version to version."""
    return importlib.import_module("transformers")


@contextmanager
def quiet() -> Iterator[None]:
    """Without progress bars, and without the list of weights that a part of a model has no use for."""
    logging = transformers().utils.logging
    bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
