"""What a notebook would do, cell by cell, with the public names alone. The tests of the interface run it."""

# %% train
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import nntrain

plt.switch_backend("agg")
spec = {
    "name": "digits",
    "data": {"source": "digits", "validation": 0.2, "test": 0.2, "scale": "unit"},
    "model": {"kind": "mlp", "hidden": [16]},
    "train": {"epochs": 3, "batch_size": 64},
}
done = [nntrain.fit(spec, {"optimizer.lr": rate}) for rate in (0.01, 0.1, 1.0)]

# %% a table of runs, and a plot of it
table = pd.DataFrame(nntrain.runs())
table.plot(x="optimizer.lr", y=["train.accuracy", "validation.accuracy"], logx=True, marker="o")
plt.savefig("rates.png")
best = table.loc[table["validation.accuracy"].idxmax()]

# %% load and predict
model = nntrain.load(best["run"])
images = np.zeros((2, 8, 8))
assert model.predict(images).shape == (2,)
assert np.allclose(model.predict_proba(images).sum(axis=1), 1)
assert model.evaluate("test")["accuracy"] == best["test.accuracy"]
curves = pd.DataFrame(done[1].history)
assert curves["train.cost"].is_monotonic_decreasing

# %% a gradient by hand, and a mistake in it
rng = np.random.default_rng(0)
X, y = rng.normal(size=(1797, 5)), rng.integers(0, 3, 1797)


def cost(W):
    z = X @ W.T
    return float(np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y]))


def gradient(W):
    p = np.exp(X @ W.T)
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    return p.T @ X  # the mean was forgotten


W = rng.normal(size=(3, 5))
assert nntrain.check_gradient(cost, lambda W: gradient(W) / len(y), W)
cause = nntrain.check_gradient(cost, gradient, W).cause
assert cause == "every entry is 1797 times the derivative: a constant factor"
