"""The house: a module imports only what lies below it, and no import goes round in a circle (design, section 2)."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

REPO = Path(__file__).parents[1]
FLOORS = [
    {"sensors", "errors", "plugins", "same"},
    {"recording", "engine"},
    {"formats", "store"},
    {"recipes"},
    {"ingest", "curate", "images", "verify", "audit", "export", "testing", "bench", "upkeep"},
    {"report"},
    {"cli"},
]
"""Packages of `biocurate`, lowest floor first; what shares a floor may meet, but never in a circle."""


@cache
def modules() -> dict[str, Path]:
    """Dotted name -> file, of both packages."""
    found = {}
    for package in ("biocurate", "zoo"):
        for path in sorted((REPO / package).rglob("*.py")):
            parts = path.relative_to(REPO).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports() -> dict[str, set[str]]:
    """Module -> modules that it imports anywhere: at its top, inside functions, for types only."""
    known = modules()
    found: dict[str, set[str]] = {}
    for name, path in known.items():
        taken = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                taken |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                taken |= {
                    f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in known else node.module
                    for alias in node.names
                }
        found[name] = (taken & known.keys()) - {name}
    return found


def floor(module: str) -> int:
    part = module.split(".")[1] if "." in module else ""
    return next((number for number, names in enumerate(FLOORS) if part in names), len(FLOORS))


def test_every_package_has_a_floor():
    placed = set().union(*FLOORS)
    loose = {name.split(".")[1] for name in modules() if name.startswith("biocurate.")} - placed
    assert loose == {"__main__"}


def test_imports_go_downwards():
    rising = [
        f"{name} -> {taken}"
        for name, all_taken in imports().items()
        if name.startswith("biocurate.") and name != "biocurate.__main__"
        for taken in all_taken
        if taken.startswith("biocurate.") and floor(taken) > floor(name)
    ]
    assert rising == []


def test_the_toolkit_knows_nothing_of_the_zoo():
    upward = {name: taken for name, taken in imports().items() if name.startswith("biocurate")}
    assert [name for name, taken in upward.items() if any(each.startswith("zoo") for each in taken)] == []


def test_no_import_goes_round_in_a_circle():
    graph, done, path = imports(), set(), []

    def walk(name: str) -> None:
        if name in path:
            raise AssertionError(" -> ".join([*path[path.index(name) :], name]))
        if name in done:
            return
        path.append(name)
        for taken in sorted(graph[name]):
            walk(taken)
        path.pop()
        done.add(name)

    for name in sorted(graph):
        if name != "biocurate":  # its names are lazy: it imports nothing until one is asked for
            walk(name)


def test_no_file_is_two_ideas():
    long = {name: n for name, path in modules().items() if (n := len(path.read_text().splitlines())) > 400}
    assert long == {}


def test_nothing_names_a_drawer():
    assert [name for name in modules() if name.rsplit(".", 1)[-1] in {"utils", "helpers", "misc", "common"}] == []
