from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch

from mmbench.errors import DataError
from mmbench_encoders.subwords import PADDING, UNKNOWN, Subwords

TEXTS = np.array(
    [
        "The quick brown fox jumps over the lazy dog",
        "Grinning face with smiling eyes",
        "The face of the fox",
        "Smiling, grinning: the dog's eyes",
        "quick quick quick",
    ]
    * 3
)


def corpus():
    """Words whose pairs have many ties in their counts: an order left to chance would show."""
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefgh"), size=4)) for _ in range(400)]
    return np.array([" ".join(rng.choice(words, size=6)) for _ in range(300)])


def fingerprint():
    ids = Subwords().fit(corpus()).transform(corpus()).values
    return hashlib.sha256(ids.numpy().tobytes()).hexdigest()


def test_two_fits_and_two_processes_give_the_same_ids():
    code = (
        "import runpy, sys; print(runpy.run_path(sys.argv[1], run_name='corpus')['fingerprint']())"
    )
    other = subprocess.run(
        [sys.executable, "-c", code, __file__], capture_output=True, text=True, check=True
    )
    assert fingerprint() == fingerprint() == other.stdout.strip()


def test_ids_are_padded_with_zero_behind_the_mask():
    prepared = Subwords().fit(TEXTS).transform(TEXTS)
    assert prepared.values.dtype == torch.int64
    assert prepared.mask.dtype == torch.bool
    assert prepared.values.shape == prepared.mask.shape
    assert ((prepared.values == PADDING) == ~prepared.mask).all()
    assert (prepared.mask.int().diff(dim=1) <= 0).all()


def test_the_specification_is_what_the_encoder_is_given():
    subwords = Subwords().fit(TEXTS)
    ids = subwords.transform(TEXTS).values
    assert subwords.spec.shape == ids.shape[1:]
    assert ids.max() < subwords.spec.vocabulary <= 4000


def test_the_length_is_the_95th_percentile_of_the_training_part_and_at_most_32():
    short = np.array(["a"] * 95 + ["a " * 20] * 5)
    assert Subwords().fit(short).spec.shape[0] < 20
    long = np.array(["word " * 100] * 10)
    subwords = Subwords().fit(long)
    assert subwords.spec.shape == (32,)
    assert subwords.transform(long).mask.all()


def test_only_the_training_texts_count():
    subwords = Subwords().fit(TEXTS)
    before = subwords.transform(TEXTS).values
    subwords.transform(np.array(["something else entirely"]))
    assert torch.equal(before, subwords.transform(TEXTS).values)


def test_case_and_unicode_form_do_not_matter():
    subwords = Subwords().fit(np.array(["café fine"] * 3))
    ids = subwords.transform(np.array(["CAFE\u0301 \ufb01ne", "café fine"])).values
    assert torch.equal(ids[0], ids[1])
    assert not (ids == UNKNOWN).any()


def test_unknown_characters_are_one_unknown_token_and_known_ones_stay_known():
    subwords = Subwords().fit(TEXTS)
    ids = subwords.transform(np.array(["東京", "xqz", "dog東京"])).values
    assert (ids == UNKNOWN).sum(dim=1).tolist() == [1, 0, 1]


def test_a_text_that_spells_padding_is_text_also_after_pickling():
    subwords = Subwords().fit(np.array(["[pad] [unk] pad unk"] * 3))
    for fitted in (subwords, pickle.loads(pickle.dumps(subwords))):
        prepared = fitted.transform(np.array(["[pad]", "[unk]"]))
        assert not (prepared.values[prepared.mask] <= UNKNOWN).any()


@pytest.mark.parametrize("texts", [TEXTS, TEXTS.astype(object)], ids=["str", "object"])
def test_an_empty_text_has_no_real_step(texts):
    texts = texts.copy()
    texts[1] = "  "
    mask = Subwords().fit(texts).transform(texts).mask
    assert mask.any(dim=1).tolist() == [True, False] + [True] * 13


def test_nothing_but_empty_texts_can_be_fitted():
    subwords = Subwords().fit(np.array(["", ""]))
    assert subwords.spec.shape == (1,)
    assert not subwords.transform(np.array(["", "new"])).mask[0].any()


@pytest.mark.parametrize("bad", [None, float("nan"), 3])
def test_a_value_that_is_not_a_string_is_named(bad):
    with pytest.raises(DataError, match=rf"array of strings.*Found {bad} at sample 1"):
        Subwords().fit(np.array(["a", bad], dtype=object))
