"""Clips of a sound file and a folder of frames each, listed in tables of `id,label`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench_datasets.formats.audio import features
from mmbench_datasets.formats.decoding import decode
from mmbench_datasets.formats.faults import Faults
from mmbench_datasets.formats.images import read_frames
from mmbench_datasets.formats.labels import encode
from mmbench_datasets.formats.parameters import at_least
from mmbench_datasets.formats.rows import Row, read_csv
from mmbench_datasets.formats.series import evenly, pad
from mmbench_datasets.formats.splits import as_split

__all__ = ["Clips"]

_TABLES = {
    "train": ("train.csv",),
    "validation": ("val.csv", "valid.csv", "validation.csv"),
    "test": ("test.csv",),
}
_SOUNDS = (".wav", ".flac", ".pt")


@dataclass(frozen=True)
class Clips:
    """Where clips are, and how they are decoded; the arguments of `read_cremad`."""

    problems: Problems
    size: int
    frames: int
    rate: int
    seconds: float
    bands: int
    limit: int
    audio: str
    visual: str

    def __post_init__(self) -> None:
        at_least(1, size=self.size, frames=self.frames, rate=self.rate)
        at_least(0, seconds=self.seconds, bands=self.bands, limit=self.limit)

    def read(self, group: Callable[[str], str] | None) -> Samples | None:
        """The clips of the tables; by groups where `group` says whose a clip is, else by their split."""
        parts, rows = self._rows()
        if not rows:
            return None
        ids = [row["id"] for row in rows]
        targets, names = encode(row["label"] for row in rows)
        groups = None if group is None else np.array([group(clip) for clip in ids])
        split = as_split(self.problems, "train.csv", parts) if group is None else None
        sounds, films = self._sounds(ids), self._films(ids)
        if self.problems.found:
            return None
        heard, lengths = pad(sounds)
        return Samples(
            {"audio": heard, "video": np.stack(films)},
            targets=targets,
            target_names=names,
            groups=groups,
            lengths={"audio": lengths},
            split=split,
        )

    def _rows(self) -> tuple[list[str], list[Row]]:
        """Part and row of each clip."""
        tables = {part: self._table(part, files) for part, files in _TABLES.items()}
        found = [(part, row) for part, rows in tables.items() for row in rows]
        faults, seen = Faults(self.problems, "train.csv", len(found), "clips"), set[str]()
        for _, row in found:
            if row["id"] in seen:
                faults.note("id", "each clip once in all tables", row["id"])
            seen.add(row["id"])
        faults.report()
        kept = [found[index] for index in evenly(len(found), self.limit)]
        return [part for part, _ in kept], [row for _, row in kept]

    def _table(self, part: str, files: tuple[str, ...]) -> list[Row]:
        here = [name for name in files if (self.problems.root / name).exists()]
        if not here and part == "validation":
            return []
        path = self.problems.path(
            *(here or files)[:1], needed=f"rows `id,label` of the {part} part"
        )
        return [] if path is None else read_csv(self.problems, path, ("id", "label"))

    def _sounds(self, ids: list[str]) -> list[npt.NDArray[np.float32]]:
        names = [self._sound(clip) for clip in ids]
        read = partial(features, rate=self.rate, seconds=self.seconds, bands=self.bands)
        sounds = decode(self.problems, self.audio, names, read, "{id}.wav, .flac or .pt")
        widths = sorted({sound.shape[1] for sound in sounds.values()})
        self.problems.require(
            len(widths) < 2, self.audio, "features", "as many of every clip", f"{widths}"
        )
        return [sounds[name] for name in names if name in sounds]

    def _sound(self, clip: str) -> str:
        names = [f"{self.audio}/{clip}{suffix}" for suffix in _SOUNDS]
        return next((name for name in names if (self.problems.root / name).is_file()), names[0])

    def _films(self, ids: list[str]) -> list[npt.NDArray[np.uint8]]:
        names = [f"{self.visual}/{clip}" for clip in ids]
        read = partial(read_frames, count=self.frames, size=self.size)
        films = decode(self.problems, self.visual, names, read, "{id}/")
        return [films[name] for name in names if name in films]
