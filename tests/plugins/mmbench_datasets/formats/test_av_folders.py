from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from mmbench.data.problems import Problems
from mmbench.errors import BadParameter, DataError
from mmbench_datasets.formats.audio import log_mel
from mmbench_datasets.formats.av_folders import read_cremad, read_kinetics_sounds

RATE = 16000
TRAIN = [
    "1001_IEO_ANG_HI",
    "1001_IEO_SAD_LO",
    "1002_DFA_HAP_XX",
    "1003_IOM_ANG_XX",
    "1003_ITH_SAD_XX",
]
TEST = ["1002_IEO_ANG_HI", "1004_DFA_SAD_XX"]


def _signal(clip: str) -> np.ndarray:
    rng = np.random.default_rng(sum(map(ord, clip)))
    return rng.normal(scale=0.1, size=1600 + 160 * (ord(clip[3]) - ord("0"))).astype(np.float32)


def _colour(clip: str, frame: int) -> tuple[int, int, int]:
    return sum(map(ord, clip)) % 200, frame, 7


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Clips as published: tables without a header, a wav and three frames each."""
    for name, clips in (("train", TRAIN), ("test", TEST)):
        (tmp_path / f"{name}.csv").write_text("".join(f"{clip},{clip[9:12]}\n" for clip in clips))
    (tmp_path / "audio").mkdir()
    for clip in TRAIN + TEST:
        soundfile.write(tmp_path / f"audio/{clip}.wav", _signal(clip), RATE, subtype="FLOAT")
        (tmp_path / f"visual/{clip}").mkdir(parents=True)
        for frame in range(3):
            picture = Image.new("RGB", (24, 18), _colour(clip, frame))
            picture.save(tmp_path / f"visual/{clip}/{frame:05}.png")
    return tmp_path


def test_sound_and_frames_of_each_clip(root: Path) -> None:
    samples = read_cremad(root, Problems(root), size=8, frames=2, bands=12)
    assert samples is not None
    assert samples.target_names == ("ANG", "HAP", "SAD")
    assert samples.targets.tolist() == [0, 2, 1, 0, 2, 0, 2]
    video, lengths = samples.inputs["video"], samples.lengths["audio"]
    assert video.shape == (7, 2, 3, 8, 8)
    for row, clip in enumerate(TRAIN + TEST):
        assert video[row, :, :, 3, 3].tolist() == [list(_colour(clip, 0)), list(_colour(clip, 2))]
        expected = log_mel(_signal(clip), RATE, 12)
        assert np.allclose(samples.inputs["audio"][row, : lengths[row]], expected, atol=1e-5)
        assert lengths[row] == len(expected)


def test_actors_are_groups_that_the_published_split_would_tear(root: Path) -> None:
    samples = read_cremad(root, Problems(root), size=4, frames=1)
    assert samples is not None
    assert samples.split is None
    assert samples.groups is not None
    assert samples.groups.tolist() == ["1001", "1001", "1002", "1003", "1003", "1002", "1004"]


def test_the_published_split_on_request(root: Path) -> None:
    samples = read_cremad(root, Problems(root), size=4, frames=1, actors=False)
    assert samples is not None
    assert samples.groups is None
    assert samples.split is not None
    assert samples.split[5:].tolist() == ["test", "test"]
    assert sorted(samples.split[:5]) == ["train"] * 4 + ["validation"]


def test_a_validation_table_and_numbered_classes_and_tensors(root: Path) -> None:
    (root / "train.csv").write_text("id,label\n1001_IEO_ANG_HI,10\n1001_IEO_SAD_LO,2\n")
    (root / "val.csv").write_text("id,label\n1003_IOM_ANG_XX,2\n")
    (root / "test.csv").write_text("id,label\n1004_DFA_SAD_XX,10\n")
    for clip in TRAIN + TEST:
        (root / f"audio/{clip}.wav").unlink()
        torch.save(torch.from_numpy(_signal(clip))[None], root / f"audio/{clip}.pt")
    samples = read_kinetics_sounds(root, Problems(root), size=4, frames=1, bands=0)
    assert samples is not None
    assert samples.split is not None
    assert samples.split.tolist() == ["train", "train", "validation", "test"]
    assert samples.target_names == ("2", "10")
    assert samples.targets.tolist() == [1, 0, 0, 1]
    heard = samples.inputs["audio"][0, : samples.lengths["audio"][0], 0]
    assert np.array_equal(heard, _signal(TRAIN[0]))


def test_a_limit_takes_clips_from_everywhere(root: Path) -> None:
    samples = read_cremad(root, Problems(root), size=4, frames=1, limit=3)
    assert samples is not None
    assert samples.groups is not None
    assert samples.groups.tolist() == ["1001", "1003", "1004"]


def test_other_names_of_the_folders(root: Path) -> None:
    (root / "audio").rename(root / "AudioWAV")
    (root / "visual").rename(root / "Image-01-FPS")
    found = read_cremad(root, Problems(root), audio="AudioWAV", visual="Image-01-FPS", size=4)
    assert found is not None
    assert len(found) == 7


def test_all_that_is_wrong_is_found_at_once(root: Path, faults: Callable[..., list[str]]) -> None:
    (root / f"audio/{TRAIN[0]}.wav").unlink()
    whole = (root / f"audio/{TRAIN[1]}.wav").read_bytes()
    (root / f"audio/{TRAIN[1]}.wav").write_bytes(whole[:20])
    for frame in (root / f"visual/{TRAIN[2]}").iterdir():
        frame.unlink()
    (root / "test.csv").write_text(f"{TEST[0]}\n{TEST[1]},SAD\n{TRAIN[3]},ANG\n../../x,SAD\n")
    found = "\n".join(faults(read_cremad, root, size=4))
    for text in (
        "test.csv: label: expected text, found 1 of 4 rows otherwise: row 0",
        f"train.csv: id: expected each clip once in all tables, found 1 of 8 clips otherwise: {TRAIN[3]}",
        "audio: {id}.wav, .flac or .pt: expected an existing file or folder, found 1 of 7 files "
        f"otherwise: audio/{TRAIN[0]}.wav",
        "audio: {id}.wav, .flac or .pt: expected a path inside the dataset's folder",
        "audio: {id}.wav, .flac or .pt: expected a readable file",
        f"visual: {{id}}/: expected a readable file, found 1 of 7 files otherwise: visual/{TRAIN[2]}",
    ):
        assert text in found


@pytest.mark.parametrize("wrong", [{"size": 0}, {"frames": 0}, {"rate": -1}, {"limit": -1}])
def test_parameters_out_of_range_are_refused(root: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(BadParameter, match=f"Expected `{next(iter(wrong))}` to be at least"):
        read_cremad(root, Problems(root), **wrong)


def test_a_missing_table_is_named(root: Path) -> None:
    (root / "test.csv").unlink()
    with pytest.raises(
        DataError, match=r"test\.csv: expected this file .*`id,label` of the test part"
    ):
        read_cremad(root, Problems(root))


def test_features_of_different_sizes_are_a_problem(
    root: Path, faults: Callable[..., list[str]]
) -> None:
    for row, clip in enumerate(TRAIN + TEST):
        (root / f"audio/{clip}.wav").unlink()
        torch.save(torch.ones(5, 3 + row % 2), root / f"audio/{clip}.pt")
    assert faults(read_cremad, root, size=4) == [
        "audio: features: expected as many of every clip, found [3, 4]"
    ]
