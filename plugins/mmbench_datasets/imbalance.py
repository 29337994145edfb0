"""Data out of balance: a modality that outpaces another, and classes and a modality that are scarce."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mmbench.data.samples import Samples
from mmbench.errors import BadParameter

__all__ = ["load_classes", "load_modalities"]

Reals: TypeAlias = npt.NDArray[np.float64]
Classes: TypeAlias = npt.NDArray[np.int64]

FAST_FEATURES, SLOW_FEATURES, TAIL_FEATURES = 64, 16, 16
TAIL_CLASSES = 6


def load_modalities(
    seed: int = 0, n: int = 2000, shown: float = 0.85, noise: float = 0.25
) -> Samples:
    """Four classes from a modality that is learned at once and one that takes its time.

    `fast` (n, 64) float32: the code of the class in a share `shown` of the samples and of a class
    drawn at random in the others, with normal noise. It is read linearly, has dimensions enough to
    learn the wrong samples by heart, and generalises to `shown` + (1 − `shown`) / 4 at best.

    `slow` (n, 16) float32: two triples of signs, whose products are the two bits of the class, rotated
    at random, with noise. It tells the class almost surely, but one sign, or two of a triple, tell
    nothing, so that early gradients are small.

    Trained together, `fast` explains the training samples before `slow` is learned, and leaves it
    without a gradient: "modality competition", Huang 2022, ICML, arXiv:2203.12221; Wang 2020,
    CVPR, arXiv:1905.12681. The construction is this project's.

    Args:
        seed: of classes, codes and noise.
        n: number of samples.
        shown: share of samples in which `fast` shows the class on purpose; in [0, 1].
        noise: standard deviation of the features of `slow`; a sign has ±1.

    Raises:
        BadParameter: if the share is out of range.

    """
    _expect_share("shown", shown)
    rng = np.random.default_rng(seed)
    classes = rng.permutation(np.arange(n) % 4)
    strayed = np.where(rng.random(n) < shown, classes, rng.integers(0, 4, n))
    signs = np.concatenate([_signs(classes >> 1, rng), _signs(classes & 1, rng)], axis=1)
    slow = signs @ _codes(SLOW_FEATURES, rng)[: signs.shape[1]]
    return Samples(
        {
            "fast": _noisy(_codes(FAST_FEATURES, rng)[strayed], 0.2, rng),
            "slow": _noisy(slow, noise, rng),
        },
        targets=classes,
        target_names=("0", "1", "2", "3"),
    )


def load_classes(seed: int = 0, n: int = 2000, ratio: float = 20.0, share: float = 0.2) -> Samples:
    """Six long-tailed classes; the modality that tells them well is there in few samples.

    Class k has a share of samples that falls exponentially, the first `ratio` times as many as the last
    (the tail of Cui 2019, CVPR, arXiv:1901.05555). `common` (n, 16) float32 is always there, with
    noise that confuses rare classes with frequent ones; `scarce` (n, 16) is present, at random, in a
    share `share` of each class, and nearly free of noise.

    Args:
        seed: of order, codes, noise and presence.
        n: number of samples.
        ratio: size of the largest class over that of the smallest; at least 1.
        share: of samples with `scarce`; in [0, 1].

    Raises:
        BadParameter: if ratio or share are out of range, or n too small for the ratio.

    """
    _expect_share("share", share)
    if not ratio >= 1:
        raise BadParameter(f"Expected a ratio of at least 1. Found {ratio}.")
    rng = np.random.default_rng(seed)
    sizes = _tail(n, ratio)
    if sizes[-1] == 0:
        raise BadParameter(
            f"Expected a sample of every class. Found none of the last of {n}. Raise n or lower ratio."
        )
    classes = rng.permutation(np.repeat(np.arange(TAIL_CLASSES), sizes))
    here = rng.random(n) < share
    scarce = _noisy(_codes(TAIL_FEATURES, rng)[classes], 0.15, rng)
    return Samples(
        {
            "common": _noisy(_codes(TAIL_FEATURES, rng)[classes], 0.5, rng),
            "scarce": np.where(here[:, None], scarce, np.float32(0)),
        },
        targets=classes,
        target_names=tuple(map(str, range(TAIL_CLASSES))),
        present={"scarce": here},
    )


def _signs(bit: Classes, rng: np.random.Generator) -> Reals:
    """(n, 3) of ±1 whose product is −1 where the bit is 1, and which are otherwise random."""
    free = rng.choice([-1.0, 1.0], (len(bit), 2))
    return np.column_stack([free, free.prod(axis=1) * (1 - 2 * bit)])


def _codes(size: int, rng: np.random.Generator) -> Reals:
    """Rows of a random rotation: codes of length 1, all equally far apart."""
    rotation: Reals = np.linalg.qr(rng.normal(size=(size, size)))[0]
    return rotation


def _noisy(values: Reals, noise: float, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    blurred = values + noise * rng.normal(size=values.shape)
    return blurred.astype(np.float32)


def _tail(n: int, ratio: float) -> Classes:
    """Sizes of the classes, which sum to n; the rounding's rest goes to the first."""
    shares = ratio ** (-np.arange(TAIL_CLASSES) / (TAIL_CLASSES - 1))
    sizes: Classes = np.floor(n * shares / shares.sum()).astype(np.int64)
    sizes[0] += n - sizes.sum()
    return sizes


def _expect_share(name: str, share: float) -> None:
    if not 0 <= share <= 1:
        raise BadParameter(f"Expected {name} in [0, 1]. Found {share}.")
