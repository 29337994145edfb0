"""Third-party distributions that are installed for one test, and a registry of toys."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mmbench.registrations import (
    Alignment,
    Dataset,
    Encoder,
    Engine,
    Fusion,
    Modality,
    Registration,
    Report,
    Sampler,
    Suite,
    Weighting,
)
from mmbench.registry import KINDS, SWITCH, Plugin, Registry, Shelf, load_registry
from mmbench.search import Choice, Float, Int

# Before anything imports torch: on tensors this small a second thread only waits for the first.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# A shell without job control starts what runs in its background deaf to Ctrl-C, which some tests send.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of the session's own: tests leave nothing in the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMBENCH_CACHE", str(folder))
        yield folder


def write_distribution(folder: Path, name: str, source: str, version: str = "1.0") -> None:
    """Lay out an installed distribution whose entry point `<name>_plugin` is a module of that name."""
    entry = f"{name}_plugin"
    metadata = folder / f"{name}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (metadata / "entry_points.txt").write_text(f"[mmbench]\n{entry} = {entry}\n")
    (folder / f"{entry}.py").write_text(source)


@pytest.fixture(scope="session")
def lay_out() -> Callable[..., None]:
    """`lay_out(folder, name, source)` writes a distribution without putting it on any path."""
    return write_distribution


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """`install(name, source)` makes a distribution importable for this test."""
    monkeypatch.delenv(SWITCH, raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def write(name: str, source: str, version: str = "1.0") -> Path:
        write_distribution(tmp_path, name, source, version)
        importlib.invalidate_caches()
        load_registry.cache_clear()
        return tmp_path

    load_registry.cache_clear()
    yield write
    load_registry.cache_clear()
    for name in set(sys.modules) - before:
        if name.endswith("_plugin"):
            del sys.modules[name]


def stock() -> dict[str, list[Registration]]:
    """Toys of every kind; nothing of them can be imported."""
    return {
        "alignments": [
            Alignment("pull", "toy.alignments:Pull", role="default"),
            Alignment("push", "toy.alignments:Push"),
        ],
        "datasets": [
            Dataset(
                "facts",
                "toy.data:facts",
                task="classification",
                modalities={"table": "tabular", "note": "text"},
            ),
            Dataset(
                "remote",
                "toy.data:remote",
                task="regression",
                modalities={
                    "left": "tabular",
                    "right": "tabular",
                    "note": Modality("text", "wide"),
                },
                embedded=False,
            ),
        ],
        "encoders": [
            Encoder("dense", "toy.encoders:Dense", kinds=("tabular",), default_for=("tabular",)),
            Encoder(
                "reader",
                "toy.encoders:Reader",
                kinds=("text",),
                default_for=("text",),
                preparation="toy.words:Words",
            ),
            Encoder(
                "wide",
                "toy.wide:Wide",
                kinds=("tabular", "text"),
                parameters={"size": Int(1, 9)},
            ),
        ],
        "engines": [Engine("here", "toy.engines:run", role="default")],
        "fusions": [
            Fusion("join", "toy.fusions:Join", role="default", parameters={"size": Int(1, 9)}),
            Fusion("prior", "toy.fusions:Prior", level="none", role="prior"),
            Fusion("single", "toy.fusions:Single", per_modality="alone", role="unimodal"),
            Fusion("mixed", "toy.fusions:Mixed", per_modality="named", role="shuffled"),
            Fusion("extra", "toy.extra:Extra", parameters={"mode": Choice(("a", "b"))}),
        ],
        "reports": [Report("page", "toy.reports:page")],
        "samplers": [
            Sampler("whole", "toy.samplers:Whole", role="default"),
            Sampler("half", "toy.samplers:Half"),
        ],
        "suites": [
            Suite(
                "office",
                title="The office",
                text="Notes and tables.",
                datasets={"remote": ("left=wide", "note=reader"), "facts": ()},
                fusions=("extra",),
                weightings=("learned",),
            ),
        ],
        "weightings": [
            Weighting("plain", "toy.weightings:Plain", role="default"),
            Weighting("learned", "toy.weightings:Learned", parameters={"rate": Float(0.0, 1.0)}),
        ],
    }


@pytest.fixture
def build() -> Callable[..., Registry]:
    """`build(fusions=[…])` makes a registry of toys, with the entries of some kinds replaced."""

    def make(broken: Iterable[Plugin] = (), **replaced: Iterable[Registration]) -> Registry:
        shelves: dict[str, Shelf[Any]] = {}
        for kind, entries in {**stock(), **replaced}.items():
            shelves[kind] = Shelf(KINDS[kind].kind, broken)
            for entry in entries:
                shelves[kind].put(entry, "toy")
        return Registry(plugins=tuple(broken), **shelves)

    return make


@pytest.fixture
def registry(build: Callable[..., Registry]) -> Registry:
    return build()
