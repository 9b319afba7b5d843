"""Reads the opcodes of a pickle into plain values, without Python's own unpickler.

`pickle.Unpickler` with a list of allowed names would call no other, but it copies every array into memory, and a few
bytes of a hostile file can make it reserve gigabytes for its memo. Here a name is a word to compare, arrays stay where
they lie, and steps, memo and copied bytes are counted.

Source: Python's `pickletools`, which documents every opcode of protocols 0 to 5.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence
from typing import Any

from biocurate.formats.arrays.bytes import Buffer
from biocurate.formats.pickle.machine import Machine
from biocurate.formats.pickle.values import NotPlain, allowed, build, call, word

MAX_STEPS = 500_000
"""Opcodes of a file; one that holds arrays has some hundred."""
LONGEST_WHOLE = 16
"""Bytes of a whole number."""
HIGHEST_PROTOCOL = 5


def load(buffer: Buffer) -> object:
    """Read a pickle: dict, list, tuple, str, numbers, `Piece` and `Array`.

    Raises
    ------
    NotPlain
        It asks for what is not made here, contradicts itself, or is made to exhaust the reader.
    """
    machine = Machine(buffer)
    for _ in range(MAX_STEPS):
        code = machine.code()
        if code == ord("."):
            return machine.pop()
        step = _STEPS.get(code)
        if step is None:
            raise NotPlain(f"has the opcode 0x{code:02x}, which makes more than plain values and arrays")
        step(machine)
    raise NotPlain("has more steps than any file of arrays")


def _protocol(machine: Machine) -> None:
    if machine.number("B") > HIGHEST_PROTOCOL:
        raise NotPlain("is of a protocol above 5")


def _frame(machine: Machine) -> None:
    machine.take(8)


def _constant(value: object) -> Callable[[Machine], None]:
    return lambda machine: machine.push(value)


def _fixed(layout: str) -> Callable[[Machine], None]:
    """A number of a fixed width."""
    return lambda machine: machine.push(machine.number(layout))


def _whole(text: bytes) -> int:
    try:
        return int(text[: 8 * LONGEST_WHOLE])
    except ValueError:
        raise NotPlain("has a number that is none") from None


def _int_line(machine: Machine) -> None:
    text = machine.line()
    machine.push({b"00": False, b"01": True}.get(text) if text in (b"00", b"01") else _whole(text))


def _long_line(machine: Machine) -> None:
    machine.push(_whole(machine.line().removesuffix(b"L")))


def _long(layout: str) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        count = machine.number(layout)
        if not 0 <= count <= LONGEST_WHOLE:
            raise NotPlain("has a number of more digits than any count")
        machine.push(int.from_bytes(machine.take(count), "little", signed=True))

    return step


def _float_line(machine: Machine) -> None:
    try:
        machine.push(float(machine.line()))
    except ValueError:
        raise NotPlain("has a number that is none") from None


def _bytes(layout: str) -> Callable[[Machine], None]:
    """Bytes, or a text of Python 2: they stay in the file."""
    return lambda machine: machine.push(machine.piece(machine.number(layout)))


def _quoted(machine: Machine) -> None:
    """A text of Python 2 in protocol 0: a literal with escapes."""
    text = machine.line().strip()
    if len(text) < 2 or text[:1] != text[-1:] or text[:1] not in (b"'", b'"'):
        raise NotPlain("has a text without quotes")
    machine.copy(len(text))
    try:
        machine.push(codecs.escape_decode(text[1:-1])[0])
    except ValueError:
        raise NotPlain("has a text that cannot be read") from None


def _letters(layout: str) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        machine.push(_decoded(machine.take(machine.number(layout)), "utf-8"))

    return step


def _letters_line(machine: Machine) -> None:
    machine.push(_decoded(machine.line(), "raw-unicode-escape"))


def _decoded(text: bytes, encoding: str) -> str:
    try:
        return text.decode(encoding, "surrogatepass" if encoding == "utf-8" else "strict")
    except UnicodeDecodeError:
        raise NotPlain("has a text that cannot be read") from None


def _append(machine: Machine) -> None:
    value = machine.pop()
    _list(machine.top()).append(value)


def _appends(machine: Machine) -> None:
    values = machine.above()
    _list(machine.top()).extend(values)


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise NotPlain("puts a value into what is no list")
    return value


def _set_item(machine: Machine) -> None:
    value = machine.pop()
    key = machine.pop()
    _put_items(machine, machine.top(), [key, value])


def _set_items(machine: Machine) -> None:
    items = machine.above()
    _put_items(machine, machine.top(), items)


def _dict(machine: Machine) -> None:
    made: dict[str, Any] = {}
    _put_items(machine, made, machine.above())
    machine.push(made)


def _put_items(machine: Machine, target: object, items: Sequence[Any]) -> None:
    if not isinstance(target, dict) or len(items) % 2:
        raise NotPlain("puts a key and a value into what is no dict")
    for key, value in zip(items[::2], items[1::2], strict=True):
        name = str(key) if isinstance(key, int) and not isinstance(key, bool) else word(key)
        if name is None:
            raise NotPlain("has a key that is no text")
        machine.copy(len(name))
        target[name] = value


def _tuple(count: int) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        values = [machine.pop() for _ in range(count)]
        machine.push(tuple(reversed(values)))

    return step


def _drop(_value: object) -> None:
    pass


def _put(machine: Machine, place: int) -> None:
    machine.memo[place] = machine.top()


def _get(machine: Machine, place: int) -> None:
    if place not in machine.memo:
        raise NotPlain("asks for what it has not kept")
    machine.push(machine.memo[place])


def _get_line(machine: Machine) -> None:
    _get(machine, _whole(machine.line()))


def _put_line(machine: Machine) -> None:
    _put(machine, _whole(machine.line()))


def _global(machine: Machine) -> None:
    module, name = machine.line(), machine.line()
    machine.push(allowed(module.decode("latin-1"), name.decode("latin-1")))


def _stack_global(machine: Machine) -> None:
    name, module = word(machine.pop()), word(machine.pop())
    if name is None or module is None:
        raise NotPlain("asks for something without a name")
    machine.push(allowed(module, name))


def _reduce(machine: Machine) -> None:
    arguments, asked = machine.pop(), machine.pop()
    made = call(asked, arguments)
    if isinstance(made, bytes):
        machine.copy(len(made))
    machine.push(made)


def _build(machine: Machine) -> None:
    state = machine.pop()
    build(machine.top(), state)


_STEPS: dict[int, Callable[[Machine], None]] = {
    0x80: _protocol,
    0x95: _frame,
    ord("("): Machine.mark,
    ord("0"): lambda machine: _drop(machine.pop()),
    ord("1"): lambda machine: _drop(machine.above()),
    ord("2"): lambda machine: machine.push(machine.top()),
    ord("N"): _constant(None),
    0x88: _constant(True),
    0x89: _constant(False),
    ord("I"): _int_line,
    ord("J"): _fixed("<i"),
    ord("K"): _fixed("B"),
    ord("M"): _fixed("<H"),
    ord("L"): _long_line,
    0x8A: _long("B"),
    0x8B: _long("<i"),
    ord("F"): _float_line,
    ord("G"): _fixed(">d"),
    ord("S"): _quoted,
    ord("T"): _bytes("<i"),
    ord("U"): _bytes("B"),
    ord("V"): _letters_line,
    0x8C: _letters("B"),
    ord("X"): _letters("<I"),
    0x8D: _letters("<Q"),
    ord("B"): _bytes("<I"),
    ord("C"): _bytes("B"),
    0x8E: _bytes("<Q"),
    0x96: _bytes("<Q"),
    ord("]"): lambda machine: machine.push([]),
    ord("l"): lambda machine: machine.push(machine.above()),
    ord("a"): _append,
    ord("e"): _appends,
    ord(")"): _constant(()),
    ord("t"): lambda machine: machine.push(tuple(machine.above())),
    0x85: _tuple(1),
    0x86: _tuple(2),
    0x87: _tuple(3),
    ord("}"): lambda machine: machine.push({}),
    ord("d"): _dict,
    ord("s"): _set_item,
    ord("u"): _set_items,
    ord("p"): _put_line,
    ord("q"): lambda machine: _put(machine, machine.number("B")),
    ord("r"): lambda machine: _put(machine, machine.number("<I")),
    0x94: lambda machine: _put(machine, len(machine.memo)),
    ord("g"): _get_line,
    ord("h"): lambda machine: _get(machine, machine.number("B")),
    ord("j"): lambda machine: _get(machine, machine.number("<I")),
    ord("c"): _global,
    0x93: _stack_global,
    ord("R"): _reduce,
    ord("b"): _build,
}
"""By opcode. Left out: what makes objects of classes (INST, OBJ, NEWOBJ), what is looked up elsewhere (EXT, PERSID),
sets, and buffers that lie outside of the file."""
