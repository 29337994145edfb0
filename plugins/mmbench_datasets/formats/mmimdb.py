"""MM-IMDb: genres of films from their plot and poster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mmbench.data.problems import Problems
from mmbench.data.samples import PARTS, Samples
from mmbench_datasets.formats.arrays import Checks, Size, only_file, shrink
from mmbench_datasets.formats.optional import optional

__all__ = ["read", "read_images"]

_GENRES = 23
_UNTIL = (15552 / 25959, 18160 / 25959, 1)
_MEANS = np.array([103.939, 116.779, 123.68], dtype=np.float32)[:, None, None]


def read(root: Path, problems: Problems) -> Samples | None:
    """`text` (N, 300), mean word2vec of the plot, and `image` (N, 4096), VGG-16 of the poster; float32.

    25,959 films in `multimodal_imdb.hdf5`; targets (N, 23) are 1 for a film's genres, which are named
    where the file names them. The split is the published one: 15,552 films, then 2,608 for validation,
    then 7,799 for testing; of another number of films, the same shares.

    Paper: Arevalo 2017, ICLR Workshop, arXiv:1702.01992.
    """
    return _read(problems, "vgg_features", (4096,), None)


def read_images(root: Path, problems: Problems, size: int = 64) -> Samples | None:
    """The same with the poster itself: `image` (N, 3, size, size) uint8, red, green and blue.

    The file was written with 256×160 pixels from which VGG's means were subtracted, blue first: where
    there are negative values, that is undone. Each pixel here is the mean of an area there.
    """
    return _read(problems, "images", (3, "H", "W"), size)


def _read(
    problems: Problems, image: str, shape: tuple[Size, ...], size: int | None
) -> Samples | None:
    path = only_file(problems, "multimodal_imdb.hdf5")
    if path is None:
        return None
    h5py = optional("h5py", "which reads HDF5 files")
    with problems.reading(path), h5py.File(path, "r") as file:
        return _samples(Checks(problems, path), file, image, shape, size)
    return None


def _samples(
    checks: Checks, file: Any, image: str, shape: tuple[Size, ...], size: int | None
) -> Samples | None:
    shapes = {"features": ("N", 300), image: ("N", *shape), "genres": ("N", _GENRES)}
    if checks.fields("content", file, (*shapes, "imdb_ids")) is None:
        return None
    stored_here = [_stored_here(checks, file, name) for name in (*shapes, "imdb_ids")]
    if not all(stored_here):
        return None
    read = {name: checks.numbers(name, file[name], wanted) for name, wanted in shapes.items()}
    held = {name: array for name, array in read.items() if array is not None}
    if len(held) < len(read) or not checks.as_long({**held, "imdb_ids": file["imdb_ids"]}):
        return None
    finite = [checks.finite(name, array) for name, array in held.items()]
    genres, films = held["genres"][:], file["imdb_ids"][:].astype(str)
    plain = checks.rows("genres", "only 0 and 1", np.isin(genres, (0, 1), invert=True).any(axis=1))
    seen = (
        held[image][:].astype(np.float32) if size is None else _posters(checks, held[image], size)
    )
    once = checks.rows("imdb_ids", "each film once", _repeated(films))
    if not (all(finite) and plain and once) or seen is None:
        return None
    return Samples(
        {"image": seen, "text": held["features"][:].astype(np.float32)},
        targets=genres.astype(np.int64),
        target_names=_names(file["genres"]),
        groups=films,
        split=np.repeat(PARTS, np.diff([0, *(round(len(genres) * to) for to in _UNTIL)])),
    )


def _stored_here(checks: Checks, file: Any, name: str) -> bool:
    """Whether it is an array in this file: a link, or an array's external storage, may lead anywhere."""
    linked = type(file.get(name, getlink=True)).__name__ != "HardLink"
    here = not linked and hasattr(file[name], "is_virtual")  # which groups have not
    here = here and not file[name].external and not file[name].is_virtual
    return checks.problems.require(
        here, checks.file, name, "an array in this file", "a group, or what lies elsewhere"
    )


def _posters(checks: Checks, stored: npt.NDArray[Any], size: int) -> npt.NDArray[np.uint8] | None:
    small = shrink(stored, size)
    if small.min() < 0:
        small = (small + _MEANS)[:, ::-1]
    shades = np.rint(small)
    outside = np.logical_not((shades >= 0) & (shades <= 255)).any(axis=(1, 2, 3))
    fine = checks.rows("images", "shades of 0 to 255, or those minus VGG's means", outside)
    return shades.astype(np.uint8) if fine else None


def _repeated(films: npt.NDArray[np.str_]) -> npt.NDArray[np.bool_]:
    """(N,): whether a film was there before."""
    first = np.zeros(len(films), dtype=bool)
    first[np.unique(films, return_index=True)[1]] = True
    return ~first


def _names(genres: Any) -> tuple[str, ...]:
    """What the file calls the genres, nothing where it does not."""
    names = json.loads(str(genres.attrs.get("target_names", "[]")))
    known = isinstance(names, list) and len(names) == _GENRES
    return tuple(map(str, names)) if known else ()
