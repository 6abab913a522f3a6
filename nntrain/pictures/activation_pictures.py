"""Activations as functions, and what the units of a network do on some rows of its data.

Knows nothing of how they are drawn.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from nntrain.core.distinct import choose_evenly
from nntrain.core.entry_text import kind_of
from nntrain.core.types import Array
from nntrain.drawing.activation_curves import Function, draw_activations
from nntrain.drawing.sheet import Heading
from nntrain.drawing.style import Draw
from nntrain.drawing.unit_histograms import Units, draw_units
from nntrain.errors import SpecError, did_you_mean
from nntrain.ops.activations import ACTIVATIONS, Activation
from nntrain.ops.activations.flatness import FAR, UnitFaults, curves_of
from nntrain.ops.activations.formula import Formula
from nntrain.ops.layers import Dense
from nntrain.pictures.origin import Origin
from nntrain.pictures.picture_options import Options
from nntrain.pictures.scored_part import first_part
from nntrain.runs.layer_outputs import outputs_below
from nntrain.runs.trained import Trained

Z = np.linspace(-5.0, 5.0, 1001)
ROWS = 1000  # of the data that units are shown on
ALL = "all"


def gather_functions(wanted: str) -> Draw:
    """Return how to draw activations: ``all``, names with commas between, or a formula of z. SpecError for others."""
    names = [name.strip() for name in wanted.split(",")]
    if wanted == ALL:
        entries = [entry() for entry in ACTIVATIONS.values()]
        shown = [entry for entry in entries if curves_of(entry) is not None and not isinstance(entry, Formula)]
        title = "activations"
    elif all(name in ACTIVATIONS for name in names):
        shown, title = [ACTIVATIONS[name]() for name in names], ", ".join(names)
        without = [kind_of(entry) for entry in shown if curves_of(entry) is None]
        if without:
            raise SpecError(f"{without[0]}: is no function of one z, so there is no curve of it")
    else:
        shown, title = [_formula(wanted)], wanted
    return partial(draw_activations, Z, [_function(entry) for entry in shown], Heading(title))


def gather_activations(origin: Origin, options: Options) -> Draw:
    """Return how to draw what goes into and comes out of the units of each layer, on rows of one part of the data."""
    model = origin.model(options.epoch)
    units, probe = find_units(model, options.split or first_part(model))
    if not units:
        raise SpecError(f"activations: {origin.path} has no hidden layer; nntrain plot relu activations draws relu")
    return partial(draw_units, units, origin.heading(model, probe))


def find_units(model: Trained, split: str) -> tuple[list[Units], str]:
    """Return the hidden layers of a model on rows of one part of its data, and in words which rows these are."""
    part = model.part(split).part
    rows = choose_evenly(len(part), ROWS)
    X = part.take(rows).X
    network = model.assembly.network
    units, number = [], 0
    for place, layer in enumerate(network.layers):
        number += isinstance(layer, Dense)
        if isinstance(layer, Activation):
            z, h = (outputs_below(network, X, end) for end in (place, place + 1))
            units.append(_units(f"layer {number}, {kind_of(layer)}", layer, z, h))
    return units, f"{len(rows):,} rows of the {split} part"


def _function(entry: Activation) -> Function:
    found = curves_of(entry)
    assert found is not None
    f, df = (np.asarray(curve(Z.copy()), np.float64) for curve in found)
    name = "f(z)" if isinstance(entry, Formula) else kind_of(entry)
    formula = f"h = {entry.f}" if isinstance(entry, Formula) else entry.formula
    return Function(name, formula, f, df, entry.kinks)


def _formula(text: str) -> Formula:
    """Return the activation of a formula of z; SpecError says what is wrong with it, or which name is meant."""
    if text.isidentifier() and text != "z":
        raise SpecError(f"activations: no such activation, got '{text}'{did_you_mean(text, [ALL, *ACTIVATIONS])}")
    entry = Formula(f=text)
    problems = entry.problems()
    if problems:
        raise SpecError(f"activations: '{text}': {problems[0][1]}")
    return entry


def _units(name: str, layer: Activation, z: Array, h: Array) -> Units:
    """Return a layer with the units that learn nothing."""
    z, h = z.astype(np.float64), h.astype(np.float64)
    faults = UnitFaults.of(layer)
    dead, saturated = faults.judge(z, h)
    ranges = _flat_ranges(faults.flatness.flat) if faults.flatness is not None else ()
    return Units(name, z, h, dead, saturated, ranges)


def _flat_ranges(flat: Array) -> Sequence[tuple[float, float]]:
    """Return the ranges of z in which f′ is nearly 0."""
    edges = np.flatnonzero(np.diff(np.r_[False, flat, False].astype(int)))
    places = FAR.copy()
    places[[0, -1]] = -np.inf, np.inf  # what is flat there stays so
    return [(float(places[a]), float(places[b - 1])) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 1]
