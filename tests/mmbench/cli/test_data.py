"""`mmbench data`."""

from __future__ import annotations


def test_every_dataset_is_listed_with_its_task(call):
    result = call("data", "list")
    assert result.code == 0
    assert "watch" in result.out
    assert "classification: accelerometer (motion), gyroscope (motion)" in result.out


def test_an_embedded_dataset_needs_nothing(call):
    result = call("data", "path", "watch")
    assert result.code == 0
    assert "watch.npz" in result.out
    assert "needs nothing from outside" in result.out


def test_an_unknown_dataset_is_wrong_usage(call):
    result = call("data", "path", "wacth")
    assert result.code == 2
    assert "Did you mean 'watch'" in result.err


def test_what_comes_with_its_package_is_not_validated(call, tmp_path):
    result = call("data", "validate", "watch", tmp_path)
    assert result.code == 2
    assert "comes with its package" in result.err
