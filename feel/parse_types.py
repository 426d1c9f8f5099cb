"""Types in expressions (DMN 1.5, grammar rule 53)."""

from feel.cursor import Cursor
from feel.lexer import KnownNames
from feel.types import (
    BUILTIN_TYPES,
    ContextType,
    FunctionType,
    ListType,
    RangeType,
    Type,
)

_LONG_NAMES = KnownNames(BUILTIN_TYPES)


class TypeParser:
    """Parses types at a cursor."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self._named: KnownNames | None = None

    def parse_type(self) -> Type:
        """Parse a type."""
        cursor = self.cursor
        cursor.deeper()
        kind = self._parse_name()
        if cursor.at("<"):
            kind = self._parse_parameters(kind)
        cursor.depth -= 1
        return kind

    def _parse_name(self) -> Type:
        cursor = self.cursor
        word = cursor.token
        if word.kind != "word":
            cursor.fail("The name of a type is expected")
        # Few texts name a type, and a model may have many.
        self._named = self._named or KnownNames(cursor.types, base=_LONG_NAMES)
        found = self._named.match(cursor.text, word)
        name, end = found or (word.text, word.end)
        kind = cursor.types.get(name) or BUILTIN_TYPES.get(name)
        if kind is None:
            cursor.fail("The name of a known type is expected")
        cursor.move_to(end)
        return kind

    def _parse_parameters(self, kind: Type) -> Type:
        if isinstance(kind, ListType):
            return ListType(self._parse_item())
        if isinstance(kind, RangeType):
            return RangeType(self._parse_item())
        if isinstance(kind, ContextType):
            return self._parse_context()
        if isinstance(kind, FunctionType):
            return self._parse_function()
        return kind

    def _parse_item(self) -> Type:
        self.cursor.expect("<")
        item = self.parse_type()
        self.cursor.expect(">")
        return item

    def _parse_context(self) -> Type:
        cursor = self.cursor
        cursor.expect("<")
        entries: dict[str, Type] = {}

        def take_entry() -> None:
            name = cursor.take_free_name()
            if name is None:
                cursor.fail("The name of an entry is expected")
            cursor.expect(":")
            entries[name] = self.parse_type()

        cursor.take_list(">", take_entry)
        return ContextType(entries)

    def _parse_function(self) -> Type:
        cursor = self.cursor
        cursor.expect("<")
        parameters: list[Type] = []
        cursor.take_list(">", lambda: parameters.append(self.parse_type()))
        result = self.parse_type() if cursor.take("->") else None
        return FunctionType(tuple(parameters), result)
