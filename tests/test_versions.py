"""What the library computes is the same to 1e-9 with every version and on every processor."""

import json

import numpy as np
import pytest
import versions

STORED = json.loads(versions.STORED.read_text("utf-8"))


@pytest.fixture(scope="module")
def here():
    return versions.numbers()


@pytest.mark.parametrize("name", STORED)
def test_a_number_is_the_stored_one(here, name):
    np.testing.assert_allclose(here[name], STORED[name], rtol=1e-9, atol=1e-12)


def test_every_number_is_stored_and_none_is_trivial(here):
    assert set(here) == set(STORED)
    assert len(STORED) >= 20
    assert all(np.isfinite(value).all() and np.any(value) for value in STORED.values())
