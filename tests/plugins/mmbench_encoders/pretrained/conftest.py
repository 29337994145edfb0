from __future__ import annotations

import socket

import pytest


@pytest.fixture(scope="session", autouse=True)
def _library():
    pytest.importorskip("transformers")


@pytest.fixture(scope="session")
def session_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _cache(session_cache, monkeypatch):
    """One cache for all tests, so that the tiny models are written once."""
    monkeypatch.setenv("MMBENCH_CACHE", str(session_cache))
    monkeypatch.delenv("MMBENCH_ONLINE", raising=False)


@pytest.fixture
def fresh_cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("MMBENCH_CACHE", str(folder))
    return folder


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
