"""Running the command line, and a plugin whose fusions and data go wrong in every way."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mmbench.cli import main
from mmbench.journal import Journal
from mmbench.registry import load_registry

TROUBLE = """
import os, time
import mmbench
import numpy as np
import torch
from torch import nn


def tiny(size=60, broken=False):
    rng = np.random.default_rng(0)
    y = np.arange(size) % 2
    inputs = {name: rng.normal(size=(size, 3)) + y[:, None] for name in ("left", "right")}
    return mmbench.Samples(inputs, y)


class Base(nn.Module):
    def __init__(self, dims, out_dim):
        super().__init__()
        self.body = nn.Linear(sum(dims.values()), out_dim)

    def forward(self, features):
        return self.body(torch.cat(list(features.values()), 1))


class Raises(Base):
    def forward(self, features):
        raise RuntimeError("no gate")


class Nan(Base):
    def forward(self, features):
        return super().forward(features) * float("nan")


class Exits(Base):
    def forward(self, features):
        os._exit(3)


class Hangs(Base):
    def forward(self, features):
        time.sleep(600)


class Slow(Base):
    def forward(self, features):
        time.sleep(0.02)
        return super().forward(features)


def dataset(name, **more):
    modalities = {"left": "tabular", "right": "tabular"}
    return mmbench.Dataset(
        name, tiny, task="classification", modalities=modalities, embedded=False, **more
    )


@mmbench.hookimpl
def mmbench_datasets():
    corrupt = os.path.join(os.path.dirname(__file__), "corrupt.bin")
    missing = os.path.join(os.path.dirname(__file__), "missing.bin")
    return [
        dataset("tiny"),
        dataset("tiny_corrupt", files={corrupt: "0" * 64}),
        dataset("tiny_missing", files={missing: "0" * 64}),
    ]


@mmbench.hookimpl
def mmbench_fusions():
    kinds = {"steady": Base, "raises": Raises, "nans": Nan, "exits": Exits, "hangs": Hangs}
    kinds["slow"] = Slow
    return [mmbench.Fusion(name, kind, summary=name) for name, kind in kinds.items()]
"""


@dataclass(frozen=True)
class Called:
    """What a command gave."""

    code: Any
    out: str
    err: str


def call(*arguments: object) -> Called:
    """Run the command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as done:
            return Called(done.code, out.getvalue(), err.getvalue())
    raise AssertionError("main always exits")


def records(folder: Path) -> list[dict[str, Any]]:
    return list(Journal(folder).read())


@pytest.fixture(name="call")
def call_fixture() -> Callable[..., Called]:
    return call


@pytest.fixture(name="records")
def records_fixture() -> Callable[[Path], list[dict[str, Any]]]:
    return records


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the program in a process group of its own, with `path` on its PYTHONPATH."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: object, path: Path | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", "import mmbench.cli; mmbench.cli.main()", *map(str, arguments)],
            env={**os.environ, **({"PYTHONPATH": str(path)} if path else {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def trouble(tmp_path_factory: pytest.TempPathFactory, lay_out: Callable[..., None]) -> Path:
    """The folder of an installed third-party distribution `trouble`."""
    folder = tmp_path_factory.mktemp("trouble")
    lay_out(folder, "trouble", TROUBLE)
    (folder / "corrupt.bin").write_bytes(b"not what was registered")
    return folder


@pytest.fixture
def with_trouble(trouble: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same, importable in this process and by its workers."""
    monkeypatch.syspath_prepend(str(trouble))
    load_registry.cache_clear()
    yield trouble
    load_registry.cache_clear()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Called]:
    """A results folder of one tiny run, and what the run printed."""
    folder = tmp_path_factory.mktemp("finished") / "results"
    arguments = ["-d", "mfeat", "-f", "concat", "--seeds", 1, "--epochs", 2, "--no-latency"]
    return folder, call("run", *arguments, "--out", folder)


@pytest.fixture
def copied(finished: tuple[Path, Called], tmp_path: Path) -> Path:
    """A copy of the finished folder that a test may change."""
    return Path(shutil.copytree(finished[0], tmp_path / "results"))
