"""What can go wrong with an expression."""


class FeelError(Exception):
    """Any error of the expression language."""


class FeelSyntaxError(FeelError):
    """The text is no FEEL expression.

    Attributes:
        message: What is wrong, without the place.
        position: Where in the text, from 0.
    """

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position

    def __str__(self) -> str:
        return f"{self.message} (at character {self.position + 1})"


class FeelLimitError(FeelError):
    """The evaluation took too long, went too deep or made too large a value."""


class FeelValueError(FeelError):
    """A value that was handed in is of no kind that the language knows."""


class NullResult(FeelError):  # noqa: N818 - an outcome of a function, not an error of ours
    """Raised by a built-in function whose result is null, with the reason.

    It never leaves the package: the reason becomes one of the warnings of the evaluation.
    """
