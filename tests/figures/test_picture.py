import base64
import io

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from scb_edu.figures import ATTENTION, VALUE, Picture, heatmap, new_figure, styled
from scb_edu.support.errors import ScbError


@pytest.fixture
def picture():
    figure, ax = new_figure(4, 3)
    ax.plot([0, 1], [0, 2])
    ax.set(xlabel="time", ylabel="signal", title="A line")
    return Picture(figure, "A line from 0 to 2.")


def opened(data):
    return Image.open(io.BytesIO(data)).convert("RGB")


def test_the_words_are_the_text(picture):
    data, metadata = picture._repr_mimebundle_()
    assert repr(picture) == data["text/plain"] == "A line from 0 to 2."
    assert opened(base64.b64decode(data["image/png"])).size == (800, 600)
    assert metadata == {"image/png": {"width": 384, "height": 288}}


@pytest.mark.parametrize("words", ["", "  ", None])
def test_a_picture_without_words_is_refused(words):
    with pytest.raises(ScbError, match="words"):
        Picture(new_figure(4, 3)[0], words)


def test_a_frame_is_small_and_sharp(picture):
    webp = picture.webp()
    assert opened(webp).size == (576, 432)  # 1.5 device pixels to a CSS pixel
    assert len(webp) < 10_000


def test_shades_are_few_enough_for_a_small_file():
    figure, ax = new_figure(4, 3)
    ax.imshow(np.hypot(*np.ogrid[-1:1:80j, -1:1:80j]), cmap="viridis", interpolation="bilinear")
    webp = Picture(figure, "A cone.").webp()
    assert len(opened(webp).getcolors(100_000)) <= 256
    assert len(webp) < 20_000


def test_colours_survive(picture):
    colours = {colour for _, colour in opened(picture.webp()).getcolors(100_000)}
    assert (255, 255, 255) in colours  # the background is white, not nearly white
    blue = np.array(to_rgb(VALUE)) * 255
    assert min(np.abs(np.array(colour) - blue).max() for colour in colours) < 12


def test_rendering_twice_gives_the_same_bytes(picture):
    assert picture.webp() == picture.webp()
    assert picture.png() == picture.png()
    assert picture.figure.dpi == new_figure(4, 3)[0].dpi  # rendering leaves the figure alone


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_save(picture, tmp_path, ending):
    path = tmp_path / f"picture.{ending}"
    picture.save(path)
    assert path.stat().st_size > 1000


def test_drawing_changes_no_global_state(tmp_path):
    with matplotlib.rc_context({"font.size": 4, "lines.linewidth": 9}):  # no style of ours
        before = dict(matplotlib.rcParams)
        figure, ax = new_figure(4, 3)
        heatmap(ax, np.eye(3))
        Picture(figure, "A unit matrix.").webp()
        Picture(figure, "A unit matrix.").save(tmp_path / "picture.png")
        with pytest.raises(ZeroDivisionError), styled():
            _ = 1 / 0
        assert dict(matplotlib.rcParams) == before
    import matplotlib._pylab_helpers as known  # where pyplot keeps its figures

    assert known.Gcf.get_all_fig_managers() == []


def test_the_style_reaches_a_reader_with_other_settings():
    @styled()
    def draw():
        figure, ax = new_figure(4, 3)
        (line,) = ax.plot([0, 1], label="line")
        return figure, ax, line, ax.legend()

    with matplotlib.rc_context({"font.size": 4, "lines.linewidth": 9, "axes.spines.top": True}):
        figure, ax, line, legend = draw()
        other = Picture(figure, "A line.").webp()
    assert line.get_linewidth() == 2
    assert not ax.spines["top"].get_visible()
    assert not legend.get_frame_on()
    assert Picture(draw()[0], "A line.").webp() == other


@styled()
def test_text_is_at_least_nine_points_in_a_panel_on_a_phone():
    figure, ax = new_figure(4, 3)
    ax.plot([0, 1], label="line")
    ax.set(xlabel="time", ylabel="signal", title="A line")
    texts = [ax.text(0, 0, "here"), *ax.legend().get_texts(), ax.title, ax.xaxis.label]
    picture = Picture(figure, "A line.")
    picture.webp()
    texts += [ax.yaxis.label, *ax.get_xticklabels(), *ax.get_yticklabels()]
    shrunk = 340 / picture.pixels[0]
    assert min(text.get_fontsize() for text in texts) * shrunk >= 9


def test_heatmap_writes_numbers_when_small():
    _, ax = new_figure(4, 3)
    heatmap(ax, [[1.0, 0.0, 0.5]])
    assert [text.get_text() for text in ax.texts] == ["1.00", "0.00", "0.50"]
    assert [text.get_color() for text in ax.texts] == ["#ffffff", "#222222", "#222222"]
    _, ax = new_figure(4, 3)
    heatmap(ax, np.ones((9, 2)))
    assert list(ax.texts) == []


def test_heatmap_white_is_zero_and_signs_have_colours_of_their_own():
    _, ax = new_figure(4, 3)
    image = heatmap(ax, [[-1.0, 0.0, 2.0]], color=ATTENTION)
    assert image.get_clim() == (-2, 2)
    negative, zero, positive = image.to_rgba(np.array([-2.0, 0.0, 2.0]))[:, :3]
    np.testing.assert_allclose(zero, 1, atol=0.01)
    np.testing.assert_allclose(positive, to_rgb(ATTENTION), atol=0.01)
    assert np.abs(negative - positive).max() > 0.3
    assert heatmap(ax, np.zeros((2, 2))).get_clim() == (0, 1)
    assert heatmap(ax, np.eye(2), limits=(0, 3)).get_clim() == (0, 3)


@pytest.mark.parametrize("matrix", [[1, 2, 3], np.ones((2, 2, 2)), np.ones((0, 3))])
def test_heatmap_refuses_what_is_no_matrix(matrix):
    with pytest.raises(ScbError, match="matrix"):
        heatmap(new_figure(4, 3)[1], matrix)
