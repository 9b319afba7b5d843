"""What the readers of MATLAB's formats and of HDF5 share: one recording, or one of many, from named arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace

from biocurate.errors import SourceError
from biocurate.formats.arrays.axes import fit
from biocurate.formats.arrays.contents import Entry, contents_of
from biocurate.formats.arrays.file import Node, Numbers, Opener, find, listed, opened
from biocurate.formats.arrays.marks import marks_of
from biocurate.formats.arrays.options import EACH, ArrayOptions, From, Records, steps
from biocurate.formats.arrays.signals import ArraySignals, Calibrated, FileSamples, signals_of
from biocurate.formats.arrays.values import Values
from biocurate.formats.hdf5.guard import is_known, note_harmless, refuse_harmful
from biocurate.formats.header import Header, SignalHeader
from biocurate.formats.outline import Held
from biocurate.formats.source import Record, Source
from biocurate.recording import Channel, Recording, Segment, Stream, samples_to_ns
from biocurate.sensors import Identity, SensorType, canonical_unit, identify_all

_SEXES = {"m": "M", "male": "M", "f": "F", "female": "F"}


class ArrayReader(ABC):
    """Reads arrays by the paths that a recipe gives; the base of two readers."""

    version = 1
    Options = ArrayOptions
    name: str
    opener: Opener
    drops_ones: bool
    """Whether the format leaves out the last axes of an array where they have length 1."""

    def companions(self, source: Source, options: ArrayOptions) -> list[Source]:
        """Give the file itself: what it links to outside is not followed."""
        return [source]

    def latecomers(self, source: Source, options: ArrayOptions) -> list[Source]:
        """Name none: it is read alone."""
        return []

    @abstractmethod
    def is_hdf5(self, source: Source) -> bool:
        """Whether the HDF5 library will read it, and it must be looked through before."""

    def contents(self, source: Source) -> list[Entry]:
        """List what a file holds, for someone who is to write its options; no samples are read.

        Raises
        ------
        SourceError
            The file is damaged.
        """
        self._refuse_harmful(source, None)
        return contents_of(opened(source, type(self).opener))

    def look_through(self, source: Source, options: ArrayOptions | None) -> None:
        """Read everything but samples: of all recordings, where each has arrays of its own; None lists what there is.

        Raises
        ------
        SourceError
            As for the header and for annotations.
        """
        if options is None:
            contents_of(opened(source, type(self).opener))
            return
        found = self._named(source, options)
        alike = not any(EACH in steps(path) for said in options.signals for path in said.paths)
        for part in found[:1] if alike else found:
            self._read(part, options)

    def members(self, source: Source, options: ArrayOptions) -> list[str] | None:
        """Names of the recordings in a file, in its order; None where it is one recording.

        Raises
        ------
        SourceError
            The file cannot be opened, a signal is not there, or two recordings share a name.
        """
        if options.records is None:
            return None
        self._refuse_harmful(source, options)
        return self._names(source, options, options.records)

    def _names(self, source: Source, options: ArrayOptions, records: Records) -> list[str]:
        root = opened(source, type(self).opener)
        count, names = _records(root, options, self.drops_ones)
        if records.id is not None:
            names = _ids(root, records.id, count)
        names = [str(place) for place in range(count)] if names is None else [name.strip() for name in names]
        if len(names) != count or len(set(names)) < count:
            raise SourceError(
                f"has {count} recordings and {len(set(names))} different names for them.",
                where=source.virtual,
                mend="Check `records` in the recipe.",
            )
        return names

    def _named(self, source: Source, options: ArrayOptions) -> list[Source]:
        if options.records is None:
            return [source]
        names = self._names(source, options, options.records)
        return [replace(source, record=Record(name, place, len(names))) for place, name in enumerate(names)]

    def _refuse_harmful(self, source: Source, options: ArrayOptions | None) -> None:
        if not is_known(source, options):
            if self.is_hdf5(source):
                refuse_harmful(self.name, source, options)
            note_harmless(source, options)

    def read_header(self, source: Source, options: ArrayOptions) -> Header:
        """Read shapes, labels and rates; no samples.

        Raises
        ------
        SourceError
            The file is damaged, or its arrays do not fit the options.
        """
        self._refuse_harmful(source, options)
        values, warnings = self._values(source, options), list[str]()
        arrays = signals_of(values, options, drops_ones=self.drops_ones)
        return Header(
            signals=tuple(
                SignalHeader(channel.label, channel.unit, array.rate_hz, array.layout.n_samples)
                for array in arrays
                for channel in array.channels
            ),
            n_bytes=source.share,
            duration_ns=_duration(arrays),
            age=_age(values, options, warnings),
            sex=_sex(values, options, warnings),
            warnings=tuple(warnings),
        )

    def read(self, source: Source, options: ArrayOptions) -> Recording:
        """Make streams by array and sensor type, in the recipe's order.

        Raises
        ------
        SourceError
            As for the header; or annotations cannot be read.
        """
        self._refuse_harmful(source, options)
        return self._read(source, options)

    def _read(self, source: Source, options: ArrayOptions) -> Recording:
        values = self._values(source, options)
        arrays = signals_of(values, options, drops_ones=self.drops_ones)
        rates = sorted({array.rate_hz for array in arrays})
        annotations, warnings = marks_of(values, options.annotations, rates, _duration(arrays))
        warnings += values.root.doubts
        return Recording(
            streams=tuple(_streams(source, type(self).opener, arrays)),
            annotations=tuple(annotations),
            age=_age(values, options, warnings),
            sex=_sex(values, options, warnings),
            warnings=tuple(warnings),
        )

    def outline(self, source: Source, options: ArrayOptions, held: Mapping[str, Held]) -> Recording:
        """As `read`, which looks at shapes, labels and annotations alone."""
        return self.read(source, options)

    def _values(self, source: Source, options: ArrayOptions) -> Values:
        root = opened(source, type(self).opener)
        if (source.record is None) != (options.records is None):
            raise SourceError(
                "holds many recordings." if source.record is None else "holds one recording.",
                where=source.virtual,
                mend="Read one of its members.",
            )
        if source.record is None:
            return Values(root)
        return Values(root, source.record.place, source.record.count)


def _ids(root: Node, said: From, count: int) -> list[str]:
    if EACH in steps(said.path):
        return [Values(root, place, count).text(said) for place in range(count)]
    return Values(root).texts(said.model_copy(update={"per": "file"}))


def _records(root: Node, options: ArrayOptions, drops_ones: bool) -> tuple[int, list[str] | None]:
    """Number of recordings in a file, by the first signal that is there, and their names where they have some."""
    for said in options.signals:
        for path in said.paths:
            if EACH in steps(path):
                node = listed(root, path)
                if node is not None and node.n_elements is not None:
                    return node.n_elements, node.element_names
            else:
                array = find(root, path)
                if isinstance(array, Numbers):
                    return fit(array, said.axes, path, drops_ones=drops_ones).length("record"), None
    raise SourceError(
        "holds none of the recipe's signals.", where=root.where, mend="Check the paths in the recipe's `signals`."
    )


def _duration(arrays: list[ArraySignals]) -> int:
    return max(samples_to_ns(array.layout.n_samples, array.rate_hz) for array in arrays)


def _streams(source: Source, opener: Opener, arrays: list[ArraySignals]) -> list[Stream]:
    labels = [(channel.label, channel.unit) for array in arrays for channel in array.channels]
    identities = iter(identify_all(labels))
    made = []
    for array in arrays:
        said = [(channel, next(identities)) for channel in array.channels]
        whole = Stream(
            sensor_type=said[0][1].sensor_type,
            rate_hz=array.rate_hz,
            channels=tuple(_channel(channel, identity) for channel, identity in said),
            segments=(Segment(0, array.layout.n_samples),),
            samples=FileSamples(source, opener, array.path, array.layout, array.dtype),
        )
        rows: dict[SensorType, list[int]] = {}
        for row, (_, identity) in enumerate(said):
            rows.setdefault(identity.sensor_type, []).append(row)
        made += [whole] if len(rows) == 1 else [whole.select(some, sensor_type=kind) for kind, some in rows.items()]
    return made


def _channel(said: Calibrated, identity: Identity) -> Channel:
    return Channel(
        label=said.label,
        name=identity.name,
        unit=said.unit,
        gain=said.gain,
        offset=said.offset,
        invalid=said.invalid,
        reference=identity.reference,
        unit_status="declared" if canonical_unit(said.unit, identity.sensor_type) else "unknown",
    )


def _age(values: Values, options: ArrayOptions, warnings: list[str]) -> float | None:
    if options.age is None or not values.has(options.age):
        return None
    text = values.text(options.age).strip()
    try:
        years = float(text)
    except ValueError:
        years = -1.0
    if 0 <= years <= 120:
        return years
    if text.lower() not in ("", "nan"):
        warnings.append("the age in the file is no number of years; it is left out")
    return None


def _sex(values: Values, options: ArrayOptions, warnings: list[str]) -> str | None:
    if options.sex is None or not values.has(options.sex):
        return None
    text = values.text(options.sex).strip()
    found = options.sex.map.get(text) if options.sex.map else _SEXES.get(text.lower())
    if found is None and text.lower() not in ("", "nan"):
        warnings.append("the sex in the file is none that the recipe knows; it is left out")
    return found
