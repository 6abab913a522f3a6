"""Flat parameters: views of the same memory, weights first, names that checkpoints keep."""

import numpy as np
import pytest

from nntrain.core.params import Params, Shape

SHAPES = [
    {"W": Shape((4, 3), weight=True), "b": Shape((4,))},
    {},
    {"slope": Shape((4,))},
    {"W": Shape((2, 4), weight=True), "b": Shape((2,))},
]


@pytest.fixture
def params():
    return Params(SHAPES, np.float32)


def test_sizes(params):
    assert params.size == 12 + 4 + 4 + 8 + 2
    assert params.n_weights == 12 + 8
    assert params.theta.dtype == params.grad.dtype == np.float32


@pytest.mark.parametrize(("vector", "views"), [("theta", "values"), ("grad", "grads")])
def test_views_share_the_memory_of_the_flat_vector_and_cover_it_once(params, vector, views):
    flat, namespaces = getattr(params, vector), getattr(params, views)
    for namespace, shapes in zip(namespaces, SHAPES, strict=True):
        assert list(vars(namespace)) == list(shapes)
        for name, view in vars(namespace).items():
            assert view.shape == shapes[name].dims
            assert np.shares_memory(view, flat)
            view += 1
    np.testing.assert_array_equal(flat, 1)


def test_weights_stand_first(params):
    params.theta[: params.n_weights] = 1
    assert all((p.W == 1).all() for p in params.values if hasattr(p, "W"))
    assert not any(p.b.any() for p in params.values if hasattr(p, "b"))
    assert not params.values[2].slope.any()


def test_names_count_the_layers_that_have_parameters(params):
    names = [name for name, _ in params.named(params.theta)]
    assert names == ["layers.0.W", "layers.0.b", "layers.1.slope", "layers.2.W", "layers.2.b"]


def test_any_vector_of_the_length_of_theta_can_be_named(params):
    slot = np.arange(params.size, dtype=np.float32)
    views = dict(params.named(slot))
    assert all(np.shares_memory(view, slot) for view in views.values())
    np.testing.assert_array_equal(np.sort(np.concatenate([view.ravel() for view in views.values()])), slot)
