"""Pictures as numbers: where boxes, curves and bars stand. The templates draw them as SVG.

Everything is in whole pixels and in a fixed order, so that the same ruleset gives the same drawing.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final

from qdis_rules.records import dataclass

WIDTH: Final = 224
"""The width of a box."""

_GAP_ACROSS, _GAP_DOWN, _LINE, _PADDING, _EDGE = 56, 14, 15, 8, 12
_LETTERS: Final = 31  # of a label, on one line of a box


@dataclass(frozen=True, slots=True)
class Node:
    """What a box says: a code, a label below, the kind that colours it, where it leads, what hovering tells."""

    key: str
    kind: str
    code: str
    label: str
    href: str | None
    hint: str


@dataclass(frozen=True, slots=True)
class Box:
    """A box where it stands; `lines` are its label, cut to the width."""

    node: Node
    x: int
    y: int
    height: int
    lines: tuple[str, ...]

    @property
    def middle(self) -> int:
        """The height at which curves meet the box."""
        return self.y + self.height // 2


@dataclass(frozen=True, slots=True)
class Curve:
    """A link between two boxes: an SVG path, and how many references it stands for."""

    path: str
    weight: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes and curves, and the size of the whole."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    curves: tuple[Curve, ...]


def layered(nodes: Iterable[Node], links: Mapping[tuple[str, str], int]) -> Drawing:
    """Return a drawing from left to right: every box stands to the right of those that lead to it.

    `links` maps (from, to) to the number of references. A link that closes a loop is left out of the order, and drawn.
    """
    known = {node.key: node for node in nodes}
    forward, loops = _without_loops(known, links)
    ranks = _ranks(known, forward)
    columns, hops = _columns(known, ranks, forward)
    _untangle(columns, hops)
    heights = {key: _height(node) for key, node in known.items()}
    tallest = max(sum(heights.get(key, 0) + _GAP_DOWN for key in column) for column in columns)
    boxes: dict[str, Box] = {}
    middles: dict[str, tuple[int, int]] = {}
    for rank, column in enumerate(columns):
        x = _EDGE + rank * (WIDTH + _GAP_ACROSS)
        y = _EDGE + (tallest - sum(heights.get(key, 0) + _GAP_DOWN for key in column)) // 2
        for key in column:
            if key in known:
                boxes[key] = Box(known[key], x, y, heights[key], _cut(known[key].label))
            middles[key] = (x, y + heights.get(key, 0) // 2)
            y += heights.get(key, 0) + _GAP_DOWN
    curves = [Curve(_path([middles[key] for key in hops[link]]), links[link]) for link in sorted(forward)]
    curves += [Curve(_path([middles[start], middles[end]]), links[start, end]) for start, end in sorted(loops)]
    width = 2 * _EDGE + len(columns) * (WIDTH + _GAP_ACROSS) - _GAP_ACROSS
    return Drawing(width, tallest + 2 * _EDGE - _GAP_DOWN, tuple(boxes.values()), tuple(curves))


def _without_loops(
    nodes: Mapping[str, Node], links: Mapping[tuple[str, str], int]
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    after: dict[str, list[str]] = {key: [] for key in nodes}
    for start, end in sorted(links):
        after[start].append(end)
    forward: list[tuple[str, str]] = []
    loops: list[tuple[str, str]] = []
    done: set[str] = set()
    for root in nodes:
        path: dict[str, int] = {root: 0}
        while path and root not in done:
            key = next(reversed(path))
            if path[key] < len(after[key]):
                following = after[key][path[key]]
                path[key] += 1
                if following in path:
                    loops.append((key, following))
                    continue
                forward.append((key, following))
                if following not in done:
                    path[following] = 0
            else:
                done.add(key)
                del path[key]
    return forward, loops


def _ranks(nodes: Mapping[str, Node], links: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Return the length of the longest way to each node."""
    ranks = dict.fromkeys(nodes, 0)
    moved = True
    while moved:
        moved = False
        for start, end in links:
            if ranks[end] <= ranks[start]:
                ranks[end] = ranks[start] + 1
                moved = True
    return ranks


def _columns(
    nodes: Mapping[str, Node], ranks: Mapping[str, int], links: Sequence[tuple[str, str]]
) -> tuple[list[list[str]], dict[tuple[str, str], list[str]]]:
    """Return the keys of each column, and the way of each link, with a passing place in every column it crosses."""
    columns: list[list[str]] = [[] for _ in range(max(ranks.values(), default=0) + 1)]
    for key in nodes:
        columns[ranks[key]].append(key)
    ways: dict[tuple[str, str], list[str]] = {}
    for start, end in links:
        between = [f"{start} > {end} > {rank}" for rank in range(ranks[start] + 1, ranks[end])]
        for rank, passing in enumerate(between, ranks[start] + 1):
            columns[rank].append(passing)
        ways[start, end] = [start, *between, end]
    return columns, ways


def _untangle(columns: list[list[str]], ways: Mapping[tuple[str, str], list[str]]) -> None:
    """Order each column by the middle of what it is tied to, from both sides in turn."""
    left: dict[str, list[str]] = {}
    right: dict[str, list[str]] = {}
    for way in ways.values():
        for start, end in pairwise(way):
            left.setdefault(end, []).append(start)
            right.setdefault(start, []).append(end)
    for turn in range(8):
        side = left if turn % 2 == 0 else right
        for column in columns if turn % 2 == 0 else reversed(columns):
            place = {key: index for each in columns for index, key in enumerate(each)}
            # Sums and counts compare exactly, without a division.
            ties = {key: [place[other] for other in side.get(key, ())] or [place[key]] for key in column}
            column.sort(key=lambda key: (10_000 * sum(ties[key]) // len(ties[key]), place[key]))


def _height(node: Node) -> int:
    return 2 * _PADDING + _LINE * ((1 if node.code else 0) + len(_cut(node.label)))


def _cut(label: str) -> tuple[str, ...]:
    """Return a label on two lines at most, the last one cut short with « … »."""
    return tuple(textwrap.wrap(label, _LETTERS, max_lines=2, placeholder=" …"))


def _path(places: Sequence[tuple[int, int]]) -> str:
    """Return a smooth SVG path from the right of the first box to the left of the last, level where it passes."""
    x, y = places[0]
    words = [f"M{x + WIDTH} {y}"]
    for index, (next_x, next_y) in enumerate(places[1:], 1):
        start = x + WIDTH
        half = (next_x - start) // 2
        words.append(f"C{start + half} {y} {next_x - half} {next_y} {next_x} {next_y}")
        x, y = next_x, next_y
        if index < len(places) - 1:
            words.append(f"H{x + WIDTH}")
    return " ".join(words)


# --- quartiles ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bullet:
    """Where the quartiles of a family stand: from `start` to `end`, the median at `middle`."""

    start: int
    middle: int
    end: int


def bullets(quartiles: Sequence[tuple[Decimal, Decimal, Decimal]], width: int) -> tuple[Bullet, ...]:
    """Return where quartiles stand on a scale of `width` pixels that they share."""
    low = min((each[0] for each in quartiles), default=Decimal(0))
    span = Fraction(max((each[2] for each in quartiles), default=low)) - Fraction(low)

    def place(value: Decimal) -> int:
        return int((Fraction(value) - Fraction(low)) * width / span) if span else width // 2

    return tuple(Bullet(*map(place, each)) for each in quartiles)


# --- bars -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar: what it counts, how much, where it stands."""

    name: str
    count: int
    x: int
    width: int


def bar(counts: Mapping[str, int], width: int) -> tuple[Segment, ...]:
    """Return the parts of a bar of `width` pixels; nothing for what counts nothing."""
    total = sum(counts.values())
    found: list[Segment] = []
    before = 0
    for name, count in counts.items():
        if count:
            start, end = width * before // total, width * (before + count) // total
            found.append(Segment(name, count, start, end - start))
        before += count
    return tuple(found)
