"""Handwritten digits seen by several feature extractors (UCI Multiple Features)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mmbench.data.samples import Samples
from mmbench_datasets.files import DATA

__all__ = ["load", "load_with_image"]

_WEAK_VIEWS = ("fou", "mor", "zer")


def load() -> Samples:
    """2,000 digits, 200 a class, as three weak views that complement each other.

    `fou` (N, 76) Fourier coefficients of the shape, `zer` (N, 47) Zernike moments, `mor` (N, 6)
    morphological features, all float32. The stronger views of the same digits are left out, because
    each of them alone leaves little for a fusion to gain. Six digits are there twice (the same image,
    under the same class); they stay, so that figures compare with published ones.

    Paper: van Breukelen, Duin, Tax and den Hartog 1998, Kybernetika 34(4), 381-386.
    """
    views = _read()
    return _samples({name: views[name] for name in _WEAK_VIEWS}, views["y"])


def load_with_image() -> Samples:
    """The same digits with a strong view: `pix`, their image (N, 1, 16, 15) uint8.

    The file keeps it row by row, 16 rows of 15 pixels; paper is 0 and full ink 6.
    """
    views = _read()
    image = views["pix"].reshape(-1, 1, 16, 15)
    weak = {name: views[name] for name in _WEAK_VIEWS}
    return _samples({"pix": image, **weak}, views["y"])


def _samples(inputs: dict[str, npt.NDArray[Any]], digits: npt.NDArray[Any]) -> Samples:
    names = tuple(str(digit) for digit in range(10))
    return Samples(inputs, targets=digits.astype(np.int64), target_names=names)


def _read() -> dict[str, npt.NDArray[Any]]:
    with np.load(DATA / "mfeat.npz", allow_pickle=False) as archive:
        return {name: archive[name] for name in (*_WEAK_VIEWS, "pix", "y")}
