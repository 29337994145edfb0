from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench.errors import DataError
from mmbench_encoders.pretrained.backbones import load_model
from mmbench_encoders.pretrained.texts import TextReader
from mmbench_encoders.pretrained.tiny import tiny


@pytest.mark.parametrize("kind", ["audio", "image", "text"])
def test_weights_are_the_same_on_every_machine(kind, session_cache, tmp_path, monkeypatch):
    monkeypatch.setenv("MMBENCH_CACHE", str(session_cache))
    one = load_model(tiny(kind), kind).state_dict()
    monkeypatch.setenv("MMBENCH_CACHE", str(tmp_path))
    torch.manual_seed(7)
    other = load_model(tiny(kind), kind).state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_callers_random_numbers_stay_as_they_were(fresh_cache):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    tiny("text")
    assert torch.equal(torch.rand(1), expected)


def test_the_tokenizer_knows_letters_and_the_model_all_its_ids():
    reader = TextReader(tiny("text"))
    ids = reader.read(np.array(["Ab 1!"], dtype=object), None).values[0].tolist()
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    expected = [2, 5 + letters.index("a"), ids[2], 5 + letters.index("1"), ids[4], 3]
    assert ids == expected
    assert 5 + len(letters) <= max(ids) < reader.vocabulary
    assert load_model(tiny("text"), "text").config.vocab_size == reader.vocabulary


def test_no_other_kind_has_one():
    with pytest.raises(DataError, match="Found tabular"):
        tiny("tabular")
