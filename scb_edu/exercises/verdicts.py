"""What is said to an answer, in words and as a box."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, Protocol

from scb_edu.support.pages import in_a_book
from scb_edu.support.signatures import checked

__all__ = ["Verdict"]

NOT_HERE = "Not answered yet: its check runs Python. Write your answer in the chapter's notebook."
"""In a page, below an exercise that has no field there."""

BOX = (
    "border-left: 3px solid {colour}; background: color-mix(in srgb, {colour} 9%, transparent); "
    "color: inherit; padding: 0.3em 0.6em; margin: 0.2em 0; overflow-wrap: anywhere"
)
PART = "margin: 0.3em 0 0; padding: 0; font-size: inherit"
PRINTED = (
    "margin: 0.1em 0 0; padding: 0; border: 0; background: none; color: inherit; "
    "white-space: pre-wrap"
)
LOOKS = {
    True: ("right", "✓", "#009E73"),
    False: ("wrong", "✗", "#D55E00"),
    None: ("open", "○", "#808080"),
}
"""The class, the mark and the colour by `Verdict.passed`: the words say the same."""


class Page(Protocol):
    """What can stand in a page."""

    def page(self) -> str:
        """Return the HTML."""
        ...


@checked
@dataclass(frozen=True, repr=False)
class Verdict:
    """Whether an answer is right, and what to say to its author.

    Parameters
    ----------
    passed : bool or None
        None: there was no answer yet.
    words : str
    hint : str
        The next step of the exercise's hints, if one is due.
    printed : str
        What the answer printed, cut where it is long.
    ask : object with a method ``page``, optional
        What a book shows, whose pages have no kernel, instead of "Not answered yet". Without it
        a page says where the exercise can be answered.

    Notes
    -----
    In a notebook and in a page it is a box with a mark; as plain text it is its words.

    Book: 01-bigrams, sec-bigrams.

    Examples
    --------
    >>> Verdict(True, "Right.")
    Right.
    >>> Verdict(False, "Not yet: it is larger.", "Hint 1 of 3: look at the columns.")
    Not yet: it is larger.
    Hint 1 of 3: look at the columns.
    """

    passed: bool | None
    words: str
    hint: str = ""
    printed: str = ""
    ask: Page | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        printed = f"Your answer printed:\n{self.printed}" if self.printed else ""
        return "\n".join(part for part in (self.words, self.hint, printed) if part)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        open_still = self.passed is None and not self.hint and in_a_book()
        html = self._in_a_page() if open_still else self.box()
        return {"text/html": html, "text/plain": repr(self)}

    def _in_a_page(self) -> str:
        return self.ask.page() if self.ask else replace(self, words=NOT_HERE).box()

    def box(self) -> str:
        """Return the box as HTML."""
        name, mark, colour = LOOKS[self.passed]
        inner = f'<span aria-hidden="true">{mark}</span> {escape(self.words)}'
        if self.hint:
            inner += f'\n<div class="scb-verdict-hint" style="{PART}">{escape(self.hint)}</div>'
        if self.printed:
            pre = f'<pre style="{PRINTED}">{escape(self.printed)}</pre>'
            inner += (
                f'\n<div class="scb-verdict-printed" style="{PART}">Your answer printed:{pre}</div>'
            )
        style = BOX.format(colour=colour)
        return f'<div class="scb-verdict scb-verdict-{name}" style="{style}">{inner}</div>'
