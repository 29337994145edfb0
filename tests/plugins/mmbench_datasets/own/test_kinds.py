from __future__ import annotations

import numpy as np
import pytest

from mmbench_datasets.own.kinds import as_kind, guess, unfit

FLOAT, BYTE, TEXT = np.dtype("f4"), np.dtype("u1"), np.dtype("U3")


@pytest.mark.parametrize(
    ("name", "shape", "dtype", "kind"),
    [
        ("x", (9,), FLOAT, "tabular"),
        ("x", (9, 4), np.dtype("i8"), "tabular"),
        ("x", (9, 4), np.dtype(bool), "tabular"),
        ("x", (9, 28, 28), FLOAT, "image"),
        ("x", (9, 20, 30), BYTE, "image"),
        ("x", (9, 100, 3), FLOAT, "sensor"),
        ("x", (9, 3, 20, 30), FLOAT, "image"),
        ("x", (9, 20, 30, 1), FLOAT, "image"),
        ("x", (9, 5, 3, 8, 8), BYTE, "video"),
        ("x", (9, 5, 8, 8, 3), BYTE, "video"),
        ("x", (9,), TEXT, "text"),
        ("x", (9,), np.dtype(object), "text"),
        ("audio_left", (9, 100, 3), FLOAT, "audio"),
        ("audio", (9, 4000), FLOAT, "audio"),
        ("omics", (9, 50), FLOAT, "omics"),
        ("wrist-motion", (9, 8, 8), FLOAT, "motion"),
        ("ct_image", (9, 20, 30), FLOAT, "image"),
        ("audio", (9, 4, 4, 3), FLOAT, "image"),  # no audio has four axes
        ("text", (9, 300), FLOAT, "tabular"),  # of numbers: an embedding
    ],
)
def test_kinds(name: str, shape: tuple[int, ...], dtype: np.dtype, kind: str) -> None:
    found = guess(name, shape, dtype)
    assert found is not None
    assert found.kind == kind
    assert found.why.startswith(f"{kind} by its ")


def test_lengths_make_a_square_array_a_series() -> None:
    found = guess("x", (9, 28, 28), BYTE, lengths=True)
    assert found is not None
    assert found.kind == "sensor"


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((9, 20, 30, 4), FLOAT),
        ((9, 5, 8, 8, 8), FLOAT),
        ((2, 2, 2, 2, 2, 2), FLOAT),
        ((9, 2), TEXT),
        ((9, 2), np.dtype("c8")),
        ((9,), np.dtype("M8[s]")),
    ],
)
def test_what_has_no_kind(shape: tuple[int, ...], dtype: np.dtype) -> None:
    assert guess("x", shape, dtype) is None


def test_the_reason_is_told() -> None:
    found = guess("scan", (9, 28, 28), FLOAT)
    assert found is not None
    assert found.why == "image by its square shape, float32 (N, 28, 28)"


def test_channels_go_where_samples_want_them() -> None:
    last = np.arange(2 * 4 * 5 * 3).reshape(2, 4, 5, 3)
    assert np.array_equal(as_kind(last, "image"), last.transpose(0, 3, 1, 2))
    first = last.transpose(0, 3, 1, 2)
    assert np.array_equal(as_kind(first, "image"), first)
    assert as_kind(last[..., 0], "image").shape == (2, 1, 4, 5)
    film = np.arange(2 * 6 * 4 * 5).reshape(2, 6, 4, 5, 1)
    assert np.array_equal(as_kind(film, "video"), film.transpose(0, 1, 4, 2, 3))
    assert as_kind(np.ones(3), "tabular").shape == (3, 1)
    assert as_kind(np.ones((3, 7)), "audio").shape == (3, 7, 1)
    assert as_kind(np.array(["a"]), "text").dtype == object


def test_only_tables_may_have_gaps() -> None:
    gap = np.array([[1.0, np.nan], [0.0, 1.0], [np.nan, 2.0]])
    assert unfit(gap, "tabular") == ""
    assert unfit(gap[:, :, None], "sensor") == "NaN or infinity in 2 of 3 rows, the first of them 0"
    assert (
        unfit(np.array([[0.0], [-np.inf]]), "omics")
        == "infinity in 1 of 2 rows, the first of them 1"
    )
    assert unfit(np.array(["a", None], dtype=object), "text") == "no string in row 1"
