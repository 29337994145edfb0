"""Colour emoji with their names."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mmbench.data.samples import Samples
from mmbench_datasets.files import DATA

__all__ = ["load"]

_SIDE = 32
_GIVEAWAY = "flag: "
_PEOPLE = {"1F468": "person", "1F469": "person", "1F9D1": "person"}
_MODIFIERS = {"200D", "2640", "2642", "FE0F", "27A1"}


def load(text: str = "name") -> Samples:
    """1,906 emoji of nine categories: `image` (N, 3, 32, 32) uint8 and `text`, their English name.

    Most names of flags start with "flag: ", which spells their category out; it is taken off. The
    keywords and the subcategory are left out for the same reason, unless they are asked for.

    Groups keep together what is one emoji to the eye: man, woman and person doing the same thing,
    facing either way, and emoji drawn with the very same pixels (43 families and flags). Without
    them a random split tests on pictures that were trained on.

    Args:
        text: `name`, or `keywords`: the whole name and all keywords of the CLDR.

    """
    table = pd.read_csv(DATA / "emoji.csv", keep_default_na=False)
    images = _tiles(len(table))
    names, categories = _encode(table["category"])
    return Samples(
        {
            "image": images,
            "text": _texts(table, text).to_numpy(dtype=object),
        },
        targets=categories,
        target_names=names,
        groups=_groups(table["unified"], images),
    )


def _texts(table: pd.DataFrame, text: str) -> pd.Series[str]:
    if text == "keywords":
        return table["label"] + "; " + table["tags"]
    return table["label"].str.removeprefix(_GIVEAWAY)


def _tiles(count: int) -> npt.NDArray[np.uint8]:
    """The sheet's first tiles, row by row: (count, 3, 32, 32)."""
    with Image.open(DATA / "emoji_sheet.png") as picture:
        sheet = np.asarray(picture.convert("RGB"))
    rows, columns = sheet.shape[0] // _SIDE, sheet.shape[1] // _SIDE
    tiles = sheet.reshape(rows, _SIDE, columns, _SIDE, 3).transpose(0, 2, 4, 1, 3)
    return np.ascontiguousarray(tiles.reshape(-1, 3, _SIDE, _SIDE)[:count])


def _groups(codes: pd.Series[str], images: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
    """One number for all emoji that are linked by a chain of the same base or the same pixels."""
    _, bases = np.unique([_base(code) for code in codes], return_inverse=True)
    _, pixels = np.unique(images.reshape(len(images), -1), axis=0, return_inverse=True)
    nodes = int(bases.max()) + 1 + int(pixels.max()) + 1
    links = (bases, bases.max() + 1 + pixels.reshape(-1))
    graph = coo_array((np.ones(len(codes)), links), shape=(nodes, nodes))
    labels: npt.NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return labels[bases]


def _base(code: str) -> str:
    """The code points without gender and direction: one string for all variants of an emoji."""
    first, *rest = code.split("-")  # the female sign alone is an emoji, not a modifier
    points = [first, *(point for point in rest if point not in _MODIFIERS)]
    return "-".join(_PEOPLE.get(point, point) for point in points)


def _encode(categories: pd.Series[str]) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    names, codes = np.unique(categories.to_numpy(dtype=str), return_inverse=True)
    listed: list[Any] = names.tolist()
    return tuple(listed), codes.astype(np.int64)
