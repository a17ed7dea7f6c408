"""A link holds exactly a run, and a hostile one changes nothing."""

import random
import re

import pytest
from fuzz import links as links_to_try
from node import ask, constants, settings

DEFAULTS, LIMITS = constants()["DEFAULTS"], constants()["LIMITS"]
CHOICES = constants()["CHOICES"]
OTHER = [
    "attention",
    "method",
    "schedule",
    "start",
    "rate",
    "ratio",
    "batch",
    "penalty",
    "penaltyFrom",
    "theta",
    "share",
]


def drawn(rng, name):
    """Any value that a setting may have."""
    if name in CHOICES:
        return rng.choice(CHOICES[name])
    low, high = LIMITS[name]["min"], LIMITS[name]["max"]
    if LIMITS[name].get("integer"):
        return rng.randint(int(low), int(high))
    return rng.choice([low, high, rng.uniform(low, high), low + (high - low) * rng.random() ** 30])


def all_drawn(seed):
    rng = random.Random(seed)
    names = [*CHOICES, *LIMITS]
    own = {name: drawn(rng, name) for name in names if rng.random() < 0.6}
    other = {name: drawn(rng, name) for name in OTHER if rng.random() < 0.4}
    return settings(**own, other=other)


def test_a_setting_is_either_chosen_or_limited():
    assert {*CHOICES, *LIMITS, "version", "other"} == set(DEFAULTS)
    for name, limits in LIMITS.items():
        assert limits["min"] <= DEFAULTS[name] <= limits["max"]
    assert all(DEFAULTS[name] in choices for name, choices in CHOICES.items())


def test_a_link_restores_every_setting_to_the_last_bit():
    cases = [all_drawn(seed) for seed in range(300)]
    links = ask(*({"do": "toLink", "settings": own} for own in cases))
    found = ask(*({"do": "fromLink", "hash": link} for link in links))
    assert found == [{"settings": own, "complaint": ""} for own in cases]
    assert all(re.fullmatch(r"#scb1(&[\w.]+=[\w.+-]+)*", link) for link in links)


def test_a_link_holds_only_what_differs():
    cases = [
        settings(),
        settings(T=300, log=True, other={"method": "adam"}),
        settings(task="given"),
    ]
    links = ask(*({"do": "toLink", "settings": own} for own in cases))
    assert links == ["#scb1", "#scb1&log=true&T=300&other.method=adam", ""]


def test_a_link_restores_a_run_to_the_last_bit():
    own = settings(task="random", N=5, T=33, rate=0.1 / 3, start="related", seed=12345, steps=250)
    (link,) = ask({"do": "toLink", "settings": own})
    (found,) = ask({"do": "fromLink", "hash": link})
    jobs = ({"do": "train", "settings": s, "steps": s["steps"]} for s in (own, found["settings"]))
    here, there = ask(*jobs)
    assert here["step"] == 250
    assert here == there


def test_a_link_may_have_been_escaped_on_its_way():
    (found,) = ask({"do": "fromLink", "hash": "#scb1%26T%3D300%26other.method%3Dadam"})
    assert found == {"settings": settings(T=300, other={"method": "adam"}), "complaint": ""}


@pytest.mark.parametrize("hash", ["", "#", "#scb1"])
def test_no_link_is_no_reason_to_complain(hash):
    assert ask({"do": "fromLink", "hash": hash}) == [{"settings": DEFAULTS, "complaint": ""}]


HOSTILE = [
    # beyond the limits, and no numbers
    *(f"#scb1&{name}={limits['max'] * 2 + 1:g}" for name, limits in LIMITS.items()),
    *(f"#scb1&{name}={limits['min'] - 1:g}" for name, limits in LIMITS.items()),
    *(f"#scb1&{name}={value}" for name in ("T", "rate") for value in [
        "NaN", "Infinity", "-Infinity", "1e999", "1e-999", "", "0x10", "0b1", "1_000", "1,5", "٣",
        "1.", ".5", "+5", "--5", "5px", "null", "undefined", "true", "[]", "{}", "1e", "9" * 400,
    ]),
    *(f"#scb1&{name}=10.5" for name, limits in LIMITS.items() if limits.get("integer")),
    # names that are none, or mean something to the language
    *(f"#scb1&{name}=1" for name in [
        "__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "version",
        "other", "given", "settings", "t", "", "T ", "other.__proto__", "other.constructor",
        "other.T", "other.task", "other.seed", "other.steps", "other.lanes", "other.other.rate",
        "__proto__.polluted", "other.", "T[]", "T[0]", "length", "min", "max",
    ]),
    # values that are none
    *(f"#scb1&{pair}" for pair in [
        "task=given", "task=", "task=Example", "task=toString", "method=__proto__", "method=sgd",
        "attention=length", "lanes=3", "lanes=NaN", "log=1", "log=yes", "start=0", "schedule=null",
        "other.method=constructor", "other.rate=-1", "other.batch=1e9",
    ]),
    # damaged
    *(f"#scb1{rest}" for rest in [
        "&", "&&", "&T", "&=T", "&=", "&T=300=400", "&T=300&T=300", "&T=300&T=400",
        "&other.rate=0.1&other.rate=0.1", "T=300", "?T=300", "&T=300&", "&T=300&&rate=0.1", "%",
        "&T=%", "&T=%E0%A4%A", "&T=%00", "&T=300%", "&T=300\n", "&T=300\u0000", "&T=3 00", "&T=😀",
        "&T=300;rate=1", "&T=300#", "&rate=0.1&T=",
    ]),
    # other versions, other pages
    "#scb2", "#scb0", "#scb", "#scb10", "#SCB1", "scb1", "#scb1x&T=300", "#_", "#sec-waiting",
    "#scb1.5&T=300", " #scb1", "#T=300", "#{\"T\":300}", "#%7B%7D", "javascript:alert(1)",
    # scripts
    "#scb1&task=<script>alert(1)</script>", "#scb1&T=<img src=x onerror=alert(1)>",
    "#scb1&<b>=1", "#scb1&T=300\" onload=\"alert(1)", "#scb1&method=plain');alert('1",
    "#scb1&task=%3Cscript%3Ealert(1)%3C/script%3E", "<script>", "#scb1&T=${alert(1)}",
    # very long
    "#" + "a" * 2**20, "#scb1&T=" + "3" * 2**20, "#scb1" + "&T=300" * 200_000, "%" * 2**20,
    "#scb1&" + "x" * 1990,
]  # fmt: skip


def test_a_hostile_link_gives_the_defaults_and_a_complaint_in_words():
    assert len(HOSTILE) > 150
    assert len(set(HOSTILE)) == len(HOSTILE)
    for link, found in zip(
        HOSTILE, ask(*({"do": "fromLink", "hash": h} for h in HOSTILE)), strict=True
    ):
        assert found["settings"] == DEFAULTS, link[:80]
        assert re.fullmatch(r"This link [\w\s.,=+?\"-]{10,120}\.", found["complaint"]), link[:80]


def test_a_hostile_link_pollutes_nothing():
    for _ in range(2):  # the second question is answered by a module that has seen the first
        links = [h for h in HOSTILE if "proto" in h] + ["#scb1"]
        found = ask(*({"do": "fromLink", "hash": link} for link in links))
        assert found[-1] == {"settings": DEFAULTS, "complaint": ""}


def test_good_links_that_were_damaged_give_valid_settings_or_the_defaults():
    links = list(links_to_try.hostile(500, seed=1))
    found = links_to_try.answers(links)
    kinds = {bool(answer["complaint"]) for answer in found}
    assert [links_to_try.wrong(answer) for answer in found] == [None] * 500
    assert kinds == {True, False}  # some changes are none, or give another good link


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "TypeError"},
        {"settings": DEFAULTS | {"T": 7}, "complaint": ""},
        {"settings": DEFAULTS | {"T": 8.5}, "complaint": ""},
        {"settings": DEFAULTS | {"task": "given"}, "complaint": ""},
        {"settings": DEFAULTS | {"version": 2}, "complaint": ""},
        {"settings": DEFAULTS | {"other": {"batch": 0}}, "complaint": ""},
        {"settings": DEFAULTS | {"more": 1}, "complaint": ""},
        {"settings": DEFAULTS | {"T": 8}, "complaint": "This link is damaged, or worse."},
        {"settings": DEFAULTS, "complaint": "<b>"},
    ],
)
def test_the_fuzzer_sees_a_wrong_answer(answer):
    assert links_to_try.wrong(answer)
