"""MMSA pickles: the text, voice and face of a clip, each with its own time base, and how it was judged.

Each is a pickle of `{train, valid, test: {…}}` with features `text`, `audio` and `vision` (N, T, D), the
words as `raw_text`, `id` as `video$_$clip`, `regression_labels` and `classification_labels`. Loading one
gives all four inputs; a dataset registers one of the two texts. What this project chose:

- Series are padded at their end. How long they are is said by the mask in `text_bert`, `audio_lengths` and
  `vision_lengths`; where a file has not got these, as aligned files, a series ends with its last step that
  is not all zero. A series without a step is absent.
- −∞ in `audio`, the logarithm of silence, becomes 0. Whatever else is not finite is a problem.
- `groups` are the videos that clips were cut from. The file's own split is kept.

Paper: Mao 2022, ACL System Demonstrations, arXiv:2203.12441.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench.errors import BadParameter
from mmbench_datasets.formats.arrays import Checks, only_file
from mmbench_datasets.formats.parts import Part, features, read_parts, sentiment, videos

__all__ = ["mosi_classes", "mosi_sentiment", "sims_classes", "sims_sentiment"]

_SERIES = ("text", "audio", "vision")
_CLASSES = ("negative", "neutral", "positive")
_JUDGES = {"": "", "text": "_T", "audio": "_A", "vision": "_V"}


def mosi_sentiment(root: Path, problems: Problems) -> Samples | None:
    """MOSI or MOSEI, sentiment in [−3, 3], from `aligned_50.pkl` or the file that is the root."""
    return _read(problems, "aligned_50.pkl", "regression_labels", limit=3)


def mosi_classes(root: Path, problems: Problems) -> Samples | None:
    """The same; negative, neutral or positive."""
    return _read(problems, "aligned_50.pkl", "classification_labels")


def sims_sentiment(root: Path, problems: Problems, judged: str = "") -> Samples | None:
    """CH-SIMS, sentiment in [−1, 1], from `unaligned_39.pkl` or the file that is the root.

    It was judged from the whole clip, and from each modality alone: `judged` is text, audio or vision.

    Paper: Yu 2020, ACL.

    Raises:
        BadParameter: if nobody judged that.

    """
    if judged not in _JUDGES:
        raise BadParameter(f"Expected `judged` to be text, audio or vision. Found {judged!r}.")
    return _read(problems, "unaligned_39.pkl", f"regression_labels{_JUDGES[judged]}", limit=1)


def sims_classes(root: Path, problems: Problems) -> Samples | None:
    """The same; negative, neutral or positive."""
    return _read(problems, "unaligned_39.pkl", "classification_labels")


def _read(problems: Problems, name: str, labels: str, limit: int = 0) -> Samples | None:
    path = only_file(problems, name)
    if path is None:
        return None
    held = read_parts(Checks(problems, path), partial(_part, labels, limit))
    if held is None:
        return None
    lengths = {name: held[f"{name}_lengths"] for name in _SERIES}
    return Samples(
        {name: held[name] for name in (*_SERIES, "raw_text")},
        targets=held[labels],
        target_names=("sentiment",) if limit else _CLASSES,
        groups=held["id"],
        lengths=lengths,
        present={name: count > 0 for name, count in lengths.items() if not count.all()},
        split=held["split"],
    )


def _part(labels: str, limit: int, checks: Checks, part: str, content: Any) -> Part | None:
    held = checks.fields(part, content, (*_SERIES, "raw_text", "id", labels))
    if held is None:
        return None
    read: dict[str, npt.NDArray[Any] | None] = {}
    for name in _SERIES:
        read[name] = features(checks, f"{part}.{name}", held[name], "D")
    read["raw_text"] = _texts(checks, f"{part}.raw_text", held["raw_text"])
    read["id"] = videos(checks, f"{part}.id", held["id"])
    field, judged = f"{part}.{labels}", held[labels]
    read[labels] = (
        sentiment(checks, field, judged, limit)
        if limit
        else checks.classes(field, judged, len(_CLASSES))
    )
    sound = {name: array for name, array in read.items() if array is not None}
    if len(sound) < len(read):
        return None
    for name in _SERIES:
        found = _lengths(checks, part, held, name, sound[name])
        if found is None:
            return None
        sound[f"{name}_lengths"] = found
    counted = {f"{part}.{name}": array for name, array in sound.items()}
    return sound if checks.as_long(counted) else None


def _texts(checks: Checks, field: str, value: Any) -> npt.NDArray[np.object_] | None:
    texts = list(value) if isinstance(value, list | tuple | np.ndarray) else [None]
    odd = np.array([not isinstance(text, str) for text in texts], dtype=bool)
    return np.array(texts, dtype=object) if checks.rows(field, "a text", odd) else None


def _lengths(
    checks: Checks, part: str, held: Mapping[str, Any], name: str, series: npt.NDArray[Any]
) -> npt.NDArray[np.int64] | None:
    """How many steps of each series (N, T, D) are real."""
    steps = series.shape[1]
    if name == "text" and "text_bert" in held:
        field = f"{part}.text_bert"
        coded = checks.numbers(field, held["text_bert"], ("N", 3, steps))
        found = None if coded is None else coded[:, 1].sum(axis=1)
    elif f"{name}_lengths" in held:
        field = f"{part}.{name}_lengths"
        found = checks.column(field, held[f"{name}_lengths"])
    else:
        real = (series != 0).any(axis=2)
        return np.where(real.any(axis=1), steps - real[:, ::-1].argmax(axis=1), 0)
    if found is None:
        return None
    outside = ~np.isin(found, np.arange(steps + 1))
    fine = checks.rows(field, f"a whole number of steps from 0 to {steps}", outside)
    return found.astype(np.int64) if fine else None
