"""The choices of a field that people add to while the program runs: stages, purposes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping


class LivingChoices(Mapping[str, str]):
    """Value → label of what there is to choose, in its order, as this process read it last.

    Whoever reads all of them tells it, and a change in another process does. Schemas don't
    compare with them: the operation asks the database.

    Attributes:
        retired: Values that records keep, but nobody is offered any more.
    """

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = dict(labels)
        self.retired: frozenset[str] = frozenset()

    def learn(self, labels: Iterable[tuple[str, str]], retired: Collection[str] = ()) -> None:
        """Take over all values with their labels, in order."""
        self._labels, self.retired = dict(labels), frozenset(retired)

    def __getitem__(self, value: str) -> str:
        return self._labels[value]

    def __iter__(self) -> Iterator[str]:
        return iter(self._labels)

    def __len__(self) -> int:
        return len(self._labels)
