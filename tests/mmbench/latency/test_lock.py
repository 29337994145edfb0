from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mmbench.latency import alone


def test_measurements_do_not_overlap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def take_a_turn(_: int) -> tuple[float, float]:
        with alone():
            begin = time.monotonic()
            time.sleep(0.1)
            return begin, time.monotonic()

    with ThreadPoolExecutor(3) as pool:
        spans = sorted(pool.map(take_a_turn, range(3)))
    assert all(sooner[1] <= later[0] for sooner, later in itertools.pairwise(spans))


def test_a_measurement_waits_for_another_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with alone():
        (lock,) = tmp_path.iterdir()
        script = (
            f"import sys; sys.path[:] = {sys.path!r}\nfrom pathlib import Path\n"
            f"from mmbench.journal import FileLock\nprint(FileLock(Path({str(lock)!r})).acquire())"
        )
        assert subprocess.check_output([sys.executable, "-c", script], text=True) == "False\n"


def test_the_turn_is_given_back_after_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), alone():
            raise ZeroDivisionError
