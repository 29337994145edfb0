from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench.errors import DataError
from mmbench_datasets.formats import affect

SIZES = {
    "mosi_raw": (35, 74, 300),
    "mosi_data": (20, 5, 300),
    "mosei_raw": (713, 74, 300),
    "mosei_senti_data": (35, 74, 300),
    "sarcasm": (371, 81, 300),
    "humor": (371, 81, 300),
}
STEPS = 50
# The words of each clip, by part; a clip of none has to be left out.
WORDS = {"train": (3, 50, 0, 1), "valid": (2, 7), "test": (0, 4, 5)}
KEPT = (3, 50, 1, 2, 7, 4, 5)
PARTS = ["train"] * 3 + ["validation"] * 2 + ["test"] * 2


def _clip(name: str, words: int, seed: int) -> dict[str, np.ndarray]:
    """Features of a clip, without padding."""
    rng = np.random.default_rng([seed, words])
    return {
        modality: rng.normal(size=(words, size))
        for modality, size in zip(("vision", "audio", "text"), SIZES[name], strict=True)
    }


def _clips(name: str) -> dict[str, list[dict[str, np.ndarray]]]:
    return {
        part: [_clip(name, words, place) for place, words in enumerate(counts)]
        for part, counts in WORDS.items()
    }


def _content(name: str, labels: Callable[[str, int], np.ndarray]) -> dict[str, dict[str, Any]]:
    content: dict[str, dict[str, Any]] = {}
    for part, clips in _clips(name).items():
        padded = {
            modality: np.stack(
                [
                    np.pad(clip[modality], ((STEPS - len(clip[modality]), 0), (0, 0)))
                    for clip in clips
                ]
            )
            for modality in ("vision", "audio", "text")
        }
        identifiers = np.array([[f"{part}{i // 2}[{i}]", "0.0", "1.5"] for i in range(len(clips))])
        content[part] = {**padded, "labels": labels(part, len(clips)), "id": identifiers}
    return content


def _sentiments(part: str, count: int) -> np.ndarray:
    return np.linspace(-3, 3, count).reshape(count, 1, 1)


def _write(folder: Path, name: str, content: Any) -> Path:
    (folder / f"{name}.pkl").write_bytes(pickle.dumps(content, protocol=4))
    return folder


def _read(name: str, root: Path) -> Samples:
    samples = getattr(affect, name)(root, Problems(root))
    assert samples is not None
    return samples


@pytest.fixture
def mosi() -> dict[str, dict[str, Any]]:
    return _content("mosi_data", _sentiments)


@pytest.mark.parametrize("name", SIZES)
def test_clips_begin_with_their_first_word(tmp_path: Path, name: str) -> None:
    labels = _sentiments if name.startswith("mos") else lambda _, count: np.ones((count, 1))
    samples = _read(name, _write(tmp_path, name, _content(name, labels)))
    expected = [clip for clips in _clips(name).values() for clip in clips if len(clip["text"])]
    for modality, size in zip(("vision", "audio", "text"), SIZES[name], strict=True):
        values = samples.inputs[modality]
        assert values.shape == (len(KEPT), STEPS, size)
        assert values.dtype == np.float32
        assert samples.lengths[modality].tolist() == list(KEPT)
        for row, clip, words in zip(values, expected, KEPT, strict=True):
            assert np.array_equal(row[:words], clip[modality].astype(np.float32))
            assert not row[words:].any()
    assert samples.split is not None
    assert samples.split.tolist() == PARTS


def test_labels_and_videos_follow_the_clips_that_are_kept(
    tmp_path: Path, mosi: dict[str, Any]
) -> None:
    samples = _read("mosi_data", _write(tmp_path, "mosi_data", mosi))
    assert samples.targets.tolist() == [-3, -1, 3, -3, 3, 0, 3]
    assert samples.target_names == ("sentiment",)
    assert samples.groups is not None
    videos = ["train0", "train0", "train1", "valid0", "valid0", "test0", "test1"]
    assert samples.groups.tolist() == videos


@pytest.mark.parametrize(
    ("identifiers", "videos"),
    [
        (np.array([b"abc", b"d\xc3\xa9f"]), ["abc", "déf"]),
        (np.array([[7], [8]]), ["7", "8"]),
        (["a[0]", "a[12]"], ["a", "a"]),
        (np.array([["v", 0.5, 1.0], ["w[x]", 1.0, 2.0]], dtype=object), ["v", "w[x]"]),
    ],
)
def test_videos_from_every_kind_of_identifier(
    tmp_path: Path, mosi: dict[str, Any], identifiers: Any, videos: list[str]
) -> None:
    mosi["valid"]["id"] = identifiers
    samples = _read("mosi_data", _write(tmp_path, "mosi_data", mosi))
    assert samples.groups is not None
    assert samples.groups[3:5].tolist() == videos


@pytest.mark.parametrize("name", ["sarcasm", "humor"])
@pytest.mark.parametrize("no", [0, -1])
def test_yes_and_no(tmp_path: Path, name: str, no: int) -> None:
    content = _content(name, lambda _, count: np.array([[1], [no], [1], [no]][:count], np.float32))
    samples = _read(name, _write(tmp_path, name, content))
    assert samples.targets.tolist() == [1, 0, 0, 1, 0, 0, 1]
    assert samples.targets.dtype == np.int64
    assert samples.target_names[1] == {"sarcasm": "sarcastic", "humor": "humorous"}[name]


def test_silence_becomes_zero_in_audio_only(
    tmp_path: Path, mosi: dict[str, Any], faults: Callable[..., list[str]]
) -> None:
    mosi["train"]["audio"][0, -2, 4] = -np.inf
    samples = _read("mosi_data", _write(tmp_path, "mosi_data", mosi))
    assert samples.inputs["audio"][0, 1, 4] == 0
    assert samples.inputs["audio"][0, 1, :4].all()
    mosi["train"]["vision"][0, -2, 4] = -np.inf
    assert faults(affect.mosi_data, _write(tmp_path, "mosi_data", mosi)) == [
        "mosi_data.pkl: train.vision: expected finite numbers, found 1 of 4 rows otherwise: row 0"
    ]


def test_clips_without_a_word_are_counted(tmp_path: Path, mosi: dict[str, Any]) -> None:
    problems = Problems(_write(tmp_path, "mosi_data", mosi))
    affect.mosi_data(problems.root, problems)
    assert problems.notes == [
        f"mosi_data.pkl: {part}: 1 clips without a word left out" for part in ("train", "test")
    ]


def test_the_root_may_be_the_file_itself(tmp_path: Path, mosi: dict[str, Any]) -> None:
    _write(tmp_path, "renamed", mosi)
    assert len(_read("mosi_data", tmp_path / "renamed.pkl")) == 7


def test_the_first_fault_is_raised(tmp_path: Path, mosi: dict[str, Any]) -> None:
    del mosi["valid"]["audio"]
    _write(tmp_path, "mosi_data", mosi)
    message = r"mosi_data\.pkl: valid: expected also audio, found only vision, text, labels, id"
    with pytest.raises(DataError, match=message):
        affect.mosi_data(tmp_path, Problems(tmp_path))


def test_all_faults_are_found_at_once(
    tmp_path: Path, mosi: dict[str, Any], faults: Callable[..., list[str]]
) -> None:
    train, valid, test = mosi["train"], mosi["valid"], mosi["test"]
    train["text"] = train["text"][:, :, :299]
    train["labels"][[0, 3]] = [[[4]], [[np.nan]]]
    del valid["vision"]
    test["audio"][:, 49, 0] = [np.nan, np.inf, 1e300]
    test["labels"] = test["labels"].repeat(2, axis=1)
    assert faults(affect.mosi_data, _write(tmp_path, "mosi_data", mosi)) == [
        "mosi_data.pkl: train.text: expected numbers of shape (N, T, 300), "
        "found float64 of shape (4, 50, 299)",
        "mosi_data.pkl: train.labels: expected a number in [-3, 3], "
        "found 2 of 4 rows otherwise: row 0, row 3",
        "mosi_data.pkl: valid: expected also vision, found only audio, text, labels, id",
        "mosi_data.pkl: test.audio: expected finite numbers, "
        "found 3 of 3 rows otherwise: row 0, row 1, row 2",
        "mosi_data.pkl: test.labels: expected numbers of shape (N,), found float64 of shape (3, 2, 1)",
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda c: c.pop("test"), "content: expected also test, found only train, valid"),
        (lambda c: c["test"].update(text=None), "test.text: expected numbers of shape (N, T, 300)"),
        (lambda c: c["test"].update(id=3), "test.id: expected an identifier a sample, found int"),
        (
            lambda c: c["test"].update(id=c["test"]["id"][:2]),
            "test.id: expected 3 rows, as test.vision has, found 2",
        ),
        (
            lambda c: c["test"].update(audio=c["test"]["audio"][:, :20]),
            "test: expected one time base, found 50 steps of vision, 20 steps of audio, 50 steps of text",
        ),
        (
            lambda c: c["test"].update(
                {name: c["test"][name][:, 10:] for name in ("vision", "audio", "text")}
            ),
            "vision: expected samples of one shape in all parts, found (50, 20), (50, 20), (40, 20)",
        ),
        (
            lambda c: c.update(test=[1]),
            "test: expected a dictionary of vision, audio, text, labels, id, found list",
        ),
    ],
)
def test_malformed_files(
    tmp_path: Path,
    mosi: dict[str, Any],
    faults: Callable[..., list[str]],
    change: Callable[[Any], Any],
    problem: str,
) -> None:
    change(mosi)
    (found,) = faults(affect.mosi_data, _write(tmp_path, "mosi_data", mosi))
    assert found.startswith(f"mosi_data.pkl: {problem}")


def test_a_label_that_is_neither_yes_nor_no(
    tmp_path: Path, faults: Callable[..., list[str]]
) -> None:
    content = _content("humor", lambda _, count: np.arange(count))
    assert faults(affect.humor, _write(tmp_path, "humor", content)) == [
        f"humor.pkl: {part}.labels: expected 1, 0 or -1, found {found}"
        for part, found in (
            ("train", "2 of 4 rows otherwise: row 2, row 3"),
            ("test", "1 of 3 rows otherwise: row 2"),
        )
    ]


def test_missing_truncated_and_hostile_files(
    tmp_path: Path, mosi: dict[str, Any], payload: Any, faults: Callable[..., list[str]]
) -> None:
    (missing,) = faults(affect.mosi_data, tmp_path)
    assert missing == "mosi_data.pkl: expected this file or folder, found nothing"
    whole = pickle.dumps(mosi)
    (tmp_path / "mosi_data.pkl").write_bytes(whole[: len(whole) // 2])
    (truncated,) = faults(affect.mosi_data, tmp_path)
    assert "mosi_data.pkl: content: expected a whole pickle" in truncated
    hostile = copy.copy(mosi["train"]) | {"audio": payload}
    (refused,) = faults(affect.mosi_data, _write(tmp_path, "mosi_data", mosi | {"train": hostile}))
    assert "which is refused (nothing was executed)" in refused
    assert not payload.folder.exists()
