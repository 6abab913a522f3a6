"""The drawing: boxes that never overlap, links that lead to the right, and texts that no wire strikes through."""

import re
import xml.etree.ElementTree as ET
from itertools import combinations, pairwise

import numpy as np
import pytest

from nntrain.graph import parse, trace_graph
from nntrain.graph.placement import Box, Link, place_in_layers
from nntrain.graph.svg import ADVANCE, FONT, svg

FORMULAS = [
    "(x + y) * z",
    "1/(1+exp(-(x*y+z*x+y)))",
    "x * x + x * sigmoid(x)",
    "max(x*y, y/z) + tanh(x*z) - exp(x*y)*z*(1/3)",
    "(x + y) * (y + z) * (z + x) * (x + y + z)",
    "x + (x * (x - (x / (x + exp(x)))))",
    "sum(W @ v + v) + dot(v, v) * x - sum(W) * y + z",
    "abs(x) ** 2 + (1 + 2) * x - y",
]
SVG = "{http://www.w3.org/2000/svg}"
VALUES = {"x": 1.234, "y": -2.0, "z": 0.3, "v": [0.5, -1.25], "W": [[1, 2.125], [-3.5, 4]]}


def random_links(rng, count):
    for target in range(1, count):
        for source in rng.choice(target, size=min(target, int(rng.integers(1, 3))), replace=False):
            label = Box(float(rng.uniform(10, 80)), 3, float(rng.uniform(5, 40))) if rng.random() < 0.4 else None
            yield Link(int(source), target, label)


def boxes_and_layout(seed):
    rng = np.random.default_rng(seed)
    boxes = [Box(*map(float, rng.uniform(10, 90, size=3))) for _ in range(rng.integers(1, 25))]
    links = list(random_links(rng, len(boxes)))
    return boxes, links, place_in_layers(boxes, links)


@pytest.mark.parametrize("seed", range(25))
def test_nothing_overlaps(seed):
    boxes, links, layout = boxes_and_layout(seed)
    placed = list(zip(boxes, layout.boxes, strict=True))
    placed += [(link.label, route[0]) for link, route in zip(links, layout.routes, strict=True) if link.label]
    areas = [(spot.x, spot.y - box.above, spot.x + box.width, spot.y + box.below) for box, spot in placed]
    for (a, b, c, d), (e, f, g, h) in combinations(areas, 2):
        assert c <= e or g <= a or d <= f or h <= b
    assert all(a >= 0 and b >= -1e-9 and c <= layout.width and d <= layout.height for a, b, c, d in areas)


@pytest.mark.parametrize("seed", range(25))
def test_links_lead_to_the_right_and_pass_no_box(seed):
    boxes, links, layout = boxes_and_layout(seed)
    for link, route in zip(links, layout.routes, strict=True):
        passed = [layout.boxes[link.source], *route, layout.boxes[link.target]]
        assert all(left.right < right.x for left, right in pairwise(passed))
        for spot in route:
            for box, other in zip(boxes, layout.boxes, strict=True):
                beside = other.x != spot.x or not other.y - box.above < spot.y < other.y + box.below
                assert beside


def test_a_tree_has_no_crossings_and_keeps_the_order_of_its_inputs():
    # 0 and 1 lead to 4, 2 and 3 lead to 5, 4 and 5 to 6
    links = [Link(0, 4), Link(1, 4), Link(2, 5), Link(3, 5), Link(4, 6), Link(5, 6)]
    spots = place_in_layers([Box(10, 5, 5)] * 7, links).boxes
    assert [spots[i].y for i in range(4)] == sorted(spots[i].y for i in range(4))
    assert spots[4].y == pytest.approx((spots[0].y + spots[1].y) / 2)
    assert spots[6].y == pytest.approx((spots[4].y + spots[5].y) / 2)


def test_crossings_are_removed_where_that_is_possible():
    # written in this order the links 0 → 3 and 1 → 2 cross
    links = [Link(0, 3), Link(1, 2), Link(2, 4), Link(3, 4)]
    spots = place_in_layers([Box(10, 5, 5)] * 5, links).boxes
    assert (spots[0].y < spots[1].y) == (spots[3].y < spots[2].y)


def test_an_input_stands_right_before_its_use():
    spots = place_in_layers([Box(10, 5, 5)] * 4, [Link(0, 1), Link(1, 3), Link(2, 3)]).boxes
    assert spots[2].x == spots[1].x


def test_nothing_at_all():
    layout = place_in_layers([], [])
    assert (layout.boxes, layout.routes, layout.width, layout.height) == ((), (), 0, 0)


# --- the picture -----------------------------------------------------------------------------------------------------


def texts_and_wires(formula):
    graph = parse(formula)
    text = svg(trace_graph(graph, {name: VALUES[name] for name in graph.variables}), formula)
    group = ET.fromstring(text).find(f"{SVG}g")
    items = group.iter(f"{SVG}text")
    texts = [(float(item.get("x")), float(item.get("y")), item.text, item.get("class")) for item in items]
    wires = [points(path.get("d")) for path in group.iter(f"{SVG}path")]
    assert len(texts) > len(graph.nodes)
    assert len(wires) >= len(graph.nodes) - 2
    return [area(*found) for found in texts], wires, texts


def area(x, y, text, look):
    """Return left, top, right and bottom of a text that is centred at x with its base line at y."""
    half = ADVANCE * len(text) / 2 * (11 / FONT if look == "name" else 1)
    return x - half, y - 10, x + half, y + 3


def points(path):
    """Return points along a path of M, H and C."""
    x, y = 0.0, 0.0
    found = []
    for letter, numbers in re.findall(r"([MHC])([^MHC]*)", path):
        figures = [float(number) for number in re.findall(r"-?[\d.]+", numbers)]
        if letter == "C":
            t = np.linspace(0, 1, 60)[:, None]
            corners = np.array([[x, y], *np.reshape(figures, (3, 2))])
            weights = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
            found += (weights @ corners).tolist()
        elif letter == "H":
            found += [[at, y] for at in np.linspace(x, figures[0], 60)]
        x, y = (figures[-2], figures[-1]) if letter != "H" else (figures[0], y)
    return np.array(found)


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_text_overlaps_another(formula):
    areas, _, texts = texts_and_wires(formula)
    for (i, one), (j, other) in combinations(enumerate(areas), 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (texts[i], texts[j])


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_wire_strikes_through_a_text(formula):
    areas, wires, texts = texts_and_wires(formula)
    for wire in wires:
        x, y = wire.T
        for (left, top, right, bottom), text in zip(areas, texts, strict=True):
            inside = (x > left) & (x < right) & (y > top) & (y < bottom)
            assert not inside.any(), text
