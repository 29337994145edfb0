from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench.errors import BadParameter
from mmbench_datasets.formats import mmsa

# Real steps of text, audio and vision of each clip.
STEPS = {
    "train": [(4, 7, 3), (6, 0, 5), (1, 9, 5)],
    "valid": [(2, 2, 0), (6, 9, 1)],
    "test": [(3, 1, 2)],
}
ROOM = (6, 9, 5)
SPLIT = ["train"] * 3 + ["validation"] * 2 + ["test"]
SERIES = ("text", "audio", "vision")


def _content(aligned: bool = False) -> dict[str, dict[str, Any]]:
    return {part: _part(part, steps, aligned) for part, steps in STEPS.items()}


def _part(part: str, steps: list[tuple[int, int, int]], aligned: bool) -> dict[str, Any]:
    """A part as MMSA writes it: `text_bert` are identifiers, mask and segments."""
    rng = np.random.default_rng(len(part))
    count = len(steps)
    held: dict[str, Any] = {
        "raw_text": np.array([f"{part} clip {row}" for row in range(count)]),
        "id": [f"video_{part}{row // 2}$_${row:04}" for row in range(count)],
        "annotations": ["Neutral"] * count,
        "classification_labels": np.arange(count, dtype=np.float64),
        "regression_labels": np.linspace(-1, 0.5, count),
    }
    for place, judge in enumerate("TAV"):
        held[f"regression_labels_{judge}"] = np.full(count, place / 4)
    for name, size, room, place in zip(SERIES, (8, 5, 4), ROOM, range(3), strict=True):
        lengths = [step[place] for step in steps]
        values = rng.normal(size=(count, room, size))
        held[name] = values * (np.arange(room) < np.array(lengths)[:, None])[:, :, None]
        if not aligned and name != "text":
            held[f"{name}_lengths"] = lengths
    mask = np.arange(ROOM[0]) < np.array([step[0] for step in steps])[:, None]
    held["text_bert"] = np.stack([mask * 101, mask, mask * 0], axis=1).astype(np.float32)
    return held


def _write(folder: Path, content: Any, name: str = "aligned_50.pkl") -> Path:
    (folder / name).write_bytes(pickle.dumps(content))
    return folder


def _read(read: Callable[..., Samples | None], root: Path, **params: Any) -> Samples:
    samples = read(root, Problems(root), **params)
    assert samples is not None
    return samples


def _joined(content: dict[str, dict[str, Any]], name: str) -> np.ndarray:
    return np.concatenate([content[part][name] for part in STEPS])


def test_series_and_texts_are_those_of_the_file(tmp_path: Path) -> None:
    content = _content()
    samples = _read(mmsa.mosi_sentiment, _write(tmp_path, content))
    for name in SERIES:
        assert samples.inputs[name].dtype == np.float32
        assert np.array_equal(samples.inputs[name], _joined(content, name).astype(np.float32))
    assert samples.inputs["raw_text"].tolist() == _joined(content, "raw_text").tolist()
    assert samples.split is not None
    assert samples.split.tolist() == SPLIT
    assert samples.groups is not None
    assert samples.groups.tolist() == [
        *("video_train0", "video_train0", "video_train1", "video_valid0", "video_valid0"),
        "video_test0",
    ]


@pytest.mark.parametrize("aligned", [False, True])
def test_lengths_with_and_without_those_of_the_file(tmp_path: Path, aligned: bool) -> None:
    content = _content(aligned)
    if aligned:
        for held in content.values():
            del held["text_bert"]
    samples = _read(mmsa.mosi_sentiment, _write(tmp_path, content))
    expected = np.concatenate([np.array(steps) for steps in STEPS.values()])
    for place, name in enumerate(SERIES):
        assert samples.lengths[name].tolist() == expected[:, place].tolist()


def test_a_series_without_a_step_is_absent(tmp_path: Path) -> None:
    samples = _read(mmsa.mosi_sentiment, _write(tmp_path, _content()))
    assert set(samples.present) == {"audio", "vision"}
    assert np.flatnonzero(~samples.present["audio"]).tolist() == [1]
    assert np.flatnonzero(~samples.present["vision"]).tolist() == [3]


def test_a_zero_within_a_series_does_not_end_it(tmp_path: Path) -> None:
    content = _content(aligned=True)
    content["test"]["audio"][0, :4] = [[0] * 5, [1] * 5, [0] * 5, [0, 0, 2, 0, 0]]
    samples = _read(mmsa.mosi_sentiment, _write(tmp_path, content))
    assert samples.lengths["audio"][-1] == 4


def test_labels_of_every_kind(tmp_path: Path) -> None:
    content = _content()
    _write(_write(tmp_path, content), content, "unaligned_39.pkl")
    sentiments = [-1, -0.25, 0.5, -1, 0.5, -1]
    for read in (mmsa.mosi_sentiment, mmsa.sims_sentiment):
        assert _read(read, tmp_path).targets.tolist() == sentiments
    for read in (mmsa.mosi_classes, mmsa.sims_classes):
        samples = _read(read, tmp_path)
        assert samples.targets.tolist() == [0, 1, 2, 0, 1, 0]
        assert samples.targets.dtype == np.int64
        assert samples.target_names == ("negative", "neutral", "positive")
    for judged, value in (("text", 0.0), ("audio", 0.25), ("vision", 0.5)):
        assert set(_read(mmsa.sims_sentiment, tmp_path, judged=judged).targets) == {value}


def test_nobody_judged_the_smell(tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match=r"text, audio or vision\. Found 'smell'"):
        mmsa.sims_sentiment(tmp_path, Problems(tmp_path), judged="smell")


def test_sims_is_judged_from_minus_one_to_one(
    tmp_path: Path, faults: Callable[..., list[str]]
) -> None:
    content = _content()
    content["valid"]["regression_labels"] = np.array([2.5, 1.0])
    _write(_write(tmp_path, content), content, "unaligned_39.pkl")
    assert _read(mmsa.mosi_sentiment, tmp_path).targets[3] == 2.5
    assert faults(mmsa.sims_sentiment, tmp_path) == [
        "unaligned_39.pkl: valid.regression_labels: expected a number in [-1, 1], "
        "found 1 of 2 rows otherwise: row 0"
    ]


def test_another_file_can_be_the_root(tmp_path: Path) -> None:
    _write(tmp_path, _content(), "unaligned_50.pkl")
    assert len(_read(mmsa.mosi_classes, tmp_path / "unaligned_50.pkl")) == 6


def test_silence_becomes_zero(tmp_path: Path) -> None:
    content = _content()
    content["train"]["audio"][0, 2, 1] = -np.inf
    samples = _read(mmsa.mosi_sentiment, _write(tmp_path, content))
    assert samples.inputs["audio"][0, 2].tolist()[1] == 0
    assert np.isfinite(samples.inputs["audio"]).all()


def test_all_faults_are_found_at_once(tmp_path: Path, faults: Callable[..., list[str]]) -> None:
    content = _content()
    content["train"]["vision"][1] = np.nan
    content["train"]["raw_text"] = ["a", None, 3]
    content["train"]["classification_labels"][1] = 3
    content["valid"]["audio_lengths"] = [10, -1]
    del content["test"]["text"]
    assert faults(mmsa.mosi_classes, _write(tmp_path, content)) == [
        "aligned_50.pkl: train.vision: expected finite numbers, found 1 of 3 rows otherwise: row 1",
        "aligned_50.pkl: train.raw_text: expected a text, found 2 of 3 rows otherwise: row 1, row 2",
        "aligned_50.pkl: train.classification_labels: expected a whole number from 0 to 2, "
        "found 1 of 3 rows otherwise: row 1",
        "aligned_50.pkl: valid.audio_lengths: expected a whole number of steps from 0 to 9, "
        "found 2 of 2 rows otherwise: row 0, row 1",
        "aligned_50.pkl: test: expected also text, found only " + ", ".join(content["test"]),
    ]


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("raw_text", None, "raw_text: expected a text, found 1 of 1 rows otherwise: row 0"),
        ("raw_text", ["a", "b"], "raw_text: expected 1 rows, as test.text has, found 2"),
        ("vision_lengths", [1, 2], "vision_lengths: expected 1 rows, as test.text has, found 2"),
        ("text_bert", np.ones((1, 3, 5)), "text_bert: expected numbers of shape (N, 3, 6)"),
        ("text_bert", np.full((1, 3, 6), 0.3), "text_bert: expected a whole number of steps"),
        ("audio", np.ones((1, 9)), "audio: expected numbers of shape (N, T, D), found float64"),
        ("audio", [[[1]], [[1, 2]]], "audio: expected numbers of shape (N, T, D), found rows of"),
        ("id", [], "id: expected 1 rows, as test.text has, found 0"),
    ],
)
def test_malformed_fields(
    tmp_path: Path, faults: Callable[..., list[str]], name: str, value: Any, problem: str
) -> None:
    content = _content()
    content["test"][name] = value
    (found,) = faults(mmsa.mosi_sentiment, _write(tmp_path, content))
    assert found.startswith(f"aligned_50.pkl: test.{problem}")


def test_missing_and_hostile_files(
    tmp_path: Path, payload: Any, faults: Callable[..., list[str]]
) -> None:
    (missing,) = faults(mmsa.mosi_sentiment, tmp_path)
    assert missing == "aligned_50.pkl: expected this file or folder, found nothing"
    (refused,) = faults(mmsa.mosi_sentiment, _write(tmp_path, _content() | {"more": payload}))
    assert "which is refused (nothing was executed)" in refused
    assert not payload.folder.exists()
