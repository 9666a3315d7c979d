"""Dataclasses whose methods are written when first used.

`dataclasses` writes and compiles half a dozen methods for each frozen class as it is imported: 0.7 ms, and the
library has a hundred of them. Here a class costs a twentieth of that until something is made of it; what it is
and does is the same, and type checkers see the dataclass they know.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError
from operator import attrgetter, eq, ge, gt, le, lt
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
    written = plain.__dict__
    names = tuple(plain.__annotations__)
    special = {name: written[name] for name in names if isinstance(written.get(name), Field)}
    defaults = {name: written[name] for name in names if name in written and name not in special}
    content = {name: value for name, value in written.items() if name not in defaults and name not in special}
    content.pop("__dict__", None)
    content.pop("__weakref__", None)
    content["__slots__"] = names
    content["__match_args__"] = tuple(name for name in names if name not in special or special[name].init)
    content["__qualname__"] = plain.__qualname__
    content["__reduce__"] = _reduced
    content["__init__"] = _FirstInit(special, defaults, frozen).init()
    if frozen:
        content["__setattr__"] = content["__delattr__"] = _refuse
    if compares:
        key = _key([name for name in names if name not in special or special[name].compare])
        content["__eq__"] = _comparison(key, eq)
        content["__hash__"] = (lambda self: hash(key(self))) if frozen else None
        for operation in (lt, le, gt, ge) if orders else ():
            content[f"__{operation.__name__}__"] = _comparison(key, operation)
    if shows:
        content["__repr__"] = _shown([name for name in names if name not in special or special[name].repr])
    for name in _STANDARD:
        content[name] = _Standard(name, plain)
    return type(plain)(plain.__name__, plain.__bases__, content)


_STANDARD: Final = ("__dataclass_fields__", "__dataclass_params__")
_WORTH: Final = 30
"""So many objects are made of a class before its `__init__` is written out: compiling it takes as long."""


class _FirstInit:
    """The `__init__` of a class of which little is made, until it is worth writing out."""

    def __init__(self, special: Mapping[str, Field[Any]], defaults: Mapping[str, Any], frozen: bool) -> None:
        self.special = special
        self.defaults = defaults
        self.frozen = frozen
        self.setters: dict[str, Any] = {}
        self.ends = False
        self.calls = 0

    def init(self) -> Callable[..., None]:
        def __init__(this: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            self.calls += 1
            if not self.setters:
                made = _owner(this.__class__)
                self.ends = "__post_init__" in made.__dict__
                self.setters = {name: made.__dict__[name].__set__ for name in made.__match_args__}
            if len(args) < len(self.setters):
                args = self.completed(args, kwargs)
            if self.calls > _WORTH or kwargs or len(args) != len(self.setters):
                made = _owner(this.__class__)
                self.write_out(made)
                made.__init__(this, *args, **kwargs)  # which says what is wrong
                return
            for setter, value in zip(self.setters.values(), args, strict=True):
                setter(this, value)
            if self.ends:
                this.__post_init__()

        return __init__

    def completed(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Return the values of fields in order, as far as they are told; what is used of `kwargs` is taken out."""
        found = list(args)
        for name in list(self.setters)[len(args) :]:
            if name in kwargs:
                found.append(kwargs.pop(name))
                continue
            default = self.default(name)
            if default is None:
                break
            found.append(default())
        return tuple(found)

    def default(self, name: str) -> Callable[[], Any] | None:
        """Return what gives a field its default, if it has one."""
        field = self.special.get(name)
        if name in self.defaults:
            return lambda: self.defaults[name]
        if field is None or (field.default is MISSING and field.default_factory is MISSING):
            return None
        return (lambda: field.default) if field.default_factory is MISSING else field.default_factory

    def write_out(self, made: Any) -> None:
        """Write `__init__` out: it runs a hundred thousand times while a ruleset is checked."""
        names: dict[str, Any] = {"MISSING": MISSING}
        parameters, lines = ["self"], ["    pass"]
        for name in made.__match_args__:
            default = self.default(name)
            field = self.special.get(name)
            value = name
            if default is None:
                parameters.append(name)
            elif field is not None and field.default_factory is not MISSING:
                names[f"new_{name}"] = default
                parameters.append(f"{name}=MISSING")
                value = f"new_{name}() if {name} is MISSING else {name}"
            else:
                names[f"default_{name}"] = default()
                parameters.append(f"{name}=default_{name}")
            names[f"set_{name}"] = made.__dict__[name].__set__  # past what refuses to assign
            lines.append(f"    set_{name}(self, {value})" if self.frozen else f"    self.{name} = {value}")
        if "__post_init__" in made.__dict__:
            lines.append("    self.__post_init__()")
        text = "\n".join([f"def __init__({', '.join(parameters)}):", *lines])
        exec(compile(text, f"<{made.__qualname__}>", "exec"), names)  # noqa: S102 - names of fields, nothing else
        made.__init__ = names["__init__"]


def _owner(found: type) -> Any:
    """Return the class whose fields an object has: its own, or the one it inherits from."""
    return next(each for each in found.__mro__ if "__match_args__" in each.__dict__)


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

    def __init__(self, name: str, plain: Any) -> None:
        self.name = name
        self.plain = plain

    def __get__(self, instance: object, owner: type) -> Any:
        standard: Any = dataclasses.dataclass(init=False, repr=False, eq=False)(self.plain)
        for name in _STANDARD:
            setattr(_owner(owner), name, getattr(standard, name))
        return getattr(standard, self.name)
