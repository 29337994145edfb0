"""Affect pickles: the words, voice and face of a clip on one time base, and how it was judged.

The six files are those that MultiBench distributes, under their names. Each is a pickle of
`{train, valid, test: {vision, audio, text, labels, id}}` with features (N, T, D), a step a word, padded on
the left. Loading one gives `text`, `audio` and `vision` (N, T, D) float32, for which this project chose:

- A clip begins, in all three, with the first word whose text features are not all zero. What was before
  it is zeros behind the last word, and `lengths` says how many steps are real.
- A clip without such a word is left out; how many were is logged.
- −∞ in `audio`, the logarithm of silence, becomes 0. Whatever else is not finite is a problem.
- `groups` are the videos that clips were cut from. The files' own split is kept.

Paper of the collection: Liang 2021, NeurIPS Datasets and Benchmarks, arXiv:2107.07502.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench_datasets.formats.arrays import Checks, only_file
from mmbench_datasets.formats.parts import Part, features, read_parts, sentiment, videos

__all__ = ["humor", "mosei_raw", "mosei_senti_data", "mosi_data", "mosi_raw", "sarcasm"]

_Sizes: TypeAlias = Mapping[str, int]
_Targets: TypeAlias = Callable[[Checks, str, Any], npt.NDArray[Any] | None]


def mosi_raw(root: Path, problems: Problems) -> Samples | None:
    """CMU-MOSI, sentiment in [−3, 3]: 35 features of the face, 74 of the voice, 300 of the word.

    Paper: Zadeh 2016, IEEE Intelligent Systems 31(6), arXiv:1606.06259.
    """
    return _read(problems, "mosi_raw", {"vision": 35, "audio": 74, "text": 300})


def mosi_data(root: Path, problems: Problems) -> Samples | None:
    """CMU-MOSI, sentiment in [−3, 3]: 20 features of the face, 5 of the voice, 300 of the word."""
    return _read(problems, "mosi_data", {"vision": 20, "audio": 5, "text": 300})


def mosei_raw(root: Path, problems: Problems) -> Samples | None:
    """CMU-MOSEI, sentiment in [−3, 3]: 713 features of the face, 74 of the voice, 300 of the word.

    Paper: Zadeh 2018, ACL, doi:10.18653/v1/P18-1208.
    """
    return _read(problems, "mosei_raw", {"vision": 713, "audio": 74, "text": 300})


def mosei_senti_data(root: Path, problems: Problems) -> Samples | None:
    """CMU-MOSEI, sentiment in [−3, 3]: 35 features of the face, 74 of the voice, 300 of the word."""
    return _read(problems, "mosei_senti_data", {"vision": 35, "audio": 74, "text": 300})


def sarcasm(root: Path, problems: Problems) -> Samples | None:
    """MUStARD, sarcastic or not: 371 features of the face, 81 of the voice, 300 of the word.

    Paper: Castro 2019, ACL, arXiv:1906.01815.
    """
    sizes = {"vision": 371, "audio": 81, "text": 300}
    return _read(problems, "sarcasm", sizes, ("not sarcastic", "sarcastic"))


def humor(root: Path, problems: Problems) -> Samples | None:
    """UR-FUNNY, humorous or not: 371 features of the face, 81 of the voice, 300 of the word.

    Paper: Hasan 2019, EMNLP, arXiv:1904.06618.
    """
    sizes = {"vision": 371, "audio": 81, "text": 300}
    return _read(problems, "humor", sizes, ("not humorous", "humorous"))


def _read(
    problems: Problems, name: str, sizes: _Sizes, classes: tuple[str, ...] = ()
) -> Samples | None:
    path = only_file(problems, f"{name}.pkl")
    if path is None:
        return None
    targets = _yes_or_no if classes else partial(sentiment, limit=3)
    held = read_parts(Checks(problems, path), partial(_part, sizes, targets))
    if held is None:
        return None
    return Samples(
        {modality: held[modality] for modality in sizes},
        targets=held["labels"],
        target_names=classes or ("sentiment",),
        groups=held["id"],
        lengths=dict.fromkeys(sizes, held["lengths"]),
        split=held["split"],
    )


def _part(sizes: _Sizes, targets: _Targets, checks: Checks, part: str, content: Any) -> Part | None:
    held = checks.fields(part, content, (*sizes, "labels", "id"))
    if held is None:
        return None
    read: dict[str, npt.NDArray[Any] | None] = {
        name: features(checks, f"{part}.{name}", held[name], size) for name, size in sizes.items()
    }
    read["labels"] = targets(checks, f"{part}.labels", held["labels"])
    read["id"] = videos(checks, f"{part}.id", held["id"])
    sound = {name: array for name, array in read.items() if array is not None}
    if len(sound) < len(read) or not _belong_together(checks, part, sizes, sound):
        return None
    spoken = (sound["text"] != 0).any(axis=(1, 2))
    if not spoken.all():
        checks.problems.note(
            checks.file, f"{part}: {(~spoken).sum()} clips without a word left out"
        )
    moved, lengths = _pad_right({name: sound[name][spoken] for name in sizes})
    about = {name: sound[name][spoken] for name in ("labels", "id")}
    return {**moved, **about, "lengths": lengths}


def _belong_together(checks: Checks, part: str, sizes: _Sizes, held: Part) -> bool:
    """Whether there is one row of each a clip, and one step of each modality a word."""
    rows = checks.as_long({f"{part}.{name}": array for name, array in held.items()})
    steps = {name: held[name].shape[1] for name in sizes}
    found = ", ".join(f"{count} steps of {name}" for name, count in steps.items())
    one_base = len(set(steps.values())) == 1
    return checks.problems.require(one_base, checks.file, part, "one time base", found) and rows


def _pad_right(held: Part) -> tuple[Part, npt.NDArray[np.int64]]:
    """Features with the steps before the first word moved behind the last, as zeros; the lengths."""
    words = (held["text"] != 0).any(axis=2)
    first, steps = words.argmax(axis=1)[:, None], np.arange(words.shape[1])
    order, lengths = (steps + first) % len(steps), len(steps) - first
    real = (steps < lengths)[:, :, None]
    moved = {
        name: np.where(real, np.take_along_axis(array, order[:, :, None], axis=1), 0)
        for name, array in held.items()
    }
    return moved, lengths[:, 0]


def _yes_or_no(checks: Checks, field: str, value: Any) -> npt.NDArray[np.int64] | None:
    """Labels that are 1 for yes, and 0 or −1 for no."""
    labels = checks.column(field, value)
    if labels is None or not checks.rows(field, "1, 0 or -1", ~np.isin(labels, (-1, 0, 1))):
        return None
    return np.equal(labels, 1).astype(np.int64)
