"""Tell coverage.py which test runs, and write down its seconds: `-p contexts`, in `coverage run`.

What a fixture of a module or of a session does belongs to all tests of the file that asked first.
"""

import json
import os
from collections import Counter
from pathlib import Path

import coverage
import pytest

SECONDS = Counter()
DEAR = {"book", "build", "browser"}


def _switch(context):
    if (running := coverage.Coverage.current()) is not None:
        running.switch_context(context)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    _switch(item.nodeid)
    try:
        return (yield)
    finally:
        _switch("")


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef, request):
    wide = fixturedef.scope != "function" and hasattr(request, "_pyfuncitem")
    if wide:
        _switch(request._pyfuncitem.nodeid.partition("::")[0])
    try:
        return (yield)
    finally:
        if wide:
            _switch(request._pyfuncitem.nodeid)


def pytest_runtest_logreport(report):
    SECONDS[report.nodeid] += report.duration


def pytest_sessionfinish():
    if file := os.environ.get("SCB_EDU_SECONDS"):
        Path(file).write_text(json.dumps(SECONDS), encoding="utf-8")


def pytest_collection_modifyitems(config, items):
    """Leave out what asks for the built book or a browser: it runs pages, not the library."""
    found = {True: [], False: []}
    for item in items:
        found[bool(DEAR & set(getattr(item, "fixturenames", ())))].append(item)
    config.hook.pytest_deselected(items=found[True])
    items[:] = found[False]
