from __future__ import annotations

import collections
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmbench.data.problems import Problems
from mmbench.errors import DataError
from mmbench_datasets.formats.pickles import load_arrays, read_arrays

try:
    from numpy._core import multiarray
except ImportError:  # NumPy 1
    from numpy.core import multiarray

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
ARRAYS = {
    "real": np.arange(6.0).reshape(2, 3),
    "half": np.array([1.5, -np.inf], np.float16),
    "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "big endian": np.arange(4, dtype=">f4"),
    "transposed": np.arange(24).reshape(2, 3, 4).transpose(2, 0, 1),
    "strided": np.arange(10)[::3],
    "complex": np.array([1 + 2j]),
    "bool": np.array([[True], [False]]),
    "bytes": np.array([b"ab", b"c"]),
    "text": np.array(["é", "longer"]),
    "objects": np.array(["a", None, b"b", [1]], dtype=object),
    "scalar": np.array(3),
    "empty": np.zeros((0, 3), np.uint8),
}
PLAIN = {
    "scalars": [np.float32(1.5), np.int64(-3), np.str_("é"), np.bool_(True)],
    "containers": ({1, 2}, frozenset({3}), (), [{}], {"a": {2: None}}),
    "python": [True, None, 2**100, -1.5, "text", b"", b"\xff\x00"],
}


def _write(path: Path, content: Any, protocol: int | None = None) -> Path:
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


def _same(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> bool:
    return (
        first.dtype.newbyteorder("=") == second.dtype.newbyteorder("=")
        and first.shape == second.shape
        and first.tolist() == second.tolist()
    )


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_arrays_and_containers_come_back(tmp_path: Path, protocol: int) -> None:
    read = load_arrays(_write(tmp_path / "a.pkl", {"arrays": ARRAYS, **PLAIN}, protocol))
    assert {key: value for key, value in read.items() if key != "arrays"} == PLAIN
    assert [type(scalar) for scalar in read["scalars"]] == [np.float32, np.int64, np.str_, np.bool_]
    assert read["arrays"].keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert _same(read["arrays"][name], array), name
        assert read["arrays"][name].flags.writeable, name


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_ordered_and_default_dictionaries_come_as_plain_ones(tmp_path: Path, protocol: int) -> None:
    lists = collections.defaultdict(list, {"a": [np.arange(2)]})
    read = load_arrays(
        _write(tmp_path / "a.pkl", (lists, collections.OrderedDict(b=1, a=2)), protocol)
    )
    assert type(read[0]) is type(read[1]) is dict
    assert read[0]["a"][0].tolist() == [0, 1]
    assert list(read[1].items()) == [("b", 1), ("a", 2)]


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    array=hnp.arrays(
        hnp.boolean_dtypes()
        | hnp.integer_dtypes()
        | hnp.unsigned_integer_dtypes()
        | hnp.floating_dtypes(),
        hnp.array_shapes(min_dims=0, min_side=0, max_side=4),
    ),
    protocol=st.sampled_from(PROTOCOLS),
)
def test_any_array_comes_back(tmp_path: Path, array: npt.NDArray[Any], protocol: int) -> None:
    read = load_arrays(_write(tmp_path / "a.pkl", array, protocol))
    np.testing.assert_array_equal(read, array.astype(read.dtype))
    assert read.dtype == pickle.loads((tmp_path / "a.pkl").read_bytes()).dtype


@pytest.mark.parametrize("spelling", [b"numpy.core", b"numpy._core"])
def test_both_spellings_of_numpy_are_read(tmp_path: Path, spelling: bytes) -> None:
    # In protocol 2 names end with a line break, so that they can be exchanged.
    written = pickle.dumps((np.arange(3.0), np.float32(2)), protocol=2)
    for known in (b"numpy._core", b"numpy.core"):
        written = written.replace(known, spelling)
    (tmp_path / "a.pkl").write_bytes(written)
    array, scalar = load_arrays(tmp_path / "a.pkl")
    assert array.tolist() == [0, 1, 2]
    assert scalar == 2


def test_a_pickle_of_python_2_is_read(tmp_path: Path) -> None:
    # {"x": numpy.array([1.0, -2.0]), "id": "caf\xe9"} as cPickle of Python 2.7 with NumPy 1.16 writes it.
    values = np.array([1.0, -2.0], "<f8").tobytes()
    (tmp_path / "a.pkl").write_bytes(
        b"\x80\x02}q\x01(U\x01xq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04"
        b"K\x00\x85q\x05U\x01bq\x06\x87q\x07Rq\x08(K\x01K\x02\x85q\x09cnumpy\ndtype\nq\x0aU\x02f8q\x0b"
        b"K\x00K\x01\x87q\x0cRq\x0d(K\x03U\x01<q\x0eNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x0fb"
        b"\x89U\x10" + values + b"q\x10tq\x11bU\x02idq\x12U\x04caf\xe9q\x13u."
    )
    read = load_arrays(tmp_path / "a.pkl")
    assert read["x"].tolist() == [1.0, -2.0]
    assert read["id"] == "café"


class _Reduced:
    """Pickles as a call of something."""

    def __init__(self, *reduced: Any) -> None:
        self.reduced = reduced

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduced


def _array_of(state: tuple[Any, ...]) -> _Reduced:
    return _Reduced(multiarray._reconstruct, (np.ndarray, (0,), b"b"), state)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("place", ["alone", "in a dictionary", "in an array", "as a key"])
def test_a_payload_is_refused_and_not_run(
    tmp_path: Path, payload: Any, protocol: int, place: str
) -> None:
    held = {
        "alone": payload,
        "in a dictionary": {"train": {"text": [1, payload]}},
        "in an array": np.array([1, payload], dtype=object),
        "as a key": {payload: 1},
    }[place]
    path = _write(tmp_path / "evil.pkl", held, protocol)
    with pytest.raises(DataError, match=r"evil\.pkl: content: expected .* NumPy arrays") as caught:
        load_arrays(path)
    assert f"the global {os.mkdir.__module__}.mkdir, which is refused" in str(caught.value)
    assert "nothing was executed" in str(caught.value)
    assert not payload.folder.exists()


@pytest.mark.parametrize(
    "function",
    [
        eval,
        getattr,
        open,
        print,
        object,
        np.load,
        np.fromfile,
        np.matrix,
        collections.Counter,
        Path,
    ],
)
def test_whatever_is_not_needed_is_refused(tmp_path: Path, function: Callable[..., Any]) -> None:
    path = _write(tmp_path / "a.pkl", _Reduced(function, ("1",)), 4)
    with pytest.raises(DataError, match=f"the global .*{function.__name__}, which is refused"):
        load_arrays(path)


@pytest.mark.parametrize("name", ["ndarray.tofile", "dtype.__new__", "core.multiarray"])
def test_attributes_of_what_is_admitted_are_refused(tmp_path: Path, name: str) -> None:
    spelled = b"\x80\x04\x8c\x05numpy\x8c" + bytes([len(name)]) + name.encode() + b"\x93."
    (tmp_path / "a.pkl").write_bytes(spelled)
    with pytest.raises(DataError, match=f"the global numpy.{name}, which is refused"):
        load_arrays(tmp_path / "a.pkl")


FLOAT, OBJECT = np.dtype("<f8"), np.dtype("O")
PAIR = np.dtype([("x", "O")])
CRAFTED = {
    "more elements than bytes": (_array_of((1, (10**12,), FLOAT, False, b"12345678")), "shape"),
    "fewer elements than bytes": (_array_of((1, (1,), FLOAT, False, b"x" * 16)), "shape"),
    "a negative shape": (_array_of((1, (-1, -1), FLOAT, False, b"x" * 8)), "shape"),
    "bytes for objects": (_array_of((1, (1,), OBJECT, False, b"x")), "shape"),
    "objects for numbers": (_array_of((1, (1,), FLOAT, False, [1] * 8)), "shape"),
    "too few objects": (_array_of((1, (3,), OBJECT, False, [1])), "shape"),
    "no data type": (_array_of((1, (1,), "f8", False, b"x" * 8)), "without a data type"),
    "a structured array": (np.zeros(2, PAIR), "data type"),
    "fields on a number": (
        _Reduced(
            np.dtype, ("f8", False, True), (3, "<", None, ("x",), {"x": (OBJECT, 0)}, 8, 8, 63)
        ),
        "a structured data type",
    ),
    "a subarray": (np.dtype((np.float64, (3,))), "data type"),
    "a time": (np.array(["2020-01-01"], "M8[D]"), "the data type 'M8'"),
    "items of no size": (_Reduced(np.dtype, ("S0", False, True)), "the data type 'S0'"),
    "another class of array": (np.ma.masked_array([1.0]), "_mareconstruct"),
    "a call of the class": (_Reduced(np.ndarray, ((10**12,),)), "a call of numpy.ndarray"),
    "a subclass": (
        _Reduced(multiarray._reconstruct, (list, (0,), b"b")),
        "an array of another class",
    ),
    "a scalar object": (_Reduced(multiarray.scalar, (OBJECT, b"12345678")), ""),
    "another encoding": (_Reduced(__import__("_codecs").encode, ("a", "rot13")), "'rot13'"),
}


@pytest.mark.parametrize("what", CRAFTED)
@pytest.mark.parametrize("protocol", [2, 4])
def test_crafted_arrays_are_refused(tmp_path: Path, what: str, protocol: int) -> None:
    content, named = CRAFTED[what]
    with pytest.raises(DataError, match="nothing was executed") as caught:
        load_arrays(_write(tmp_path / "a.pkl", content, protocol))
    assert named in str(caught.value)


def test_functions_take_no_state(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(b"cnumpy\ndtype\n}X\x01\x00\x00\x00xK\x01sb.")
    with pytest.raises(DataError, match="a state set on a function, which is refused"):
        load_arrays(tmp_path / "a.pkl")


def test_every_truncation_is_an_error(tmp_path: Path) -> None:
    whole = pickle.dumps({"x": np.arange(3), "y": [1, "text"]}, protocol=4)
    for length in range(len(whole)):
        (tmp_path / "a.pkl").write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"a\.pkl: content: expected a whole pickle"):
            load_arrays(tmp_path / "a.pkl")


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(noise=st.binary(max_size=60))
def test_noise_is_an_error_or_a_value(tmp_path: Path, noise: bytes) -> None:
    (tmp_path / "a.pkl").write_bytes(noise)
    try:
        load_arrays(tmp_path / "a.pkl")
    except DataError as error:
        assert "a.pkl: content: expected a whole pickle" in str(error)  # noqa: PT017


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.pkl: content: expected .*No such file"):
        load_arrays(tmp_path / "none.pkl")


def test_a_fault_can_be_collected(tmp_path: Path, payload: Any) -> None:
    problems = Problems(tmp_path, strict=False)
    assert read_arrays(problems, _write(tmp_path / "a.pkl", payload)) is None
    assert [problem.file for problem in problems.found] == ["a.pkl"]
    assert not payload.folder.exists()
