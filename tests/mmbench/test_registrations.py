from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

from mmbench.errors import PluginError
from mmbench.registrations import KINDS, Dataset, Encoder, Fusion, Modality, Registration, Suite


class Documented:
    """First line.

    More.
    """


def dataset(**changes: Any) -> Dataset:
    given = {"task": "classification", "modalities": {"b": "text", "a": Modality("tabular")}}
    return Dataset("toy", "toy.data:load", **{**given, **changes})


@pytest.mark.parametrize("name", ["a", "A-b_c.2", "0x"])
def test_a_name_can_be_typed_in_a_shell(name: str) -> None:
    assert Fusion(name, "x:Y").name == name


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a[b]", "a,b", "*", "-x", "é", "a\n", 3])
def test_another_name_is_refused(name: Any) -> None:
    with pytest.raises(PluginError, match="Expected the name of a fusion"):
        Fusion(name, "x:Y")


@pytest.mark.parametrize("target", ["x", "x:", ":y", "x y:z", "x:y.z", 3, None])
def test_a_target_is_a_callable_or_module_and_attribute(target: Any) -> None:
    with pytest.raises(PluginError, match="Expected the target of fusion 'f'"):
        Fusion("f", target)


def test_the_summary_is_the_first_line_of_the_target_where_left_out() -> None:
    assert Fusion("f", Documented).summary == "First line."
    assert Fusion("f", Documented, summary="Own.").summary == "Own."
    assert Fusion("f", "x:Y").summary == ""


def test_the_module_is_where_the_target_lives() -> None:
    assert Fusion("f", "toy.fusions:Join").module == "toy.fusions"
    assert Fusion("f", OrderedDict).module == "collections"


def test_a_target_is_imported_or_handed_on() -> None:
    assert Registration("r", "pathlib:Path").load() is Path
    assert Registration("r", Documented).load() is Documented


@pytest.mark.parametrize(
    ("target", "cause"),
    [("no_such:X", "ModuleNotFoundError"), ("pathlib:NoSuch", "AttributeError")],
)
def test_a_target_that_cannot_be_imported_names_itself_and_the_cause(
    target: str, cause: str
) -> None:
    with pytest.raises(
        PluginError, match=f"Fusion 'f' could not be imported from '{target}'.*"
    ) as e:
        Fusion("f", target).load()
    assert cause in str(e.value)


def test_a_missing_extra_is_named_before_anything_is_imported() -> None:
    entry = Fusion("f", "no_such:X", requires=("json", "no_such_extra"))
    with pytest.raises(PluginError, match="Fusion 'f' needs no_such_extra, which is not installed"):
        entry.load()


def test_a_level_is_one_of_the_contract() -> None:
    with pytest.raises(PluginError, match=r"level of fusion 'f' to be one of .* Found 'late'"):
        Fusion("f", "x:Y", level="late")  # type: ignore[arg-type]


def test_modalities_are_sorted_and_a_bare_string_is_a_kind() -> None:
    entry = dataset()
    assert list(entry.modalities) == ["a", "b"]
    assert entry.modalities["b"] == Modality("text")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_modality_is_taken(kind: Any) -> None:
    assert dataset(modalities={"m": kind}).modalities["m"] == Modality(kind)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "ranking"}, "Found 'ranking'"),
        ({"modalities": {}}, "to have a modality"),
        ({"modalities": {"a": "smell"}}, "Found 'a': 'smell'"),
        ({"modalities": {"a:b": "text"}}, "Found 'a:b'"),
        ({"modalities": {"a+b": "text"}}, r"Found 'a\+b'"),
        ({"task": "retrieval"}, "Found task 'retrieval' and gallery ''"),
        ({"task": "retrieval", "gallery": "c"}, "gallery 'c'"),
        ({"gallery": "a"}, "Found task 'classification' and gallery 'a'"),
    ],
)
def test_a_malformed_dataset_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(PluginError, match=message):
        dataset(**changes)


def test_retrieval_names_its_gallery() -> None:
    assert dataset(task="retrieval", gallery="b").gallery == "b"


def test_an_encoder_standardises_where_it_names_no_preparation() -> None:
    entry = Encoder("e", "x:Y", kinds=("tabular",))
    assert entry.load_preparation().__name__ == "Standardise"
    own = Encoder("e", "x:Y", kinds=("tabular",), preparation="pathlib:Path")
    assert own.load_preparation() is Path


def test_a_suite_has_no_target() -> None:
    suite = Suite("s", title="S", text="S.", datasets={"a": ()})
    assert (suite.target, suite.kind, suite.missing) == ("", "suite", [])
    with pytest.raises(TypeError, match="target"):
        Suite("s", target="x:Y", title="S", text="S.", datasets={"a": ()})  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"datasets": {}}, "suite 's' to have a dataset. Found none"),
        ({"metrics": {"ranking": ("mrr",)}}, "the metrics of suite 's' under .* Found ranking"),
    ],
)
def test_a_malformed_suite_is_refused(changes: dict[str, Any], message: str) -> None:
    given = {"title": "S", "text": "S.", "datasets": {"a": ()}, **changes}
    with pytest.raises(PluginError, match=message):
        Suite("s", **given)


def test_what_is_not_installed_is_missing() -> None:
    assert Registration("r", "x:Y", requires=("json", "no_such_module")).missing == [
        "no_such_module"
    ]
