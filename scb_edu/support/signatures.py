"""One way in: what a signature says of an argument is checked before anything else is done."""

from __future__ import annotations

import functools
import inspect
import os
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from scb_edu.support import checks
from scb_edu.support.errors import ScbError

Item = TypeVar("Item", bound=Callable[..., Any])
Test = Callable[[str, Any], Any]
"""It returns the value, arrays as such, or raises an ScbError that begins with the name."""

_OF_ALIASES: list[tuple[Any, Test]] = []


def checked(item: Item) -> Item:
    """Let a function, or the constructor of a class, refuse what its annotations do not allow.

    Numbers given to a function are to be finite; those that a class holds may be nan or inf.

    Raises
    ------
    ScbError
        At a call with an argument that is not as annotated.

    Examples
    --------
    >>> from scb_edu.support.signatures import checked
    >>> @checked
    ... def half(number: float) -> float:
    ...     return number / 2
    >>> half("1")
    Traceback (most recent call last):
    scb_edu.support.errors.ScbError: number: expected real numbers, got strings.
    """
    if isinstance(item, type):
        return _checked_class(item)  # type: ignore[no-any-return]
    return _guarded(item, _finite)  # type: ignore[no-any-return]


def drawn(**shapes: str) -> Callable[[Item], Item]:
    """Let a function that draws do the same; its numbers may be nan or inf, which leave a gap.

    ``shapes`` are those of its arrays, and the columns of its tables: see ``checks.shapes``.
    """

    def guarded(item: Item) -> Item:
        names = tuple(inspect.signature(item).parameters)

        @functools.wraps(item)
        def fitting(*args: Any, **kwargs: Any) -> Any:
            given = dict(zip(names, args)) | kwargs  # noqa: B905, the rest have their defaults
            checks.shapes(shapes, given)
            return item(*args, **kwargs)

        return _guarded(fitting, checks.any_number)  # type: ignore[no-any-return]

    return guarded


def known_as(alias: Any, test: Test) -> None:
    """Give an annotation a test of its own, where its parts say too little."""
    _OF_ALIASES.append((alias, test))


def _finite(name: str, value: Any) -> Any:
    checks.real_number(name, value)
    return value


def _natural(name: str, value: Any) -> Any:
    checks.natural(name, value)
    return value


def _checked_class(item: Any) -> Any:
    name = "__new__" if issubclass(item, tuple) else "__init__"
    setattr(item, name, _guarded(getattr(item, name), checks.any_number, owner=item))
    return item


def _guarded(function: Any, number: Test, owner: type | None = None) -> Any:
    @functools.cache
    def plan() -> tuple[list[tuple[str, Test]], Mapping[str, Test], tuple[str, Test]]:
        return _plan(function, number, owner)

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        places, names, rest = plan()
        many = len(args) - len(places)
        tests = places if many <= 0 else [*places, *[rest] * many]
        # as many names as values: the shorter of the two ends it
        clean = [test(name, value) for (name, test), value in zip(tests, args)]  # noqa: B905
        if not kwargs:
            return function(*clean)
        named = {name: names.get(name, _as_it_is)(name, kwargs[name]) for name in kwargs}
        return function(*clean, **named)

    return wrapper


def _plan(
    function: Any, number: Test, owner: type | None
) -> tuple[list[tuple[str, Test]], Mapping[str, Test], tuple[str, Test]]:
    """Return the tests of the arguments by place and by name, and of those beyond the places."""
    hints = _hints(function, owner)
    places: list[tuple[str, Test]] = []
    names: dict[str, Test] = {}
    rest: tuple[str, Test] = ("", _as_it_is)
    for name, parameter in inspect.signature(function).parameters.items():
        own = name in ("self", "cls", "_cls") or name not in hints
        test = _as_it_is if own else _test(hints[name], number)
        if parameter.kind is parameter.VAR_POSITIONAL:
            rest = (name, test)
        elif parameter.kind is not parameter.VAR_KEYWORD:
            names[name] = test
            if parameter.kind is not parameter.KEYWORD_ONLY:
                places.append((name, test))
    return places, names, rest


def _hints(function: Any, owner: type | None) -> Mapping[str, Any]:
    try:
        return get_type_hints(function)
    except NameError:  # inherited fields: their names are known where they were written
        return get_type_hints(owner)


def _test(hint: Any, number: Test) -> Test:
    """Return the test of what an annotation says."""
    for alias, test in _OF_ALIASES:
        if alias is hint or alias == hint:
            return test
    hint = _meant(hint)
    parts, origin = get_args(hint), get_origin(hint)
    if origin in (Union, types.UnionType):
        return _test_of_union(hint, parts, number)
    if isinstance(hint, TypeVar):
        choices = hint.__constraints__ or ((hint.__bound__,) if hint.__bound__ else (Any,))
        return _one_of([_test(choice, number) for choice in choices])
    if origin is not None:
        return _test_of_generic(origin, parts, number)
    return _test_of_class(hint, number)


def _meant(hint: Any) -> Any:
    """Return what an alias stands for; from NumPy 2.5 on its own have a type of their own."""
    while hasattr(hint, "__value__"):
        hint = hint.__value__
    if get_origin(hint) in (Union, types.UnionType):
        return Union[tuple(_meant(part) for part in get_args(hint))]  # noqa: UP007
    return hint


def _test_of_union(hint: Any, parts: tuple[Any, ...], number: Test) -> Test:
    of_unions: tuple[tuple[Any, Test], ...] = (
        (ArrayLike, checks.numbers),
        (DTypeLike, checks.float_dtype),
    )
    for alias, test in of_unions:
        if set(get_args(_meant(alias))) - {type(None)} <= set(parts):
            return _optional(test) if type(None) in parts else test
    kinds = [part for part in parts if part is not type(None)]
    if {str, os.PathLike} & {get_origin(kind) or kind for kind in kinds} == {str, os.PathLike}:
        kinds = [kind for kind in kinds if kind is not str]
    if all(_is_plain(kind) for kind in kinds):
        test = _instance(*kinds)
    else:
        test = _one_of([_test(kind, number) for kind in kinds])
    return _optional(test) if type(None) in parts else test


def _test_of_generic(origin: Any, parts: tuple[Any, ...], number: Test) -> Test:
    if origin is np.ndarray:
        return checks.numbers
    if origin is tuple and parts[-1:] != (...,):
        return functools.partial(_fixed, [_test(part, number) for part in parts])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        of_keys, of_values = (_test(part, number) for part in parts)
        return functools.partial(_mapping, of_keys, of_values)
    if isinstance(origin, type) and (origin is tuple or issubclass(origin, Sequence)):
        return functools.partial(_sequence, _test(parts[0], number))
    if origin is os.PathLike:
        return checks.path
    return checks.function if origin is Callable else _instance(origin)


def _test_of_class(kind: Any, number: Test) -> Test:
    # how large a count has to be, the function itself knows; one that draws takes any
    whole = _as_it_is if number is _finite else _natural
    usual: dict[Any, Test] = {float: number, int: whole, bool: checks.truth}
    usual |= {str: checks.text, np.ndarray: checks.numbers, np.random.Generator: checks.generator}
    if kind in usual:
        return usual[kind]
    if kind in (Any, object) or not isinstance(kind, type):
        return _as_it_is
    if issubclass(kind, os.PathLike):
        return checks.path
    if getattr(kind, "_is_protocol", False):
        return functools.partial(_offers, kind)
    return _instance(kind)


def _is_plain(kind: Any) -> bool:
    if not isinstance(kind, type) or get_args(kind) or getattr(kind, "_is_protocol", False):
        return False
    return kind not in (int, float, bool, str) and all(
        kind is not alias for alias, _ in _OF_ALIASES
    )


def _as_it_is(_name: str, value: Any) -> Any:
    return value


def _optional(test: Test) -> Test:
    return lambda name, value: None if value is None else test(name, value)


def _one_of(tests: Sequence[Test]) -> Test:
    def test(name: str, value: Any) -> Any:
        errors = []
        for one in tests:
            try:
                return one(name, value)
            except ScbError as error:
                errors.append(error)
        raise errors[0]

    return test


def _instance(*kinds: Any) -> Test:
    expected = " or ".join(checks.with_article(_known_name(kind)) for kind in kinds)

    def test(name: str, value: Any) -> Any:
        if not isinstance(value, kinds):
            checks.instance(name, value, kinds, expected)
        return value

    return test


def _known_name(kind: type) -> str:
    package = kind.__module__.partition(".")[0]
    return f"{package}.{kind.__name__}" if package in ("pandas", "matplotlib") else kind.__name__


def _offers(protocol: Any, name: str, value: Any) -> Any:
    wanted = [part for part in vars(protocol) if not part.startswith("_")]
    if isinstance(value, type) or not all(hasattr(value, part) for part in wanted):
        expected = f"an object with {' and '.join(wanted)}"
        raise ScbError(f"{name}: expected {expected}, got {checks.brief(value)}.")
    return value


def _fixed(tests: Sequence[Test], name: str, value: Any) -> Any:
    entries = list(checks.entries(name, value))
    if len(entries) != len(tests):
        raise ScbError(f"{name}: expected shape ({len(tests)},), got {len(entries)} entries.")
    clean = [
        test(f"{name}[{i}]", one) for i, (test, one) in enumerate(zip(tests, entries, strict=True))
    ]
    return _unless_same(value, entries, clean, tuple)


def _sequence(test: Test, name: str, value: Any) -> Any:
    entries = list(checks.entries(name, value))
    clean = [test(f"{name}[{i}]", one) for i, one in enumerate(entries)]
    return _unless_same(value, entries, clean, list)


def _mapping(of_keys: Test, of_values: Test, name: str, value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ScbError(f"{name}: expected a mapping, such as a dict, got {checks.brief(value)}.")
    for key in value:
        of_keys(f"{name}, a key", key)
    clean = [of_values(f"{name}[{checks.brief(key)}]", one) for key, one in value.items()]
    return _unless_same(
        value, list(value.values()), clean, lambda new: dict(zip(value, new, strict=True))
    )


def _unless_same(
    value: Any, before: Iterable[Any], after: list[Any], kind: Callable[[list[Any]], Any]
) -> Any:
    """Return a container as it is, unless an entry became an array."""
    same = all(new is old for new, old in zip(after, before, strict=True))
    return value if same else kind(after)
