"""A message that tells a person what to type tells a command that there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

REPO = Path(__file__).parents[2]
TYPED = re.compile(r"(?:^|[`:(]\s?|then |say |to |run )biocurate ([a-z]+)(?: ([a-z]+))?(?![a-z_.])")
"""A command where a message names one to type; `biocurate` elsewhere is the name of the program."""


def strings() -> Iterator[tuple[Path, str]]:
    """Every piece of text in both packages but docstrings, parts of f-strings too."""
    for package in ("biocurate", "zoo"):
        for path in sorted((REPO / package).rglob("*.py")):
            nodes = list(ast.walk(ast.parse(path.read_text())))
            docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
            for node in nodes:
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                    yield path.relative_to(REPO), node.value


def test_every_command_in_a_message_is_there():
    pytest.importorskip("zoo.cli")
    from biocurate.cli.main import app
    from zoo.cli import app as zoo

    program = typer.main.get_command(app)
    groups = {name: set(getattr(each, "commands", {})) for name, each in program.commands.items()}
    groups["zoo"] = set(typer.main.get_command(zoo).commands)
    named = [(path, *found.groups()) for path, text in strings() for found in TYPED.finditer(text)]
    assert len(named) > 30
    unknown = [
        (str(path), group, word)
        for path, group, word in named
        if group not in groups or (groups[group] and word is not None and word not in groups[group])
    ]
    assert unknown == []
