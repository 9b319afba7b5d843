"""Whatever is done to a store in whatever order, it holds what was put in and not taken out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from biocurate.recording import Recording
from biocurate.store.arrays import open_array
from biocurate.store.signals import stream_digest
from biocurate.store.store import Store, create_store
from biocurate.store.vacuum import vacuum
from biocurate.testing.conformance import check_store
from biocurate.testing.memory import interval, noise_stream, put
from biocurate.upkeep import compact, forget, merge

PERSONS = ("p", "q", "r")
SOME = st.sets(st.tuples(st.sampled_from(PERSONS), st.integers(0, 1)), min_size=1, max_size=4)
STEPS = st.one_of(
    st.tuples(st.just("put"), SOME, st.integers(1, 9)),
    st.tuples(st.just("merge"), SOME, st.integers(1, 9)),
    st.tuples(st.just("compact")),
    st.tuples(st.just("forget"), st.sampled_from(PERSONS)),
    st.tuples(st.just("vacuum"), st.integers(1, 3)),
)


def made(names: set[tuple[str, int]], seed: int) -> tuple[dict[str, Recording], dict[str, str]]:
    """Recordings of some persons, and whose each is; another seed gives other samples under the same names."""
    recordings = {
        f"c/{person}{number}": Recording(
            (
                noise_stream("ECG", 100, [(0, 200 * seed)], seed=10 * seed + number),
                noise_stream("EEG", 128, [(0, 256)], ["Fp1", "Cz"], seed=10 * seed + number + 5),
            ),
            (interval(0, 1, "rest"),),
        )
        for person, number in sorted(names)
    }
    return recordings, {name: name[2] for name in recordings}


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for one example."""
    path = Path(tempfile.mkdtemp())
    try:
        yield path
    finally:
        shutil.rmtree(path)


def digests(recordings: dict[str, Recording]) -> dict[str, list[str]]:
    """What a store must hold."""
    return {name: [stream_digest(each.digital) for each in made.streams] for name, made in recordings.items()}


def held(store: Store) -> dict[str, list[str]]:
    """What it holds."""
    rows = store.recordings.select("recording_id", "streams").collect().to_dicts()
    return {row["recording_id"]: [stream["digest"] for stream in row["streams"]] for row in rows}


@example(steps=[("merge", {("p", 0)}, 1), ("compact",)])
@given(steps=st.lists(STEPS, min_size=2, max_size=5))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_sequence_keeps_what_was_put_in_and_not_taken_out(steps):
    with folder() as path:
        store, expected, gone = create_store(str(path / "store")), {}, set()
        for number, (what, *arguments) in enumerate(steps):
            open_array.cache_clear()
            if what == "put":
                recordings, subjects = made({each for each in arguments[0] if each[0] not in gone}, arguments[1])
                if recordings:
                    put(store, recordings, subjects)
                    expected |= digests(recordings)
            elif what == "merge":
                recordings, subjects = made(*arguments)
                other = create_store(str(path / f"other-{number}"))
                put(other, recordings, subjects)
                merge(store, other, prefer="theirs")
                expected |= {name: each for name, each in digests(recordings).items() if subjects[name] not in gone}
            elif what == "compact":
                compact(store)
            elif what == "vacuum":
                later = datetime.now(UTC) + timedelta(hours=25)
                vacuum(store, dry_run=False, now=later, keep_snapshots=arguments[0])
            elif any(name[2] == arguments[0] for name in expected):
                forget(store, f"c/{arguments[0]}")
                gone.add(arguments[0])
                expected = {name: each for name, each in expected.items() if name[2] not in gone}
            assert held(store) == expected
        check_store(store)
