"""Modalities that are missing in training and test, by each mechanism of Rubin 1976."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mmbench.data.samples import Samples
from mmbench.errors import BadParameter

__all__ = ["load_mar", "load_mcar", "load_mnar"]

FEATURES = 16
NOISE = 0.35
STEEPNESS = 3.0
"""Slope from a cause, in its standard deviations, to the log-odds of being absent."""

Reals: TypeAlias = npt.NDArray[np.float64]

_SHOWN = {"a": (0, 1), "b": (1, 2), "c": (2, 0)}
"""Modality -> the bits of the class that it shows."""


def load_mcar(seed: int = 0, n: int = 2000, rate: float = 0.3) -> Samples:
    """Missing completely at random: what is absent depends on nothing.

    The class is three bits. Modality `a` shows the first and second, `b` the second and third, `c`
    the third and first, each as (n, 16) float32: a code and normal noise. So any two
    modalities know the class and one leaves a bit open. `a` is always there; `b` and `c` are
    each absent in a share `rate` of the samples, and zeros there. In all three datasets of this
    file only the cause of absence differs: the values of one seed are the same.

    Paper: Rubin 1976, Biometrika 63(3), doi:10.1093/biomet/63.3.581.

    Args:
        seed: of classes, codes, noise and absence.
        n: number of samples.
        rate: share of samples without `b`, and of those without `c`; in [0, 1).

    Raises:
        BadParameter: if the rate is out of range.

    """
    return _load(seed, n, rate, {"b": "", "c": ""})


def load_mar(seed: int = 0, n: int = 2000, rate: float = 0.3) -> Samples:
    """Missing at random: `b` and `c` are absent where the first feature of `a`, which is seen, is high.

    Given `a`, absence says nothing more about what is missing. See `load_mcar`.
    """
    return _load(seed, n, rate, {"b": "a", "c": "a"})


def load_mnar(seed: int = 0, n: int = 2000, rate: float = 0.3) -> Samples:
    """Missing not at random: `b` and `c` are absent where their own first feature, unseen, is high.

    So absence itself tells something about the class. See `load_mcar`.
    """
    return _load(seed, n, rate, {"b": "b", "c": "c"})


def _load(seed: int, n: int, rate: float, causes: Mapping[str, str]) -> Samples:
    """Samples whose modality m, a key of `causes`, is absent because of `causes[m]`, or of nothing."""
    if not 0 <= rate < 1:
        raise BadParameter(f"Expected a rate in [0, 1). Found {rate}.")
    classes, values = _complete(np.random.default_rng([seed, 0]), n)
    rng = np.random.default_rng([seed, 1])
    present = {
        name: ~_absent(values[cause][:, 0] if cause else np.zeros(n), rate, rng)
        for name, cause in causes.items()
    }
    inputs = {
        name: np.where(present[name][:, None], x, 0.0) if name in present else x
        for name, x in values.items()
    }
    return Samples(
        {name: x.astype(np.float32) for name, x in inputs.items()},
        targets=classes,
        target_names=tuple("".join(map(str, bits)) for bits in product((0, 1), repeat=3)),
        present=present,
    )


def _complete(rng: np.random.Generator, n: int) -> tuple[npt.NDArray[np.int64], dict[str, Reals]]:
    """Classes (n,) and, before anything is lost, the values of every modality."""
    classes = rng.permutation(np.arange(n) % 8)
    bits = np.stack([classes >> 2 & 1, classes >> 1 & 1, classes & 1])
    values = {}
    for name, (first, second) in _SHOWN.items():
        codes = np.linalg.qr(rng.normal(size=(FEATURES, FEATURES)))[0]
        states = 2 * bits[first] + bits[second]
        values[name] = codes[states] + NOISE * rng.normal(size=(n, FEATURES))
    return classes, values


def _absent(cause: Reals, rate: float, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """A share `rate` of the samples (n,), those with a high cause by a logistic model.

    A sample above a threshold on cause plus logistic noise is a draw of a logistic regression on
    the cause; the threshold that leaves the share exactly right needs no search.
    """
    spread = cause.std()
    scores = STEEPNESS * (cause - cause.mean()) / (spread if spread > 0 else 1.0)
    order = np.argsort(scores + rng.logistic(size=len(cause)))
    absent = np.zeros(len(cause), dtype=np.bool_)
    absent[order[len(cause) - round(rate * len(cause)) :]] = True
    return absent
