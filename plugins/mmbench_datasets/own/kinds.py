"""What an array holds, by its name, its type and its shape."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mmbench.registrations import Kind

__all__ = ["Guess", "as_kind", "guess", "unfit"]

_AXES: dict[Kind, tuple[int, ...]] = {
    "image": (3, 4),
    "text": (1,),
    "audio": (2, 3),
    "video": (5,),
    "motion": (2, 3),
    "sensor": (2, 3),
    "tabular": (1, 2),
    "omics": (1, 2),
}
"""Number of axes that an array of each kind may have before `as_kind`."""

_COLOURS = (1, 3)


@dataclass(frozen=True)
class Guess:
    """A kind and, as text, what it was inferred from."""

    kind: Kind
    why: str


def guess(
    name: str, shape: tuple[int, ...], dtype: np.dtype[Any], lengths: bool = False
) -> Guess | None:
    """The kind of an array (N, …); None where it is none of them.

    A kind in the name decides where the shape allows it: `audio_left` with three axes is audio, and
    `omics` with two is omics. Else strings are text, one or two axes of numbers tabular, four with 1 or
    3 channels an image, five with them video. Three axes are a series (N, T, C), or pictures (N, H, W)
    where they are square or of bytes and no lengths are given.

    Args:
        name: of the array.
        shape: with N first.
        dtype: of its values.
        lengths: whether lengths along the second axis come with it.

    """
    axes, text = len(shape), dtype.kind in "UOT"
    if not text and dtype.kind not in "fiub":
        return None
    for word in re.split(r"[^a-z]+", name.lower()):
        if word in _AXES and axes in _AXES[word] and text == (word == "text"):
            return _if_shaped(word, "its name", shape, dtype)
    if text:
        return _if_shaped("text", "its strings", shape, dtype) if axes == 1 else None
    if axes == 3 and not lengths and dtype == np.uint8:
        return _if_shaped("image", "its bytes", shape, dtype)
    if axes == 3 and not lengths and shape[1] == shape[2]:
        return _if_shaped("image", "its square shape", shape, dtype)
    by_axes: dict[int, Kind] = {1: "tabular", 2: "tabular", 3: "sensor", 4: "image", 5: "video"}
    return _if_shaped(by_axes[axes], "its shape", shape, dtype) if axes in by_axes else None


def as_kind(values: npt.NDArray[Any], kind: Kind) -> npt.NDArray[Any]:
    """The same values with the axes that `mmbench.Samples` wants of their kind."""
    if kind == "text":
        return values.astype(object)
    if kind in ("tabular", "omics"):
        return values.reshape(len(values), -1)
    if kind in ("image", "video"):
        values = values[:, None] if kind == "image" and values.ndim == 3 else values
        channels_last = values.shape[-3] not in _COLOURS
        return np.ascontiguousarray(np.moveaxis(values, -1, -3)) if channels_last else values
    return values[..., None] if values.ndim == 2 else values


def unfit(values: npt.NDArray[Any], kind: Kind) -> str:
    """What is wrong with values of this kind; '' where nothing is."""
    if kind == "text":
        wrong = [index for index, text in enumerate(values) if not isinstance(text, str)]
        return f"no string in row {wrong[0]}" if wrong else ""
    if values.dtype.kind != "f":
        return ""
    unknown = kind in ("tabular", "omics")
    wrong_at = np.isinf(values) if unknown else ~np.isfinite(values)
    rows = np.flatnonzero(wrong_at.reshape(len(values), -1).any(axis=1))
    what = "infinity" if unknown else "NaN or infinity"
    return (
        f"{what} in {len(rows)} of {len(values)} rows, the first of them {rows[0]}"
        if len(rows)
        else ""
    )


def _if_shaped(kind: Any, why: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Guess | None:
    """The guess, unless a picture's or a film's shape has no channels where they could be."""
    coloured = {"image": len(shape) == 4, "video": True}.get(kind, False)
    if coloured and shape[-3] not in _COLOURS and shape[-1] not in _COLOURS:
        return None
    listed = ", ".join(["N", *map(str, shape[1:])]) + ("," if len(shape) == 1 else "")
    return Guess(kind, f"{kind} by {why}, {dtype} ({listed})")
