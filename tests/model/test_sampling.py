"""The look-up table is exact: the few draws that it rounds are drawn again from the residual."""

import numpy as np
import pytest

from scb_edu.model import sampling
from scb_edu.model.sampling import CELLS, ColumnSampler, LookupTable, _cells, _gather
from scb_edu.support import jit


@pytest.mark.parametrize("size", [1, 2, 3, 8, 9, 300, 1000, 70_000])
def test_table_and_residual_together_are_the_law(size):
    """P(i) = (cells of i + cells left over * residual of i) / 65536, to float64 precision."""
    p = np.random.default_rng(size).dirichlet(np.ones(size))
    table = LookupTable.of(p)
    filled = table.ends[-1]
    cells = np.diff([0, *table.ends])
    residual = np.diff(table.residual, prepend=0)
    total = (cells + (CELLS - filled) * residual * (filled < CELLS)) / CELLS
    np.testing.assert_allclose(total, p, atol=1e-15)


@pytest.mark.parametrize("is_compiled", [False, True])
@pytest.mark.parametrize("size", [3, 1000])
def test_cells_look_up_the_outcome_that_owns_them(size, is_compiled, monkeypatch):
    monkeypatch.setattr(jit, "AVAILABLE", jit.AVAILABLE and is_compiled)
    table = LookupTable.of(np.random.default_rng(0).dirichlet(np.ones(size)))
    cell = np.arange(table.ends[-1], dtype=np.uint16)
    owner = np.searchsorted(table.ends, cell, side="right")
    drawn = np.empty(len(cell), table.outcomes.dtype)
    table._look_up(cell, drawn)
    np.testing.assert_array_equal(drawn, owner)


def test_rounding_alone_would_be_biased_and_the_residual_mends_it():
    """1000 tokens, the rarest 1.4 cells wide; their total mass, 5 standard errors."""
    rare = np.full(999, 1.4 / CELLS)
    p = np.append(rare, 1 - rare.sum())
    table = LookupTable.of(p)
    assert (np.diff([0, *table.ends])[:-1] == 1).all()  # rounding would lose 29 % of them
    count = 4_000_000
    seen = np.count_nonzero(table.draw((count,), np.random.default_rng(0)) < 999)
    error = np.sqrt(count * rare.sum() * (1 - rare.sum()))
    assert abs(seen - count * rare.sum()) < 5 * error


def test_an_outcome_without_mass_is_never_drawn():
    table = LookupTable.of(np.array([0.0, 0.3, 0.0, 0.7, 0.0]))
    assert set(table.draw((100_000,), np.random.default_rng(0)).tolist()) == {1, 3}


def test_a_draw_never_runs_past_the_last_outcome():
    class Largest:
        def random(self, size):
            return np.full(size, np.nextafter(1, 0))

    laws = ColumnSampler.of(np.array([[0.1, 0.5], [0.2, 0.5], [0.7, 0.0]]))
    assert laws.draw(np.array([0, 1]), Largest()).tolist() == [2, 1]


def test_ids_of_one_byte_name_their_own_column():
    """Column 200 of 256, whose place among all laws is far beyond a byte."""
    matrix = np.eye(256)[:, ::-1]
    columns = np.array([200, 7], dtype=np.uint8)
    for laws in (ColumnSampler.of(matrix), ColumnSampler.sparse(matrix, 1)):
        assert laws.draw(columns, np.random.default_rng(0)).tolist() == [55, 248]


def test_laws_with_few_outcomes_name_them():
    laws = ColumnSampler.sparse(np.array([[0.0, 1.0], [0.3, 0.0], [0.7, 0.0]]), 2)
    drawn = laws.draw(np.repeat([0, 1], 10_000), np.random.default_rng(0))
    assert set(drawn[:10_000]) == {1, 2}
    assert abs(np.mean(drawn[:10_000] == 1) - 0.3) < 5 * np.sqrt(0.21 / 10_000)
    assert (drawn[10_000:] == 0).all()


def test_with_no_cell_left_over_the_residual_is_the_law_itself():
    """Of quarters every cell has an owner; nothing is left to divide by its sum."""
    table = LookupTable.of(np.array([0.25, 0.5, 0.25]))
    assert table.ends == [CELLS // 4, 3 * CELLS // 4, CELLS]
    np.testing.assert_array_equal(table.residual, [0.25, 0.75, 1])


@pytest.mark.parametrize(("rows", "kind"), [(3, np.uint8), (256, np.uint8), (257, np.uint16)])
def test_outcomes_of_columns_come_in_the_smallest_type(rows, kind):
    law = np.full((rows, 2), 1 / rows)
    drawn = ColumnSampler.of(law).draw(np.array([0, 1, 1]), np.random.default_rng(0))
    assert drawn.dtype == kind


def test_the_loop_that_numba_compiles_is_the_plain_one_in_python():
    drawn, outcomes = np.zeros(4, np.uint8), np.array([7, 8, 9], np.uint8)
    getattr(_gather, "py_func", _gather)(outcomes, np.array([2, 0, 1, 2]), drawn)
    assert drawn.tolist() == [9, 7, 8, 9]


def test_outcomes_of_one_weight_stand_in_their_order():
    """So a seed gives the same tokens on every machine, whatever the sort of its NumPy is."""
    weight = np.random.default_rng(0).integers(1, 3, 200)
    columns = ColumnSampler.sparse(weight[:, None] / weight.sum(), 200)
    heavy, light = (np.flatnonzero(weight == w).tolist() for w in (2, 1))
    assert columns.outcomes[0].tolist() == heavy + light


def test_a_long_draw_is_made_in_pieces_of_65536_outcomes(monkeypatch):
    """Of other pieces a seed would make other tokens: who draws again does so after each."""
    pieces = []
    monkeypatch.setattr(sampling, "_cells", lambda n, rng: pieces.append(n) or _cells(n, rng))
    table = LookupTable.of(np.array([1 / 3, 2 / 3]))
    assert table.draw((132_072,), np.random.default_rng(0)).mean() == pytest.approx(2 / 3, abs=0.01)
    assert pieces == [65_536, 65_536, 1000]
