from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mmbench_datasets
from mmbench import Dataset
from mmbench.data.vendored import verify
from mmbench.errors import DataError
from mmbench_datasets.files import DATA, SHA256

EVERY = {dataset.name: dataset for dataset in mmbench_datasets.mmbench_datasets()}
PACKAGED = {name: dataset for name, dataset in EVERY.items() if dataset.files}
GENERATED = {
    name: dataset for name, dataset in EVERY.items() if not dataset.files and not dataset.layout
}
ON_DISK = {name: dataset for name, dataset in EVERY.items() if dataset.layout}
RANKS = {"tabular": 2, "motion": 3, "sensor": 3, "audio": 3, "image": 4, "text": 1}


@pytest.fixture(params=[*PACKAGED, *GENERATED])
def dataset(request: pytest.FixtureRequest) -> Dataset:
    found = EVERY[request.param]
    for name in found.requires:
        pytest.importorskip(name)
    return found


def test_what_ships_is_registered() -> None:
    assert sorted(PACKAGED) == [
        "emoji",
        "mfeat",
        "mfeat_image",
        "movies_genres",
        "movies_meter",
        "prompts_retrieval",
        "prompts_topic",
        "watch",
    ]
    assert {dataset.embedded for dataset in ON_DISK.values()} == {False}


@pytest.mark.parametrize("entry", EVERY.values(), ids=EVERY)
def test_registration_says_what_a_user_must_know(entry: Dataset) -> None:
    assert entry.summary.endswith(".")
    assert "\n" not in entry.summary
    assert entry.licence
    assert entry.source
    verify(entry.files)


def test_loading_gives_what_is_registered_and_the_same_each_time(dataset: Dataset) -> None:
    first, second = dataset.load()(), dataset.load()()
    assert sorted(first.inputs) == list(dataset.modalities)
    for name in dataset.modalities:
        kind = dataset.modality(name).kind
        assert first.inputs[name].ndim == RANKS[kind]
        assert np.array_equal(first.inputs[name], second.inputs[name], equal_nan=kind == "tabular")
    assert np.array_equal(first.targets, second.targets)
    if first.groups is not None and second.groups is not None:
        assert np.array_equal(first.groups, second.groups)


def test_targets_fit_the_task(dataset: Dataset) -> None:
    samples = dataset.load()()
    targets = samples.targets
    if dataset.task == "classification":
        assert np.array_equal(np.unique(targets), np.arange(len(samples.target_names)))
    elif dataset.task == "multilabel":
        assert targets.shape == (len(samples), len(samples.target_names))
        assert np.array_equal(np.unique(targets), [0, 1])
    elif dataset.task == "regression":
        assert targets.dtype.kind == "f"
        assert targets.min() >= 0
    else:
        assert targets.dtype.kind == "i"
        assert dataset.gallery in dataset.modalities


@pytest.mark.parametrize("name", sorted(SHA256))
def test_a_corrupt_copy_is_refused_by_name_and_hash(name: str, tmp_path: Path) -> None:
    copy = tmp_path / name
    content = bytearray((DATA / name).read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    with pytest.raises(DataError) as caught:
        verify({str(copy): SHA256[name]})
    assert str(copy) in str(caught.value)
    assert SHA256[name] in str(caught.value)


def test_every_file_is_registered_and_attributed() -> None:
    registered = {Path(path).name for dataset in PACKAGED.values() for path in dataset.files}
    shipped = {path.name for path in DATA.iterdir()} - {"ATTRIBUTION.md", ".gitattributes"}
    assert shipped == registered == set(SHA256)
    attribution = (DATA / "ATTRIBUTION.md").read_text(encoding="utf-8")
    for name, digest in SHA256.items():
        section = attribution.partition(f"## {name}\n")[2].partition("\n## ")[0]
        assert digest in section
        assert "- Licence: " in section


def test_listing_brings_no_heavy_library() -> None:
    code = (
        "import sys, mmbench_datasets; mmbench_datasets.mmbench_datasets();"
        "print([name for name in ('numpy', 'pandas', 'torch', 'PIL') if name in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    assert printed.strip() == "[]"
