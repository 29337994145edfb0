from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmbench.errors import BadParameter, DataError
from mmbench_datasets.formats.audio import log_mel
from mmbench_datasets.own.huggingface import from_huggingface

datasets = pytest.importorskip("datasets")
N = 8


def _content() -> dict[str, list[Any]]:
    return {
        "picture": [
            None if row == 1 else Image.new("RGB", (9, 9), (row, 0, 9)) for row in range(N)
        ],
        "words": [None if row == 2 else f"word {row}" for row in range(N)],
        "weight": [None if row == 3 else row / 4 for row in range(N)],
        "count": list(range(N)),
        "series": [[[float(row), float(step)] for step in range(row + 1)] for row in range(N)],
        "vector": [[1.0, row] for row in range(N)],
        "who": [f"speaker {row // 2}" for row in range(N)],
        "kind": [row % 2 for row in range(N)],
    }


def _dataset(**changes: list[Any]) -> Any:
    datasets.disable_progress_bars()
    found = datasets.Dataset.from_dict({**_content(), **changes})
    return found.cast_column("kind", datasets.ClassLabel(names=["cat", "dog"]))


def test_every_column_is_what_was_put_in() -> None:
    samples = from_huggingface(_dataset(), target="kind", group="who", size=4)
    assert sorted(samples.inputs) == ["picture", "series", "tabular", "vector", "words"]
    here = np.arange(N) != 1
    assert samples.present["picture"].tolist() == here.tolist()
    assert samples.inputs["picture"][here, 0, 0, 0].tolist() == np.arange(N)[here].tolist()
    assert samples.inputs["words"].tolist() == [
        "word 0",
        "word 1",
        "",
        *(f"word {k}" for k in range(3, N)),
    ]
    assert samples.lengths["series"].tolist() == list(range(1, N + 1))
    assert samples.inputs["series"][7, :, 1].tolist() == list(range(8))
    assert samples.inputs["vector"][:, 1].tolist() == list(range(N))
    expected = [[row / 4 if row != 3 else np.nan, row] for row in range(N)]
    assert np.array_equal(samples.inputs["tabular"], expected, equal_nan=True)
    assert samples.target_names == ("cat", "dog")
    assert samples.targets.tolist() == [0, 1] * 4
    assert samples.groups is not None
    assert samples.groups.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert samples.split is None


def test_parts_of_a_dictionary_are_the_split() -> None:
    whole = _dataset()
    parts = {"train": range(4), "validation": range(4, 6), "test": range(6, 8)}
    found = datasets.DatasetDict({name: whole.select(rows) for name, rows in parts.items()})
    samples = from_huggingface(found, target="kind", columns={"words": "text"})
    assert samples.split is not None
    assert samples.split.tolist() == ["train"] * 4 + ["validation"] * 2 + ["test"] * 2
    assert list(samples.inputs) == ["words"]
    assert samples.inputs["words"][7] == "word 7"


def test_a_group_may_not_be_in_two_parts() -> None:
    whole = _dataset()
    found = {"train": whole.select(range(3)), "test": whole.select(range(3, 8))}
    with pytest.raises(DataError, match="each group in one part"):
        from_huggingface(found, target="kind", group="who")


class _Plain:
    """What the function needs of a dataset: no library behind it."""

    column_names = ("sound", "y")

    def __init__(self, sounds: list[Any]) -> None:
        self.features = {"y": None}
        self.columns = {"sound": sounds, "y": ["a", "b", "a"]}

    def __getitem__(self, name: str) -> list[Any]:
        return self.columns[name]

    def __len__(self) -> int:
        return 3


def test_sound_comes_decoded_or_as_bytes() -> None:
    signal = np.random.default_rng(0).normal(scale=0.1, size=1600).astype(np.float32)
    buffer = io.BytesIO()
    soundfile.write(buffer, signal, 8000, format="WAV", subtype="FLOAT")
    decoded = {"array": signal.astype(float), "sampling_rate": 8000, "path": "a.wav"}
    plain = _Plain([decoded, {"bytes": buffer.getvalue(), "path": None}, None])
    samples = from_huggingface(plain, target="y", rate=8000, bands=5)
    expected = log_mel(signal, 8000, 5)
    assert np.allclose(samples.inputs["sound"][0], expected, atol=1e-5)
    assert np.allclose(samples.inputs["sound"][1], expected, atol=1e-5)
    assert samples.present["sound"].tolist() == [True, True, False]
    raw = from_huggingface(plain, target="y", rate=8000, bands=0, seconds=0.1)
    assert np.allclose(raw.inputs["sound"][0, :, 0], signal[:800])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"target": "label"}, "Expected a column of the dataset: picture, .*Found 'label'"),
        ({"target": "kind", "columns": {"gone": "text"}}, "Found 'gone'"),
        (
            {"target": "kind", "columns": {"words": "prose"}},
            "Expected column 'words' .*Found 'prose'",
        ),
    ],
)
def test_a_wrong_name_is_a_wrong_parameter(arguments: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadParameter, match=reason):
        from_huggingface(_dataset(), **arguments)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        (
            {"words": "image"},
            "words: expected image or None, found 7 of 8 rows otherwise: str in row 0",
        ),
        ({"words": "number"}, "words: expected number or None, found 7 of 8 rows"),
        ({"picture": "text"}, "picture: expected text or None, found 7 of 8 rows"),
        ({"count": "audio"}, "count: expected audio or None, found 8 of 8 rows"),
        ({"words": "array"}, "words: expected array or None, found 7 of 8 rows"),
    ],
)
def test_values_of_another_kind_name_their_column(columns: dict[str, str], reason: str) -> None:
    with pytest.raises(DataError, match=f"dataset: {reason}"):
        from_huggingface(_dataset(), target="kind", columns=columns)


def test_unknown_targets_are_named() -> None:
    unlabelled = _dataset(kind=[0, 1, None, -1, 0, 1, 0, 1])
    with pytest.raises(
        DataError, match=r"kind: expected a target in each row, found 2 of 8 .* row 2, row 3"
    ):
        from_huggingface(unlabelled, target="kind")


def test_other_targets() -> None:
    samples = from_huggingface(_dataset(), target="vector", columns={"words": "text"})
    assert samples.targets.shape == (N, 2)
    samples = from_huggingface(
        _dataset(), target="count", columns={"words": "text"}, task="regression"
    )
    assert samples.targets.tolist() == [float(row) for row in range(N)]
