"""Any value in the place of any argument: the call is answered, by a result or by an ScbError.

A call that is right is taken, and one argument of it exchanged: for a number, an array or a word
of any kind, or for its own value in another shape, type or size. `make fuzz` tries thousands.
"""

import inspect
import re
import warnings

import numpy as np
import pytest
from bad_calls import dummy, hints_of, methods, public, target
from good_calls import GOOD
from hypothesis import given, note
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from strategies import examples

import scb_edu as scb

PACKAGES = ("model", "training", "theory", "text")
# they run for as long as they are asked to, write files, or take any type that is offered
ASIDE = re.compile(
    r"training\.(Checkpoint|train|train_stages)$|text\.(Corpus\.from_file|train_on_sequence|alice)"
)
# asked at every step, and of any numbers: NumPy warns of what is not finite
HOT = re.compile(r"training\.\w+\.(direction|proximal)$")
NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def calls():
    """The path of each function and its arguments: (path, right ones)."""
    for path, item in public():
        if path.split(".")[0] not in PACKAGES or ASIDE.match(path):
            continue
        if inspect.isfunction(item):
            yield path, arguments(path, None, item)
        elif inspect.isclass(item) and not inspect.isabstract(item):
            own = item.__new__ if issubclass(item, tuple) else item.__init__
            yield path, arguments(path, item, own)
            for name, found in methods(item):
                yield f"{path}.{name}", arguments(f"{path}.{name}", item, found)


def arguments(path, owner, function):
    hints, good = hints_of(function, owner), GOOD.get(path, {})
    needed = {
        key: good[key] if key in good else dummy(hints[key])
        for key, parameter in inspect.signature(function).parameters.items()
        if key in hints and parameter.kind in NAMED and key not in ("self", "cls", "_cls")
        if key in good or parameter.default is parameter.empty
    }
    return needed


CALLS = {path: usual for path, usual in calls() if usual}
DTYPES = hnp.floating_dtypes(endianness="=") | hnp.integer_dtypes(endianness="=") | st.just("bool")
SIZES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
ARRAYS = DTYPES.flatmap(lambda dtype: hnp.arrays(dtype, SIZES))
# counts in between are legal, and long
NUMBERS = st.floats() | st.integers(-3, 40) | st.sampled_from([10**13, -(10**20), 2**64, 1j])
VALUES = st.one_of(
    NUMBERS,
    ARRAYS,
    st.text(max_size=5),
    st.none(),
    st.booleans(),
    st.lists(st.lists(st.floats() | st.integers(-2, 5), max_size=3), max_size=3),
    st.lists(st.floats(0, 1) | st.integers(0, 3), max_size=4),
)
WAYS = {
    "flat": lambda a, x: a.ravel(),
    "turned": lambda a, x: a.T,
    "deeper": lambda a, x: a[None],
    "shorter": lambda a, x: a[:-1],
    "wider": lambda a, x: np.concatenate([a, a], axis=-1),
    "larger": lambda a, x: a * x,
    "one other": lambda a, x: np.where(np.arange(a.size).reshape(a.shape) == 0, x, a),
    "small": lambda a, x: a.astype(np.float32),
    "backwards": lambda a, x: a[::-1],
    "in columns": lambda a, x: np.asfortranarray(a),
    "list": lambda a, x: a.tolist(),
}


def changed(data, value):
    """Another value, or the right one in another form."""
    array = np.asarray(value) if isinstance(value, np.ndarray | list) else None
    if array is None or not array.ndim or array.dtype.kind not in "iuf" or data.draw(st.booleans()):
        return data.draw(VALUES)
    with np.errstate(all="ignore"):
        return WAYS[data.draw(st.sampled_from(sorted(WAYS)))](array, data.draw(st.floats()))


def names_of(path):
    parameters = inspect.signature(target(path)).parameters
    return "|".join(map(re.escape, parameters))


@pytest.mark.slow
@pytest.mark.parametrize("path", CALLS)
@examples(20)
@given(st.data())
def test_a_call_with_any_value_is_answered(path, data):
    usual = CALLS[path]
    key = data.draw(st.sampled_from(sorted(set(usual) - {"state"})))  # an optimiser's own
    value = changed(data, usual[key])
    note(f"{path}, {key} = {value!r}")
    refusal = answer(path, {**usual, key: value})
    if refusal is not None:
        assert re.match(rf"({names_of(path)}|batch|model|gradient|task)\b", refusal)
        assert len(refusal) < 400


def answer(path, given):
    """What a call says when it refuses, or nothing; no warning escapes."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore" if HOT.match(path) else "error")
            target(path)(**given)
    except scb.training.BreakdownError:  # of a legal step that leads nowhere
        return None
    except scb.ScbError as error:
        return str(error)
    return None
