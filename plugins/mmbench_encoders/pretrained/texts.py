"""Texts to the tokens of a pretrained language model."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mmbench.data.preparation import Prepared
from mmbench.errors import DataError
from mmbench_encoders.pretrained.huggingface import transformers
from mmbench_encoders.pretrained.shorten import shorten

__all__ = ["TextBackbone", "TextReader"]

_MAX_LENGTH = 128

# A worker has one core, and threads that exist before a fork make the library warn after it.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


class TextReader:
    """Strings to ids `(N, T)` of the model's own tokenizer, its special tokens included.

    Texts are cut to 128 subwords. A text without a word has a false mask.
    """

    settings = ()

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _tokenizer(self) -> Any:
        tokenizer = transformers().AutoTokenizer.from_pretrained(
            self._folder, local_files_only=True, trust_remote_code=False
        )
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        return tokenizer

    @property
    def vocabulary(self) -> int:
        return len(self._tokenizer)

    def read(self, values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None) -> Prepared:
        """Ids `(N, T)` int64 and their mask `(N, T)`; T is that of the longest."""
        texts = values.tolist()
        for index, text in enumerate(texts):
            if not isinstance(text, str):
                raise DataError(
                    f"Expected an array of strings, one a sample. Found {text!r} at sample {index}. "
                    f"Pass '' for an unknown text and mark it in `present`."
                )
        limit = min(_MAX_LENGTH, self._tokenizer.model_max_length)
        found = self._tokenizer(
            texts,
            truncation=True,
            max_length=limit,
            padding=True,
            padding_side="right",
            return_tensors="pt",
        )
        written = torch.tensor([bool(text.strip()) for text in texts])
        return Prepared(found["input_ids"], found["attention_mask"].bool() & written[:, None])


class TextBackbone(nn.Module):
    """Ids `(B, T)` and mask `(B, T)` to tokens `(B, T', D)` and mask, T' at most `count`."""

    def __init__(self, model: Any, count: int) -> None:
        super().__init__()
        self.model = model
        self.count = count

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        if mask is None:
            mask = torch.ones_like(x, dtype=torch.bool)
        # A text with nothing to attend to would be NaN.
        seen = mask | ~mask.any(dim=1, keepdim=True)
        found = self.model(input_ids=x, attention_mask=seen.long()).last_hidden_state
        return shorten(found, mask, self.count)
