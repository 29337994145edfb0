"""Telephone prompts: what a voice says, and how it is written.

What is left out, and why:

- A file's name says what it is about ("vm-goodbye"), so it gives the topic and is never an input.
- Remarks in brackets, such as "[@]" or "(1 second of silence)", are not spoken. What is nothing but
  a remark (silence and beeps, 12 of 549) is no prompt.
- Speech after the first 4 s, which every eighth prompt has, is cut off; its text is not.
"""

from __future__ import annotations

import importlib
import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmbench.data.samples import Samples
from mmbench.errors import BadParameter
from mmbench_datasets.files import DATA
from mmbench_datasets.log_mel import log_mel
from mmbench_datasets.padding import padded

__all__ = ["TOPICS", "load_retrieval", "load_topic"]

RATE = 8000
LONGEST = 4 * RATE
TOPICS = {
    "conf-": "conference",
    "confbridge-": "conference",
    "digits/": "number",
    "letters/": "letter",
    "phonetic/": "spelling word",
    "vm-": "voicemail",
}
"""How a file's name starts -> its topic. Names that start otherwise are of many topics, of none."""

_REMARK = re.compile(r"\[.*?\]|\(.*?\)|<.*?>")


def load_retrieval(features: str = "log_mel") -> Samples:
    """509 prompts, each with words of its own: the speech is to be found by its `text`.

    Of prompts that differ in capitals and punctuation only, the first is kept: a query must
    not have two right answers of which one counts as wrong.

    Args:
        features: `log_mel`: `speech` is a log-mel spectrogram (N, 249, 40) float32 of 32 ms frames every
            16 ms, with `lengths`; `waveform`: (N, 32000, 1) float32 in [−1, 1] at 8 kHz, for an encoder
            that reads sound.

    Raises:
        BadParameter: if there are no such features.

    """
    prompts = _read().drop_duplicates("words")
    return _samples(prompts, features, np.arange(len(prompts)), ())


def load_topic(features: str = "log_mel") -> Samples:
    """374 prompts of five topics: conference, letter, number, spelling word, voicemail.

    `text` and `speech` are those of `load_retrieval`. Words do give topics away: a
    conference's prompts speak of it. Single words, half of the prompts, are new in the test part:
    there the length of the speech and of the word help. Groups keep prompts of the same words together,
    some of which differ in topic.
    """
    prompts = _read().dropna(subset=["topic"])
    names, topics = np.unique(prompts["topic"].to_numpy(dtype=str), return_inverse=True)
    groups = np.unique(prompts["words"].to_numpy(dtype=str), return_inverse=True)[1]
    return _samples(prompts, features, topics, tuple(names.tolist()), groups)


def _read() -> pd.DataFrame:
    """Prompts with their `text`, `words` (the text in small letters without punctuation) and `topic`."""
    table = pd.read_csv(DATA / "prompts.csv", keep_default_na=False)
    table["text"] = [_REMARK.sub("", text).strip() for text in table["transcript"]]
    table["words"] = [" ".join(re.findall(r"[a-z0-9]+", text.lower())) for text in table["text"]]
    table["topic"] = [_topic(name) for name in table["name"]]
    return table[table["words"] != ""]


def _topic(name: str) -> str | None:
    return next((topic for start, topic in TOPICS.items() if name.startswith(start)), None)


def _samples(
    prompts: pd.DataFrame,
    features: str,
    targets: npt.NDArray[np.integer],
    names: tuple[str, ...],
    groups: npt.NDArray[np.integer] | None = None,
) -> Samples:
    if features not in ("log_mel", "waveform"):
        raise BadParameter(f"Expected features to be log_mel or waveform. Found {features!r}.")
    clips = _clips(prompts)
    speech, lengths = padded(
        [log_mel(clip, RATE) if features == "log_mel" else clip[:, None] for clip in clips]
    )
    return Samples(
        {"speech": speech, "text": prompts["text"].to_numpy(dtype=object)},
        targets=targets.astype(np.int64),
        target_names=names,
        groups=groups,
        lengths={"speech": lengths},
    )


def _clips(prompts: pd.DataFrame) -> list[npt.NDArray[Any]]:
    """Up to 4 s of sound of each prompt: (T,) in [−1, 1]."""
    soundfile = importlib.import_module("soundfile")  # of the extra `formats`
    sound, _ = soundfile.read(DATA / "prompts.ogg", dtype="float32")
    places = zip(prompts["start_sample"], prompts["n_samples"], strict=True)
    return [sound[start : start + min(length, LONGEST)] for start, length in places]
