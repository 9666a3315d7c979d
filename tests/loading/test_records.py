"""Our dataclasses are dataclasses, made later."""

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, field

import pytest

from qdis_rules.records import _WORTH, dataclass


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """A point."""

    x: int
    y: int = 2
    tags: list[str] = field(default_factory=list, compare=False)
    note: str = field(default="", repr=False, compare=False)


@dataclass(slots=True)
class Box:
    """A box."""

    size: int
    inside: list[int] = field(default_factory=list)
    total: int = field(init=False)

    def __post_init__(self):
        self.total = self.size + len(self.inside)


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing."""


class Below(Point):
    """A point of another class."""


@pytest.fixture(params=[0, _WORTH + 1], ids=["first", "later"])
def point(request):
    """The class, before and after its constructor is worth writing."""
    for _ in range(request.param):
        Point(1)
    return Point


def test_fields_defaults_and_keywords(point):
    assert (point(1).x, point(1).y, point(1).tags, point(1).note) == (1, 2, [], "")
    assert point(y=5, x=4) == point(4, 5)
    assert point(1).tags is not point(1).tags
    assert repr(point(1, 3, ["a"], "hidden")) == "Point(x=1, y=3, tags=['a'])"


@pytest.mark.parametrize(
    ("args", "kwargs"), [((), {}), ((1, 2, [], "", 5), {}), ((1,), {"x": 2}), ((1,), {"z": 2}), ((), {"y": 2})]
)
def test_a_wrong_call_is_a_type_error(point, args, kwargs):
    with pytest.raises(TypeError, match="__init__"):
        point(*args, **kwargs)


def test_equality_order_and_hash_leave_out_what_is_not_compared(point):
    assert point(1, 2, ["a"]) == point(1, 2, ["b"])
    assert hash(point(1, 2, ["a"])) == hash(point(1, 2, ["b"]))
    assert point(1, 2) < point(1, 3) <= point(1, 3)
    assert sorted([point(2), point(1)])[0].x == 1
    assert point(1) != Below(1)
    assert (point(1) == (1, 2)) is False
    assert Nothing() == Nothing()
    with pytest.raises(TypeError):
        hash(Box(1))


def test_a_frozen_one_does_not_change(point):
    made = point(1)
    with pytest.raises(FrozenInstanceError):
        made.x = 3
    with pytest.raises(FrozenInstanceError):
        del made.x
    box = Box(3, [1])
    box.size = 7
    assert (box.size, box.total) == (7, 4)
    with pytest.raises(AttributeError):
        box.colour = "red"


def test_the_tools_of_dataclasses_know_them(point):
    made = point(1, 3, ["a"], "n")
    assert dataclasses.replace(made, y=4) == point(1, 4)
    assert dataclasses.is_dataclass(point)
    assert [each.name for each in dataclasses.fields(point)] == ["x", "y", "tags", "note"]
    assert dataclasses.asdict(made) == {"x": 1, "y": 3, "tags": ["a"], "note": "n"}
    assert [each.name for each in dataclasses.fields(Box(1))] == ["size", "inside", "total"]
    assert copy.deepcopy(made) == made
    assert pickle.loads(pickle.dumps(made)).tags == ["a"]
    match made:
        case Point(x, y):
            assert (x, y) == (1, 3)


def test_a_class_below_has_the_fields_too():
    made = Below(1, note="n")
    assert (made.x, made.note) == (1, "n")
    for _ in range(_WORTH + 1):
        assert Below(2).y == 2
