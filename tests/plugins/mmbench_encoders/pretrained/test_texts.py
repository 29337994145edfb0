from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench.errors import DataError
from mmbench_encoders.pretrained.backbones import load_model
from mmbench_encoders.pretrained.texts import TextBackbone, TextReader
from mmbench_encoders.pretrained.tiny import tiny

TEXTS = np.array(["a cat", "", "two dogs and a bird"], dtype=object)


def test_ids_are_the_tokenizers_and_an_empty_text_has_no_real_step():
    from transformers import AutoTokenizer

    prepared = TextReader(tiny("text")).read(TEXTS, None)
    tokenizer = AutoTokenizer.from_pretrained(tiny("text"))
    for text, ids, real in zip(TEXTS, prepared.values, prepared.mask, strict=True):
        assert ids[real].tolist() == (tokenizer(text)["input_ids"] if text else [])
    assert prepared.values.dtype == torch.int64


def test_long_texts_are_cut_to_128():
    prepared = TextReader(tiny("text")).read(np.array(["word " * 99]), None)
    assert prepared.values.shape == (1, 128)


def test_a_tokenizer_without_padding_pads_with_its_end(tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.WordLevel({"a": 0, "b": 1, "<end>": 2}, unk_token="<end>"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<end>").save_pretrained(tmp_path)
    prepared = TextReader(tmp_path).read(np.array(["a b", "b"]), None)
    assert prepared.values.tolist() == [[0, 1], [1, 2]]
    assert prepared.mask.tolist() == [[True, True], [True, False]]


def test_a_value_that_is_not_a_string_is_named():
    with pytest.raises(DataError, match=r"array of strings.*Found None at sample 1"):
        TextReader(tiny("text")).read(np.array(["a", None], dtype=object), None)


def test_tokens_are_the_models_and_padding_changes_nothing():
    model = load_model(tiny("text"), "text")
    backbone = TextBackbone(model, count=99)
    prepared = TextReader(tiny("text")).read(TEXTS, None)
    noise = torch.where(prepared.mask, prepared.values, 5)
    tokens, mask = backbone(noise, prepared.mask)
    for sample in (0, 2):
        ids = prepared.values[sample][prepared.mask[sample]][None]
        expected = model(input_ids=ids).last_hidden_state[0]
        torch.testing.assert_close(tokens[sample][mask[sample]], expected, atol=1e-5, rtol=1e-5)
    assert not mask[1].any()
    assert tokens.isfinite().all()


def test_tokens_are_shortened():
    ids = torch.randint(4, 50, (2, 20))
    backbone = TextBackbone(load_model(tiny("text"), "text"), count=6)
    tokens, mask = backbone(ids)
    assert tokens.shape == (2, 6, 32)
    whole = backbone.model(input_ids=ids).last_hidden_state
    torch.testing.assert_close(tokens.mean(dim=1), whole.mean(dim=1), atol=1e-5, rtol=1e-5)
    assert mask.all()
