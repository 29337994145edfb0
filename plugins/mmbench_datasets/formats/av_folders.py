"""Clips as CREMA-D and Kinetics-Sounds are prepared: a sound file and a folder of frames each."""

from __future__ import annotations

from pathlib import Path

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench_datasets.formats.clips import Clips

__all__ = ["read_cremad", "read_kinetics_sounds"]


def read_cremad(
    root: Path,
    problems: Problems,
    size: int = 64,
    frames: int = 8,
    rate: int = 16000,
    seconds: float = 3.0,
    bands: int = 40,
    limit: int = 0,
    actors: bool = True,
    audio: str = "audio",
    visual: str = "visual",
) -> Samples | None:
    """Acted emotions: `audio` (N, T, bands) and `video` (N, frames, 3, size, size), classes by name.

    The published tables put clips of one actor into training and test. By default they only say
    which clips there are, and groups are the actors, the first part of an id.

    Args:
        root: the folder with `train.csv`, `test.csv` and, if there is one, `val.csv`.
        problems: where faults are reported.
        size: of a frame, in pixels.
        frames: spread over each clip.
        rate: samples a second.
        seconds: of sound that are kept.
        bands: of the log-mel spectrogram; 0 keeps the samples.
        limit: clips at most, spread over the tables; 0 is all.
        actors: False keeps the published split, with a fifth of training for validation.
        audio: folder of `{id}.wav`, `.flac` or `.pt`.
        visual: folder of folders `{id}/`.

    Paper: Cao et al. 2014, IEEE Transactions on Affective Computing 5(4).

    """
    clips = Clips(problems, size, frames, rate, seconds, bands, limit, audio, visual)
    return clips.read(_actor if actors else None)


def read_kinetics_sounds(
    root: Path,
    problems: Problems,
    size: int = 64,
    frames: int = 8,
    rate: int = 16000,
    seconds: float = 10.0,
    bands: int = 40,
    limit: int = 0,
    audio: str = "audio",
    visual: str = "visual",
) -> Samples | None:
    """Actions that are seen and heard, in the published split; arguments as of `read_cremad`.

    Paper: Arandjelovic and Zisserman 2017, ICCV, arXiv:1705.08168.
    """
    return Clips(problems, size, frames, rate, seconds, bands, limit, audio, visual).read(None)


def _actor(clip: str) -> str:
    return clip.partition("_")[0]
