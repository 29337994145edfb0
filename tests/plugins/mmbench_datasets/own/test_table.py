from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

import mmbench
from mmbench.data.problems import Problems
from mmbench.errors import BadParameter, DataError
from mmbench_datasets.formats.audio import log_mel
from mmbench_datasets.own.table import describe, read

N = 12
TOML = """
table = "data.csv"
target = "verdict"
group = "patient"
split = "part"
licence = "CC0 1.0"
source = "ward 7"

[columns]
scan = "image"
cough = "audio"
note = "text"
age = "number"
colour = "category"
pulse = {kind = "number", modality = "vitals"}
trace = "array"
"""


def _signal(row: int) -> np.ndarray:
    return np.random.default_rng(row).normal(scale=0.1, size=800 + 40 * row).astype(np.float32)


def _trace(row: int) -> np.ndarray:
    return np.random.default_rng(row).normal(size=(3 + row, 2)).astype(np.float32)


def _frame() -> pd.DataFrame:
    """Rows 1, 2 and 3 each lack something."""
    return pd.DataFrame(
        {
            "patient": [f"p{row // 2}" for row in range(N)],
            "part": ["train"] * 8 + ["dev"] * 2 + ["test"] * 2,
            "scan": [None if row == 1 else f"scans/{row}.png" for row in range(N)],
            "cough": [None if row == 2 else f"coughs/{row}.wav" for row in range(N)],
            "note": [None if row == 3 else f"No. {row}, NA" for row in range(N)],
            "age": [None if row == 1 else 20.5 + row for row in range(N)],
            "colour": [None if row == 2 else ["red", "blue", "green"][row % 3] for row in range(N)],
            "pulse": [60 + row for row in range(N)],
            "trace": [None if row == 3 else f"traces/{row}.npy" for row in range(N)],
            "verdict": ["ill" if row % 2 else "well" for row in range(N)],
        }
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("table")
    for name in ("scans", "coughs", "traces"):
        (folder / name).mkdir()
    for row in range(N):
        Image.new("RGB", (10, 10), (row, 2 * row, 200)).save(folder / f"scans/{row}.png")
        soundfile.write(folder / f"coughs/{row}.wav", _signal(row), 8000, subtype="FLOAT")
        np.save(folder / f"traces/{row}.npy", _trace(row))
    _frame().to_csv(folder / "data.csv", index=False)
    (folder / "dataset.toml").write_text(TOML)
    return folder


@pytest.fixture
def root(written: Path, tmp_path: Path) -> Path:
    """A copy that the test may change."""
    return shutil.copytree(written, tmp_path / "ward7")


def test_every_column_is_what_was_written(root: Path) -> None:
    samples = read(root, Problems(root), size=4, rate=8000, bands=6)
    assert samples is not None
    assert sorted(samples.inputs) == ["cough", "note", "scan", "tabular", "trace", "vitals"]
    here = np.arange(N) != 1
    assert samples.present["scan"].tolist() == here.tolist()
    assert samples.inputs["scan"][here, 1, 0, 0].tolist() == (2 * np.arange(N)[here]).tolist()
    assert not samples.inputs["scan"][1].any()
    for row in (0, 11):
        length = samples.lengths["cough"][row]
        expected = log_mel(_signal(row), 8000, 6)
        assert np.allclose(samples.inputs["cough"][row, :length], expected, atol=1e-5)
        assert np.array_equal(samples.inputs["trace"][row, : 3 + row], _trace(row))
    assert samples.lengths["cough"][2] == 0
    assert samples.lengths["trace"].tolist() == [3, 4, 5, 0, *range(7, 15)]
    assert samples.inputs["note"][0] == "No. 0, NA"
    assert samples.inputs["note"][3] == ""
    assert samples.present["note"].tolist() == (np.arange(N) != 3).tolist()
    assert samples.inputs["vitals"].tolist() == [[60.0 + row] for row in range(N)]


def test_numbers_and_categories_stand_side_by_side_with_gaps(root: Path) -> None:
    samples = read(root, Problems(root), size=4, rate=8000)
    assert samples is not None
    table = samples.inputs["tabular"]
    assert table.shape == (N, 4)  # age; blue, green, red
    assert table[0].tolist() == [20.5, 0, 0, 1]
    assert np.isnan(table[1]).tolist() == [True, False, False, False]
    assert np.isnan(table[2]).tolist() == [False, True, True, True]
    assert table[4].tolist() == [24.5, 1, 0, 0]


def test_target_groups_and_split(root: Path) -> None:
    samples = read(root, Problems(root), size=4, rate=8000)
    assert samples is not None
    assert samples.target_names == ("ill", "well")
    assert samples.targets.tolist() == [1, 0] * 6
    assert samples.groups is not None
    assert samples.groups.tolist() == np.repeat(np.arange(6), 2).tolist()
    assert samples.split is not None
    assert samples.split.tolist() == ["train"] * 8 + ["validation"] * 2 + ["test"] * 2


def test_parquet_gives_the_same(root: Path) -> None:
    from_csv = read(root, Problems(root), size=4, rate=8000)
    _frame().to_parquet(root / "data.parquet")
    (root / "dataset.toml").write_text(TOML.replace("data.csv", "data.parquet"))
    found = read(root, Problems(root), size=4, rate=8000)
    assert from_csv is not None
    assert found is not None
    for name, values in from_csv.inputs.items():
        assert np.array_equal(found.inputs[name], values, equal_nan=values.dtype.kind == "f")
    assert found.targets.tolist() == from_csv.targets.tolist()


def test_the_toml_itself_stands_for_its_folder(root: Path) -> None:
    path = root / "dataset.toml"
    assert read(path, Problems(path), size=4, rate=8000) is not None
    (root / "scans/5.png").unlink()
    problems = Problems(path, strict=False)
    assert read(path, problems, size=4, rate=8000) is None
    assert [str(problem) for problem in problems.found] == [
        "data.csv: scan: expected an existing file or folder, found 1 of 11 files otherwise: scans/5.png"
    ]


def test_the_description_names_kinds_files_and_task(root: Path) -> None:
    for found in (describe(root), describe(root / "dataset.toml")):
        kinds = {name: found.modality(name).kind for name in found.modalities}
        assert kinds == {
            "cough": "audio",
            "note": "text",
            "scan": "image",
            "tabular": "tabular",
            "trace": "sensor",
            "vitals": "tabular",
        }
        assert found.name == "ward7"
        assert (found.task, found.licence, found.source) == ("classification", "CC0 1.0", "ward 7")
        assert "trace: sensor by its shape, float32 (N, 3, 2)" in found.summary
        assert len(found.files) == 2 + 3 * (N - 1)
        scan = root / "scans/0.png"
        assert found.files[str(scan)] == hashlib.sha256(scan.read_bytes()).hexdigest()


def test_what_is_described_passes_the_properties_of_datasets(root: Path) -> None:
    found = describe(root)
    dataset = mmbench.Dataset(
        "own",
        lambda: read(root, Problems(root), size=4, rate=8000),
        task="classification",
        modalities=found.modalities,
        licence=found.licence,
        source=found.source,
        summary=found.summary,
    )
    results = mmbench.testing.check(dataset)
    assert [result for result in results if result.status == "failed"] == []


@pytest.mark.parametrize(
    ("lines", "task"),
    [
        ('target = "pulse"', "classification"),
        ('target = "pulse"\ntask = "regression"', "regression"),
        ('target = ["pulse", "age"]', "regression"),
        ('task = "retrieval"\ngallery = "scan"', "retrieval"),
    ],
)
def test_other_tasks(root: Path, lines: str, task: str) -> None:
    _frame().assign(pulse=np.arange(N) % 3, age=0.5).to_csv(root / "data.csv", index=False)
    columns = '[columns]\nscan = "image"\nnote = "text"\n'
    (root / "dataset.toml").write_text(f'table = "data.csv"\n{lines}\n{columns}')
    found, samples = describe(root), read(root, Problems(root), size=4)
    assert samples is not None
    assert found.task == task
    expected = {
        "classification": (np.arange(N) % 3).tolist(),
        "regression": [[row % 3, 0.5] for row in range(N)] if "age" in lines else None,
        "retrieval": list(range(N)),
    }[task]
    assert samples.targets.tolist() == (expected or [float(row % 3) for row in range(N)])


def test_labels_in_several_columns(root: Path) -> None:
    _frame().assign(a=np.arange(N) % 2, b=1).to_csv(root / "data.csv", index=False)
    (root / "dataset.toml").write_text(
        'table = "data.csv"\ntarget = ["a", "b"]\n[columns]\nnote = "text"\n'
    )
    samples = read(root, Problems(root))
    assert samples is not None
    assert samples.target_names == ("a", "b")
    assert samples.targets.tolist() == [[row % 2, 1] for row in range(N)]


def test_all_that_is_wrong_is_found_at_once(root: Path) -> None:
    frame = _frame().astype(object)
    frame.loc[0, "scan"] = "../../etc/passwd"
    frame.loc[4, "scan"] = "scans/none.png"
    frame.loc[[5, 6], "age"] = "old"
    frame.loc[7, "verdict"] = None
    frame.loc[8, "part"] = "later"
    frame.loc[9, "patient"] = None
    frame.to_csv(root / "data.csv", index=False)
    (root / "coughs/1.wav").write_bytes(b"RIFF")
    np.save(root / "traces/0.npy", np.ones((3, 5)))
    problems = Problems(root, strict=False)
    assert read(root, problems) is None
    found = "\n".join(map(str, problems.found))
    for text in (
        "data.csv: scan: expected a path inside the dataset's folder, found 1 of 11 files otherwise: '../..",
        "data.csv: scan: expected an existing file or folder, found 1 of 11 files otherwise: scans/none.png",
        "data.csv: cough: expected a readable file, found 1 of 11 files otherwise: coughs/1.wav (",
        "data.csv: trace: expected arrays of numbers, of one shape or series (T, C) of any T",
        "data.csv: age: expected a number or an empty cell, found 2 of 12 rows otherwise: 'old' in row 5",
        "data.csv: verdict: expected a target in each row, found 1 of 12 rows otherwise: row 7",
        "data.csv: part: expected train, validation or test, found 1 of 12 rows otherwise: 'later'",
        "data.csv: patient: expected a group in each row, found 1 of 12 rows otherwise: row 9",
    ):
        assert text in found


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            ('table = "data.csv"', ""),
            "table: expected the name of a CSV or Parquet file, found none",
        ),
        (
            ('"data.csv"', '"../data.csv"'),
            r"table: expected a file \.csv or \.parquet inside the folder",
        ),
        (('"data.csv"', '"gone.csv"'), r"table: expected a file .*'gone\.csv'"),
        (('"image"', '"picture"'), r"columns\.scan: expected one of array, audio, .*'picture'"),
        (('"vitals"}', '"my vitals"}'), r"columns\.pulse: expected one of .* letters, digits"),
        (
            ("colour =", "verdict ="),
            r"columns\.verdict: expected no column of targets among the inputs",
        ),
        (('"vitals"}', '"vitals", unit = 1}'), r"columns\.pulse: expected one of"),
        (
            ('split = "part"', 'splits = "part"'),
            "splits: expected one of columns, gallery, .*unknown key",
        ),
        (('group = "patient"', "group = 3"), "group: expected text, found 3"),
        (('target = "verdict"', ""), "target: expected the name of a column, or a list of them"),
        (
            ('target = "verdict"', 'task = "retrieval"'),
            "gallery: expected a modality, in retrieval",
        ),
        (
            ('target = "verdict"', 'target = "verdict"\ntask = "rank"'),
            "task: expected one of class",
        ),
        (("[columns]", "[columns"), "expected readable TOML, found TOMLDecodeError"),
    ],
)
def test_a_wrong_configuration_names_its_key(
    root: Path, change: tuple[str, str], reason: str
) -> None:
    assert change[0] in TOML
    (root / "dataset.toml").write_text(TOML.replace(*change))
    with pytest.raises(DataError, match=rf"(dataset\.toml|data\.csv): {reason}"):
        read(root, Problems(root), size=4, rate=8000)


@pytest.mark.parametrize(
    ("column", "kind"), [("scan", "image"), ("trace", "array"), ("note", "text")]
)
def test_a_column_without_any_value_is_named(root: Path, column: str, kind: str) -> None:
    _frame().assign(**{column: None}).to_csv(root / "data.csv", index=False)
    toml = f'table = "data.csv"\ntarget = "verdict"\n[columns]\n{column} = "{kind}"\n'
    (root / "dataset.toml").write_text(toml)
    with pytest.raises(DataError, match=rf"data\.csv: {column}: expected a value in some row"):
        read(root, Problems(root))


def test_arrays_that_are_all_unknown_cannot_be_described(root: Path) -> None:
    _frame().assign(trace=None).to_csv(root / "data.csv", index=False)
    with pytest.raises(DataError, match=r"data\.csv: trace: expected a value in some row"):
        describe(root)


def test_a_missing_column_is_named(root: Path) -> None:
    _frame().drop(columns=["colour", "patient"]).to_csv(root / "data.csv", index=False)
    problems = Problems(root, strict=False)
    assert read(root, problems) is None
    assert [problem.field for problem in problems.found] == ["colour", "patient"]
    assert problems.found[0].found.startswith("only part, scan, cough")


def test_columns_of_one_modality_are_of_one_kind(root: Path) -> None:
    toml = TOML.replace('note = "text"', 'note = {kind = "text", modality = "vitals"}')
    (root / "dataset.toml").write_text(toml)
    with pytest.raises(DataError, match=r"vitals: .* found note \(text\), pulse \(number\)"):
        read(root, Problems(root), size=4, rate=8000)


def test_parameters_out_of_range_are_refused(root: Path) -> None:
    with pytest.raises(BadParameter, match=r"Expected `size` to be at least 1\. Found 0"):
        read(root, Problems(root), size=0)


def test_too_many_categories_are_text(root: Path) -> None:
    frame = pd.concat([_frame()] * 30, ignore_index=True).assign(colour=lambda f: f.index)
    frame.to_csv(root / "data.csv", index=False)
    with pytest.raises(DataError, match=r"colour: expected 1 to 256 categories .*, found 360"):
        read(root, Problems(root), size=4, rate=8000)


class _Payload:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_objects_in_arrays_are_refused_and_not_executed(root: Path) -> None:
    bad = np.array([_Payload(root / "owned")], dtype=object)
    np.save(root / "traces/0.npy", bad, allow_pickle=True)
    with pytest.raises(
        DataError, match=r"trace: expected a readable file, .*traces/0\.npy \(Object arrays cannot"
    ):
        read(root, Problems(root), size=4, rate=8000)
    assert not (root / "owned").exists()


@pytest.mark.parametrize("text", ["", "a,b\n", 'a,b\n"1,2\n3,4,5\n'])
def test_a_broken_table_is_named(root: Path, text: str) -> None:
    (root / "data.csv").write_text(text)
    with pytest.raises(DataError, match=r"data\.csv: "):
        read(root, Problems(root))
