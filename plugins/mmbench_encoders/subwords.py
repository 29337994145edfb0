"""Texts to subword ids, by a vocabulary learned from the training texts."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from mmbench.data.preparation import InputSpec, Prepared
from mmbench.errors import DataError

__all__ = ["PADDING", "UNKNOWN", "Subwords"]

PADDING = 0
UNKNOWN = 1
_SPECIAL = ("[pad]", "[unk]")
_VOCABULARY = 4000
_MAX_LENGTH = 32

# A worker has one core, and threads that exist before a fork make the library warn after it.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


class Subwords:
    """Byte pair encoding of lower-cased, NFKC-normalised texts; Sennrich 2016, arXiv:1508.07909.

    The vocabulary has about 4000 entries, more only where the training texts have more characters
    than that. Id 0 is padding and id 1 a run of characters that the training texts lack. Sequences
    are cut to the 95th percentile of the training lengths, and to 32. A text without a token has a
    false mask.
    """

    def fit(self, values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None = None) -> Subwords:
        """Learn from an array of N strings; a mask is ignored.

        Raises:
            DataError: if a value is not a string.

        """
        texts = _strings(values)
        self._tokenizer = _train(texts)
        lengths = [len(ids) for ids in self._encode(texts)]
        self._length = min(_MAX_LENGTH, max(1, math.ceil(np.percentile(lengths, 95))))
        return self

    def transform(
        self, values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None = None
    ) -> Prepared:
        """Ids `(N, T)` int64 and their mask `(N, T)`."""
        rows = self._encode(_strings(values))
        ids = np.full((len(rows), self._length), PADDING, dtype=np.int64)
        real = np.zeros(ids.shape, dtype=np.bool_)
        for row, tokens in enumerate(rows):
            kept = tokens[: self._length]
            ids[row, : len(kept)] = kept
            real[row, : len(kept)] = True
        return Prepared(torch.from_numpy(ids), torch.from_numpy(real))

    @property
    def spec(self) -> InputSpec:
        return InputSpec((self._length,), vocabulary=self._tokenizer.get_vocab_size())

    def _encode(self, texts: list[str]) -> list[list[int]]:
        # Without this a text that spells "[pad]" would be given the id of padding. Pickling forgets
        # it.
        self._tokenizer.encode_special_tokens = True
        return [encoding.ids for encoding in self._tokenizer.encode_batch(texts)]


def _train(texts: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token=_SPECIAL[UNKNOWN], fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    # The mark of a word's start is a symbol of its own, so that a character is known wherever it
    # stands.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    # No limit_alphabet: the library breaks its ties at random.
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        min_frequency=2,
        special_tokens=list(_SPECIAL),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _strings(values: npt.NDArray[Any]) -> list[str]:
    texts: list[str] = values.tolist()
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(
                f"Expected an array of strings, one a sample. Found {text!r} at sample {index}. "
                f"Pass '' for an unknown text and mark it in `present`."
            )
    return texts
