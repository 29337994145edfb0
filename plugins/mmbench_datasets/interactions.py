"""Two modalities whose interactions are known in bits: redundancy, uniqueness, synergy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mmbench.data.samples import Samples
from mmbench.errors import BadParameter, unknown

__all__ = [
    "INTERACTIONS",
    "Interaction",
    "latents",
    "load_mixed",
    "load_redundancy",
    "load_synergy",
    "load_unique",
    "truth",
]

FEATURES = 16
Latents: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Interaction:
    """A joint distribution of a latent of modality a, one of modality b, and the class.

    The decomposition is that of Bertschinger 2014, Entropy 16(4), arXiv:1311.2839, which Liang 2023
    takes up for modalities.

    Attributes:
        cells: (latent of a, latent of b, class), all equally likely.
        redundancy: bits about the class that a and b share.
        unique_a: bits that only a has.
        unique_b: bits that only b has.
        synergy: bits that neither has and both together have.

    """

    cells: tuple[tuple[int, int, int], ...]
    redundancy: float = 0.0
    unique_a: float = 0.0
    unique_b: float = 0.0
    synergy: float = 0.0


INTERACTIONS: Mapping[str, Interaction] = {
    "redundancy": Interaction(tuple((s, s, s) for s in range(4)), redundancy=2),
    "unique": Interaction(
        tuple((u, v, 2 * u + v) for u, v in product(range(2), repeat=2)), unique_a=1, unique_b=1
    ),
    "synergy": Interaction(
        tuple((p, q, (p + q) % 4) for p, q in product(range(4), repeat=2)), synergy=2
    ),
    "mixed": Interaction(
        tuple(
            (4 * s + 2 * u + p, 4 * s + 2 * v + q, 8 * s + 4 * u + 2 * v + (p ^ q))
            for s, u, v, p, q in product(range(2), repeat=5)
        ),
        redundancy=1,
        unique_a=1,
        unique_b=1,
        synergy=1,
    ),
}
"""Shared sources are s, those of one modality u and v; p and q say nothing alone."""


def truth(name: str) -> dict[str, float]:
    """Bits of `redundancy`, `unique_a`, `unique_b` and `synergy` of an interaction's latents.

    Raises:
        UnknownName: if there is no such interaction.

    """
    found = _interaction(name)
    return {
        "redundancy": found.redundancy,
        "unique_a": found.unique_a,
        "unique_b": found.unique_b,
        "synergy": found.synergy,
    }


def latents(name: str, seed: int = 0, n: int = 2000) -> tuple[Latents, Latents, Latents]:
    """Latents of a and of b and classes of n samples, each (n,), in random order.

    The cells are dealt evenly: where their number divides n, the samples' frequencies are the
    distribution itself, and an estimate can be held against `truth` without sampling error.

    Raises:
        UnknownName: if there is no such interaction.
        BadParameter: if there are fewer samples than cells.

    """
    cells = np.array(_interaction(name).cells)
    if n < len(cells):
        raise BadParameter(f"Expected n to be at least {len(cells)}, a sample a cell. Found {n}.")
    dealt = np.random.default_rng([seed, 0]).permutation(np.arange(n) % len(cells))
    a, b, classes = cells[dealt].T
    return a, b, classes


def load_redundancy(seed: int = 0, n: int = 2000, noise: float = 0.15) -> Samples:
    """Both modalities show the class (2 bits): each alone suffices. See `load_synergy`."""
    return _load("redundancy", seed, n, noise)


def load_unique(seed: int = 0, n: int = 2000, noise: float = 0.15) -> Samples:
    """Each modality shows half of the class (1 bit each): their decisions add up. See `load_synergy`."""
    return _load("unique", seed, n, noise)


def load_synergy(seed: int = 0, n: int = 2000, noise: float = 0.15) -> Samples:
    """The class is the sum of two latents modulo 4 (2 bits): either alone says nothing.

    It is the exclusive or with four symbols instead of two. Given one latent all four classes stay
    equally likely, and the best sum of a score of a and a score of b, by cross-entropy, is the
    uniform prediction: only a fusion that multiplies modalities, in some form, is above chance.

    Modalities `a` and `b` are (n, 16) float32: a latent's code and normal noise. Codes are rows of a
    random rotation, so all are equally far apart, √2. A linear model reads a latent with
    an error of about 1 % at the default noise: what is hard is the interaction, not the reading.

    Args:
        seed: of latents, codes and noise.
        n: number of samples.
        noise: standard deviation of each feature around its code.

    Raises:
        BadParameter: if there are too few samples.

    """
    return _load("synergy", seed, n, noise)


def load_mixed(seed: int = 0, n: int = 2000, noise: float = 0.15) -> Samples:
    """One bit each of redundancy, uniqueness of a and of b, and synergy: 16 classes.

    The accuracy tells what was fused: 1/4 is the most that one modality gives, 1/2 all but the
    synergy, 1 everything. See `load_synergy`.
    """
    return _load("mixed", seed, n, noise)


def _load(name: str, seed: int, n: int, noise: float) -> Samples:
    a, b, classes = latents(name, seed, n)
    rng = np.random.default_rng([seed, 1])
    return Samples(
        {"a": _coded(a, noise, rng), "b": _coded(b, noise, rng)},
        targets=classes,
        target_names=tuple(str(label) for label in range(classes.max() + 1)),
    )


def _coded(latent: Latents, noise: float, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Each sample's row of a random rotation, and noise: (n, 16)."""
    codes = np.linalg.qr(rng.normal(size=(FEATURES, FEATURES)))[0]
    blurred = codes[latent] + noise * rng.normal(size=(len(latent), FEATURES))
    return blurred.astype(np.float32)


def _interaction(name: str) -> Interaction:
    if name not in INTERACTIONS:
        raise unknown("interaction", name, INTERACTIONS)
    return INTERACTIONS[name]
