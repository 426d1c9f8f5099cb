"""What can be wrong with a model that somebody wants to deploy or evaluate."""


class ModelError(Exception):
    """A model is refused: it breaks its standard, or asks for what can't be executed.

    Attributes:
        message: What is wrong, in one sentence for the person who drew the model.
        element: The id (or, where it has none, the name) of the element at fault; None for the
            whole file.
        line: The line of the XML where the element begins, from 1; None if unknown.
        advice: What to do instead; None where the message says it.
    """

    def __init__(
        self,
        message: str,
        element: str | None = None,
        line: int | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.element = element
        self.line = line
        self.advice = advice

    def __str__(self) -> str:
        place = [self.element or "", f"line {self.line}" if self.line else ""]
        where = ", ".join(part for part in place if part)
        text = f"{self.message} ({where})" if where else self.message
        return f"{text} {self.advice}" if self.advice else text
