from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mmbench_datasets
from mmbench import Dataset
from mmbench.data.samples import Samples
from mmbench.data.vendored import verify
from mmbench.errors import DataError
from mmbench_datasets.files import DATA, SHA256

DATASETS = {dataset.name: dataset for dataset in mmbench_datasets.mmbench_datasets()}


@pytest.fixture(params=DATASETS)
def dataset(request: pytest.FixtureRequest) -> Dataset:
    return DATASETS[request.param]


def _rank(samples: Samples, name: str) -> int:
    return samples.inputs[name].ndim


def test_all_datasets_are_registered() -> None:
    assert sorted(DATASETS) == [
        "emoji",
        "mfeat",
        "mfeat_image",
        "movies_genres",
        "movies_meter",
        "watch",
    ]


def test_registration_says_what_a_user_must_know(dataset: Dataset) -> None:
    assert dataset.summary.endswith(".")
    assert "\n" not in dataset.summary
    assert dataset.licence
    assert dataset.source
    assert dataset.embedded
    assert dataset.files
    verify(dataset.files)


def test_loading_gives_what_is_registered_and_the_same_each_time(dataset: Dataset) -> None:
    first, second = dataset.load()(), dataset.load()()
    assert sorted(first.inputs) == list(dataset.modalities)
    ranks = {"tabular": 2, "motion": 3, "image": 4, "text": 1}
    for name, modality in dataset.modalities.items():
        assert _rank(first, name) == ranks[modality.kind]
        assert np.array_equal(
            first.inputs[name], second.inputs[name], equal_nan=modality.kind == "tabular"
        )
    assert np.array_equal(first.targets, second.targets)
    assert (first.groups is None) == (dataset.name not in ("watch", "emoji"))
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
    else:
        assert targets.dtype.kind == "f"
        assert targets.min() == 0
        assert targets.max() == 100


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
    registered = {Path(path).name for dataset in DATASETS.values() for path in dataset.files}
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
