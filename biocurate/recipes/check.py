"""Hold a recipe against a corpus: what it finds there, and where the two contradict each other.

Only headers and label tables are read. Less than the corpus has as published is no contradiction: a copy may be a part.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from biocurate.errors import BiocurateError, SourceError
from biocurate.formats import Header, SignalHeader, Source, scan
from biocurate.formats.listing import hidden_told
from biocurate.recipes.channels import Known, know
from biocurate.recipes.expectations import contradictions
from biocurate.recipes.joins import comment_notes, count_labels, join_notes
from biocurate.recipes.recipe import Recipe
from biocurate.recipes.subjects import subject_of
from biocurate.recipes.todo import todos
from biocurate.recipes.units import Unit, match_file
from biocurate.recipes.words import number_of

NAMED = 3
"""Recordings that a finding names."""
JITTER = 0.1
"""Rates of one label that differ by less, as a share, are listed as a range."""
DIFFERENT = 8
"""Different numbers of one label that are listed each."""


@dataclass(frozen=True)
class ChannelCount:
    """Channels that are alike, over all recordings."""

    label: str
    sensor_type: str
    name: str
    unit: str
    rate_hz: float
    """The slowest, where recordings differ."""
    rate_max_hz: float
    mapped: bool
    """Whether a rule of the recipe matches; else its label was read."""
    recordings: int


@dataclass(frozen=True)
class LabelCount:
    """Recordings (or rows, for intervals) with one value of a label."""

    kind: str
    value: str
    count: int
    counted: str


@dataclass
class Report:
    """What a check found."""

    recipe: str
    root: str
    recordings: int = 0
    subjects: int = 0
    unread: dict[str, int] = field(default_factory=dict)
    """Extension -> files that the recipe neither reads nor ignores."""
    channels: list[ChannelCount] = field(default_factory=list)
    labels: list[LabelCount] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What is as it may be."""
    findings: list[str] = field(default_factory=list)
    """What contradicts the recipe."""
    todo: list[tuple[int, str]] = field(default_factory=list)
    """Lines of the recipe that are not finished, and what is to be said there."""


@dataclass(frozen=True)
class _Seen:
    """One recording's header, and what its signals are."""

    unit: Unit
    header: Header
    known: Sequence[Known | None]

    @property
    def pairs(self) -> list[tuple[SignalHeader, Known]]:
        """Signals that the recipe does not skip, and what they are."""
        both = zip(self.header.signals, self.known, strict=True)
        return [(signal, known) for signal, known in both if known is not None]


def check(recipe: Recipe, root: Path) -> Report:
    """Hold a recipe against a corpus.

    Raises
    ------
    RecipeError
        Nothing matches, or a table that the recipe names is not there.
    """
    problems: list[SourceError] = []
    units = recipe.units(root, problems)
    report = Report(recipe.name, str(root), len(units), len({unit.subject for unit in units}))
    report.todo = todos(recipe.text)
    report.findings += _told(problems)
    if not units:
        return report
    seen = list(_headers(recipe, units, report))
    report.unread = _unread(recipe, units, root)
    _count_channels(seen, report)
    _hold_expectations(recipe, seen, report)
    comments = {one.unit.name: one.header.comments for one in seen}
    for kind, counted, counts, unknown in count_labels(recipe, units, comments):
        values = _summed(counts) if recipe.definition.labels[kind].counts else counts
        report.labels += [LabelCount(kind, value, n, counted) for value, n in sorted(values.items())]
        if unknown:
            words = ", ".join(map(repr, sorted(unknown)[:NAMED]))
            report.findings.append(f"labels.{kind}: {len(unknown)} values the recipe does not know, such as {words}")
    report.notes += [
        f"{rule.sensor}: the unit is suspect: {rule.reason}" for rule in recipe.definition.channels if rule.reason
    ]
    report.notes += join_notes(recipe, units) + comment_notes(recipe, units, comments)
    report.notes += _aggregated((one.unit.name, note) for one in seen for note in _subject_notes(recipe, one))
    report.notes += filter(None, [hidden_told(root)])
    return report


def _told(problems: Sequence[SourceError]) -> list[str]:
    """One line for each problem, and for one that many files share."""
    alike: dict[str, list[SourceError]] = defaultdict(list)
    for problem in problems:
        alike[problem.what].append(problem)
    return [f"{some[0]}{f' So have {len(some) - 1:,} more.' if some[1:] else ''}" for some in alike.values()]


def _summed(counts: Counter[str]) -> Counter[str]:
    """Counts as they are; many different numbers as one range."""
    numbers = [number for value in counts if (number := number_of(value)) is not None]
    if len(numbers) <= DIFFERENT or len(numbers) < len(counts):
        return counts
    return Counter({f"{min(numbers):g} to {max(numbers):g}, {len(numbers)} values": counts.total()})


def _headers(recipe: Recipe, units: Sequence[Unit], report: Report) -> Iterable[_Seen]:
    for unit in units:
        try:
            header = recipe.read_header(unit)
        except BiocurateError as error:
            report.findings.append(f"{unit.name}: {error}")
            continue
        labels = [(signal.label, signal.unit) for signal in header.signals]
        yield _Seen(unit, header, know(recipe.rules(unit), labels))


def _unread(recipe: Recipe, units: Sequence[Unit], root: Path) -> dict[str, int]:
    read: set[Source] = set(recipe.table_sources(root.resolve()))
    for unit in units:
        try:
            read.update(recipe.unit_sources(unit))
        except BiocurateError:
            read.update(source for source, _, _ in unit.files)
    known = {source.virtual for source in read}
    left = [
        source
        for source in scan(root, [])
        if source.virtual not in known
        and match_file(recipe.definition, source.virtual) is None
        and not any(rule.fullmatch(source.virtual) for rule in recipe.definition.ignore)
    ]
    return dict(Counter(Path(source.name).suffix.lower() or source.name for source in left).most_common())


def _count_channels(seen: Sequence[_Seen], report: Report) -> None:
    """Count channels that are alike, and find those that the recipe does not cover."""
    rates: dict[tuple[str, str, str, str, bool], Counter[float]] = defaultdict(Counter)
    for one in seen:
        for signal, known in one.pairs:
            alike = (signal.label, str(known.sensor), known.name, known.unit, known.rule is not None)
            rates[alike][signal.rate_hz] += 1
    report.channels = [
        ChannelCount(label, sensor, name, unit, min(some), max(some), mapped, some.total())
        for (label, sensor, name, unit, mapped), counts in rates.items()
        for some in _near(counts)
    ]
    report.findings += _aggregated((one.unit.name, text) for one in seen for text in _uncovered(one))


def _near(rates: Counter[float]) -> list[Counter[float]]:
    """Rates in groups: what differs by less than `JITTER` from the next is one clock that is not steady."""
    groups: list[Counter[float]] = []
    last = -1.0
    for rate in sorted(rates):
        if not groups or rate > last * (1 + JITTER):
            groups.append(Counter())
        groups[-1][rate] = rates[rate]
        last = rate
    return groups


def _uncovered(one: _Seen) -> list[str]:
    """What the recipe leaves open about a recording's channels."""
    found = []
    for signal, known in one.pairs:
        if known.rule is None:
            found.append(f"channel {signal.label!r} matches no rule; it would be read as {known.sensor}")
        if not known.unit_is_known and not (known.rule and known.rule.reason):
            unfit = f"no unit of {known.sensor} is {known.unit!r}" if known.unit else "neither file nor rule has a unit"
            found.append(f"channel {signal.label!r}: {unfit}")
    names = Counter((known.sensor, known.name) for _, known in one.pairs)
    found += [f"{n} {sensor} channels are called {name!r}" for (sensor, name), n in names.items() if n > 1]
    return list(dict.fromkeys(found))


def _hold_expectations(recipe: Recipe, seen: Sequence[_Seen], report: Report) -> None:
    expect = recipe.expect
    for word, found, published in (
        ("subjects", report.subjects, expect.subjects),
        ("recordings", report.recordings, expect.recordings),
    ):
        if published is None:
            continue
        text = f"{found} of {published} {word}"
        (report.notes if found <= published else report.findings).append(text)
    report.findings += _aggregated(
        (one.unit.name, text) for one in seen for text in contradictions(recipe, one.unit.name, one.pairs)
    )


def _subject_notes(recipe: Recipe, one: _Seen) -> list[str]:
    header = one.header
    said = header.comments, header.fields, header.age, header.sex
    _, _, notes = subject_of(recipe.definition.subject, one.unit, *said)
    return [*header.warnings, *notes]


def _aggregated(said: Iterable[tuple[str, str]]) -> list[str]:
    """One line for each text, with how many recordings it is of and the first few of them."""
    names: dict[str, list[str]] = defaultdict(list)
    for name, text in said:
        names[text].append(name)
    return [
        f"{text}: {len(found)} recordings ({', '.join(found[:NAMED])}{', …' if len(found) > NAMED else ''})"
        for text, found in names.items()
    ]
