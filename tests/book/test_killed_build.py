"""A build that is killed leaves nothing old behind: the next one writes every page."""

import pytest
from conftest import build_book, small_book

PAGE = "```{code-cell} python3\nprint('of', open('../scb_edu/told.py').read())\n```\n"
# the build ends itself while it writes, where the process that reads would not be asked
KILL = """
def setup(app, setup=setup):
    setup(app)
    if (HERE.parent / "kill").exists():
        app.connect("html-page-context", lambda *of_page: os.kill(os.getpid(), 9))
"""


@pytest.mark.slow
def test_a_killed_build_leaves_no_page_of_before(tmp_path):
    source = small_book(
        tmp_path, {"index": "# T\n", "01-one": f"# One\n\n{PAGE}"}, [("C", ["01-one"])]
    )
    with (source / "conf.py").open("a") as conf:
        conf.write(KILL)
    told, kill = tmp_path / "scb_edu" / "told.py", tmp_path / "kill"
    told.parent.mkdir()
    told.write_text("before")
    build = build_book(source, tmp_path / "out")
    page = build.html / "01-one.html"
    assert (build.status, "of before" in page.read_text()) == (0, True), build.log
    told.write_text("after")
    kill.touch()
    assert build_book(source, tmp_path / "out").status != 0
    assert "of before" in page.read_text()
    kill.unlink()
    build = build_book(source, tmp_path / "out")
    assert (build.status, "of after" in page.read_text()) == (0, True), build.log
