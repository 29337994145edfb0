from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench.errors import BadParameter
from mmbench_datasets.formats import mimic

COUNT = 7
# Died in hospital, and within 1, 2, 3, 30 days and a year.
DEATHS = [
    [1, 1, 1, 1, 1, 1],
    [0, 0, 1, 1, 1, 1],
    [1, 0, 0, 1, 1, 1],
    [0, 0, 0, 0, 1, 1],
    [0, 0, 0, 0, 0, 1],
    [0, 0, 0, 0, 0, 0],
    [1, 0, 0, 0, 0, 0],
]
DIAGNOSES = (np.arange(20) % np.arange(2, 2 + COUNT)[:, None]).astype(np.float64)


@pytest.fixture
def content() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        "ep_tdata": rng.normal(size=(COUNT, 24, 12)),
        "adm_features_all": rng.normal(size=(COUNT, 5)),
        "adm_labels_all": np.array(DEATHS, dtype=np.float64),
        "y_icd9": DIAGNOSES,
        "y_los": np.zeros(COUNT),
    }


def _write(folder: Path, content: Any, protocol: int = 4) -> Path:
    (folder / "im.pk").write_bytes(pickle.dumps(content, protocol=protocol))
    return folder


def _read(read: Callable[..., Samples | None], root: Path, **params: Any) -> Samples:
    samples = read(root, Problems(root), **params)
    assert samples is not None
    return samples


@pytest.mark.parametrize("protocol", [2, 4])
def test_measurements_are_those_of_the_file(
    tmp_path: Path, content: dict[str, Any], protocol: int
) -> None:
    samples = _read(mimic.mortality, _write(tmp_path, content, protocol))
    assert np.array_equal(samples.inputs["series"], content["ep_tdata"].astype(np.float32))
    assert np.array_equal(samples.inputs["static"], content["adm_features_all"].astype(np.float32))
    assert samples.split is None


def test_unknown_values(tmp_path: Path, content: dict[str, Any]) -> None:
    content["ep_tdata"][0, 3, :3] = [np.nan, np.inf, -1e300]
    content["adm_features_all"][1, :2] = [np.nan, np.inf]
    samples = _read(mimic.icd9, _write(tmp_path, content))
    series, static = samples.inputs["series"], samples.inputs["static"]
    assert series.dtype == static.dtype == np.float32
    assert series[0, 3, :3].tolist() == [0, 0, 0]
    assert (series != 0).sum() == series.size - 3
    assert np.isnan(static[1]).tolist() == [True, True, False, False, False]
    assert np.isfinite(static).sum() == static.size - 2


def test_mortality_is_the_shortest_term(tmp_path: Path, content: dict[str, Any]) -> None:
    samples = _read(mimic.mortality, _write(tmp_path, content))
    assert samples.targets.tolist() == [1, 2, 3, 4, 5, 0, 0]
    assert samples.target_names[:2] == ("alive after 1 year", "died within 1 day")
    assert len(samples.target_names) == 6


def test_diagnoses(tmp_path: Path, content: dict[str, Any]) -> None:
    root = _write(tmp_path, content)
    samples = _read(mimic.icd9, root)
    assert samples.targets.tolist() == (DIAGNOSES > 0).astype(int).tolist()
    assert len(samples.target_names) == 20
    assert _read(mimic.icd9_group, root).targets.tolist() == [1, 1, 1, 1, 1, 0, 1]
    group = _read(mimic.icd9_group, root, group=6)
    assert group.targets.tolist() == [0, 0, 1, 1, 0, 1, 1]
    assert group.target_names == ("no", "yes")


@pytest.mark.parametrize("group", [-1, 20])
def test_there_are_twenty_groups(tmp_path: Path, group: int) -> None:
    with pytest.raises(BadParameter, match=f"`group` to be 0 to 19. Found {group}"):
        mimic.icd9_group(tmp_path, Problems(tmp_path), group=group)


def test_all_faults_are_found_at_once(
    tmp_path: Path, content: dict[str, Any], faults: Callable[..., list[str]]
) -> None:
    content["ep_tdata"] = content["ep_tdata"][:, :, :11]
    content["adm_features_all"] = content["adm_features_all"].astype(str)
    content["adm_labels_all"] = content["adm_labels_all"][:, :5]
    assert faults(mimic.mortality, _write(tmp_path, content)) == [
        "im.pk: ep_tdata: expected numbers of shape (N, 24, 12), found float64 of shape (7, 24, 11)",
        "im.pk: adm_features_all: expected numbers of shape (N, 5), "
        f"found {content['adm_features_all'].dtype} of shape (7, 5)",
        "im.pk: adm_labels_all: expected numbers of shape (N, 6), found float64 of shape (7, 5)",
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda c: c.pop("y_icd9"),
            "content: expected also y_icd9, "
            "found only ep_tdata, adm_features_all, adm_labels_all, y_los",
        ),
        (
            lambda c: c.update(y_icd9=np.zeros((6, 20))),
            "y_icd9: expected 7 rows, as ep_tdata has, found 6",
        ),
        (
            lambda c: c["y_icd9"].__setitem__((2, 0), np.nan),
            "y_icd9: expected finite numbers, found 1 of 7 rows otherwise: row 2",
        ),
    ],
)
def test_malformed_files(
    tmp_path: Path,
    content: dict[str, Any],
    faults: Callable[..., list[str]],
    change: Callable[[Any], Any],
    problem: str,
) -> None:
    content["y_icd9"] = content["y_icd9"].copy()
    change(content)
    assert faults(mimic.icd9, _write(tmp_path, content)) == [f"im.pk: {problem}"]


def test_missing_truncated_and_hostile_files(
    tmp_path: Path, content: dict[str, Any], payload: Any, faults: Callable[..., list[str]]
) -> None:
    (missing,) = faults(mimic.icd9, tmp_path)
    assert missing == "im.pk: expected this file or folder, found nothing"
    (tmp_path / "im.pk").write_bytes(pickle.dumps(content)[:1000])
    (truncated,) = faults(mimic.icd9, tmp_path)
    assert truncated.startswith("im.pk: content: expected a whole pickle")
    (refused,) = faults(mimic.icd9, _write(tmp_path, content | {"y_icd9": payload}))
    assert "which is refused (nothing was executed)" in refused
    assert not payload.folder.exists()
