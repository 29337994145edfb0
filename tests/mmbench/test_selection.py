from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.errors import BadParameter, DuplicateName, UnknownName, UsageError
from mmbench.jobs import Pick
from mmbench.registrations import Fusion
from mmbench.registry import Registry, Shelf
from mmbench.search import Choice
from mmbench.selection import match_modality, parse, select, split_list

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,8}", fullmatch=True)
MODALITIES = st.one_of(st.just(""), st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True))
WORDS = st.from_regex(r"[a-z_+]{1,6}", fullmatch=True).filter(
    lambda word: word not in ("true", "false", "none", "nan", "inf", "+inf", "+nan", "infinity")
)
VALUES = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.none(),
    WORDS.filter(lambda word: word.strip("+_")),
)


@given(NAMES, st.dictionaries(NAMES, VALUES, max_size=3), MODALITIES)
def test_a_pick_reads_back_as_it_is_spelled(
    name: str, params: dict[str, Any], modality: str
) -> None:
    pick = Pick(name, params, modality)
    read = parse(str(pick))
    assert read == pick
    assert {key: type(value) for key, value in read.params.items()} == {
        key: type(value) for key, value in params.items()
    }


@given(st.lists(st.tuples(NAMES, st.dictionaries(NAMES, VALUES, max_size=2)), max_size=4))
def test_a_list_with_commas_reads_back(picks: list[tuple[str, dict[str, Any]]]) -> None:
    spelled = [str(Pick(name, params)) for name, params in picks]
    assert split_list(", ".join(spelled)) == spelled


@pytest.mark.parametrize(
    ("text", "pick"),
    [
        (" a ", Pick("a")),
        ("a[]", Pick("a")),
        ("a[ x = 1 , y = b=c ]", Pick("a", {"x": 1, "y": "b=c"})),
        ("a[x=1e-3,y=TRUE,z=None]", Pick("a", {"x": 0.001, "y": True, "z": None})),
        ("a:image", Pick("a", {}, "image")),
        ("a:im*[x=-2]", Pick("a", {"x": -2}, "im*")),
        ("late_*", Pick("late_*")),
    ],
)
def test_spellings(text: str, pick: Pick) -> None:
    assert parse(text) == pick


@pytest.mark.parametrize("text", ["", "a[", "a]", "a[x=1", "[x=1]", "a[x=1]b", "a:", "a::b", ":b"])
def test_a_spelling_that_cannot_be_read_is_quoted(text: str) -> None:
    with pytest.raises(UsageError, match=r"Expected `name` or `name\[param=value,…\]`") as error:
        parse(text)
    assert repr(text) in str(error.value)


@pytest.mark.parametrize("text", ["a[x]", "a[=1]", "a[x=1,y]"])
def test_a_parameter_needs_name_and_value(text: str) -> None:
    with pytest.raises(UsageError, match="Expected `param=value` in"):
        parse(text)


def names(picks: list[Pick]) -> list[str]:
    return [str(pick) for pick in picks]


@pytest.mark.parametrize(
    ("spellings", "expected"),
    [
        (["join"], ["join"]),
        (["prior,join"], ["prior", "join"]),
        (["join", "join"], ["join"]),
        (["*i*"], ["join", "mixed", "prior", "single"]),
        (["*"], ["extra", "join", "mixed", "prior", "single"]),
        (["join[size=3],join"], ["join[size=3]", "join"]),
        (["single:*"], ["single:*"]),
        ([], []),
    ],
)
def test_select(registry: Registry, spellings: list[str], expected: list[str]) -> None:
    assert names(select(spellings, registry.fusions)) == expected


@pytest.mark.parametrize("text", ["exrta", "extr"])
def test_an_unknown_name_gets_the_nearest(registry: Registry, text: str) -> None:
    with pytest.raises(UnknownName, match=f"Unknown fusion '{text}'. Did you mean 'extra'"):
        select([text], registry.fusions)


def test_a_pattern_that_fits_nothing_is_an_error(registry: Registry) -> None:
    with pytest.raises(UnknownName, match=r"Unknown fusion 'z\*'"):
        select(["join", "z*"], registry.fusions)


def test_a_clash_stops_who_names_it_and_nobody_else() -> None:
    shelf: Shelf[Fusion] = Shelf("fusion")
    for name, source in (("one", "a"), ("two", "a"), ("two", "b")):
        shelf.put(Fusion(name, "x:Y"), source)
    assert names(select(["one"], shelf)) == ["one"]
    for spelling in ("two", "*"):
        with pytest.raises(DuplicateName, match="in a and in b"):
            select([spelling], shelf)


@pytest.mark.parametrize(
    ("spelling", "message"),
    [
        ("join[sise=3]", "parameter of fusion 'join': 'sise'. Did you mean 'size'"),
        ("join[size=big]", r"Parameter 'size' in 'join\[size=big\]': expected a whole number"),
        ("join[size=1.5]", "expected a whole number, found 1.5"),
        ("extra[mode=c]", "expected one of a, b, found 'c'"),
        ("prior[x=1]", "Unknown parameter of fusion 'prior': 'x'. Available: none"),
    ],
)
def test_a_wrong_parameter_is_refused(registry: Registry, spelling: str, message: str) -> None:
    with pytest.raises(BadParameter, match=message):
        select([spelling], registry.fusions)


def test_a_modality_stands_only_behind_a_fusion_with_arms(registry: Registry) -> None:
    with pytest.raises(UsageError, match=r"one arm per modality\. Found 'join:image'"):
        select(["join:image"], registry.fusions)


def test_a_dataset_takes_its_modalities_as_a_parameter(registry: Registry) -> None:
    [pick] = select(["facts[modalities=note+table]"], registry.datasets)
    assert pick.params == {"modalities": "note+table"}


def test_a_callable_target_tells_its_parameters() -> None:
    def narrow(dims: object, out_dim: int, rank: int = 3) -> None: ...

    def wide(dims: object, out_dim: int, **rest: int) -> None: ...

    shelf: Shelf[Fusion] = Shelf("fusion")
    shelf.put(Fusion("narrow", narrow, parameters={"kind": Choice(("a",))}), "toy")
    shelf.put(Fusion("wide", wide), "toy")
    assert names(select(["narrow[rank=9,kind=a]", "wide[x=1]"], shelf)) == [
        "narrow[kind=a,rank=9]",
        "wide[x=1]",
    ]
    for contract in ("dims", "out_dim", "other"):
        with pytest.raises(BadParameter, match="Available: kind, rank"):
            select([f"narrow[{contract}=1]"], shelf)


@pytest.mark.parametrize(
    ("modality", "expected"),
    [
        ("", ["audio", "image", "text"]),
        ("image", ["image"]),
        ("*", ["audio", "image", "text"]),
        ("*i*", ["audio", "image"]),
        ("video", []),
    ],
)
def test_match_modality(modality: str, expected: list[str]) -> None:
    assert match_modality(Pick("f", {}, modality), ("audio", "image", "text")) == expected
