"""Run the chapters with a task of your own, and report what no longer holds.

Usage: python book/make_yours.py my_task.toml [book/01-bigrams.md ...], or make yours TASK=...
The file says what `scb_edu.model.OwnExample.read` takes. The lessons and report.md, or that of the
named pages, report-01-bigrams.md, are written to _build/yours; those of the repository stay as they
are. The page "Teach it" says how to read both.
"""

import os
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import write_lessons
from example_numbers import places
from nbclient.exceptions import DeadKernelError
from write_lessons import BOOK, chapters, forget_the_run, rebuild, save

from scb_edu import ScbError
from scb_edu.experiments.agreement import REFUTED, TICK
from scb_edu.model import OwnExample
from scb_edu.support.files import replacing

OUT = BOOK.parent / "_build" / "yours"
PATIENCE = 60  # seconds for a cell
WRONG = "Not yet"  # how a verdict on a wrong answer begins
FIRST_CELL = """# The task of this course in the place of the book's running example; checks that do
# not hold with it say so and do not stop.
from scb_edu import experiments, model

model.use_example(
    transition=[
{rows}    ],
    weights={weights},
    context_length={context_length},
)
experiments.collect_checks()"""


@dataclass
class Finding:
    """Something in a section that is not as the book says."""

    section: str
    kind: str  # one of KINDS
    words: str


@dataclass
class Chapter:
    """What came of running one."""

    name: str
    held: int = 0
    seconds: float = 0.0
    findings: list = field(default_factory=list)
    sections: list = field(default_factory=list)

    def count(self, kind):
        """Return how many findings are of a kind."""
        return sum(finding.kind == kind for finding in self.findings)


def first_cell(own):
    """Return the cell that puts the task in place."""
    told = {
        "rows": "".join(f"        {list(map(float, row))},\n" for row in own.transition),
        "weights": list(map(float, own.weights)),
        "context_length": own.context_length,
    }
    return nbformat.v4.new_code_cell(FIRST_CELL.format(**told), id="your-task")


def put_in_place(own, notebook):
    """Give a notebook the task, in a cell before all others with code."""
    first = next(at for at, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    notebook.cells.insert(first, first_cell(own))


def run(notebook):
    """Execute the notebook to its end; errors stay in its outputs."""
    try:
        write_lessons.run(notebook, timeout=PATIENCE, interrupt_on_timeout=True, allow_errors=True)
    except DeadKernelError as error:
        dead = nbformat.v4.new_output("error", ename="DeadKernelError", evalue=str(error))
        notebook.cells[-1].outputs = [dead]


def headings(text):
    """Yield the headings of a cell of text."""
    for line in text.splitlines():
        if line.startswith("#"):
            yield line.lstrip("#").strip()


def read(name, notebook):
    """Return what a chapter that was run says of itself."""
    chapter, section = Chapter(name), ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for heading in headings(cell.source):
                section = f"{section}, solution" if heading == "Solution" else heading
                chapter.sections.append(section)
        for output in cell.get("outputs", ()):
            note(chapter, section, cell, output)
    return chapter


def note(chapter, section, cell, output):
    """Add to a chapter what an output of a cell tells."""
    data = output.get("data", {})
    text = data.get("text/plain", "")
    if REFUTED in data:
        told = data[REFUTED]
        chapter.findings.append(Finding(section, "check", f"{told['what']}: {told['words']}"))
    elif output.output_type == "error":
        chapter.findings.append(Finding(section, *stopped(chapter, cell, output)))
    elif text.startswith(WRONG) and "hide-cell" in cell.metadata.get("tags", ()):
        chapter.findings.append(Finding(section, "solution", text.splitlines()[0]))
    chapter.held += text.startswith(TICK)


def stopped(chapter, cell, output):
    """Return what to say of a cell that stopped, and where it stands."""
    lines = cell.source.splitlines()
    begin = next((line for line in lines if not re.match(r"import |from |$|#", line)), lines[0])
    if output.ename == "NameError" and chapter.count("error"):
        return "after", f"`{begin}`: {output.evalue}"
    if output.ename == "KeyboardInterrupt":
        return "error", f"`{begin}`: took longer than {PATIENCE} seconds"
    told = output.evalue.splitlines() or [""]
    return "error", f"`{begin}`: {output.ename}: {told[0]}"


def make(page, own):
    """Run a page with the task, write its lesson, and return what came of it."""
    notebook = rebuild(page)
    put_in_place(own, notebook)
    begun = time.perf_counter()
    run(notebook)
    chapter = read(page.stem, notebook)
    chapter.seconds = time.perf_counter() - begun
    forget_the_run(notebook)
    save(notebook, OUT / f"{page.stem}.ipynb")
    return chapter


# The report

KINDS = {
    "check": "checks that do not hold",
    "solution": "solutions that do not fit",
    "error": "cells that stopped",
    "after": "cells that lack what those make",
}
EXPLAINED = """\
A check that fails is a sentence of the chapter that does not hold with this task, or that compares
it with stored runs of the book's own task. Under "written for the book's own task" stand sentences,
captions, exercises and self-tests that name its numbers: look at each."""


def told(chapter):
    """Return one line on a chapter, for the terminal."""
    failed, errors = chapter.count("check"), chapter.count("error")
    return (
        f"{chapter.name:24} {failed:3} of {failed + chapter.held:3} checks do not hold, "
        f"{chapter.count('solution')} solutions do not fit, {errors} cells stopped "
        f"({chapter.seconds:.0f} s)"
    )


def summary(chapters):
    """Yield the lines of a table with a row for each chapter."""
    yield "| chapter | checks that do not hold | of | solutions that do not fit | cells stopped |"
    yield "|---|---|---|---|---|"
    for c in chapters:
        failed = c.count("check")
        counts = failed, failed + c.held, c.count("solution"), c.count("error")
        yield f"| {c.name} | {' | '.join(map(str, counts))} |"


def details(chapter, numbers):
    """Yield what a chapter says that no longer holds, section by section."""
    yield f"## {chapter.name}: {chapter.sections[0]}"
    told = {each.section for each in (*chapter.findings, *numbers)}
    tests = sorted(told.difference(chapter.sections))
    for section in [*(s for s in dict.fromkeys(chapter.sections) if s in told), *tests]:
        yield f"\n### {section}"
        yield from by_kind([f for f in chapter.findings if f.section == section])
        sentences = dict.fromkeys((p.sentence, p.kind) for p in numbers if p.section == section)
        if sentences:
            yield "\nWritten for the book's own task:\n"
            yield from (f"- *({kind})* {sentence}" for sentence, kind in sentences)


def elsewhere(chapters, numbers):
    """Return the places on pages that have no code to run."""
    run = {page for chapter in chapters for page in pages_of(chapter)}
    return [place for place in numbers if place.page not in run]


def pages_of(chapter):
    """Return the names under which a chapter's numbers stand: its page, its self-test."""
    return chapter.name, f"ch{chapter.name[:2].lstrip('0')}"


def by_kind(findings):
    """Yield the findings of a section, those of a kind together."""
    for kind, words in KINDS.items():
        mine = [finding.words for finding in findings if finding.kind == kind]
        if mine:
            yield f"\n{words.capitalize()}:\n"
            yield from (f"- {' '.join(line.split())}" for line in mine)


def report(done, source, *, whole):
    """Return the report as Markdown; that on the whole book has pages without code as well."""
    found = places()
    lines = [f"# The chapters with the task of {source}", "", *summary(done), "", EXPLAINED]
    for chapter in done:
        mine = [place for place in found if place.page in pages_of(chapter)]
        lines += ["", *details(chapter, mine)]
    if whole:
        rest = elsewhere(done, found)
        lines += ["", "## Pages without code", ""]
        lines += [f"- {place.page}, {place.section}: {place.sentence}" for place in rest]
    return "\n".join(lines) + "\n"


def main(file, names):
    """Run the named pages, or all, with the task of a file."""
    os.environ.pop("SCB_EDU_FRAMES", None)  # frames belong to the pages
    own = OwnExample.read(file)
    OUT.mkdir(parents=True, exist_ok=True)
    done = []
    # that of named pages leaves those of others where they are
    written = OUT / ("-".join(["report", *(Path(name).stem for name in names)]) + ".md")
    for page in map(Path, names) if names else chapters():
        done.append(make(page, own))
        print(told(done[-1]), flush=True)
        for finding in done[-1].findings:
            print(f"    {finding.section}: {finding.words}", flush=True)
        # after each chapter: one who stops in between has what was found until then
        with replacing(written, "w", encoding="utf-8") as draft:
            draft.write(report(done, Path(file).name, whole=not names))
    print(f"What no longer holds, section by section: {written}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("make_yours: expected a file with a task, as in `make yours TASK=my_task.toml`")
    try:
        main(sys.argv[1], sys.argv[2:])
    except ScbError as error:
        sys.exit(f"make_yours: {error}")
    except OSError as error:
        sys.exit(f"make_yours: {error}\nThe chapters that were run are in {OUT}.")
