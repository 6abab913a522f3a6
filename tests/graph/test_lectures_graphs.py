"""The worked graphs of the lectures, with the lectures' numbers."""

import numpy as np
import pytest

from nntrain.graph import parse, parse_values, trace_graph


def worked(text, *assignments):
    trace = trace_graph(parse(text), parse_values(assignments))
    symbols = [node.symbol for node in trace.graph.nodes]
    values = dict(zip(symbols, map(float, trace.values), strict=True))
    gradients = dict(zip(symbols, map(float, trace.gradients), strict=True))
    return values, gradients


def test_add_distributes_and_multiply_switches():
    values, gradients = worked("(x + y) * z", "x=-2", "y=5", "z=-4")
    assert values == {"x": -2, "y": 5, "z": -4, "q1": 3, "f": -12}
    assert gradients == {"x": -4, "y": -4, "z": 3, "q1": -4, "f": 1}


def test_the_neuron():
    values, gradients = worked("1/(1+exp(-(w0*x0+w1*x1+w2)))", "w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3")
    assert round(values["f"], 2) == 0.73
    printed = {"w0": -0.20, "x0": 0.39, "w1": -0.39, "x1": -0.59, "w2": 0.20}
    assert {name: round(gradients[name], 2) for name in printed} == printed


@pytest.mark.parametrize("x", [-2.0, 0.0, 3.0])
def test_softplus_has_the_sigmoid_for_its_slope(x):
    values, gradients = worked("log(1 + exp(x))", f"x={x}")
    assert values["f"] == pytest.approx(np.logaddexp(0, x), rel=1e-15)
    assert gradients["x"] == pytest.approx(1 / (1 + np.exp(-x)), rel=1e-15)
