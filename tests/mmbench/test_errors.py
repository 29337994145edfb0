from __future__ import annotations

import inspect

import pytest

from mmbench import errors


def test_every_error_is_drawn_in_the_docstring_and_exported() -> None:
    classes = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, Exception)
    }
    assert classes | {"unknown"} == set(errors.__all__)
    assert all(name in (errors.__doc__ or "") for name in classes)
    assert all(issubclass(getattr(errors, name), errors.MmbenchError) for name in classes)


@pytest.mark.parametrize("name", ["UnknownName", "DuplicateName", "BadParameter"])
def test_wrong_requests_are_usage_errors(name: str) -> None:
    assert issubclass(getattr(errors, name), errors.UsageError)


@pytest.mark.parametrize(
    "name", ["PluginError", "NotApplicable", "DataError", "NonFiniteError", "JournalError"]
)
def test_other_errors_are_not_usage_errors(name: str) -> None:
    assert not issubclass(getattr(errors, name), errors.UsageError)


def test_an_unknown_name_gets_the_nearest_and_all_names_sorted() -> None:
    error = errors.unknown("fusion", "concta", ["sum", "concat"])
    assert isinstance(error, errors.UnknownName)
    expected = "Unknown fusion 'concta'. Did you mean 'concat'? Available: concat, sum."
    assert str(error) == expected


def test_nothing_is_guessed_where_nothing_is_near() -> None:
    assert str(errors.unknown("fusion", "zzz", ["sum"])) == (
        "Unknown fusion 'zzz'. Available: sum."
    )
    assert str(errors.unknown("engine", "x", [], " Note.")) == (
        "Unknown engine 'x'. Available: none. Note."
    )
