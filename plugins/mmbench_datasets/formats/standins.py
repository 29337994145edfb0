"""What rebuilds arrays from a pickle in the place of NumPy's own functions and classes.

They take only what NumPy writes of plain arrays. NumPy's own would also take a data type with made-up
fields over foreign memory, or a shape that asks for more memory than there is.
"""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

__all__ = ["NDARRAY", "Dtype", "Function", "array", "from_buffer", "latin1", "scalar"]

_PLAIN = re.compile(r"[<>=|]?(b1|[iu][1248]|f(2|4|8|16)|c(8|16)|[SU][1-9]\d*|O[48]?)\Z")


class Function:
    """A function that a pickle may call, and do nothing else with."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def __setstate__(self, state: Any) -> None:
        _refuse("a state set on a function")


class Dtype:
    """`numpy.dtype` without fields, subarrays and metadata."""

    __slots__ = ("real",)

    def __init__(self, code: str, align: Any = False, copy: Any = False) -> None:
        if not isinstance(code, str) or not _PLAIN.match(code):
            _refuse(f"the data type {code!r}")
        self.real = np.dtype(code)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, order, *structure = state[:5]
        if structure != [None, None, None]:
            _refuse("a structured data type")
        if order in ("<", ">"):
            self.real = self.real.newbyteorder(order)


class _Array(np.ndarray[Any, np.dtype[Any]]):
    """`numpy.ndarray` that takes just as many elements as its shape has."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        shape, dtype, fortran, data = state[-4:]
        real = _real(dtype)
        if isinstance(data, str):  # bytes of Python 2
            data = data.encode("latin1")
        size = len(data) if real.kind == "O" else len(data) / real.itemsize
        plain = isinstance(data, list) == (real.kind == "O") and min(shape, default=0) >= 0
        if not plain or size != math.prod(shape):
            _refuse(f"an array of shape {shape} from {len(data)} bytes or objects")
        super().__setstate__((1, shape, real, fortran, data))


def array(base: Any, shape: Any, code: Any) -> npt.NDArray[Any]:
    """`numpy.core.multiarray._reconstruct`: an array whose shape, type and elements follow as its state."""
    if base is not NDARRAY:
        _refuse("an array of another class")
    return np.ndarray.__new__(_Array, (0,), np.int8)


def scalar(dtype: Any, data: Any) -> Any:
    """`numpy.core.multiarray.scalar`."""
    raw = data.encode("latin1") if isinstance(data, str) else data
    return np.frombuffer(raw, _real(dtype), count=1)[0]


def from_buffer(
    data: Any, dtype: Any, shape: Any, order: Any, axes: Any = None
) -> npt.NDArray[Any]:
    """`numpy.core.numeric._frombuffer`; where `order` is K, `axes` order the array's axes in memory."""
    flat = np.frombuffer(data, _real(dtype)).copy()
    if order == "K" and axes is not None:
        return flat.reshape(shape).transpose(axes)
    return flat.reshape(shape, order=order)


def latin1(text: str, encoding: str) -> bytes:
    """`codecs.encode`, as protocols 0 to 2 use it to spell bytes."""
    if encoding not in ("latin1", "latin-1"):
        _refuse(f"the encoding {encoding!r}")
    return text.encode("latin1")


def _real(dtype: Any) -> np.dtype[Any]:
    if not isinstance(dtype, Dtype):
        _refuse("an array without a data type")
    return dtype.real


def _refuse(what: str) -> NoReturn:
    raise pickle.UnpicklingError(f"{what}, which is refused")


NDARRAY = Function(lambda *_: _refuse("a call of numpy.ndarray"))
"""`numpy.ndarray`, only to be named."""
