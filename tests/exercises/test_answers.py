"""Answers that are declared: Python and the page's script say the same to the same answer."""

import base64
import json
import re
import zlib
from functools import cache, partial

import node
import numpy as np
import pytest
from node import FIELD
from test_exercises import VALUES

import scb_edu as scb
from scb_edu import exercises
from scb_edu.exercises import Answer, arithmetic, checking

ask = partial(node.ask, driver=FIELD)

EXAMPLE = Answer(
    right=(0.5, 2),
    wrong={(2, 0.5): "swapped.", "x * y < 0": "below zero."},
    otherwise="their product is {x * y:.3g}.",
    asks="a pair",
)


def packed(name):
    """What the field of an exercise holds, unpacked from its page."""
    page = exercises.check(name, None).ask.page()
    (data,) = re.findall(r'<script type="application/json">(.*?)</script>', page)
    return json.loads(zlib.decompress(base64.b64decode(json.loads(data)["packed"]), -15))


def written(answer):
    """An answer as a reader writes it, every digit of it."""
    return ", ".join(repr(float(number)) for number in np.ravel(answer))


def neighbours(answer, rng):
    """Answers near one and far from it, on every side of its tolerance."""
    sizes = np.repeat([0.0005, 0.002, 0.01, 0.05, 0.5, 3], 2)
    steps = rng.normal(size=(len(sizes), *np.shape(answer)))
    pairs = zip(sizes, steps, strict=True)
    return [answer + size * step * (np.abs(answer) + 0.01) for size, step in pairs]


def tried(name):
    """The right answer, all known wrong ones, their neighbours, and what is no answer."""
    case, told, rng = VALUES[name], packed(name), np.random.default_rng(0)
    known = [mistake for mistake, _ in told["wrong"] if not isinstance(mistake, str)]
    whole = [case.right, *(answer for answer, _ in case.wrong), told["right"], *known]
    shape = np.shape(case.right)
    whole = [np.reshape(answer, shape).astype(float) for answer in whole]
    for answer in (*whole, np.full(shape, np.nan), np.full(shape, np.inf), np.full(shape, -np.inf)):
        yield answer
    for answer in whole:
        yield from neighbours(answer, rng)
    yield from (np.ones(n) for n in range(2, 6) if n != len(told["right"]))
    if shape:
        yield np.array(0.5)


@cache
def judged():
    """Of each answer that is tried: what Python says, and what the script says."""
    rows = [(name, answer) for name in VALUES for answer in tried(name)]
    told = {name: packed(name) for name in VALUES}
    jobs = [{"do": "judge", "answer": told[name], "text": written(answer)} for name, answer in rows]
    found = {name: [] for name in VALUES}
    for (name, answer), page in zip(rows, ask(*jobs), strict=True):
        found[name].append((answer, exercises.check(name, answer, hint=1).words, page))
    return found


@pytest.mark.parametrize("name", VALUES)
def test_python_and_the_page_say_the_same(name):
    for answer, python, page in judged()[name]:
        words = "Right." if page["said"] is None else f"Not yet: {page['said']}"
        assert words == python, answer
        assert [float(number) for number in page["read"]] == pytest.approx(
            np.ravel(answer).tolist(), rel=0, nan_ok=True
        )


@pytest.mark.parametrize("name", VALUES)
def test_what_is_tried_reaches_every_verdict(name):
    """Otherwise the comparison above would leave some of the words out."""
    told = packed(name)
    heard = {page["said"] for _, _, page in judged()[name]}
    assert None in heard
    for words in [*(words for _, words in told["wrong"]), told["otherwise"]]:
        pattern = ".+".join(re.escape(part) for part in re.split(r"\{.*?\}", words))
        assert any(said and re.fullmatch(pattern, said) for said in heard), words


@pytest.mark.parametrize("name", VALUES)
def test_a_field_has_the_hints_of_python(name):
    hints = [exercises.check(name, np.nan, hint=step).hint for step in (1, 2, 3)]
    assert hints == [f"Hint {n} of 3: {hint}" for n, hint in enumerate(packed(name)["hints"], 1)]


@pytest.mark.parametrize("name", VALUES)
def test_the_page_does_not_give_the_answer_away(name):
    page, told = exercises.check(name, None).ask.page(), packed(name)
    words = [words for _, words in told["wrong"]]
    assert not any(each in page for each in [*words, told["otherwise"], *told["hints"]])
    assert json.dumps(told["right"])[1:-1] not in page


def test_every_value_is_declared():
    """The table of the exercises says which answers are values: all of these have a field."""
    of_a_chapter = re.compile(r"scb_edu\.exercises\.ch\d")
    declared = {name for name, known in checking._EXERCISES.items() if known.declared}
    own = {n for n in declared if of_a_chapter.match(checking._EXERCISES[n].test.__module__)}
    assert own == set(VALUES)


# What a page shows


def test_in_a_book_it_is_a_field_and_in_a_notebook_a_box(monkeypatch):
    open_still = exercises.check("ch4-saddle", None)
    assert open_still._repr_mimebundle_() == {
        "text/html": open_still.box(),
        "text/plain": checking.NOT_ANSWERED,
    }
    monkeypatch.setenv("SCB_EDU_FRAMES", "1")
    assert open_still._repr_mimebundle_() == {
        "text/html": open_still.ask.page(),
        "text/plain": checking.NOT_ANSWERED,
    }
    for asked in ({"answer": (0, -0.025)}, {"answer": 1}, {"answer": None, "hint": 1}):
        verdict = exercises.check("ch4-saddle", **asked)
        assert verdict._repr_mimebundle_()["text/html"] == verdict.box()


def test_an_exercise_that_asks_for_code_has_no_field(monkeypatch):
    monkeypatch.setenv("SCB_EDU_FRAMES", "1")
    verdict = exercises.check("ch4-border", None)
    shown = verdict._repr_mimebundle_()
    assert shown["text/plain"] == checking.NOT_ANSWERED
    assert "the chapter&#x27;s notebook" in shown["text/html"]  # a page runs no cell
    assert "run the cell again" not in shown["text/html"]
    wrong = exercises.check("ch4-border", 1)
    assert wrong._repr_mimebundle_()["text/html"] == wrong.box()


# What a declaration may hold


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"right": np.nan}, r"right: expected a finite number, or a tuple of 2 to 4, got nan\."),
        ({"right": ()}, "right: expected a finite number, or a tuple of 2 to 4, got"),
        ({"right": (1, 2, 3, 4, 5)}, "right: expected a finite number, or a tuple of 2 to 4, got"),
        ({"right": "1"}, "right: expected a finite number, or a tuple of 2 to 4, got"),
        ({"right": True}, "right: expected a finite number, or a tuple of 2 to 4, got"),
        ({"right": (1,)}, "right: expected a finite number, or a tuple of 2 to 4, got"),
        ({"right": [0.5, 2]}, "right: expected a finite number, or a tuple of 2 to 4, got"),
        ({"right": ((0.5, 2),)}, "right: expected a finite number, or a tuple of 2 to 4, got"),
        ({"wrong": {1: "one."}}, "wrong: expected 2 finite numbers, got 1"),
        ({"wrong": {(1, np.inf): "far."}}, "wrong: expected 2 finite numbers"),
        ({"wrong": {"x": "x."}}, r"wrong: expected one of < <= > >= once, got 'x'"),
        ({"wrong": {"0 < x < 1": "x."}}, "wrong: expected one of"),
        ({"wrong": {"z > 1": "z."}}, r"wrong: expected .*x, y, sqrt, .* got 'z'"),
        ({"wrong": {"x.real > 1": "x."}}, r"wrong: .* got 'x.real'"),
        ({"wrong": {"open('x') > 1": "x."}}, r"wrong: .* got .open\('x'\)"),
        ({"wrong": {"x // 2 > 1": "x."}}, "wrong: .* got 'x // 2'"),
        ({"wrong": {"True > x": "x."}}, "wrong: .* got 'True'"),
        ({"wrong": {"0x10 > x": "x."}}, "wrong: .* got '0x10 '"),
        ({"wrong": {"x > 1  # one": "x."}}, "wrong: .* got ' 1  # one'"),
        ({"wrong": {"x + > 1": "x."}}, r"wrong: .* got 'x \+ '"),
        ({"wrong": {"x > 1": "{x}"}}, r"wrong\['x > 1'\]: expected places as in"),
        ({"wrong": {"x > 1": "{v:.3g}"}}, r"wrong\['x > 1'\]: expected numbers.* got 'v'"),
        ({"wrong": {(True, 1): "one."}}, r"wrong: expected 2 finite numbers, got \(True, 1\)"),
        ({"wrong": {"x > 1": " "}}, r"wrong\['x > 1'\]: expected words, got ' '"),
        ({"otherwise": ""}, "otherwise: expected words, got ''"),
        ({"otherwise": "{x}"}, r"otherwise: expected places as in \{x \* y:.3g\}, got '\{x\}'"),
        ({"otherwise": "{x:.2f}"}, "otherwise: expected places"),
        ({"otherwise": "{v:.3g}"}, "otherwise: .* got 'v'"),
        ({"asks": " "}, "asks: expected words, got ' '"),
        ({"rtol": -1}, "rtol: expected a number of 0 or above, got -1"),
        ({"atol": np.nan}, "atol: expected finite numbers, got nan"),
    ],
)
def test_what_the_two_would_not_understand_alike_is_refused(change, message):
    parts = {name: getattr(EXAMPLE, name) for name in vars(EXAMPLE)}
    with pytest.raises(scb.ScbError, match=f"^{message}"):
        Answer(**(parts | change))


@pytest.mark.parametrize(
    ("right", "answer", "fits"),
    [
        (0.0, 1e-9, True),
        (0.0, 1e-7, False),
        (100.0, 100.49, True),
        (100.0, 100.51, False),
        (-100.0, -100.49, True),
        (-100.0, 100.0, False),
    ],
)
def test_close_is_a_share_of_what_is_known(right, answer, fits):
    declared = Answer(right, {}, "no.")
    assert (declared.said(np.array(answer)) is None) == fits


# The arithmetic, in both languages

NUMBERS = (0.3, -1.75, 2.0, 1e-3)
EXPRESSIONS = {
    "1 + 2 * 3": 7,
    "(1 + 2) * 3": 9,
    "-2**2": -4,
    "2**-1": 0.5,
    "2**3**2": 512,
    "1 - 2 - 3": -4,
    "8 / 4 / 2": 1,
    "-x - -y": -2.05,
    "z * -z": -4,
    "sqrt(16) + log(exp(2)) + abs(-3)": 9,
    "Phi(0)": 0.5,
    "Phi(1.959963984540054)": 0.975,
    "Phi(-9) + Phi(9)": 1,
    "1e3 * w": 1,
    ".5 + 1.": 1.5,
    "1 / 0": np.inf,
    "log(0)": -np.inf,
}


@pytest.mark.parametrize(("expression", "value"), EXPRESSIONS.items())
def test_an_expression_is_worked_out(expression, value):
    assert arithmetic.value(expression, NUMBERS) == pytest.approx(value, rel=1e-14)


def test_the_script_works_out_the_same():
    words = [f"{{{expression}:.9g}}" for expression in EXPRESSIONS]
    found = ask(*({"do": "filled", "words": each, "numbers": NUMBERS} for each in words))
    assert found == [arithmetic.filled(each, NUMBERS) for each in words]


def test_a_normal_share_is_the_same_to_nine_digits():
    at = np.linspace(-4, 9, 131)
    jobs = [{"do": "filled", "words": "{Phi(x):.9g}", "numbers": [z]} for z in at]
    assert ask(*jobs) == [arithmetic.filled("{Phi(x):.9g}", [z]) for z in at]


def test_conditions_hold_alike():
    pairs = [(sign, x) for sign in ("<", "<=", ">", ">=") for x in (-1.0, 2.0, 5.0)]
    jobs = [{"do": "holds", "condition": f"x {sign} 2", "numbers": [x]} for sign, x in pairs]
    assert ask(*jobs) == [arithmetic.holds(f"x {sign} 2", [x]) for sign, x in pairs]
    assert [arithmetic.holds("x <= 2", [x]) for x in (-1.0, 2.0, 5.0)] == [True, True, False]


def test_a_number_is_shown_as_python_shows_it():
    rng = np.random.default_rng(0)
    scattered = rng.normal(size=300) * 10.0 ** rng.integers(-9, 9, size=300)
    exact_halves = [1.125, 1.375, -1.125, 2.5, 0.5, 1250.0, 112.5, 6.103515625e-05, 9.5, 99.5]
    ends = [0.0, 1.0, 9.9995, 99999.5, 1e-5, 1e-4, 0.00099995, 1e21, 1e300, 5e-324, np.nan, np.inf]
    numbers = [float(x) for x in (*scattered, *exact_halves, *ends, -np.inf)]
    pairs = [(x, digits) for x in numbers for digits in (1, 2, 3, 4, 6, 9)]
    jobs = [
        {
            "do": "shown",
            "x": x if np.isfinite(x) else str(x).replace("inf", "Infinity"),
            "digits": d,
        }
        for x, d in pairs
    ]
    assert ask(*jobs) == [format(x, f".{digits}g") for x, digits in pairs]


# What a field can read

READ = {
    "0.5": [0.5],
    " 1/3 ": [1 / 3],
    "-0.025": [-0.025],
    "−0.025": [-0.025],
    "3e-4": [3e-4],
    "3E-4": [3e-4],
    "0.5, 2": [0.5, 2],
    "(0.5, 2)": [0.5, 2],
    "[0.5; 2]": [0.5, 2],
    "(1 + 2) * (3 + 4)": [21],
    "(1, 2,)": [1, 2],
    "10_000": [10_000],
    "2^10": [1024],
    "2 × 3": [6],
    "sqrt(0.14*0.52)": [np.sqrt(0.14 * 0.52)],
    "3 * np.log(10) / np.sqrt(0.14 * 0.52)": [3 * np.log(10) / np.sqrt(0.14 * 0.52)],
    "nan, inf": [np.nan, np.inf],
}
UNREAD = [
    *(
        "",
        " ",
        "half",
        "0.5 2",
        "1/",
        "(1",
        "1)",
        "()",
        "1,,2",
        ",1",
        "1..2",
        "x",
        "2x",
        "sqrt 2",
        "sqrt()",
    ),
    *("1 = 1", "0.5%", "alert(1)", "constructor", "toString(1)", "1; alert(1)", "3e", "log(1, 2)"),
]


def test_a_field_reads_numbers_and_a_little_arithmetic():
    found = ask(*({"do": "judge", "answer": EXAMPLE.data, "text": text} for text in READ))
    for text, told in zip(READ, found, strict=True):
        read = [float(number) for number in told["read"] or ()]
        assert read == pytest.approx(READ[text], rel=1e-15, nan_ok=True), text


def test_what_a_field_cannot_read_is_nothing():
    found = ask(*({"do": "judge", "answer": EXAMPLE.data, "text": text} for text in UNREAD))
    assert {text: told["read"] for text, told in zip(UNREAD, found, strict=True)} == dict.fromkeys(
        UNREAD
    )
