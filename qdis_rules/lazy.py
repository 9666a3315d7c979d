"""Mappings and sequences whose items are built when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class Lazy(Mapping[str, T], Generic[T]):
    """A mapping whose values are built when asked for, and kept. Two threads may build one twice, alike."""

    def __init__(self, codes: Iterable[str], build: Callable[[str], T]) -> None:
        self._codes = dict.fromkeys(codes)
        self._build = build
        self._built: dict[str, T] = {}

    def __getitem__(self, code: str) -> T:
        try:
            return self._built[code]
        except KeyError:
            if code not in self._codes:
                raise
        return self._built.setdefault(code, self._build(code))

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes)

    def __len__(self) -> int:
        return len(self._codes)

    def __contains__(self, code: object) -> bool:
        return code in self._codes

    def __repr__(self) -> str:
        return f"<{len(self)} values: {', '.join(list(self._codes)[:4])}…>"


class LazySequence(Sequence[T], Generic[T]):
    """A sequence whose items are built when asked for, and kept."""

    def __init__(self, count: int, build: Callable[[int], T]) -> None:
        self._count = count
        self._build = build
        self._built: dict[int, T] = {}

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self[each] for each in range(*index.indices(self._count)))
        place = range(self._count)[index]
        try:
            return self._built[place]
        except KeyError:
            return self._built.setdefault(place, self._build(place))

    def __len__(self) -> int:
        return self._count

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]
