"""What the tests of formats share: hostile pickles, and the faults of a folder as text."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmbench.data.problems import Problems


class _Payload:
    """Makes a folder when it is unpickled by a reader that does what pickles say."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.folder),)


@pytest.fixture
def payload(tmp_path: Path) -> _Payload:
    """An object to pickle; `payload.folder` exists as soon as anybody runs it."""
    made = _Payload(tmp_path / "proof of execution")
    pickle.loads(pickle.dumps(made))
    assert made.folder.exists()
    made.folder.rmdir()
    return made


@pytest.fixture
def faults() -> Callable[..., list[str]]:
    """`faults(read, root, …)`: all that is wrong with a dataset, which then does not load."""

    def collect(read: Callable[..., Any], root: Path, **params: Any) -> list[str]:
        problems = Problems(root, strict=False)
        assert read(root, problems, **params) is None
        assert problems.found
        return [str(problem) for problem in problems.found]

    return collect
