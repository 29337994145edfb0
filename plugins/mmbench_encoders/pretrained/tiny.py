"""The architectures of the packaged models, tiny and with random weights, for where there are none."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import torch

from mmbench.errors import DataError
from mmbench_encoders.pretrained.folders import cache_folder, written_once
from mmbench_encoders.pretrained.huggingface import quiet, transformers

__all__ = ["tiny"]

_VERSION = 1
_WIDTH = 32
_SIZES = {"hidden_size": _WIDTH, "num_hidden_layers": 2, "num_attention_heads": 2}
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def tiny(kind: str) -> Path:
    """A BERT for `text`, a DINOv2 for `image`, a Whisper for `audio`: 32 wide, two blocks, seed 0.

    They have learned nothing: they are for trying out what a pretrained model would be used for, and for
    tests. Written to the cache folder once.
    """
    write = {"audio": _whisper, "image": _dinov2, "text": _bert}.get(kind)
    if write is None:
        raise DataError(f"Expected text, images or audio. Found {kind}.")
    return written_once(cache_folder() / "models" / f"tiny-{kind}-{_VERSION}", write)


def _bert(folder: Path) -> None:
    """Reads letters, as parts of words."""
    letters = string.ascii_lowercase + string.digits + string.punctuation
    entries = [*_SPECIAL, *letters, *(f"##{letter}" for letter in letters)]
    vocabulary = {entry: place for place, entry in enumerate(entries)}
    library = transformers()
    library.BertTokenizer(vocab=vocabulary, do_lower_case=True).save_pretrained(folder)
    config = library.BertConfig(vocab_size=len(entries), intermediate_size=2 * _WIDTH, **_SIZES)
    _save(library.BertModel, config, folder)


def _dinov2(folder: Path) -> None:
    library = transformers()
    config = library.Dinov2Config(image_size=28, patch_size=7, mlp_ratio=2, **_SIZES)
    _save(library.Dinov2Model, config, folder)
    processor = {"size": {"height": 28, "width": 28}, "do_normalize": False}
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))


def _whisper(folder: Path) -> None:
    library = transformers()
    library.WhisperFeatureExtractor(feature_size=20).save_pretrained(folder)
    config = library.WhisperConfig(
        vocab_size=4,
        num_mel_bins=20,
        d_model=_WIDTH,
        encoder_layers=2,
        encoder_attention_heads=2,
        encoder_ffn_dim=2 * _WIDTH,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=2 * _WIDTH,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=3,
    )
    _save(library.WhisperModel, config, folder)


def _save(architecture: Any, config: Any, folder: Path) -> None:
    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        architecture(config).save_pretrained(folder)
