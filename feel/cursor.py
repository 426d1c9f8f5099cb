"""A place in the text that is being parsed."""

from collections.abc import Callable, Mapping
from typing import NoReturn

from feel.errors import FeelSyntaxError
from feel.lexer import FREE_NAME, KnownNames, Token, next_token, normalise_name
from feel.types import Type

MAX_TEXT_CHARACTERS = 100_000
MAX_DEPTH = 60
# No sound text needs more looks at a token: an ambiguous bracket is read twice at most.
MAX_LOOKS_PER_CHARACTER = 4


class Cursor:
    """A place in a text, with the known names: what all parts of the parser read from.

    Attributes:
        text: The text.
        known: Names with spaces or operators that mean a variable or function.
        keys: The same and those that are known only as keys of contexts.
        types: Types by name, beyond the language's own.
        token: The current token.
        last_end: Where the token before it ended.
        depth: How many levels of nesting are open.
        filters: How many filters are open: in them, keys are names.
    """

    def __init__(
        self,
        text: str,
        known: KnownNames,
        keys: KnownNames,
        types: Mapping[str, Type],
    ) -> None:
        if len(text) > MAX_TEXT_CHARACTERS:
            raise FeelSyntaxError(
                f"The expression is longer than {MAX_TEXT_CHARACTERS} characters.", 0
            )
        self.text = text
        self.known = known
        self.keys = keys
        self.types = types
        self.depth = 0
        self.filters = 0
        self.looks = len(text) * MAX_LOOKS_PER_CHARACTER + 5000
        self.last_end = 0
        self.token = next_token(text, 0)

    def advance(self) -> Token:
        """Go on by one token and return the one that was current."""
        token = self.token
        self.move_to(token.end)
        return token

    def move_to(self, position: int) -> None:
        """Make the token at or after a position the current one."""
        self.looks -= 1
        if self.looks < 0:
            raise FeelSyntaxError("The expression is too ambiguous.", position)
        self.last_end = position
        self.token = next_token(self.text, position)

    def at(self, *signs: str) -> bool:
        """Tell whether the current token is one of some signs or words."""
        return self.token.text in signs and self.token.kind in {"sign", "word"}

    def take(self, sign: str) -> bool:
        """Go on past a sign or word if it is the current token."""
        if not self.at(sign):
            return False
        self.advance()
        return True

    def expect(self, sign: str) -> Token:
        """Go on past a sign or word that must be the current token."""
        if not self.at(sign):
            self.fail(f"`{sign}` is expected")
        return self.advance()

    def take_list(self, closing: str, take_item: Callable[[], None]) -> None:
        """Go on past items with commas between them, perhaps none, and a closing sign."""
        if not self.at(closing):
            take_item()
            while self.take(","):
                take_item()
        self.expect(closing)

    def fail(self, reason: str) -> NoReturn:
        """Refuse the text at the current token."""
        token = self.token
        found = "the end" if token.kind == "end" else f"`{token.text[:40]}`"
        raise FeelSyntaxError(f"{reason}, not {found}.", token.start)

    def declare(self, name: str) -> str:
        """Know a name from here on; returns it with single spaces."""
        name = normalise_name(name)
        self.known.add(name)
        self.keys.add(name)
        return name

    def take_free_name(self) -> str | None:
        """Go on past a name that is declared here, up to its delimiter; None if there is none."""
        match = FREE_NAME.match(self.text, self.token.start)
        if match is None:
            return None
        self.move_to(match.end())
        return normalise_name(match[0])

    def mark(self) -> tuple[int, int, int]:
        """Remember this place, to come back by `reset`."""
        return self.token.start, self.depth, self.filters

    def reset(self, mark: tuple[int, int, int]) -> None:
        """Go back to a place that was marked."""
        start, self.depth, self.filters = mark
        self.move_to(start)

    def deeper(self) -> None:
        """Count one more level of nesting; the caller counts it off `depth` afterwards."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FeelSyntaxError(
                f"The expression is nested more than {MAX_DEPTH} deep.", self.token.start
            )
