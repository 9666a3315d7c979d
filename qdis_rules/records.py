"""Dataclasses whose methods are written when first used.

`dataclasses` writes and compiles half a dozen methods for each frozen class as it is imported: 0.7 ms, and the
library has a hundred of them. Here a class costs a twentieth of that until something is made of it; what it is
and does is the same, and type checkers see the dataclass they know.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError
from operator import attrgetter, ge, gt, le, lt
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(  # noqa: ANN201
        *, slots: bool, frozen: bool = False, repr: bool = True, eq: bool = True, order: bool = False
    ):
        """Return a decorator like `dataclasses.dataclass`, for a class with slots that inherits no field."""
        assert slots
        return lambda plain: _slotted(plain, frozen, repr, eq, order)


__all__ = ["dataclass"]


def _slotted(plain: Any, frozen: bool, shows: bool, compares: bool, orders: bool) -> Any:
    fields = {name: _field(plain.__dict__.get(name, MISSING)) for name in plain.__annotations__}
    left_out = {*fields, "__dict__", "__weakref__"}
    content = {name: value for name, value in plain.__dict__.items() if name not in left_out}
    content["__slots__"] = tuple(fields)
    content["__match_args__"] = tuple(name for name, field in fields.items() if field.init)
    content["__reduce__"] = _reduced
    if frozen:
        content["__setattr__"] = content["__delattr__"] = _refuse
    if compares:
        key = _key([name for name, field in fields.items() if field.compare])
        content["__eq__"] = _comparison(key, lambda one, other: one == other)
        content["__hash__"] = (lambda self: hash(key(self))) if frozen else None
        for operation in (lt, le, gt, ge) if orders else ():
            content[f"__{operation.__name__}__"] = _comparison(key, operation)
    if shows:
        content["__repr__"] = _shown([name for name, field in fields.items() if field.repr])
    made: Any = type(plain)(plain.__name__, plain.__bases__, content)
    made.__qualname__ = plain.__qualname__
    for name in ("__dataclass_fields__", "__dataclass_params__"):
        setattr(made, name, _Standard(name, plain, made))

    made.__init__ = _first_initialiser(made, fields, frozen)
    return made


def _field(written: Any) -> Field[Any]:
    return written if isinstance(written, Field) else dataclasses.field(default=written)


_WORTH: Final = 100
"""So many objects are made of a class before its `__init__` is written out: compiling it takes as long."""


def _first_initialiser(made: Any, fields: Mapping[str, Field[Any]], frozen: bool) -> Any:
    """Return the `__init__` of a class of which little is made."""
    setters = {name: made.__dict__[name].__set__ for name, field in fields.items() if field.init}
    known, calls = setters.keys(), 0

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        nonlocal calls
        calls += 1
        given = dict(zip(setters, args, strict=False))
        fits = len(given) == len(args) and kwargs.keys() <= known and kwargs.keys().isdisjoint(given)
        given.update(kwargs)
        if calls > _WORTH or not fits or any(not _filled(fields[name], name, given) for name in setters):
            made.__init__ = _initialiser(made, fields, frozen)
            made.__init__(self, *args, **kwargs)  # which says what is wrong
            return
        for name, setter in setters.items():
            setter(self, given[name])
        if hasattr(self, "__post_init__"):
            self.__post_init__()

    return init


def _filled(field: Field[Any], name: str, given: dict[str, Any]) -> bool:
    """Tell whether a field has a value, its default included."""
    if name not in given and field.default_factory is not MISSING:
        given[name] = field.default_factory()
    elif name not in given and field.default is not MISSING:
        given[name] = field.default
    return name in given


def _initialiser(made: Any, fields: Mapping[str, Field[Any]], frozen: bool) -> Any:
    """Return `__init__`, written out: it runs a hundred thousand times while a ruleset is checked."""
    names: dict[str, Any] = {"MISSING": MISSING}
    parameters, lines = ["self"], ["    pass"]
    for name, field in fields.items():
        if not field.init:
            continue
        value = name
        if field.default is not MISSING:
            names[f"default_{name}"] = field.default
            parameters.append(f"{name}=default_{name}")
        elif field.default_factory is not MISSING:
            names[f"new_{name}"] = field.default_factory
            parameters.append(f"{name}=MISSING")
            value = f"new_{name}() if {name} is MISSING else {name}"
        else:
            parameters.append(name)
        names[f"set_{name}"] = made.__dict__[name].__set__  # past what refuses to assign
        lines.append(f"    set_{name}(self, {value})" if frozen else f"    self.{name} = {value}")
    if hasattr(made, "__post_init__"):
        lines.append("    self.__post_init__()")
    text = "\n".join([f"def __init__({', '.join(parameters)}):", *lines])
    exec(compile(text, f"<{made.__qualname__}>", "exec"), names)  # noqa: S102 - names of fields, nothing else
    return names["__init__"]


def _key(names: Sequence[str]) -> Callable[[object], Any]:
    return attrgetter(*names) if names else lambda _: ()


def _comparison(key: Callable[[object], Any], operation: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    def compared(self: object, other: object) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return operation(key(self), key(other))

    return compared


def _shown(names: Sequence[str]) -> Callable[[Any], str]:
    def shown(self: object) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return shown


def _refuse(self: object, name: str, *_: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _reduced(self: Any) -> tuple[type, tuple[Any, ...]]:
    """How an object is pickled and copied: its class, called again with the same fields."""
    return self.__class__, tuple(getattr(self, name) for name in self.__match_args__)


class _Standard:
    """What `dataclasses` itself knows of a class, asked of the class as it was written when someone wants it."""

    def __init__(self, name: str, plain: Any, made: Any) -> None:
        self.name = name
        self.plain = plain
        self.made = made

    def __get__(self, instance: object, owner: type) -> Any:
        standard: Any = dataclasses.dataclass(init=False, repr=False, eq=False)(self.plain)
        setattr(self.made, self.name, getattr(standard, self.name))
        return getattr(standard, self.name)
