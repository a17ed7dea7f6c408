"""The explorers of chapter 9: controls over its pictures."""

from __future__ import annotations

from scb_edu import figures
from scb_edu.figures import Picture
from scb_edu.studies.ch9_past_the_paper import COUNTED, LAYERS, alice, expected, written
from scb_edu.widgets.explorer import Explorer, Panel, Slider

LINE = 34  # letters of a written line: what a phone shows
PLACES = (23, 117, 166, 174, 282, 365)  # of last letters in the held-out text


def text_models() -> Explorer:
    """Return a model and a place of the text over the law of the next letter, and what it writes.

    Returns
    -------
    Explorer
        Tables of counts and one layer on real windows; a layer is trained when it is first asked.

    Notes
    -----
    Book: 09-past-the-paper, eq-perplexity.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.text_models().controls]
    ['model', 'place', 'seed']
    """
    held_out = alice()[2]

    def law(model: str, place: int) -> Picture:
        before = held_out.tokens[: place + 1]
        shown = held_out.decode(before[-16:])
        came = int(held_out.tokens[place + 1])
        return figures.next_letter(expected(model, before), came, held_out.names, shown, model)

    def lines(model: str, seed: int) -> Picture:
        text = written(model, 5 * LINE, seed)
        return figures.lines_of_text([text[i : i + LINE] for i in range(0, 5 * LINE, LINE)], model)

    names = (*COUNTED, *LAYERS)
    ends = {
        place: f"…{held_out.decode(held_out.tokens[place - 9 : place + 1])}" for place in PLACES
    }
    controls = [
        Slider("model", "Model", names, default="bigram"),
        Slider("place", "After", PLACES, default=PLACES[2], format=ends.__getitem__),
        Slider("seed", "Seed of the writing", (1, 2, 3), default=1),
    ]
    panels = [Panel(law, ("model", "place")), Panel(lines, ("model", "seed"))]
    question = "What does each model know of the next letter, and what does its writing look like?"
    return Explorer(controls, panels, question=question)
