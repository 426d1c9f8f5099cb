r"""Regular expressions that RE2 can't do, such as those with back-references: `(a)\1`.

They need backtracking, whose time may grow without bound with the length of the text: each step is
paid from the budget of the run, so that a bad pattern ends as an evaluation that took too long.
A pattern becomes a small program (R. Cox, "Regular Expression Matching: the Virtual Machine
Approach", 2009), run with a stack of places to come back to instead of recursion.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from feel.regex_case import is_same_but_for_case
from feel.regex_tokens import Alternative, Anchor, Group, Item, Pattern, Reference, Repeat, SetItem
from feel.run import Run

_STEPS_PER_PAYMENT = 64
_MAX_INSTRUCTIONS = 20_000

# What an instruction does and its operands.
_Instruction = tuple[str, Any, Any]
_Registers = tuple[int, ...]


class TooLargeError(Exception):
    """The counts of a pattern multiply to too large a program."""


@dataclass(frozen=True)
class Program:
    """A compiled pattern.

    Attributes:
        code: Its instructions.
        groups: How many groups it has.
        registers: How many places it remembers: two for each group, and one for each loop.
        ignores_case: Whether upper and lower case are the same.
    """

    code: list[_Instruction]
    groups: int
    registers: int
    ignores_case: bool

    def search(self, text: str, start: int, run: Run) -> _Registers | None:
        """Return the places of the first match at or after a start; None if there is none.

        Group n begins and ends at places 2n and 2n + 1; -1 stands for a group that took no part.
        """
        for begin in range(start, len(text) + 1):
            found = self._match(text, begin, run)
            if found is not None:
                return found
        return None

    def _match(self, text: str, begin: int, run: Run) -> _Registers | None:
        waiting: list[tuple[int, int, _Registers]] = [(0, begin, (-1,) * self.registers)]
        run.spend(1)
        while waiting:
            found = self._follow(text, waiting, run)
            if found is not None:
                return found
        return None

    def _follow(
        self, text: str, waiting: list[tuple[int, int, _Registers]], run: Run
    ) -> _Registers | None:
        """Follow one way until it matches or fails; ways that branch off it begin to wait."""
        place, position, registers = waiting.pop()
        for steps in count(1):
            if steps % _STEPS_PER_PAYMENT == 0:
                run.spend(_STEPS_PER_PAYMENT)
            kind, one, other = self.code[place]
            place += 1
            if kind == "split":
                waiting.append((other, position, registers))
                place = one
            elif kind == "jump":
                place = one
            elif kind == "save":
                registers = (*registers[:one], position, *registers[one + 1 :])
            elif kind == "match":
                return registers
            else:
                after = self._step(kind, one, text, position, registers)
                if after is None:
                    run.spend(1 + steps % _STEPS_PER_PAYMENT)
                    return None
                position = after
        return None

    def _step(
        self, kind: str, one: Any, text: str, position: int, registers: _Registers
    ) -> int | None:
        """Return the position after an instruction that tests the text; None if it fails."""
        if kind == "set":
            return position + 1 if position < len(text) and one(text[position]) else None
        if kind == "progress":
            return None if registers[one] == position else position
        if kind == "anchor":
            return position if one(text, position) else None
        start, end = registers[2 * one], registers[2 * one + 1]
        # A group that took no part is the empty text (XPath functions, 5.6.1).
        wanted = text[start:end] if start >= 0 else ""
        found = text[position : position + len(wanted)]
        same = found == wanted or (self.ignores_case and is_same_but_for_case(found, wanted))
        return position + len(wanted) if same else None


def compile_program(pattern: Pattern, *, ignores_case: bool, multiline: bool) -> Program:
    """Compile the syntax tree of a pattern.

    Raises:
        TooLargeError: Its counts multiply to too large a program.
    """
    compiler = _Compiler(pattern.groups, multiline=multiline)
    compiler.add("save", 0)
    compiler.alternative(pattern.tree)
    compiler.add("save", 1)
    compiler.add("match")
    return Program(compiler.code, pattern.groups, compiler.registers, ignores_case)


class _Compiler:
    def __init__(self, groups: int, *, multiline: bool) -> None:
        self.code: list[_Instruction] = []
        self.registers = 2 * (groups + 1)
        self._multiline = multiline
        self._items = 0

    def add(self, kind: str, one: Any = None, other: Any = None) -> int:
        if len(self.code) >= _MAX_INSTRUCTIONS:
            raise TooLargeError
        self.code.append((kind, one, other))
        return len(self.code) - 1

    def alternative(self, node: Alternative) -> None:
        ends: list[int] = []
        for branch in node.branches[:-1]:
            split = self.add("split")
            self._sequence(branch)
            ends.append(self.add("jump"))
            self.code[split] = ("split", split + 1, len(self.code))
        self._sequence(node.branches[-1])
        for end in ends:
            self.code[end] = ("jump", len(self.code), None)

    def _sequence(self, items: list[Item]) -> None:
        for item in items:
            self._item(item)

    def _item(self, item: Item) -> None:
        # Items without instructions, such as `(?:)`, can be counted many times too.
        self._items += 1
        if self._items > _MAX_INSTRUCTIONS:
            raise TooLargeError
        if isinstance(item, SetItem):
            self.add("set", item.characters.contains)
        elif isinstance(item, Reference):
            self.add("reference", item.group)
        elif isinstance(item, Anchor):
            self.add("anchor", self._anchor(item.sign))
        elif isinstance(item, Group):
            self._group(item)
        else:
            self._repeat(item)

    def _anchor(self, sign: str) -> Callable[[str, int], bool]:
        if sign == "^" and self._multiline:
            return _starts_line
        if sign == "^":
            return lambda _text, position: position == 0
        if self._multiline:
            return lambda text, position: position == len(text) or text[position] == "\n"
        return lambda text, position: position == len(text)

    def _group(self, item: Group) -> None:
        if item.number is None:
            self.alternative(item.inside)
            return
        self.add("save", 2 * item.number)
        self.alternative(item.inside)
        self.add("save", 2 * item.number + 1)

    def _repeat(self, item: Repeat) -> None:
        for _ in range(item.least):
            self._item(item.item)
        if item.most is None:
            self._loop(item)
            return
        splits: list[int] = []
        for _ in range(item.most - item.least):
            splits.append(self.add("split"))
            self._item(item.item)
        for split in splits:
            self._set_split(split, len(self.code), item)

    def _loop(self, item: Repeat) -> None:
        mark = self.registers
        self.registers += 1
        split = self.add("split")
        self.add("save", mark)
        self._item(item.item)
        # A turn that took nothing would be followed by others without end.
        self.add("progress", mark)
        self.add("jump", split)
        self._set_split(split, len(self.code), item)

    def _set_split(self, split: int, end: int, item: Repeat) -> None:
        ways = (split + 1, end) if item.greedy else (end, split + 1)
        self.code[split] = ("split", *ways)


def _starts_line(text: str, position: int) -> bool:
    """Tell whether a line starts here: after the last newline of a text none does."""
    return position == 0 or (text[position - 1] == "\n" and position < len(text))
