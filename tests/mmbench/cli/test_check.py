from __future__ import annotations

import json

import pytest

from mmbench.cli import main
from mmbench.registry import KINDS, SWITCH, load_registry
from mmbench.testing.lookup import everything

PLUGIN = """
from torch import nn

import mmbench


class Half(nn.Module):
    '''Projects the first modality and forgets the others.'''

    def __init__(self, dims, out_dim):
        super().__init__()
        self.first = min(dims)
        self.layer = nn.Linear(dims[self.first], out_dim)

    def forward(self, features):
        return self.layer(features[self.first])


@mmbench.hookimpl
def mmbench_fusions():
    return [mmbench.Fusion("half", Half)]


@mmbench.hookimpl
def mmbench_weightings():
    return [mmbench.Weighting("sum_of_all", mmbench.LossWeighting, summary="Their sum.")]
"""


def run(*arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["check", *arguments])
    return ended.value.code, capsys.readouterr()


def test_what_holds_ends_with_0_and_says_what_was_seen(install, capsys):
    install("acme", PLUGIN)
    code, printed = run("sum_of_all", capsys=capsys)
    assert code == 0
    assert "weighting sum_of_all\n" in printed.out
    assert "  ok    state survives saving: the same to the last bit\n" in printed.out
    assert printed.out.endswith("11 properties: 11 passed.\n")


def test_a_failure_ends_with_1_and_says_what_should_hold(install, capsys):
    install("acme", PLUGIN)
    code, printed = run("acme", capsys=capsys)
    assert code == 1
    assert "weighting sum_of_all\n" in printed.out
    assert "  FAIL  every modality changes the output: Expected another output when" in printed.out
    assert "  skip  padding does not matter: its level 'pooled' has no masks" in printed.out


def test_json_is_an_array_of_results(install, capsys):
    install("acme", PLUGIN)
    code, printed = run("fusion:half", "--json", capsys=capsys)
    results = json.loads(printed.out)
    assert code == 1
    assert {result["name"] for result in results} == {"half"}
    assert {frozenset(result) for result in results} == {
        frozenset({"kind", "name", "property", "status", "message"})
    }
    failed = [result["property"] for result in results if result["status"] == "failed"]
    assert failed == ["every modality receives a gradient", "every modality changes the output"]


@pytest.mark.parametrize("name", ["hafl", "fusion:hafl", "acmee"])
def test_an_unknown_name_ends_with_2(install, capsys, name):
    install("acme", PLUGIN)
    code, printed = run(name, capsys=capsys)
    assert code == 2
    assert "Did you mean" in printed.err


@pytest.mark.parametrize("arguments", [(), ("half", "--all")])
def test_nothing_to_check_or_both_is_wrong_usage(install, capsys, arguments):
    install("acme", PLUGIN)
    code, printed = run(*arguments, capsys=capsys)
    assert code == 2
    assert "--all" in printed.err


def test_of_everything_a_broken_plugin_is_a_failure(install, capsys, monkeypatch):
    install("acme", "raise ImportError('no engine')")
    monkeypatch.setattr("mmbench.cli.check_command.everything", list)
    code, printed = run("--all", capsys=capsys)
    assert code == 1
    assert "no engine" in printed.err


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"engines"}))
def test_everything_of_ours_keeps_to_the_contract(capsys, monkeypatch, kind):
    monkeypatch.setenv(SWITCH, "")
    load_registry.cache_clear()
    ours = [entry for entry in everything() if entry.kind == KINDS[kind].kind]
    monkeypatch.setattr("mmbench.cli.check_command.everything", lambda: ours)
    code, printed = run("--all", "--json", capsys=capsys)
    results = json.loads(printed.out)
    assert [result for result in results if result["status"] == "failed"] == []
    assert code == 0
    assert {result["kind"] for result in results} == {KINDS[kind].kind}
