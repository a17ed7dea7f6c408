"""A page with another task: run to its end, and a report of what no longer holds."""

import nbformat
import pytest

HEADER = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {name: python3, display_name: Python 3}
---

"""
CELL = "```{{code-cell}} ipython3\n{}{}\n```\n\n"
PAGE = (
    HEADER
    + "# A page\n\n"
    + CELL.format("", "import scb_edu as scb\nfrom scb_edu.experiments import agree, holds")
    + CELL.format(
        "", "task = scb.SCBTask.example()\nholds('three tokens', task.vocab_size == 3)\nfour = 4"
    )
    + "## A section\n\nThe floor is 0.2939.\n\n"
    + CELL.format("", "lost = {}[four]")
    + CELL.format("", "print(lost)")
    + CELL.format("", "agree('the context', task.context_length, 12, within=0.01)")
    + CELL.format(":tags: [hide-cell]\n\n", "print('Not yet: too large.')")
)
TASK = "transition = [[0.9, 0.5], [0.1, 0.5]]\nweights = [0.5, 0.3, 0.2]\ncontext_length = 12\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What a run says, and where its files are."""
    import make_yours

    folder = tmp_path_factory.mktemp("yours")
    page, task = folder / "page.md", folder / "my_task.toml"
    page.write_text(PAGE)
    task.write_text(TASK)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make_yours, "OUT", folder / "out")
        make_yours.main(task, [page])
    return folder / "out"


def test_every_cell_is_run_and_what_does_not_hold_is_told_by_section(made):
    report = (made / "report.md").read_text("utf-8")
    assert "| page | 1 | 2 | 0 | 1 |" in report
    first, second = report.split("### A section")
    assert "- three tokens: expected this to hold, got False." in first
    assert "- `lost = {}[four]`: KeyError: 4" in second
    assert "- `print(lost)`: name 'lost' is not defined" in second.split("lack what those make")[1]
    assert "the context" not in report


def test_the_lesson_begins_with_the_task_and_holds_what_came(made):
    lesson = nbformat.read(made / "page.ipynb", as_version=4)
    code = [cell for cell in lesson.cells if cell.cell_type == "code"]
    assert "transition=[[0.9, 0.5], [0.1, 0.5]]" in code[0].source
    assert "context_length=12" in code[0].source
    assert [len(cell.outputs) for cell in code] == [0, 0, 1, 1, 1, 1, 1]
    assert code[5].outputs[0].data["text/plain"].startswith("✓ the context")


def test_the_books_own_task_is_untouched(made):
    import scb_edu as scb

    assert scb.SCBTask.example().vocab_size == 3
