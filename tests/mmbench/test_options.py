from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mmbench.errors import UnknownName, UsageError
from mmbench.options import RunOptions, read_options


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "run.toml"
    path.write_text(
        'fusions = ["concat", "sum"]\nseeds = 4\nlatency = false\nout = "there"\n'
        "[lambdas]\nimage = 0.5\n[ws]\n'image->text' = 2\n"
    )
    return path


def test_a_file_sets_options(config: Path) -> None:
    options = read_options(config, {})
    assert options.fusions == ("concat", "sum")
    assert (options.seeds, options.latency, options.out) == (4, False, Path("there"))
    assert (options.lambdas, options.ws) == ({"image": 0.5}, {"image->text": 2.0})
    assert options.budget == RunOptions().budget


def test_what_is_given_wins_over_the_file(config: Path) -> None:
    options = read_options(config, {"seeds": 1, "fusions": ("max",), "lambdas": {"text": 1.0}})
    assert (options.seeds, options.fusions, options.lambdas) == (1, ("max",), {"text": 1.0})
    assert options.latency is False


def test_an_unknown_key_names_the_file_and_the_nearest_option(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text("fusion = ['concat']\n")
    with pytest.raises(UnknownName, match=r"run\.toml: 'fusion'. Did you mean 'fusions'"):
        read_options(path, {})


def test_an_unknown_argument_gets_the_nearest_option() -> None:
    with pytest.raises(UnknownName, match=r"option 'fusion'\. Did you mean 'fusions'"):
        read_options(None, {"fusion": ["concat"]})


@pytest.mark.parametrize(
    "given",
    [
        {"seeds": 0},
        {"seeds": "many"},
        {"trials": -1},
        {"epochs": 0},
        {"jobs": 0},
        {"timeout": 0},
        {"timeout": float("inf")},
        {"budget": "huge"},
        {"device": "tpu"},
        {"objective": "uni"},
        {"fusions": "concat"},
        {"lambdas": {"image": -1}},
        {"lambdas": {"image": float("inf")}},
        {"ws": {"a->b": "x"}},
        {"ws": {"a->b": float("nan")}},
    ],
)
def test_a_bad_value_is_named_with_what_was_found(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as error:
        read_options(None, given)
    [(name, value)] = given.items()
    found = next(iter(value.values())) if isinstance(value, dict) else value
    assert str(error.value).startswith(f"Wrong options: {name}")
    assert f"found {found!r}" in str(error.value)
    assert "\n" not in str(error.value)


def test_all_bad_values_are_named_at_once() -> None:
    with pytest.raises(UsageError, match=r"seeds: .*; epochs: "):
        read_options(None, {"seeds": 0, "epochs": 0})


def test_a_file_that_is_missing_or_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"readable TOML file. Found .*no\.toml: No such file"):
        read_options(tmp_path / "no.toml", {})
    (tmp_path / "bad.toml").write_text("seeds = = 3\n")
    with pytest.raises(UsageError, match=r"Expected TOML in .*bad\.toml"):
        read_options(tmp_path / "bad.toml", {})
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"Expected TOML in .*binary\.toml"):
        read_options(tmp_path / "binary.toml", {})


def test_options_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        RunOptions().seeds = 3  # type: ignore[misc]


def test_every_option_is_documented() -> None:
    documented = RunOptions.__doc__ or ""
    words = documented.replace("`", " ").replace(",", " ").replace(":", " ").split()
    undocumented = set(RunOptions.model_fields) - set(words)
    assert undocumented <= {"budget", "device"}
