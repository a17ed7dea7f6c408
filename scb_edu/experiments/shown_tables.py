"""Tables as a page shows them: a caption, numbers that can be read, a box that scrolls."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from scb_edu.experiments.intervals import Interval
from scb_edu.support.checks import positive_int
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked

Digits: TypeAlias = int | Mapping[str, int]

PLAIN = range(-4, 7)  # the powers of ten that are written out
NAMED = {0: "0", math.inf: "∞", -math.inf: "−∞"}


def written(number: float, digits: int = 3) -> str:
    """Return a number with so many significant digits, and commas between thousands.

    Parameters
    ----------
    number : float
        nan becomes a dash, infinity its sign. A whole number keeps all its digits.
    digits : int
        Of a number with a fraction.

    Notes
    -----
    Book: 04-two-stages, sec-two-stages.

    Examples
    --------
    >>> written(0.25), written(1548.6), written(12_345), written(3e-7)
    ('0.250', '1,549', '12,345', '3.00e-07')
    """
    if isinstance(number, int | np.integer):
        return f"{number:,}"
    if number == 0 or not math.isfinite(number):
        return NAMED.get(number, "–")
    power = int(f"{number:.{digits - 1}e}".split("e")[1])  # after rounding: 9.996 is 10.0
    if power not in PLAIN:
        return f"{number:.{digits - 1}e}"
    return f"{number:,.{max(0, digits - 1 - power)}f}"


@dataclass(frozen=True, repr=False, eq=False)
class _Table:
    """A frame of texts and its caption: columns in plain text, a box that scrolls in a page."""

    texts: pd.DataFrame
    caption: str

    def __repr__(self) -> str:
        return f"{self.caption}\n{self.texts.to_string(index=False)}"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self._html(), "text/plain": repr(self)}

    def _html(self) -> str:
        head = _row("th scope='col'", self.texts.columns)
        body = "\n".join(_row("td", row) for row in self.texts.itertuples(index=False))
        # a box that scrolls has to be reached by keyboard, and to have a name
        return (
            f'<div class="scb-table" role="region" tabindex="0" aria-label="{escape(self.caption)}"'
            ' style="overflow-x: auto">\n<table class="dataframe" style="text-align: right">\n'
            f'<caption style="caption-side: top; text-align: left">{escape(self.caption)}'
            f"</caption>\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>"
        )


def _row(tag: str, texts: Any) -> str:
    cells = (f"<{tag}>{escape(str(text))}</{tag.split()[0]}>" for text in texts)
    return f"<tr>{''.join(cells)}</tr>"


@checked
def show_table(frame: pd.DataFrame, caption: str, *, digits: Digits = 3) -> None:
    """Show a frame as a table with a caption.

    Parameters
    ----------
    frame : DataFrame
        Its columns are named by texts. An index that has a name comes first; one without is left
        out.
    caption : str
        What the table says, as a sentence.
    digits : int, or mapping of columns to int
        Significant digits of numbers with a fraction, 3 where a mapping says nothing. Whole
        numbers keep all their digits; nan is a dash, infinity its sign, True is yes, and an
        `Interval` its estimate with both ends.

    Raises
    ------
    ScbError
        There are no rows, no caption, or digits for a column that is not there.

    Notes
    -----
    A kernel shows HTML; nbval compares it and the plain text. Outside of a kernel the plain text is
    printed. Nothing is returned, so that a cell may show several.

    Book: 04-two-stages, sec-two-stages.

    Examples
    --------
    >>> import pandas as pd
    >>> from scb_edu import experiments
    >>> frame = pd.DataFrame({"T": [100, 6400], "samples": [1900.4, 182_003.0]})
    >>> experiments.show_table(frame, "Samples grow faster than the context.")
    Samples grow faster than the context.
        T samples
      100   1,900
    6,400 182,003
    """
    show(_table(frame, caption, digits))


def show(result: object) -> None:
    """Show a result where a cell shows its own; outside of a kernel, print its plain text."""
    from IPython import display  # loaded late: a study needs none of it

    shown: Any = display.display
    shown(result)


def _table(frame: pd.DataFrame, caption: str, digits: Digits) -> _Table:
    if frame.empty:
        raise ScbError(f"frame: expected rows and columns, got shape {frame.shape}.")
    if not caption.strip():
        raise ScbError(f"caption: expected a sentence, got {caption!r}.")
    named = [name for name in frame.index.names if name is not None]
    frame = frame.reset_index(named) if named else frame
    by_column = _digits_by_column(digits, frame.columns)
    texts = {name: [_text(v, by_column[name]) for v in frame[name]] for name in frame.columns}
    return _Table(pd.DataFrame(texts), caption)


def _digits_by_column(digits: Digits, columns: pd.Index) -> dict[str, int]:
    if not isinstance(digits, Mapping):
        return dict.fromkeys(columns, positive_int("digits", digits, most=17))
    if unknown := set(digits) - set(columns):
        raise ScbError(f"digits: expected columns of {list(columns)}, got {sorted(unknown)}.")
    return {
        name: positive_int(f"digits[{name!r}]", digits.get(name, 3), most=17) for name in columns
    }


def _text(value: object, digits: int) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, Interval):
        middle, low, high = (written(float(end), digits) for end in value)
        return f"{middle} ({low}\u00a0to\u00a0{high})"  # a narrow screen breaks before it
    if isinstance(value, int | float | np.integer | np.floating):
        return written(value, digits)  # type: ignore[arg-type]
    return str(value)
