"""Compute anew the studies whose code was changed: ``python -m scb_edu.studies``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scb_edu.experiments import processes
from scb_edu.studies import STUDIES
from scb_edu.studies.study import Study
from scb_edu.support.errors import ScbError

DATA = Path(__file__).parent / "data"


def main(arguments: Sequence[str] | None = None) -> None:
    """Compute those of the named studies, or of all, whose table is not of today's code."""
    asked = _parser().parse_args(arguments)
    studies = [STUDIES[name] for name in asked.names or STUDIES]
    known = {study: _known(study, asked.output) for study in studies}
    stale = [study for study in studies if known[study].get("code") != study.code]
    for study in studies:
        print(_outlook(study, known[study], asked.jobs, study in stale), flush=True)
    if asked.check:
        sys.exit(1 if stale else 0)
    try:
        if stale:
            _compute(stale, asked)
    except (ScbError, OSError) as error:
        sys.exit(f"studies: {error}\nTables and runs that were finished are kept.")


def _known(study: Study, folder: Path) -> Mapping[str, Any]:
    """Return what a table says of itself; one that cannot be read is computed anew."""
    try:
        return study.known(folder)
    except ScbError:
        return {"code": "damaged"}


def _compute(studies: Sequence[Study], asked: argparse.Namespace) -> None:
    for folder in (asked.cache, asked.output):
        folder.mkdir(parents=True, exist_ok=True)
    with processes(asked.jobs) as pool:
        for place, study in enumerate(studies, 1):
            print(f"{study.name} ({place} of {len(studies)})", flush=True)
            # one file for each study: two of them may share a function
            table = study.compute(pool, asked.cache / f"{study.name}.jsonl")
            print(f"{study.store(table, asked.output)}: {len(table)} rows", flush=True)


def _outlook(study: Study, known: Mapping[str, Any], jobs: int, is_stale: bool) -> str:
    """Return in words whether a study is to be computed, and how long that takes."""
    if not is_stale:
        return f"{study.name}: up to date"
    states = {None: "not there", "damaged": "damaged"}
    state = states.get(known.get("code"), "of an earlier code")
    seconds = known.get("seconds")
    time = "an unknown time" if seconds is None else f"about {seconds / jobs / 60:.1f} minutes"
    return f"{study.name}: {state}, takes {time} in {jobs} processes"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scb_edu.studies",
        description="Compute anew the studies of the book whose code, points or seeds were "
        "changed since their table was stored. An interrupted one goes on where it was.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(STUDIES)}")
    parser.add_argument(
        "--check", action="store_true", help="only list what is to be computed (exit 1 if any is)"
    )
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="processes; one a core unless told"
    )
    parser.add_argument("--output", type=Path, default=DATA, help="a folder")
    parser.add_argument(
        "--cache", type=Path, default=Path("_build/studies"), help="results as they come"
    )
    return parser


if __name__ == "__main__":
    main()
