"""One split per (dataset, seed): the same for every method, and hashed into every record."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit, StratifiedShuffleSplit

from mmbench.data.samples import PARTS, Samples
from mmbench.errors import DataError
from mmbench.seeding import derive

__all__ = ["Split", "make_split"]

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.2
Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Indices of the samples in each part, in an order drawn by the seed."""

    train: Index
    validation: Index
    test: Index

    @property
    def hash(self) -> str:
        """SHA-256 of the parts' indices, shortened to 16 digits."""
        state = hashlib.sha256()
        for part in (self.train, self.validation, self.test):
            state.update(part.astype("<i8").tobytes() + b"|")
        return state.hexdigest()[:16]


def make_split(samples: Samples, seed: int, max_train: int, stratify: bool) -> Split:
    """Draw the split of a dataset for a seed: 60 % train, 20 % validation, 20 % test.

    A split that comes with the dataset is kept, and only its order depends on the seed. Groups never
    straddle parts. Classes keep their shares where `stratify` and no groups forbid it.

    Args:
        samples: the whole dataset.
        seed: of the run.
        max_train: training samples, at most; validation and test are cut to half of it, at most.
        stratify: whether targets are classes.

    Raises:
        DataError: if a part would be empty.

    """
    if samples.split is not None:
        parts = [np.flatnonzero(samples.split == part) for part in PARTS]
    else:
        everything = np.arange(len(samples))
        rest, test = _cut(samples, everything, TEST_SHARE, derive(seed, "test"), stratify)
        share = VALIDATION_SHARE / (1 - TEST_SHARE)
        train, validation = _cut(samples, rest, share, derive(seed, "validation"), stratify)
        parts = [train, validation, test]
    limits = (max_train, max(max_train // 2, 1), max(max_train // 2, 1))
    order = np.random.default_rng(derive(seed, "order of samples"))
    cut = [order.permutation(part)[:limit] for part, limit in zip(parts, limits, strict=True)]
    for name, part in zip(PARTS, cut, strict=True):
        if len(part) == 0:
            raise DataError(
                f"Expected every part of the split to hold a sample. Found none in {name!r} of {len(samples)} "
                f"samples. Use a larger dataset, or more groups."
            )
    return Split(*cut)


def _cut(
    samples: Samples, index: Index, share: float, seed: int, stratify: bool
) -> tuple[Index, Index]:
    """Two disjoint parts of `index`, the second with `share` of the samples or groups."""
    random_state = seed % 2**32
    if len(index) < 2:
        raise DataError(f"Expected at least 3 samples to split. Found {len(samples)}.")
    if samples.groups is not None:
        groups = samples.groups[index]
        if len(np.unique(groups)) < 2:
            raise DataError(
                f"Expected at least 3 groups to split by. Found {len(np.unique(samples.groups))}."
            )
        cutter = GroupShuffleSplit(n_splits=1, test_size=share, random_state=random_state)
        kept, held = next(cutter.split(index, groups=groups))
        return index[kept], index[held]
    classes = samples.targets[index]
    enough = stratify and np.unique(classes, return_counts=True)[1].min() >= 2
    if enough and len(np.unique(classes)) <= share * len(index):
        stratified = StratifiedShuffleSplit(n_splits=1, test_size=share, random_state=random_state)
        kept, held = next(stratified.split(index, classes))
    else:
        plain = ShuffleSplit(n_splits=1, test_size=share, random_state=random_state)
        kept, held = next(plain.split(index))
    return index[kept], index[held]
