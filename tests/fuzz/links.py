"""Hostile links to a playground, made of good ones: each gives a valid setting, or the defaults.

`python tests/fuzz/links.py --count 10000 --seed 0` counts what they gave, and prints what is wrong.
"""

import argparse
import random
import re
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import quote

sys.path[:0] = [str(Path(__file__).parents[1])]

from node import ask, constants  # noqa: E402, where it stands is known only now

DRIVER = Path(__file__).with_suffix(".mjs")
MOST_MS = 50
GOOD = [
    "#scb1",
    "#scb1&T=300&rate=0.1&log=true",
    "#scb1&task=random&N=5&T=33&Q=3&seed=12345&peak=0.25&start=related&theta=-0.5",
    "#scb1&lanes=2&other.method=adam&other.rate=1e-3&other.penaltyFrom=20",
    "#scb1&attention=softmax&ratio=100&batch=4096&schedule=falling&steps=10000000&speed=100",
    "#scb1%26T%3D300%26other.start%3Daligned",
    "#scb1&lanes=20&method=plain&start=tempered&share=0.01&other.attention=linear&other.batch=1",
]
CHARACTERS = "&=.%#+-_eE0123456789aTN \0\n\t'\"<>\\/[]{}()$;,:٣½ﬁ\u202e\ud800\udc00😀ÿ"
# fmt: off
WORDS = [
    "__proto__", "constructor", "prototype", "toString", "valueOf", "hasOwnProperty", "version",
    "other", "other.other", "given", "null", "undefined", "NaN", "Infinity", "-Infinity", "1e999",
    "-0", "0x10", "1e-999", "9007199254740993", "0.1", "-1", "1e5", "%00", "%", "%E0%A4%A", "%26",
    "%3D", "other.", "other.T", "other.__proto__", "T", "rate", "N", "Q", "seed", "lanes", "task",
    "log", "theta", "share",
]
# fmt: on


def _cut(rng, link):
    at = rng.randrange(len(link) + 1)
    return link[:at] + link[at + rng.randint(0, 9) :]


def _put(rng, link):
    at = rng.randrange(len(link) + 1)
    return link[:at] + rng.choice([rng.choice(CHARACTERS), rng.choice(WORDS)]) + link[at:]


def _doubled(rng, link):
    first = rng.randrange(len(link) + 1)
    last = first + rng.randint(0, 30)
    return link[:last] + link[first:last] * rng.choice([1, 1, 2, 100, 1000]) + link[last:]


def _renamed(rng, link):
    parts = link.split("&")
    at = rng.randrange(len(parts))
    name, is_pair, value = parts[at].partition("=")
    parts[at] = rng.choice([f"{rng.choice(WORDS)}{is_pair}{value}", f"{name}={rng.choice(WORDS)}"])
    return "&".join(parts)


def _numbered(rng, link):
    number = rng.choice([str(rng.randint(-5, 10**10)), repr(rng.uniform(-2, 2e4)), "9" * 400])
    return re.sub(r"\d+(\.\d+)?", number, link, count=rng.randint(1, 9))


def _mixed(rng, link):
    parts = [*link.split("&"), *rng.choice(GOOD).split("&")[1:]]
    return "&".join([parts[0], *rng.sample(parts[1:], len(parts) - 1)])


def _quoted(rng, link):
    return "".join(quote(c, errors="replace") if rng.random() < 0.3 else c for c in link)


WAYS = [_cut, _put, _doubled, _renamed, _numbered, _mixed, _quoted]


def hostile(count, seed):
    """So many links, each a good one changed in a few places."""
    rng = random.Random(seed)
    for _ in range(count):
        link = rng.choice(GOOD)
        for _ in range(rng.choice([1, 1, 2, 3, 6])):
            link = rng.choice(WAYS)(rng, link)
        yield link


def is_valid(name, value):
    """Whether a setting is one that the playground offers."""
    known = constants()
    if name in known["CHOICES"]:
        return value in known["CHOICES"][name] and type(value) is not float
    limits = known["LIMITS"].get(name)
    if limits is None or isinstance(value, bool) or not isinstance(value, int | float):
        return False
    whole = not limits.get("integer") or value % 1 == 0
    return limits["min"] <= value <= limits["max"] and whole


def wrong(answer):
    """What is wrong with an answer, or nothing."""
    if "error" in answer:
        return answer["error"]
    usual, settings = constants()["DEFAULTS"], answer["settings"]
    if answer["complaint"]:
        if not re.fullmatch(r"This link [\w\s.,=+?\"-]{10,120}\.", answer["complaint"]):
            return f"not in words: {answer['complaint']}"
        return None if settings == usual else "a complaint, and not the defaults"
    if set(settings) != set(usual):
        return "other names than those of the defaults"
    own = {name: value for name, value in settings.items() if name not in ("version", "other")}
    bad = [n for part in (own, settings["other"]) for n, v in part.items() if not is_valid(n, v)]
    return f"out of range: {bad}" if bad or settings["version"] != usual["version"] else None


def answers(links):
    """What the playground makes of each link."""
    return ask(*links, driver=DRIVER)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    links = list(hostile(given.count, given.seed))
    found = answers(links)
    kinds = Counter("complaint" if a.get("complaint") else "setting" for a in found)
    slow = max(answer["ms"] for answer in found)
    failed = [(a, link) for a, link in zip(found, links, strict=True) if wrong(a)]
    print(f"{len(links)} links ({len(set(links))} different): {dict(kinds)}, {len(failed)} wrong;")
    print(f"the slowest took {slow:.2f} ms.")
    for answer, link in failed[:20]:
        print(f"  {link[:200]!r}: {wrong(answer)}")
    return bool(failed) or slow > MOST_MS


if __name__ == "__main__":
    sys.exit(main())
