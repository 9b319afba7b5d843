"""The encoder that searches now and then: integers come back, in about the bytes that pcodec's own search needs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numcodecs.pcodec import PCodec

from biocurate.bench.turns import chunks_of
from biocurate.formats import reader, scan
from biocurate.store.codecs import codec
from biocurate.store.steady import EVERY, LEAST, ORDERS, Steady, _encoded

CHUNK = st.sampled_from(["int16", "int32"]).flatmap(
    lambda dtype: arrays(dtype, st.tuples(st.integers(1, 3), st.integers(1, 300)))
)


@settings(max_examples=30, deadline=None)
@given(st.lists(CHUNK, min_size=1, max_size=4))
def test_every_integer_comes_back_whatever_came_before(chunks):
    encoders = {name: codec("pcodec-5", name).encoder() for name in ("int16", "int32")}
    for chunk in chunks:
        stored = encoders[chunk.dtype.name](chunk)
        back = np.empty_like(chunk, order="C")
        codec("pcodec-5", chunk.dtype.name).decode(stored, back)
        assert back.dtype == chunk.dtype and np.array_equal(back, chunk)


def test_a_smooth_signal_takes_more_differences_than_a_rough_one():
    rough = np.random.default_rng(1).integers(-999, 999, LEAST).astype("int16")
    smooth = (np.sin(np.arange(LEAST) / 200) * 30_000).astype("int16")
    orders = []
    for signal in (rough, smooth):
        steady = Steady(5)
        steady.encode(signal)
        orders.append(steady.order)
    assert orders[0] == 0 < orders[1]


def test_the_search_is_made_again_after_a_while():
    rough = np.random.default_rng(1).integers(-999, 999, LEAST).astype("int16")
    smooth = (np.sin(np.arange(LEAST) / 200) * 30_000).astype("int16")
    steady = Steady(5)
    for chunk in [rough] * EVERY:
        steady.encode(chunk)
    assert steady.order == 0
    for chunk in [smooth] * (EVERY * len(ORDERS)):
        steady.encode(chunk)
    assert steady.order > 0


@pytest.mark.parametrize(("folder", "name"), [("eegmat", "Subject02_2.edf"), ("ludb", "data/1.hea")])
def test_real_signals_take_at_most_three_percent_more_than_with_a_search_in_every_chunk(corpora, folder, name):
    source = next(source for source in scan(corpora / folder) if source.path == name)
    read = reader("edf" if name.endswith("edf") else "wfdb")
    for stream in read.read(source, read.Options()).streams:
        chunks = list(chunks_of(stream.digital))
        pcodec = codec("pcodec-5", chunks[0].dtype.name)
        encode = pcodec.encoder()
        assert sum(len(encode(chunk)) for chunk in chunks) < 1.03 * sum(len(pcodec.encode(chunk)) for chunk in chunks)


def test_leads_stretched_to_the_whole_of_int16_are_coded_in_more_classes_and_come_back_by_numcodecs(corpora):
    """CPSC 2021 has a few hundred values in use of 65,536, without a common step."""
    source = next(source for source in scan(corpora / "cpsc2021-af") if source.path.endswith(".hea"))
    (stream,) = reader("wfdb").read(source, reader("wfdb").Options()).streams
    chunk = next(chunks_of(stream.digital))
    steady = Steady(5)
    stored = steady.encode(chunk.reshape(-1))
    assert steady.is_fine
    assert len(stored) < 0.9 * len(_encoded(chunk.reshape(-1), 5, steady.order))
    back = np.asarray(PCodec(level=5).decode(stored)).reshape(chunk.shape)
    assert np.array_equal(back, chunk)


def test_integers_of_an_adc_keep_the_level(corpora):
    source = next(source for source in scan(corpora / "ludb") if source.path == "data/1.hea")
    (stream,) = reader("wfdb").read(source, reader("wfdb").Options()).streams
    steady = Steady(5)
    steady.encode(next(chunks_of(stream.digital)).reshape(-1))
    assert not steady.is_fine
