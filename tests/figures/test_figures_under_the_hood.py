"""The picture of the speed: its marks are the table, its words say the ratios."""

import numpy as np
import pandas as pd
import pytest

from scb_edu import figures

ROWS = [
    {
        **{"vocab_size": 3, "context_length": 1000, "batch_size": 64},
        **{"ours": 80.0, "numpy": 200.0, "careful_indices": 800.0, "jax_indices": 3000.0},
        **{"dense": 5000.0, "numpy_ratio": 2.5, "careful_indices_ratio": 10.04},
        **{"jax_indices_ratio": 37.6, "dense_ratio": 62.0},
    },
    {
        **{"vocab_size": 1000, "context_length": 2000, "batch_size": 32},
        **{"ours": 5000.0, "numpy": 6000.0, "careful_indices": 4000.0, "jax_indices": 9000.0},
        **{"dense": 250000.0, "numpy_ratio": 1.2, "careful_indices_ratio": 0.83},
        **{"jax_indices_ratio": 1.8, "dense_ratio": 49.7},
    },
]


@pytest.fixture
def picture():
    return figures.speed(pd.DataFrame(ROWS))


def test_speed_says_times_and_ratios(picture):
    first, second = picture.words.split(" N = ")[1:]
    assert first.startswith("3, T = 1,000, B = 64: 80; without Numba 2.5 times as long")
    assert "PyTorch with care 10 times, JAX 38 times, PyTorch from the formulas 62 times" in first
    assert "PyTorch with care 0.8 times, JAX 1.8 times" in second


def test_speed_draws_a_mark_for_each_time(picture):
    (ax,) = picture.figure.axes
    assert ax.get_xscale() == "log"
    drawn = {line.get_label(): line.get_xdata().tolist() for line in ax.lines}
    assert drawn == {
        "this library": [80, 5000],
        "this library, without Numba": [200, 6000],
        "PyTorch, with care": [800, 4000],
        "JAX, compiled": [3000, 9000],
        "PyTorch, from the formulas": [5000, 250000],
    }
    assert all(line.get_ydata().tolist() == [0, 1] for line in ax.lines)


def test_speed_writes_the_ratio_of_each_rival_at_its_mark(picture):
    (ax,) = picture.figure.axes
    written = {text.get_text(): tuple(np.ravel(text.xy)) for text in ax.texts}
    assert written == {
        "10×": (800, 0),
        "38×": (3000, 0),
        "62×": (5000, 0),
        "0.8×": (4000, 1),
        "1.8×": (9000, 1),
        "50×": (250000, 1),
    }
