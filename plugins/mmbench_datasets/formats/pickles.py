"""Reading pickles without running them: NumPy arrays and plain containers, nothing else.

A pickle is a program. This reader knows the names that arrays and containers are rebuilt with, and
answers them with stand-ins, so that no function of anybody else is called.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from mmbench.data.problems import Problems
from mmbench_datasets.formats.standins import (
    NDARRAY,
    Dtype,
    Function,
    array,
    from_buffer,
    latin1,
    scalar,
)

__all__ = ["load_arrays", "read_arrays"]


def load_arrays(path: Path) -> Any:
    """What a pickle holds: arrays, scalars and strings in dictionaries, lists, tuples and sets.

    Ordered and default dictionaries come as plain ones, byte strings of Python 2 as text in latin-1.

    Raises:
        DataError: if the file is missing, damaged, or names anything else; nothing was executed.

    """
    return read_arrays(Problems(path.parent), path)


def read_arrays(problems: Problems, path: Path) -> Any:
    """The same; None where it is a problem."""
    try:
        with path.open("rb") as file:
            return _Unpickler(file, encoding="latin1").load()
    except Exception as error:  # a damaged pickle raises whatever its opcodes happen to do
        problems.add(
            path,
            "content",
            "a whole pickle of NumPy arrays and plain containers",
            f"{error or type(error).__name__} (nothing was executed)",
        )
        return None


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise pickle.UnpicklingError(f"the global {module}.{name}, which is refused")
        return _ADMITTED[module, name]


_ADMITTED = {
    ("_codecs", "encode"): Function(latin1),
    ("collections", "OrderedDict"): Function(dict),
    ("collections", "defaultdict"): Function(lambda *_: {}),
    ("numpy", "dtype"): Function(Dtype),
    ("numpy", "ndarray"): NDARRAY,
}
for _core in ("numpy.core", "numpy._core"):  # NumPy 1 and 2
    _ADMITTED[f"{_core}.multiarray", "_reconstruct"] = Function(array)
    _ADMITTED[f"{_core}.multiarray", "scalar"] = Function(scalar)
    _ADMITTED[f"{_core}.numeric", "_frombuffer"] = Function(from_buffer)
for _module in ("builtins", "__builtin__"):  # Python 3 and 2
    for _container in (list, dict, set, frozenset, tuple):
        _ADMITTED[_module, _container.__name__] = Function(_container)
    _ADMITTED[_module, "bytes"] = Function(lambda: b"")  # how protocol 2 spells an empty one
