"""The part of scripts/rebuild_data.py that needs no package registry."""

from __future__ import annotations

import gzip
import importlib.util
import io
import os
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

from mmbench_datasets.files import DATA

SCRIPT = Path(__file__).parents[3] / "scripts" / "rebuild_data.py"


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("rebuild_data", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_recipes_cover_the_vendored_files(script: ModuleType) -> None:
    assert script.DATA == DATA
    shipped = {path.name for path in DATA.iterdir()} - {"ATTRIBUTION.md", ".gitattributes"}
    assert {recipe.name for recipe in script.RECIPES} == shipped


def test_writing_what_was_read_keeps_the_content(script: ModuleType, tmp_path: Path) -> None:
    lines = script.read_csv(DATA / "emoji.csv")
    pixels = {"pixels": script.read_png(DATA / "emoji_sheet.png")["pixels"][:64]}
    arrays = {"a": np.arange(6, dtype=np.float16).reshape(2, 3), "b": np.array([1, 2])}
    for name, content, write, read in (
        ("rows.csv", lines, script.write_csv, script.read_csv),
        ("rows.csv.xz", lines, script.write_csv, script.read_csv),
        ("sheet.png", pixels, script.write_png, script.read_png),
        ("arrays.npz", arrays, script.write_npz, script.read_npz),
    ):
        write(tmp_path / name, content)
        assert script.differences(content, read(tmp_path / name)) == []


def test_settle_finds_and_replaces_a_changed_file(
    script: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = script.read_csv(DATA / "emoji.csv")
    recipe = script.Recipe(
        "emoji.csv", ("names==1",), lambda _: source, script.read_csv, script.write_csv
    )
    monkeypatch.setattr(script, "DATA", tmp_path)
    changed = (DATA / "emoji.csv").read_bytes().replace(b"keycap one", b"keycap two")
    (tmp_path / "emoji.csv").write_bytes(changed)
    assert not script.settle(recipe, tmp_path, write=False)
    assert (
        "emoji.csv: DIFFERS from names==1: rows: 1 of 1907 values differ" in capsys.readouterr().out
    )
    assert (tmp_path / "emoji.csv").read_bytes() == changed
    assert script.settle(recipe, tmp_path, write=True)
    assert (tmp_path / "emoji.csv").read_bytes() == (DATA / "emoji.csv").read_bytes()
    assert script.settle(recipe, tmp_path, write=False)


def test_differences_tell_types_and_missing_arrays_apart(script: ModuleType) -> None:
    old = {"a": np.zeros(2, np.uint8), "b": np.zeros(2)}
    new = {"a": np.zeros(2, np.int8), "c": np.zeros(2)}
    assert script.differences(old, new) == [
        "only one of them has b",
        "only one of them has c",
        "a: uint8 (2,), rebuilt int8 (2,)",
    ]


def test_unpickler_admits_arrays_of_an_older_numpy(script: ModuleType) -> None:
    held = {"X": [np.arange(6.0).reshape(2, 3)], "names": ["a"]}
    raw = pickle.dumps(held, protocol=2).replace(b"numpy._core", b"numpy.core")
    found = script.ArraysOnly(io.BytesIO(raw)).load()
    assert found.keys() == held.keys()
    assert np.array_equal(found["X"][0], held["X"][0])
    assert found["names"] == ["a"]


def test_unpickler_refuses_everything_else(script: ModuleType, tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path / 'ran'}",)

    with pytest.raises(pickle.UnpicklingError, match="system"):
        script.ArraysOnly(io.BytesIO(pickle.dumps({"X": Harmful()}))).load()
    assert not (tmp_path / "ran").exists()


def test_sound_that_was_encoded_comes_near_its_source(script: ModuleType, tmp_path: Path) -> None:
    time = np.arange(70 * 8000) / 8000  # more than is written at a time
    source = {"sound": (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)}
    script.write_ogg(tmp_path / "tone.ogg", source)
    found = script.read_ogg(tmp_path / "tone.ogg")
    assert script.differences(source, found, within=script.LOSSY) == []
    assert script.differences(source, found) != []
    found["sound"][100:110] += 0.5
    assert script.differences(source, found, within=script.LOSSY) == [
        "sound: 10 of 560000 values differ"
    ]


def test_prompts_leave_out_tones_and_transcripts_that_were_there(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = "; Core\n\nbeep: [a beep]\nletters/a: A\nno-sound: No.\nvm-a: a\nbye: Bye: now.\n"
    files = {"./usr/share/doc/core-sounds-en.txt.gz": gzip.compress(listed.encode())}
    for length, name in enumerate(("beep", "letters/a", "vm-a", "bye"), start=5):
        sound = io.BytesIO()
        soundfile.write(sound, np.full(length, 0.25), 8000, format="WAV")
        files[f"./usr/share/asterisk/sounds/en_US_f_Allison/{name}.wav"] = sound.getvalue()
    monkeypatch.setattr(
        script,
        "debian_files",
        lambda _, __, wanted: {path: raw for path, raw in files.items() if wanted(path)},
    )
    assert "".join(script.prompt_texts(tmp_path)["rows"]) == (
        "name,start_sample,n_samples,transcript\r\nletters/a,0,6,A\r\nbye,6,8,Bye: now.\r\n"
    )
    assert script.prompt_sounds(tmp_path)["sound"].tolist() == [0.25] * 14
