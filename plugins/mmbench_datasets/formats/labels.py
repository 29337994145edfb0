"""Labels of any kind as classes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

__all__ = ["encode"]


def encode(labels: Iterable[object]) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """The class (N,) of each label, counted from 0, and the names of the classes in sorted order.

    Whole numbers are sorted as such, also where they are written as text.
    """
    texts = [str(label) for label in labels]
    names = sorted(set(texts), key=_key)
    codes = {name: code for code, name in enumerate(names)}
    return np.array([codes[text] for text in texts], dtype=np.int64), tuple(names)


def _key(name: str) -> tuple[int, str]:
    return (int(name), "") if name.removeprefix("-").isdecimal() else (0, name)
