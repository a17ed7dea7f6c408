"""What is wrong with an input, in words: a check returns the clean value or raises ``ScbError``."""

from __future__ import annotations

from types import UnionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scb_edu.support.errors import ScbError

Array = NDArray[np.floating[Any]]
Tokens = NDArray[np.integer[Any]]

TOLERANCE = 1e-6
"""How far a column of probabilities may be from summing to one before it is refused."""


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
    sums = array.sum(axis=0)
    bad = np.flatnonzero(np.abs(sums - 1) > TOLERANCE)
    if bad.size:
        raise ScbError(
            f"{name}: expected every column to sum to 1, got {sums[bad[0]]:.6g} "
            f"in column {bad[0]}.{_transpose_hint(array)}"
        )
    return np.asarray(array / sums)


def all_positive(name: str, array: Array, reason: str) -> None:
    """Raise unless every entry is above zero; the ``reason`` says why that matters."""
    if not (array > 0).all():
        raise ScbError(
            f"{name}: expected every token to have mass, got {array.min():.3g} "
            f"for token {array.argmin()}; {reason}."
        )


def instance(name: str, value: object, kind: type | UnionType, expected: str) -> None:
    """Raise unless ``value`` is of a kind, which ``expected`` names with its article."""
    if not isinstance(value, kind):
        raise ScbError(f"{name}: expected {expected}, got {type(value).__name__}.")


def positive_int(name: str, value: object, *, least: int = 1) -> int:
    """Return ``value`` as an int of at least ``least``; booleans and floats are refused."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ScbError(f"{name}: expected a whole number of at least {least}, got {value!r}.")
    return int(value)


def natural(name: str, value: object) -> int:
    """Return ``value`` as an int of at least 0; booleans and floats are refused."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer) or value < 0:
        raise ScbError(f"{name}: expected a whole number of at least 0, got {value!r}.")
    return int(value)


def real_number(name: str, value: object) -> float:
    """Return ``value`` as a finite float."""
    array = real_array(name, value, 0)
    return float(array)


def positive_number(name: str, value: object) -> float:
    """Return ``value`` as a finite float above zero."""
    number = real_number(name, value)
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


def frozen(array: Array) -> Array:
    """Return a read-only copy, so that a validated array stays valid."""
    copy = np.array(array)
    copy.setflags(write=False)
    return copy


def _as_array(name: str, value: object) -> NDArray[Any]:
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ScbError(f"{name}: expected a rectangular array, got ragged rows.") from error


def _kind(array: NDArray[Any]) -> str:
    words = {"c": "complex numbers", "U": "strings", "S": "strings", "b": "booleans"}
    return words.get(array.dtype.kind, f"entries of type {array.dtype}")


def _refuse(name: str, array: NDArray[Any], bad: NDArray[np.bool_], expected: str) -> None:
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        spot = f" at {list(where)}" if where else ""
        raise ScbError(f"{name}: expected {expected}, got {array[where]}{spot}.")


def _transpose_hint(array: Array) -> str:
    if np.allclose(array.sum(axis=1), 1, atol=TOLERANCE):
        return " Its rows do: pass the transpose, P[n, m] is the probability of n after m."
    return ""
