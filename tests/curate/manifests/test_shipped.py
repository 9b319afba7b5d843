"""Definitions that come with the program: each fits the recipe of the corpus that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from biocurate.curate.manifests.catalogue import shipped
from biocurate.curate.manifests.definition import load_definition
from biocurate.curate.views.schema import shipped as views
from biocurate.recipes import load_recipe
from biocurate.recipes.codes import code_map

FILES = shipped()
DEFINITIONS = [load_definition(file) for file in FILES]
SOURCES = {"panluna": "panluna.md", "bridge": "biox_bridge.md", "biomoe": "tiny_biomoe.md"}

VIEWS = set(views())

PAPERS = {
    "tuab-abnormal": "panluna",
    "hmc-stages": "panluna",
    "ptb-xl-super": "panluna",
    "ptb-xl-sub": "panluna",
    "ptb-xl-form": "panluna",
    "ptb-xl-rhythm": "panluna",
    "csn-dx": "panluna",
    "cpsc2018-dx": "panluna",
    "wesad-affect": "panluna",
    "wesad-bridge": "bridge",
    "isruc-wake-sleep": "bridge",
    "fog-paper": "bridge",
    "fog-blocked": "bridge",
    "fog-subject": "bridge",
    "ai4pain-pain": "biomoe",
    "panluna-pretraining": "panluna",
    "luna-pretraining": "panluna",
}
"""Experiments of the papers."""


def kinds(corpus):
    """Kinds of annotation that a recipe makes."""
    said = load_recipe(corpus).definition
    return {*said.labels, *(each.kind.pattern for each in said.annotations or ())}


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda each: each.name)
def test_a_shipped_definition_fits_its_recipes(definition):
    """Labels, marks that windows are aligned to and sensors are such as the recipe of each corpus makes."""
    rule = definition.window_rule
    assert rule is not None, "a set of one's own is in nobody else's store"
    assert rule.corpora
    asked = {column.kind for column in rule.columns}
    asked |= {each for each in (rule.align and rule.align.to, rule.within and rule.within.kind) if each}
    for corpus in rule.corpora:
        assert asked <= kinds(corpus)
        sensors = {channel.sensor for channel in load_recipe(corpus).definition.channels}
        assert set(rule.require) <= sensors


def test_every_experiment_of_the_papers_is_there_and_says_where_it_is_from():
    files = {file.stem: file.read_text() for file in FILES}
    assert PAPERS.keys() <= files.keys()
    for name, paper in PAPERS.items():
        comment = files[name].split("\nname:")[0]
        assert SOURCES[paper] in comment
        assert "section" in comment
        assert {each.strip(".,") for each in comment.split("# View: ")[1].split()} & VIEWS


@pytest.mark.parametrize(("name", "classes"), [("superclass", 5), ("subclass", 23), ("form", 19), ("rhythm", 12)])
def test_ptb_xl_has_the_classes_of_the_paper(name, classes):
    """PanLUNA, section 4.2 of its specification: 5, 23, 19 and 12 classes."""
    assert len({value for value in code_map(f"scp-{name}/1").map.values() if value is not None}) == classes


def test_windows_are_those_of_the_papers():
    """Length and hop in seconds, from the specifications' tables of data sets."""
    said = {
        "tuab-abnormal": (5, 5),
        "hmc-stages": (30, 30),
        "ptb-xl-super": (10, 10),
        "csn-dx": (10, 10),
        "cpsc2018-dx": (5, 5),
        "wesad-affect": (60, 60),
        "wesad-bridge": (60, 5),
        "isruc-wake-sleep": (30, 30),
        "fog-paper": (3, 0.3),
        "panluna-pretraining": (5, 5),
    }
    rules = {each.name: each.window_rule for each in DEFINITIONS}
    assert {name: (rules[name].length / 1e9, rules[name].hop / 1e9) for name in said} == said


def test_the_page_lists_them_all():
    page = (Path(__file__).parents[3] / "docs" / "manifests.md").read_text()
    table = [line for line in page.splitlines() if line.startswith("| [")]
    assert table == [f"| [{each.name}](../manifests/{each.name}.yaml) | {each.title} |" for each in DEFINITIONS]
