"""Raw files on disk and in archives: found, read, and kept within their root."""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate import formats
from biocurate.errors import SourceError, UsageError
from biocurate.formats import Source, archive, scan


def pack(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return path


def test_files_and_members_are_listed_in_order_and_nothing_is_unpacked(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b/EDA.csv").write_bytes(b"1")
    (tmp_path / "a.txt").write_bytes(b"22")
    pack(tmp_path / "S10.zip", {"EDA.csv": b"333", "in/BVP.csv": b"4444", "in/": b""})
    found = scan(tmp_path)
    assert [(s.virtual, s.name, s.size) for s in found] == [
        ("S10.zip/EDA.csv", "EDA.csv", 3),
        ("S10.zip/in/BVP.csv", "BVP.csv", 4),
        ("a.txt", "a.txt", 2),
        ("b/EDA.csv", "EDA.csv", 1),
    ]
    assert found == scan(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["S10.zip", "a.txt", "b"]


def test_a_member_is_read_like_a_file(tmp_path):
    content = bytes(range(256)) * 9000
    pack(tmp_path / "a.zip", {"x/y.bin": content})
    (tmp_path / "y.bin").write_bytes(content)
    for source in scan(tmp_path):
        assert source.sha256() == hashlib.sha256(content).hexdigest()
        assert source.size == len(content)
        assert source.mtime_ns == (tmp_path / source.path).stat().st_mtime_ns
        with source.open() as stream:
            stream.seek(300)
            assert stream.read(4) == bytes([44, 45, 46, 47])
            stream.seek(0)
            assert stream.read() == content
    assert Source(tmp_path, "y.bin").local() == tmp_path / "y.bin"
    with pytest.raises(SourceError, match=r"a\.zip/x/y\.bin: lies in an archive.*Unpack the archive"):
        Source(tmp_path, "a.zip", "x/y.bin").local()


def test_hidden_files_and_a_macs_resource_forks_are_left_out(tmp_path):
    (tmp_path / ".git").mkdir()
    for name in (".git/config", ".DS_Store", "._EDA.csv", "EDA.csv"):
        (tmp_path / name).write_bytes(b"x")
    pack(tmp_path / "a.zip", {"__MACOSX/._B.csv": b"x", ".hidden/C.csv": b"x", "B.csv": b"x"})
    assert [s.virtual for s in scan(tmp_path)] == ["EDA.csv", "a.zip/B.csv"]


@pytest.mark.parametrize("name", ["../evil.csv", "/etc/passwd", "a/../../evil.csv", "..\\evil.csv", "C:\\evil.csv"])
def test_an_archive_with_a_member_that_leads_out_of_it_is_refused(tmp_path, name):
    pack(tmp_path / "slip.zip", {"fine.csv": b"1", name: b"2"})
    (tmp_path / "other.csv").write_bytes(b"1")
    with pytest.raises(SourceError, match=r"slip\.zip: one of its members leads out of the archive"):
        scan(tmp_path)
    problems: list[SourceError] = []
    assert [s.virtual for s in scan(tmp_path, problems)] == ["other.csv"]
    assert [problem.where for problem in problems] == ["slip.zip"]


def test_a_bomb_is_refused_by_what_it_declares(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "SMALL", 2**16)
    pack(tmp_path / "bomb.zip", {"zeros.csv": bytes(2**20)})
    with pytest.raises(SourceError, match=r"bomb\.zip: one of its members would unpack from [\d,]+ to 1,048,576 bytes"):
        scan(tmp_path)


def test_a_member_never_unpacks_to_more_than_it_declares(tmp_path):
    """The size in the central directory is what bounds a read, whatever the packed data come to."""
    path = pack(tmp_path / "lie.zip", {"zeros.csv": bytes(2**20)})
    content = bytearray(path.read_bytes())
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<I", 1000)
    path.write_bytes(bytes(content))
    with (
        pytest.raises(SourceError, match=r"lie\.zip/zeros\.csv: is damaged in its archive"),
        scan(tmp_path)[0].open() as stream,
    ):
        assert len(stream.read()) <= 1000


def test_members_that_overlap_are_refused(tmp_path):
    path = pack(tmp_path / "overlap.zip", {"a": os.urandom(5000)}, zipfile.ZIP_STORED)
    content = path.read_bytes()
    entry, end = content.rindex(b"PK\x01\x02"), content.rindex(b"PK\x05\x06")
    again = content[entry:end].replace(b"a", b"b")
    tail = bytearray(content[end:])
    tail[8:12] = struct.pack("<HH", 2, 2)
    tail[12:16] = struct.pack("<I", 2 * (end - entry))
    path.write_bytes(content[:end] + again + bytes(tail))
    with pytest.raises(SourceError, match="overlap"):
        scan(tmp_path)


def test_a_damaged_archive_or_member_is_named(tmp_path):
    (tmp_path / "page.zip").write_bytes(b"<html>")
    with pytest.raises(SourceError, match=r"page\.zip: is not a readable zip archive.*Download"):
        scan(tmp_path)
    (tmp_path / "page.zip").unlink()
    path = pack(tmp_path / "flip.zip", {"a.csv": b"0123456789" * 50}, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(SourceError, match=r"flip\.zip/a\.csv: is damaged in its archive"):
        scan(tmp_path)[0].sha256()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_a_damaged_byte_anywhere_in_an_archive_is_a_source_error(tmp_path_factory, method, place, byte):
    """Each method of packing has errors of its own: zlib's, lzma's, and bzip2's, which are those of files."""
    root = tmp_path_factory.mktemp("zip")
    path = pack(root / "a.zip", {"Mueller.csv": b"0,1,2,3,4,5,6,7\n" * 20}, method)
    content = bytearray(path.read_bytes())
    content[place % len(content)] = byte
    path.write_bytes(bytes(content))
    try:
        for source in scan(root):
            source.sha256()
    except SourceError as error:
        assert "Mueller" not in error.what + error.mend


def test_links_are_followed_within_the_root_only(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside.csv"
    root.mkdir()
    outside.write_bytes(b"secret")
    (root / "a.csv").write_bytes(b"1")
    (root / "b.csv").symlink_to(root / "a.csv")
    (root / "loop").symlink_to(root)
    assert [s.virtual for s in scan(root)] == ["a.csv", "b.csv"]
    (root / "out.csv").symlink_to(outside)
    (root / "gone.csv").symlink_to(root / "nothing")
    problems: list[SourceError] = []
    assert [s.virtual for s in scan(root, problems)] == ["a.csv", "b.csv"]
    assert sorted((p.where, "out of the folder" in p.what) for p in problems) == [
        ("gone.csv", False),
        ("out.csv", True),
    ]


def test_links_in_an_archive_are_no_files(tmp_path):
    info = zipfile.ZipInfo("link.csv")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.writestr(info, "/etc/passwd")
    problems: list[SourceError] = []
    assert scan(tmp_path, problems) == []
    assert [problem.where for problem in problems] == ["a.zip/link.csv"]


def test_siblings_lie_in_the_same_folder_or_archive_and_never_outside(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/100.dat").write_bytes(b"1")
    pack(tmp_path / "a.zip", {"sub/100.hea": b"1", "sub/100.dat": b"2"})
    beside = Source(tmp_path, "sub/100.hea").sibling("100.dat")
    assert (beside.path, beside.exists, Source(tmp_path, "sub/100.hea").exists) == ("sub/100.dat", True, False)
    packed = Source(tmp_path, "a.zip", "sub/100.hea").sibling("100.dat")
    assert packed.open().read() == b"2"
    assert not packed.sibling("200.dat").exists
    for source in (beside, packed):
        for name in ("../../x", "/etc/passwd", "../.."):
            with pytest.raises(SourceError, match="lies outside the folder"):
                source.sibling(name)


@pytest.mark.parametrize("use", [Source.open, Source.sha256, lambda s: s.size, lambda s: s.mtime_ns])
def test_a_file_that_is_not_there(tmp_path, use):
    pack(tmp_path / "a.zip", {"x": b"1"})
    with pytest.raises(SourceError, match=r"gone\.csv: is not there"):
        use(Source(tmp_path, "gone.csv"))
    with pytest.raises(SourceError, match=r"gone\.zip"):
        use(Source(tmp_path, "gone.zip", "x"))
    if use is not Source.mtime_ns:
        assert not Source(tmp_path, "a.zip", "gone").exists


def test_messages_do_not_hold_the_roots_path(tmp_path):
    """A failure goes into the store, and a home folder is often a person's name."""
    for source in (Source(tmp_path, "gone.csv"), Source(tmp_path, "gone.zip", "x")):
        with pytest.raises(SourceError) as caught:
            source.open()
        assert str(tmp_path) not in str(caught.value)


def test_a_root_that_is_no_folder(tmp_path):
    with pytest.raises(UsageError, match="is no folder"):
        scan(tmp_path / "nothing")


def test_a_name_that_is_no_text_is_a_problem_of_its_own(tmp_path):
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.csv")).write_bytes(b"1")
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    with pytest.raises(SourceError, match="no readable text"):
        scan(tmp_path)


def test_the_registry_imports_no_formats_library():
    code = "import sys; from biocurate.formats import names; names(); print(*sys.modules)"
    import subprocess

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"wfdb", "edfio", "polars", "torch"} & set(loaded)


def test_readers_are_found_by_name_and_a_second_of_that_name_is_refused():
    assert {"edf", "wfdb", "csv"} <= set(formats.names())
    assert isinstance(formats.reader("edf"), formats.Reader)
    with pytest.raises(UsageError, match="there is no format 'edff'"):
        formats.reader("edff")
    with pytest.raises(UsageError, match="two readers are called 'edf'"):

        @formats.register("edf")
        class Other:
            pass


def test_a_plugin_joins_through_its_entry_point(tmp_path, monkeypatch):
    (tmp_path / "plug.py").write_text("class Xdf:\n    version = 7\n")
    info = tmp_path / "plug-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[biocurate.formats]\nxdf = plug:Xdf\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(formats, "_READERS", dict(formats._READERS))
    assert "xdf" in formats.names()
    assert formats.reader("xdf").version == 7
