"""The table of bad calls: each names the argument that its message has to begin with.

Most rows are made from the signatures: into a call that is right, or right as far as its types
go, each kind of bad value is put in the place of each argument. The others are written by hand.
"""

import importlib
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd
from bad_calls_by_hand import BY_HAND
from good_calls import GOOD, INSTANCES, MODEL, OWNERS
from numpy import typing

import scb_edu as scb
from scb_edu.support.signatures import _meant

PACKAGES = (
    "model training theory text experiments studies figures widgets exercises".split()  # noqa: SIM905
)
LONG = "x" * 2000
# from NumPy 2.5 on these are names of their own
ArrayLike, DTypeLike = _meant(typing.ArrayLike), _meant(typing.DTypeLike)
NAN_IS_FINE = ("figures",)  # a gap in a line


@dataclass(frozen=True)
class Row:
    """One bad call."""

    of: str
    label: str
    argument: str
    call: Callable[[], Any]

    @property
    def id(self):
        return f"{self.of}-{self.argument}-{self.label}"


def public():
    """All public names of the packages, as (package.name, object)."""
    for package in PACKAGES:
        module = importlib.import_module(f"scb_edu.{package}")
        yield from ((f"{package}.{name}", getattr(module, name)) for name in module.__all__)


def methods(item):
    for name in dir(item):
        found = inspect.getattr_static(item, name)
        found = getattr(found, "__func__", found)
        is_own = inspect.isfunction(found) and found.__module__.startswith("scb_edu")
        if not name.startswith("_") and is_own:
            yield name, found


def hints_of(function, owner):
    plain = inspect.unwrap(function)
    try:
        hints = get_type_hints(plain)
    except NameError:  # inherited fields: their names are known where they were written
        hints = get_type_hints(owner)
    return {name: _meant(hint) for name, hint in hints.items()}


def is_part(alias, hint):
    return set(get_args(alias)) - {type(None)} <= set(get_args(hint))


def parts_of(hint):
    """The alternatives of an annotation, without None."""
    if get_origin(hint) in (Union, UnionType):
        return [part for part in get_args(hint) if part is not type(None)]
    return [hint]


def allows_none(hint):
    return get_origin(hint) in (Union, UnionType) and type(None) in get_args(hint)


RAGGED = [[1.0], [1.0, 2.0]]
MASKED = np.ma.masked_array([[0.5, 0.5], [0.5, 0.5]], [[True, False], [False, False]])
NO_NUMBER = {"a word": "three", "None": None, "a list": [1.0, 2.0], "complex": 1j, "long": LONG}
NO_COUNT = {"a word": "3", "None": None, "a half": 2.5, "nan": np.nan, "True": True, "below": -1}
NO_ARRAY = {
    "None": None,
    "a word": "abc",
    "ragged": RAGGED,
    "masked": MASKED,
    "objects": [[None]],
    "complex": [[1j, 1], [1, 1]],
}
NO_SEQUENCE = {"None": None, "a number": 5, "used up": iter([1, 2])}
NO_PATH = {"None": None, "a number": 5, "NUL": "a\0b", "empty": "", "bytes": b"a"}
NO_FRAME = {"None": None, "a dict": {"a": [1.0]}, "no rows": pd.DataFrame()}
NO_TASK = {"None": None, "a word": "task", "a model": MODEL, "its class": scb.SCBTask}
NO_TASK_LIKE = {
    "None": None,
    "a word": "task",
    "two": (0.1, 0.2),
    "no energy": (0.0, 0.5, 10),
    "nan": (0.1, np.nan, 10),
    "short": (0.1, 0.5, 0.5),
}
NO_LENGTH_OR_REASON = {"None": None, "a half": 2.5, "True": True, "below": 1, "no words": " "}
NO_SCHEDULE = {"a word": "fast", "nan": np.nan, "a list": [0.1], "infinite": np.inf}


def bad_values(hint, *, strict):
    """Bad values for an annotation, by what is wrong with them."""
    found = dict(_bad(hint, strict=strict))
    return {what: bad for what, bad in found.items() if not (bad is None and allows_none(hint))}


def _bad(hint, *, strict):
    hint = _meant(hint)
    if hint is Any or hint == DTypeLike or isinstance(hint, str):
        return {}
    if is_part(DTypeLike, hint) and DTypeLike != hint and get_args(hint):
        return {"whole": "int64", "no type": "nonsense", "half": np.float16}
    if hint == ArrayLike or (get_args(hint) and is_part(ArrayLike, hint)):
        return NO_ARRAY
    if isinstance(hint, TypeVar):
        return {"a word": "it", "None": None, "complex": 1j}
    parts = parts_of(hint)
    if len(parts) > 1:
        return _bad_of_several(parts, strict=strict)
    hint = parts[0]
    origin, inner = get_origin(hint), get_args(hint)
    if hint is float:
        return NO_NUMBER | ({"nan": np.nan, "infinite": np.inf} if strict else {})
    if hint is int:
        return NO_COUNT
    if hint is bool:
        return {"a word": "yes", "None": None, "a number": 2}
    if hint is str:
        return {"a number": 5, "None": None, "bytes": b"value"}
    if hint is np.ndarray or origin is np.ndarray:
        return NO_ARRAY
    if hint is pd.DataFrame:
        return NO_FRAME
    if origin is Callable:
        return {"None": None, "a number": 5, "a word": "f"}
    if origin is tuple and inner[-1] is not ...:
        return {"None": None, "a number": 5, "many": (None,) * 7}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"None": None, "a list": [1], "a word": "abc"}
    if origin is not None and (origin is tuple or issubclass(origin, Sequence)):
        return NO_SEQUENCE
    if isinstance(hint, type) and issubclass(hint, os.PathLike):
        return {**NO_PATH}
    if hint is scb.SCBTask:
        return NO_TASK
    if hint is np.random.Generator:
        return {"None": None, "a seed": 0, "old": np.random.RandomState(0)}
    return {"None": None, "a word": "it", "a number": 3, "its class": hint}


def _bad_of_several(parts, *, strict):
    origins = [get_origin(part) or part for part in parts]
    if os.PathLike in origins:
        return {"a number": 5, "NUL": "a\0b", "None": None}
    if scb.theory.SignalConstants in origins:
        return NO_TASK_LIKE
    if {*origins} == {int, str}:
        return NO_LENGTH_OR_REASON
    if float in origins or int in origins:
        return NO_SCHEDULE
    if Mapping in origins:  # a grid
        return {"None": None, "a number": 5, "a word": "abc"}
    return {"None": None, "a number": 3, "an object": object()}


def dummy(hint):
    """A value that is right as far as its type goes."""
    hint = _meant(hint)
    if hint == ArrayLike or (get_args(hint) and is_part(ArrayLike, hint)):
        return np.full((2, 2), 0.5)
    if isinstance(hint, TypeVar):
        hint = hint.__constraints__[0]
    hint = parts_of(hint)[0]
    origin, inner = get_origin(hint), get_args(hint)
    usual = {float: 0.5, int: 2, bool: False, str: "a", Any: 1.0}
    if hint in usual:
        return usual[hint]
    if hint is np.ndarray or origin is np.ndarray:
        whole = "integer" in str(hint) or "int64" in str(hint)
        return np.ones((2, 2), int) if whole else np.full((2, 2), 0.5)
    if origin is Callable:
        return len
    if origin is tuple and inner[-1] is not ...:
        return tuple(map(dummy, inner))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {dummy(inner[0]): dummy(inner[1])}
    if origin is not None and (origin is tuple or issubclass(origin, Sequence)):
        return [dummy(inner[0])]
    if isinstance(hint, type) and issubclass(hint, os.PathLike):
        return "file"
    return INSTANCES[(origin or hint).__name__]


def made(path, owner, function):
    """Rows from one signature."""
    package = path.split(".")[0]
    is_class = path.count(".") == 1 and owner is not None
    strict = not (is_class or package in NAN_IS_FINE)
    hints, good = hints_of(function, owner), GOOD.get(path, {})
    arguments = {
        key: parameter
        for key, parameter in inspect.signature(function).parameters.items()
        if key not in ("self", "cls", "_cls") and parameter.kind is not parameter.VAR_KEYWORD
    }
    usual = {
        key: good[key] if key in good else dummy(hints[key])
        for key, parameter in arguments.items()
        if key in good or (parameter.default is parameter.empty and key in hints)
    }
    for key, parameter in arguments.items():
        bads = bad_values(hints.get(key, Any), strict=strict)
        if parameter.kind is parameter.VAR_POSITIONAL:
            rest = {k: v for k, v in usual.items() if k != key}
            for label, bad in bads.items():
                yield Row(path, label, key, lambda bad=bad, r=rest: target(path)(*r.values(), bad))
            continue
        for label, bad in bads.items():
            given = {
                k: v for k, v in usual.items() if arguments[k].kind is not parameter.VAR_POSITIONAL
            }
            yield Row(path, label, key, lambda g=given, k=key, b=bad: target(path)(**{**g, k: b}))


def target(path):
    """What is called: a name of a package, or a method of a class or of an instance."""
    package, name, *method = path.split(".")
    item = getattr(importlib.import_module(f"scb_edu.{package}"), name)
    if not method:
        return item
    found = inspect.getattr_static(item, method[0])
    owner = item if isinstance(found, classmethod | staticmethod) else OWNERS[name]
    return getattr(owner, method[0])


@cache
def rows():
    """The whole table."""
    table = []
    for path, item in public():
        if inspect.isclass(item):
            if not inspect.isabstract(item):
                own = item.__new__ if issubclass(item, tuple) else item.__init__
                table += made(path, item, own)
            for name, found in methods(item):
                table += made(f"{path}.{name}", item, found)
        elif inspect.isfunction(item):
            table += made(path, None, item)
    by_hand = [Row(of, f"{n}", argument, call) for n, (of, argument, call) in enumerate(BY_HAND)]
    return tuple(table + by_hand)
