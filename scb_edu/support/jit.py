"""Compiled loops where Numba is installed (``pip install scb_edu[fast]``); NumPy does without."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

njit: Any = None
with suppress(ImportError):
    from numba import njit

AVAILABLE = njit is not None
"""Whether `compiled` compiles; the callers look here and have NumPy as the other way."""

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function of arrays and numbers at its first call, and keep that on disk if it can.

    Sums of floats may be taken in any order, so that they are vectorised.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.support.jit import compiled
    >>> total = compiled(lambda numbers: numbers.sum())
    >>> float(total(np.ones(3)))
    3.0
    """
    if njit is None:
        return function
    options: dict[str, Any] = {"fastmath": {"reassoc", "contract"}}
    try:
        return njit(cache=True, **options)(function)  # type: ignore[no-any-return]
    except RuntimeError:  # no folder for it that can be written
        return njit(**options)(function)  # type: ignore[no-any-return]
