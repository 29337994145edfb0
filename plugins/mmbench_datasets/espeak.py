"""Synthetic speech by eSpeak NG, in a process of its own.

eSpeak keeps state from one utterance to the next: only a fresh process says the same thing twice.
Its library (GPL, hence optional) comes with the package espeakng-loader.
"""

from __future__ import annotations

import ctypes
import importlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mmbench.errors import DataError

__all__ = ["RATE", "Utterance", "speak"]

RATE = 22050
"""Samples per second."""

Sound: TypeAlias = npt.NDArray[np.int16]

# From espeak-ng/speak_lib.h.
_SYNCHRONOUS, _DO_NOT_EXIT = 2, 0x8000
_WORDS_PER_MINUTE, _PITCH = 1, 3
_UTF8 = 1
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


@dataclass(frozen=True)
class Utterance:
    """What to say, and how.

    Attributes:
        text: in the voice's language.
        voice: language and variant, such as `en-us+f3`.
        rate: words per minute, 80 to 450.
        pitch: 0 to 100.

    """

    text: str
    voice: str = "en"
    rate: int = 175
    pitch: int = 50


def speak(utterances: Sequence[Utterance]) -> list[Sound]:
    """The sound of each utterance, (T,) at 22,050 Hz; always the same for the same sequence.

    Raises:
        DataError: if eSpeak cannot say one of them.

    """
    asked = json.dumps([asdict(utterance) for utterance in utterances])
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    found = subprocess.run(  # noqa: S603 - this module, in this interpreter
        [sys.executable, "-m", __name__], input=asked.encode(), capture_output=True, env=here
    )
    if found.returncode:
        lines = found.stderr.decode(errors="replace").strip().splitlines()
        reason = lines[-1] if lines else f"exit code {found.returncode}"
        raise DataError(
            f"Expected eSpeak NG to say {len(utterances)} utterances. Found: {reason} "
            f"Look at what is asked for, or install espeakng-loader again."
        )
    with np.load(io.BytesIO(found.stdout), allow_pickle=False) as archive:
        return np.split(archive["sound"], np.cumsum(archive["lengths"])[:-1])


def _say_all(utterances: Sequence[Utterance]) -> list[Sound]:
    loader = importlib.import_module("espeakng_loader")
    library: Any = loader.load_library()
    pieces: list[Sound] = []

    def keep(samples: Any, count: int, _: Any) -> int:
        if samples and count > 0:
            pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    callback = _CALLBACK(keep)  # named: eSpeak calls it long after this line
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, loader.get_data_path().encode(), _DO_NOT_EXIT)
    if rate != RATE:
        raise DataError(f"Expected eSpeak NG to speak at {RATE} Hz. Found {rate}.")
    library.espeak_SetSynthCallback(callback)
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))  # the time of day, where nobody sets it
    sounds = []
    for utterance in utterances:
        pieces.clear()
        _say(library, utterance)
        sounds.append(np.concatenate(pieces))
    return sounds


def _say(library: Any, utterance: Utterance) -> None:
    if library.espeak_SetVoiceByName(utterance.voice.encode()) != 0:
        raise DataError(f"Expected a voice of eSpeak NG. Found {utterance.voice!r}.")
    library.espeak_SetParameter(_WORDS_PER_MINUTE, utterance.rate, 0)
    library.espeak_SetParameter(_PITCH, utterance.pitch, 0)
    text = utterance.text.encode() + b"\0"
    library.espeak_Synth(text, len(text), 0, 1, 0, _UTF8, None, None)
    library.espeak_Synchronize()


def _serve() -> None:
    """Utterances as JSON on the standard input, their sounds as .npz on the standard output."""
    sounds = _say_all([Utterance(**asked) for asked in json.load(sys.stdin)])
    packed = io.BytesIO()
    np.savez(packed, sound=np.concatenate(sounds), lengths=[len(sound) for sound in sounds])
    sys.stdout.buffer.write(packed.getvalue())


if __name__ == "__main__":
    _serve()
