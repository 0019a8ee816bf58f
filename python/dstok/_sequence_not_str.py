"""A type for lists of strings that excludes a single string."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeVar

_T_co = TypeVar("_T_co", covariant=True)


class SequenceNotStr(Protocol[_T_co]):
    """A sequence, such as a list or a tuple, but neither str nor bytes.

    To type checkers, str is a sequence of str. It differs from other sequences in
    `__contains__`, which takes no other objects than str.
    """

    def __contains__(self, value: object, /) -> bool: ...
    def __getitem__(self, index: int, /) -> _T_co: ...
    def __iter__(self) -> Iterator[_T_co]: ...
    def __len__(self) -> int: ...

    @property
    def index(self) -> object:
        """A member that sequences have, but sets and mappings don't.

        As a method it would take Any, from which mypy would infer that the items are Any, too.
        """
