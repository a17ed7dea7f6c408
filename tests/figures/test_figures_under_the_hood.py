"""The picture of the speed: its marks are the table, its words say the ratios."""

import numpy as np
import pandas as pd
import pytest

from scb_edu import figures

ROWS = [
    {
        **{"vocab_size": 3, "context_length": 1000, "batch_size": 64},
        **{"ours": 200.0, "careful_indices": 800.0, "indices": 1800.0, "dense": 3000.0},
        **{"careful_indices_ratio": 4.0, "indices_ratio": 9.04, "dense_ratio": 15.2},
    },
    {
        **{"vocab_size": 1000, "context_length": 2000, "batch_size": 32},
        **{"ours": 5000.0, "careful_indices": 4000.0, "indices": 9000.0, "dense": 250000.0},
        **{"careful_indices_ratio": 0.83, "indices_ratio": 1.8, "dense_ratio": 49.7},
    },
]


@pytest.fixture
def picture():
    return figures.speed(pd.DataFrame(ROWS))


def test_speed_says_times_and_ratios(picture):
    first, second = picture.words.split(" N = ")[1:]
    assert first.startswith("3, T = 1,000, B = 64: 200; PyTorch takes 15 times")
    assert second.startswith("1,000, T = 2,000, B = 32: 5,000; PyTorch takes 50 times")
    assert "9.0 times with indices, 4.0 times with indices and care" in first
    assert "1.8 times with indices, 0.8 times with indices and care" in second


def test_speed_draws_a_mark_for_each_time(picture):
    (ax,) = picture.figure.axes
    assert ax.get_xscale() == "log"
    drawn = {line.get_label(): line.get_xdata().tolist() for line in ax.lines}
    assert drawn == {
        "this library": [200, 5000],
        "PyTorch, indices, with care": [800, 4000],
        "PyTorch, indices": [1800, 9000],
        "PyTorch, one-hot": [3000, 250000],
    }
    assert all(line.get_ydata().tolist() == [0, 1] for line in ax.lines)


def test_speed_writes_each_ratio_over_its_mark(picture):
    (ax,) = picture.figure.axes
    written = {text.get_text(): tuple(np.ravel(text.xy)) for text in ax.texts}
    assert written == {
        "9.0×": (1800, 0),
        "15×": (3000, 0),
        "4.0×": (800, 0),
        "0.8×": (4000, 1),
        "1.8×": (9000, 1),
        "50×": (250000, 1),
    }
