from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import click
import pytest

from mmbench.cli import COMMANDS, cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_tables_are_those_of_the_published_report():
    path = ROOT / "scripts" / "readme_tables.py"
    spec = importlib.util.spec_from_file_location("readme_tables", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.filled(README) == README, "run `python scripts/readme_tables.py`"


def test_the_plugin_it_shows_is_the_tested_file():
    code = (ROOT / "plugins/example_plugin/mmbench_example/shared_gate.py").read_text()
    assert f"```python\n{code}```" in README
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 20


def test_every_link_into_the_project_leads_somewhere():
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("line", sorted(set(re.findall(r"^mmbench .+$", README, re.MULTILINE))))
def test_every_option_it_shows_exists(line):
    words = line.partition("#")[0].split()
    assert words[1] in COMMANDS
    command = cli.get_command(click.Context(cli), words[1])
    assert command is not None
    options = {
        name
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    assert {word for word in words if word.startswith("-")} <= options
