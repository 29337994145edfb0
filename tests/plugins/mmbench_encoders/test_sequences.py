from __future__ import annotations

import numpy as np
import torch

from mmbench.data.preparation import Standardise
from mmbench_encoders.sequences import Sequences
from mmbench_encoders.subwords import Subwords


def test_strings_become_subwords():
    texts = np.array(["one two", "two three"] * 3)
    sequences, subwords = Sequences().fit(texts), Subwords().fit(texts)
    assert sequences.spec == subwords.spec
    assert torch.equal(sequences.transform(texts).values, subwords.transform(texts).values)


def test_numbers_are_standardised_with_their_mask():
    series = np.random.default_rng(0).normal(3, 2, size=(5, 4, 2))
    mask = np.arange(4) < np.array([1, 2, 3, 4, 4])[:, None]
    sequences, standardise = Sequences().fit(series, mask), Standardise().fit(series, mask)
    assert sequences.spec == standardise.spec
    found, expected = sequences.transform(series, mask), standardise.transform(series, mask)
    assert torch.equal(found.values, expected.values)
    assert torch.equal(found.mask, expected.mask)
