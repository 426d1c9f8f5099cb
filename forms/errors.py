"""What can be wrong with a form's schema."""

from __future__ import annotations


class FormError(Exception):
    """A form is refused at deployment: it breaks its format, or asks for what can't be checked.

    Attributes:
        message: What is wrong, in one sentence for the person who drew the form.
        field: The key (or, where it has none, the id) of the component; None for the whole form.
        advice: What to do instead; None where the message says it.
    """

    def __init__(self, message: str, field: str | None = None, advice: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.advice = advice

    def __str__(self) -> str:
        text = f"{self.message} (field {self.field})" if self.field else self.message
        return f"{text} {self.advice}" if self.advice else text
