"""What is wrong with an input, in words: a check returns the clean value or raises ``ScbError``."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scb_edu.support.errors import ScbError

Array = NDArray[np.floating[Any]]
Tokens = NDArray[np.integer[Any]]

TOLERANCE = 1e-6
"""How far a column of probabilities may be from summing to one before it is refused."""


MOST_NUMBERS = 1_000_000_000
"""The most numbers of one array: 8 GB. More is refused before the memory is asked for."""

LARGEST = 1e60
"""Numbers beyond it are refused, because a few of them multiplied would overflow."""

MOST_CALLS = 10_000_000
"""The most points, runs or resamples of one call."""


def real_array(name: str, value: object, ndim: int) -> Array:
    """Return ``value`` as a finite float array; float32 stays float32, all else becomes float64."""
    array = _as_array(name, value)
    if array.dtype.kind not in "iuf":
        raise ScbError(f"{name}: expected real numbers, got {_kind(array)}.")
    if array.ndim != ndim:
        raise ScbError(
            f"{name}: expected an array with {ndim} dimension{'s' * (ndim > 1)}, "
            f"got shape {array.shape}."
        )
    if array.size == 0:
        raise ScbError(f"{name}: expected at least one entry, got an empty array {array.shape}.")
    array = array if array.dtype == np.float32 else array.astype(np.float64)
    _refuse(name, array, ~np.isfinite(array), "finite numbers")
    return array


def shape_is(name: str, array: NDArray[Any], shape: tuple[int, ...], meaning: str) -> None:
    """Raise unless ``array`` has the ``shape``, whose ``meaning`` is given in symbols."""
    if array.shape != shape:
        raise ScbError(f"{name}: expected shape {meaning} = {shape}, got {array.shape}.")


def square(name: str, array: Array) -> None:
    """Raise unless ``array`` is a square matrix."""
    if array.shape[0] != array.shape[1]:
        raise ScbError(f"{name}: expected a square matrix (N, N), got shape {array.shape}.")


def column_stochastic(name: str, array: Array) -> Array:
    """Return ``array`` with columns scaled to sum to exactly one; raise if they do not nearly."""
    _refuse(name, array, array < 0, "probabilities, none of them negative")
    sums = _sums(array, 0)
    bad = np.flatnonzero(np.abs(sums - 1) > TOLERANCE)
    if bad.size:
        raise ScbError(
            f"{name}: expected every column to sum to 1, got {sums[bad[0]]:.6g} "
            f"in column {bad[0]}.{_transpose_hint(array)}"
        )
    return np.asarray(array / sums)


def all_positive(name: str, array: Array, reason: str) -> None:
    """Raise unless every entry is well above zero; the ``reason`` says why that matters."""
    if not (array >= np.float64(1 / LARGEST)).all():  # in double precision: single has no 1e-60
        raise ScbError(
            f"{name}: expected every token to have mass, {1 / LARGEST:g} at least, got "
            f"{array.min():.3g} for token {array.argmin()}; {reason}."
        )


def instance(name: str, value: object, kind: Any, expected: str) -> None:
    """Raise unless ``value`` is of a kind, which ``expected`` names with its article."""
    if not isinstance(value, kind):
        raise ScbError(f"{name}: expected {expected}, got {type(value).__name__}.")


def whole(name: str, value: Any) -> Any:
    """Return ``value`` if it is a whole number; booleans and floats are refused."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise ScbError(f"{name}: expected a whole number, got {brief(value)}.")
    return value


def positive_int(name: str, value: object, *, least: int = 1, most: int | None = None) -> int:
    """Return ``value`` as an int from ``least`` to ``most``; booleans and floats are refused."""
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not is_whole or value < least:  # type: ignore[operator]
        raise ScbError(f"{name}: expected a whole number of at least {least}, got {brief(value)}.")
    if most is not None and value > most:  # type: ignore[operator]
        raise ScbError(f"{name}: expected at most {most:,}, got {brief(value)}; take fewer.")
    return int(value)  # type: ignore[call-overload,no-any-return]


def index(name: str, value: object, size: int) -> int:
    """Return ``value`` as a place among ``size`` of them, counted from 0."""
    place = positive_int(name, value, least=0)
    if place >= size:
        raise ScbError(f"{name}: expected a whole number from 0 to {size - 1}, got {brief(value)}.")
    return place


def natural(name: str, value: object) -> int:
    """Return ``value`` as an int of at least 0; booleans and floats are refused."""
    return positive_int(name, value, least=0)


def fits_memory(name: str, entries: int, what: str) -> None:
    """Raise where an array of so many ``entries`` would not fit any usual memory."""
    if entries > MOST_NUMBERS:
        raise ScbError(
            f"{name}: expected {what} of at most {MOST_NUMBERS:,} numbers, got {brief(entries)}; "
            "take a smaller one."
        )


def real_number(name: str, value: object) -> float:
    """Return ``value`` as a finite float, not so large that its powers would overflow."""
    number = finite_number(name, value)
    if not abs(number) <= LARGEST:
        expected = f"a number of at most {LARGEST:g} in size"
        raise ScbError(f"{name}: expected {expected}, got {number:.6g}.")
    return number


def finite_number(name: str, value: object) -> float:
    """Return ``value`` as a finite float."""
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    return float(real_array(name, value, 0))


def within(name: str, value: object, low: float, high: float) -> float:
    """Return ``value`` as a float from ``low`` to ``high``: beyond, doubles would not do."""
    number = real_number(name, value)
    if not low <= number <= high:
        raise ScbError(f"{name}: expected a number from {low:g} to {high:g}, got {number:.6g}.")
    return number


def share(name: str, value: object) -> float:
    """Return ``value`` as a float between 0 and 1, both left out."""
    number = real_number(name, value)
    if not 0 < number < 1:
        raise ScbError(f"{name}: expected a number between 0 and 1, got {number:.6g}.")
    return number


def real_values(name: str, value: object) -> Any:
    """Return one finite number as a float, or an array of them as such."""
    array = numbers(name, value)
    if array.ndim == 0:
        return real_number(name, value)
    real = real_array(name, array, array.ndim)
    _refuse(
        name, real, np.abs(real) > np.float64(LARGEST), f"numbers of at most {LARGEST:g} in size"
    )
    return real.astype(float, copy=False)


def alike(**given: object) -> tuple[Any, ...]:
    """Return numbers and arrays of numbers by name, whose shapes fit together."""
    clean = {name: real_values(name, value) for name, value in given.items()}
    shape: tuple[int, ...] = ()
    for name, value in clean.items():
        try:
            shape = np.broadcast_shapes(shape, np.shape(value))
        except ValueError:
            got = f"{np.shape(value)} beside {shape}"
            raise ScbError(f"{name}: expected shapes that fit together, got {got}.") from None
    return tuple(clean.values())


def power_exceeds(base: int, exponent: int, limit: int) -> bool:
    """Return whether base ** exponent is above the limit, without that large number."""
    return base > 1 and exponent * math.log(base) > math.log(limit) + 1e-9


def distribution(name: str, value: object, size: int, meaning: str) -> Array:
    """Return ``value`` as a law over so many tokens, in double precision, its sum exactly one."""
    law = real_array(name, value, 1).astype(np.float64)
    shape_is(name, law, (size,), meaning)
    return column_stochastic(name, law[:, None])[:, 0]


def rows_of_laws(name: str, value: object) -> Array:
    """Return ``value`` (B, N) if each of its rows is a distribution."""
    laws = real_array(name, value, 2)
    _refuse(name, laws, laws < 0, "probabilities, none of them negative")
    sums = _sums(laws, 1)
    bad = np.flatnonzero(np.abs(sums - 1) > 10 * TOLERANCE)
    if bad.size:
        raise ScbError(
            f"{name}: expected every row to sum to 1, got {sums[bad[0]]:.6g} in row {bad[0]}."
        )
    return laws


def joint_law(name: str, array: Array) -> None:
    """Raise unless an array (N,) * K is a joint law of two tokens or more."""
    if array.ndim < 2 or set(array.shape) != {len(array)}:
        expected = "two axes or more, of one length N"
        raise ScbError(f"{name}: expected {expected}, got shape {array.shape}.")
    real = real_array(name, array, array.ndim)
    _refuse(name, real, real < 0, "probabilities, none of them negative")
    total = _sums(real)
    if abs(total - 1) > TOLERANCE:
        raise ScbError(f"{name}: expected entries that sum to 1, got {total:.6g}.")


def any_number(name: str, value: Any) -> Any:
    """Return ``value`` if it is one real number, which may be nan or inf."""
    if not isinstance(value, float | int) and np.ndim(numbers(name, value)):
        raise ScbError(f"{name}: expected one number, got {brief(value)}.")
    return value


def positive_number(name: str, value: object, *, any_size: bool = False) -> float:
    """Return ``value`` as a finite float above zero."""
    number = finite_number(name, value) if any_size else real_number(name, value)
    if number <= 0:
        raise ScbError(f"{name}: expected a number above 0, got {number:.6g}.")
    return number


def at_least_one(name: str, value: object) -> float:
    """Return a real number of at least one as a float."""
    number = positive_number(name, value)
    if number < 1:
        raise ScbError(f"{name}: expected at least 1, got {number:.6g}.")
    return number


def non_negative_number(name: str, value: object) -> float:
    """Return ``value`` as a finite float, zero or above."""
    number = real_number(name, value)
    if number < 0:
        raise ScbError(f"{name}: expected a number of 0 or above, got {number:.6g}.")
    return number


def generator(name: str, value: object) -> np.random.Generator:
    """Return ``value`` if it is a ``numpy.random.Generator``."""
    if not isinstance(value, np.random.Generator):
        raise ScbError(
            f"{name}: expected a numpy.random.Generator, got {type(value).__name__}; "
            "make one with numpy.random.default_rng(seed)."
        )
    return value


def token_ids(name: str, value: object, ndim: int, vocab_size: int) -> Tokens:
    """Return ``value`` as an integer array whose entries are token ids 0 .. vocab_size - 1.

    Never as uint64: NumPy adds that to plain integers in floating point.
    """
    array = _as_array(name, value)
    if array.dtype.kind not in "iu":
        raise ScbError(f"{name}: expected whole numbers (token ids), got {_kind(array)}.")
    if array.ndim != ndim or array.size == 0:
        raise ScbError(
            f"{name}: expected a filled array with {ndim} dimension{'s' * (ndim > 1)}, "
            f"got shape {array.shape}."
        )
    # two reductions are far cheaper than a mask, and this runs at every training step
    if array.max() >= vocab_size or array.min() < 0:
        bad = (array >= vocab_size) | (array < 0)
        _refuse(name, array, bad, f"token ids from 0 to {vocab_size - 1}")
    return array.astype(np.int64) if array.dtype == np.uint64 else array


def truth(name: str, value: object) -> bool:
    """Return ``value`` as a bool, if it is one."""
    if not isinstance(value, bool | np.bool_):
        raise ScbError(f"{name}: expected True or False, got {brief(value)}.")
    return bool(value)


def text(name: str, value: Any) -> Any:
    """Return ``value`` if it is a str."""
    if not isinstance(value, str):
        hint = "; decode it first" if isinstance(value, bytes) else ""
        got = type(value).__name__ if hint else brief(value)
        raise ScbError(f"{name}: expected a str, got {got}{hint}.")
    return value


def known(name: str, value: object, among: Sequence[Any]) -> None:
    """Raise unless ``value`` is one of a few."""
    if not isinstance(value, str) or value not in among:
        listed = ", ".join(map(repr, among))
        raise ScbError(f"{name}: expected one of {listed}, got {brief(value)}.")


def sentence(name: str, value: Any) -> Any:
    """Return ``value`` if it is a str with something in it."""
    if not text(name, value).strip():
        raise ScbError(f"{name}: expected words, got {brief(value)}.")
    return value


def form(name: str, value: str, example: object) -> None:
    """Raise unless ``value`` is a format into which the example can be put."""
    try:
        value.format(example)
    except (ValueError, IndexError, KeyError, AttributeError, TypeError) as error:
        expected = "a format for one value, such as '{:.2f}'"
        raise ScbError(f"{name}: expected {expected}, got {brief(value)}.") from error


def function(name: str, value: Any) -> Any:
    """Return ``value`` if it can be called."""
    if not callable(value):
        raise ScbError(f"{name}: expected a function, got {brief(value)}.")
    return value


def path(name: str, value: Any) -> Any:
    """Return ``value`` if it can name a file: a str or a path, with something in it and no NUL."""
    plain = value.__fspath__() if isinstance(value, os.PathLike) else value
    if not isinstance(plain, str):
        raise ScbError(f"{name}: expected a path, as a str or a Path, got {brief(value)}.")
    if not plain.strip() or "\0" in plain:
        raise ScbError(f"{name}: expected the path of a file, got {brief(value)}.")
    return value


def new_file(name: str, value: Any) -> Any:
    """Return ``value`` if a file can be written there: its folder exists, and it is none."""
    place = Path(path(name, value))
    if not place.parent.is_dir() or place.is_dir():
        raise ScbError(f"{name}: expected a file in a folder that exists, got {brief(str(value))}.")
    return value


def float_dtype(name: str, value: Any) -> Any:
    """Return ``value`` if it names single or double precision."""
    try:
        kind = np.dtype(value)
    except (TypeError, ValueError):
        kind = np.dtype(object)
    if kind not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ScbError(f"{name}: expected float32 or float64, got {brief(value)}.")
    return value


def entries(name: str, value: Any) -> Any:
    """Return ``value`` if it is a sequence that can be read more than once, and no text."""
    is_array = isinstance(value, np.ndarray) or hasattr(value, "iloc")  # of pandas, too
    is_list = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    if not (is_list or is_array) or (is_array and value.ndim == 0):
        raise ScbError(f"{name}: expected a list or a tuple, got {brief(value)}.")
    return value


def shapes(wanted: Mapping[str, str], values: Mapping[str, Any]) -> None:
    """Raise unless the arguments have the shapes that are wanted of them.

    A shape is as many words as there are dimensions: numbers, or symbols that stand for one number
    in all of them, as in ``{"V": "N N", "mu": "N"}``; ``...`` is a whole shape. The columns of a
    table are words, too.
    Of a mapping, or a sequence of arrays, each is looked at.
    """
    sizes: dict[str, Any] = {}
    for name, shape in wanted.items():
        if values.get(name) is not None:
            _fit(name, values[name], shape.split(), sizes)


def _fit(name: str, value: Any, words: list[str], sizes: dict[str, Any]) -> None:
    if hasattr(value, "columns"):
        table(name, value, words)
    elif isinstance(value, Mapping):
        if not value:
            raise ScbError(f"{name}: expected at least one entry, got none.")
        for key, part in value.items():
            _fit(f"{name}[{brief(key)}]", part, words, sizes)
    elif isinstance(value, list | tuple) and any(np.ndim(part) for part in value):
        for place, part in enumerate(value):
            _fit(f"{name}[{place}]", part, words, sizes)
    else:
        shape = np.shape(value)
        is_known = shape or isinstance(value, np.ndarray | np.generic)
        _fit_array(name, shape if is_known else (len(value),), words, sizes)


def _fit_array(name: str, shape: tuple[int, ...], words: list[str], sizes: dict[str, Any]) -> None:
    if words == ["..."]:
        shape_is(
            name, np.broadcast_to(0, shape), sizes.setdefault("...", shape), "that of the others"
        )
        return
    meaning = f"({', '.join(words)}{',' * (len(words) == 1)})"
    if len(shape) != len(words) or 0 in shape:
        raise ScbError(f"{name}: expected a filled array {meaning}, got shape {shape}.")
    expected = tuple(
        int(word) if word.isdigit() else sizes.setdefault(word, size)
        for word, size in zip(words, shape, strict=True)
    )
    if shape != expected:
        raise ScbError(f"{name}: expected shape {meaning} = {expected}, got {shape}.")


def table(name: str, value: Any, columns: Sequence[str] = ()) -> None:
    """Raise unless ``value`` is a frame with rows and these columns."""
    if not hasattr(value, "columns"):
        raise ScbError(f"{name}: expected a pandas.DataFrame, got {type(value).__name__}.")
    if value.empty:
        raise ScbError(f"{name}: expected at least one row, got none.")
    for column in columns:
        if column not in value:
            found = ", ".join(map(str, value))
            raise ScbError(f"{name}: expected a column {column!r}, got only {found[:150]}.")


def numbers(name: str, value: Any) -> NDArray[Any]:
    """Return ``value`` as an array of real numbers of any shape, as it is."""
    if type(value) is np.ndarray and value.dtype.kind in "iuf":  # quick: every batch passes here
        return value
    array = _as_array(name, value)
    if array.dtype.kind not in "biuf":
        raise ScbError(f"{name}: expected real numbers, got {_kind(array)}.")
    return array


def columns(name: str, value: Any) -> NDArray[Any]:
    """Return ``value`` as a filled array of floats whose first axis is the positions."""
    array = numbers(name, value)
    if not array.ndim or not array.size:
        raise ScbError(f"{name}: expected a filled array (T, K), got shape {array.shape}.")
    return array if array.dtype.kind == "f" else array.astype(float)


def brief(value: object) -> str:
    """Return a value in at most 60 characters."""
    try:
        words = repr(value)
    except Exception:  # of a number with more digits than Python writes, of a foreign object
        return with_article(type(value).__name__)
    words = " ".join(words.split())
    return words if len(words) <= 60 else f"{words[:57]}..."


def with_article(noun: str) -> str:
    """Return a noun, the name of a class, with its article."""
    if noun == "NoneType":
        return "None"
    vowel = noun[0] in "AEIOUaeio" or noun.startswith(("SCB", "SGD", "NGram"))
    return f"{'an' if vowel else 'a'} {noun}"


def frozen(array: Array) -> Array:
    """Return a read-only copy, so that a validated array stays valid."""
    copy = np.array(array)
    copy.setflags(write=False)
    return copy


def _as_array(name: str, value: object) -> NDArray[Any]:
    if isinstance(value, np.ma.MaskedArray):
        raise ScbError(f"{name}: expected an array without a mask, got a masked one; fill it.")
    if isinstance(value, list | tuple) and any(isinstance(v, np.ma.MaskedArray) for v in value):
        raise ScbError(f"{name}: expected arrays without a mask, got a masked one; fill it.")
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ScbError(f"{name}: expected a rectangular array, got ragged rows.") from error
    except Exception as error:  # of a foreign object that says it is an array
        raise ScbError(f"{name}: expected an array, got {brief(value)}.") from error


def _kind(array: NDArray[Any]) -> str:
    words = {"c": "complex numbers", "U": "strings", "S": "strings", "b": "booleans"}
    return words.get(array.dtype.kind, f"entries of type {array.dtype}")


def _refuse(name: str, array: NDArray[Any], bad: NDArray[np.bool_], expected: str) -> None:
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        spot = f" at {list(where)}" if where else ""
        raise ScbError(f"{name}: expected {expected}, got {array[where]}{spot}.")


def _sums(array: Array, axis: int | None = None) -> Array:
    """Return sums in double precision, endless where they overflow."""
    with np.errstate(over="ignore"):
        return np.asarray(array.sum(axis=axis, dtype=float))


def _transpose_hint(array: Array) -> str:
    if np.allclose(_sums(array, 1), 1, atol=TOLERANCE):
        return " Its rows do: pass the transpose, P[n, m] is the probability of n after m."
    return ""
