"""Compute a study anew: ``python -m scb_edu.studies NAME``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from scb_edu.experiments import processes
from scb_edu.studies import STUDIES

DATA = Path(__file__).parent / "data"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the studies that are named on the command line, or all of them."""
    asked = _parser().parse_args(arguments)
    for folder in (asked.cache, asked.output):
        folder.mkdir(parents=True, exist_ok=True)
    with processes(asked.jobs) as pool:
        for name in asked.names or STUDIES:
            study = STUDIES[name]
            # one file for each study: two of them may share a function
            table = study.compute(pool, asked.cache / f"{name}.jsonl")
            print(f"{study.store(table, asked.output)}: {len(table)} rows")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scb_edu.studies",
        description="Compute studies of the book anew. An interrupted one goes on where it was.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(STUDIES)}")
    parser.add_argument("--jobs", type=int, default=None, help="processes; one a core unless told")
    parser.add_argument("--output", type=Path, default=DATA, help="a folder")
    parser.add_argument(
        "--cache", type=Path, default=Path("_build/studies"), help="results as they come"
    )
    return parser


if __name__ == "__main__":
    main()
