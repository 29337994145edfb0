"""AV-MNIST: images of digits and spectrograms of spoken ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench_datasets.formats.arrays import Checks, Size, shrink

__all__ = ["read"]

_SIDE = 112
_DIGITS = tuple(str(digit) for digit in range(10))


def read(root: Path, problems: Problems, size: int = 56) -> Samples | None:
    """`image` (N, 1, 28, 28) and `audio` (N, size, size), both float32 in the files' own units.

    The files hold images (N, 784) that were made poor on purpose, and spectrograms (N, 112, 112). This
    project takes their rows for frequencies and their columns for time: `audio` is a series, time first,
    with frequencies as channels. Both axes are reduced to `size` by averaging, because the whole would
    fill 3.5 GB. The last twelfth of the training rows, 5,000 of 60,000, is for validation.

    Paper: Vielzeuf 2018, ECCV Workshops, arXiv:1808.07275.
    """
    parts = {part: _part(problems, part, size) for part in ("train", "test")}
    train, test = parts["train"], parts["test"]
    if train is None or test is None:
        return None
    count = len(train["digits"])
    split = np.array(["train"] * count + ["test"] * len(test["digits"]), dtype="U10")
    split[count - max(count // 12, 1) : count] = "validation"
    joined = {name: np.concatenate([train[name], test[name]]) for name in train}
    return Samples(
        {"audio": joined["audio"], "image": joined["image"]},
        targets=joined["digits"],
        target_names=_DIGITS,
        split=split,
    )


def _part(problems: Problems, part: str, size: int) -> dict[str, npt.NDArray[Any]] | None:
    image = _load(problems, ("image", f"{part}_data.npy"), ("N", 28 * 28))
    audio = _load(problems, ("audio", f"{part}_data.npy"), ("N", _SIDE, _SIDE))
    labels = _load(problems, (f"{part}_labels.npy",), ("N",))
    if image is None or audio is None or labels is None:
        return None
    checks = Checks(problems, problems.root / f"{part}_labels.npy")
    digits = checks.classes("digits", labels, len(_DIGITS))
    counted = {"digits": labels, "image": image, "audio": audio}
    if not checks.as_long(counted) or digits is None:
        return None
    return {
        "audio": shrink(audio[:, None], size)[:, 0].transpose(0, 2, 1),
        "image": image.reshape(-1, 1, 28, 28).astype(np.float32),
        "digits": digits,
    }


def _load(
    problems: Problems, parts: tuple[str, ...], shape: tuple[Size, ...]
) -> npt.NDArray[Any] | None:
    """An array that stays on disk until it is used."""
    path = problems.path(*parts)
    if path is None:
        return None
    checks = Checks(problems, path)
    with problems.reading(path):
        held = np.load(path, mmap_mode="r", allow_pickle=False)
        array = checks.numbers("", held, shape)
        if array is not None and checks.finite("", array):
            return array
    return None
