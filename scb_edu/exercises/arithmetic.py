"""A small arithmetic that Python and a page's script, arithmetic.mjs, both speak."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import ndtr

from scb_edu.support.errors import ScbError

NAMES = ("x", "y", "z", "w")
FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "sqrt": np.sqrt,
    "log": np.log,
    "exp": np.exp,
    "abs": np.abs,
    "Phi": ndtr,
}
OPERATORS: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
WRITTEN = re.compile(r"(?!.*0[xob])[\w .+*/()-]*", re.IGNORECASE)  # Python reads more, 0x10
COMPARISON = re.compile("(<=|>=|<|>)")
PLACE = re.compile(r"\{([^{}:]+):\.(\d)g\}")


def value(expression: str, numbers: Sequence[float]) -> float:
    """Return what an expression in x, y, z and w is, as IEEE arithmetic has it: 1/0 is inf.

    Parameters
    ----------
    expression : str
        Of numbers, ``+ - * / **``, brackets, the names and sqrt, log, exp, abs and Phi, the share
        of a normal distribution below a number.
    numbers : sequence of float
        What x, y, z and w are, as many as there are.

    Raises
    ------
    ScbError
        The expression has anything else in it.

    Examples
    --------
    >>> value("2 * x**2 - sqrt(y)", (3, 4))
    16.0
    """
    names = dict(zip(NAMES, map(np.float64, numbers), strict=False))
    with np.errstate(all="ignore"):
        return float(_value(_parsed(expression), names))


def _parsed(expression: str) -> ast.AST:
    try:
        if WRITTEN.fullmatch(expression):
            return ast.parse(expression.strip(), mode="eval").body
    except SyntaxError:
        pass
    raise _refused(expression, sorted(FUNCTIONS))


def _value(node: ast.AST, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return np.float64(number)
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, names)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in OPERATORS:
            return OPERATORS[type(sign)](_value(left, names), _value(right, names))
        case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](_value(inner, names))
    raise _refused(ast.unparse(node), [*names, *FUNCTIONS])


def _refused(expression: str, known: Sequence[str]) -> ScbError:
    return ScbError(
        f"expression: expected numbers, + - * / **, brackets and {', '.join(known)}, "
        f"got {expression!r}."
    )


def holds(condition: str, numbers: Sequence[float]) -> bool:
    """Return whether a comparison of two expressions holds.

    Raises
    ------
    ScbError
        It is not two expressions with <, <=, > or >= between them.

    Examples
    --------
    >>> holds("abs(x * y - 1) > 0.02", (0.5, 2))
    False
    """
    parts = COMPARISON.split(condition)
    if len(parts) != 3:
        raise ScbError(f"condition: expected one of < <= > >= once, got {condition!r}.")
    left, sign, right = parts
    return COMPARED[sign](value(left, numbers), value(right, numbers))


def filled(words: str, numbers: Sequence[float]) -> str:
    """Return words with their places filled: ``{x * y:.3g}`` with the product, in three digits.

    Raises
    ------
    ScbError
        A place has another form, or an expression that is none.

    Examples
    --------
    >>> filled("your product is {x * y:.3g}.", (0.5, 0.5))
    'your product is 0.25.'
    """
    if re.search("[{}]", PLACE.sub("", words)):
        raise ScbError(f"words: expected places as in {{x * y:.3g}}, got {words!r}.")
    # no "-0": the script would have to tell it from 0
    return PLACE.sub(lambda at: format(value(at[1], numbers) + 0.0, f".{at[2]}g"), words)
