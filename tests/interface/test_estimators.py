"""The estimators for scikit-learn: its own checks, its optimum, its tools. Skipped, visibly, without it."""

import doctest
import importlib.util
import pickle
import warnings

import numpy as np
import pytest

from nntrain.errors import MissingExtraError, SpecError

HAS = importlib.util.find_spec("sklearn") is not None


@pytest.mark.skipif(HAS, reason="scikit-learn is installed")
def test_without_scikit_learn_it_says_what_to_install():
    with pytest.raises(MissingExtraError) as caught:
        import nntrain.sklearn  # noqa: F401  # importing it is what fails
    assert str(caught.value) == "nntrain.sklearn needs scikit-learn: pip install 'nntrain[sklearn]'"


@pytest.fixture(name="estimators")
def estimators_fixture():
    pytest.importorskip("sklearn", reason="scikit-learn: pip install 'nntrain[sklearn]'")
    import nntrain.sklearn

    return nntrain.sklearn


@pytest.mark.parametrize("name", ["Classifier", "Regressor"])
def test_scikit_learn_s_own_checks_pass_but_for_those_named(estimators, name):
    from sklearn.utils.estimator_checks import check_estimator

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator = getattr(estimators, name)(epochs=30)
        found = check_estimator(estimator, expected_failed_checks=dict(estimators.EXCEPTIONS), on_skip=None)
    by_status = {}
    for one in found:
        by_status.setdefault(one["status"], set()).add(one["check_name"])
    assert by_status.pop("skipped", set()) <= {"check_array_api_input"}  # only where SciPy is told to
    assert by_status["xfail"] == set(estimators.EXCEPTIONS)
    assert set(by_status) == {"passed", "xfail"}


def test_a_linear_classifier_ends_at_logistic_regression_s_optimum_with_weights(estimators):
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    X, y, w = rng.normal(size=(60, 3)), rng.integers(0, 3, 60), rng.integers(1, 4, 60)
    ours = {"scale": "none", "optimizer": "lbfgs", "lr": None, "batch_size": "all", "epochs": 200}
    theirs = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(X, y, sample_weight=w)
    found = estimators.Classifier((), l2=1 / w.sum(), **ours).fit(X, y, sample_weight=w)
    np.testing.assert_allclose(found.parameters_["layers.0.W"], theirs.coef_, atol=1e-5)
    np.testing.assert_allclose(found.predict_proba(X), theirs.predict_proba(X), atol=1e-5)
    again = np.repeat(np.arange(60), w)
    repeated = estimators.Classifier((), l2=1 / w.sum(), **ours).fit(X[again], y[again])
    np.testing.assert_allclose(found.predict_proba(X), repeated.predict_proba(X), atol=1e-6)
    theirs = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000, class_weight="balanced").fit(X, y)
    found = estimators.Classifier((), l2=1 / 60, class_weight="balanced", **ours).fit(X, y)
    np.testing.assert_allclose(found.parameters_["layers.0.W"], theirs.coef_, atol=1e-5)


def test_it_works_in_pipelines_searches_and_pickles(estimators):
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures

    rng = np.random.default_rng(1)
    X = rng.normal(size=(90, 2))
    y = np.where(X[:, 0] * X[:, 1] > 0, "same", "other")
    pipe = make_pipeline(PolynomialFeatures(2, include_bias=False), estimators.Classifier((), epochs=40))
    search = GridSearchCV(pipe, {"classifier__lr": [1e-4, 0.03]}, cv=3).fit(X, y)
    assert search.best_params_ == {"classifier__lr": 0.03}
    assert search.score(X, y) > 0.9
    copied = pickle.loads(pickle.dumps(search.best_estimator_))  # noqa: S301  # made here
    np.testing.assert_array_equal(copied.predict(X), search.predict(X))
    assert set(copied.predict(X)) == {"same", "other"}


def test_several_numbers_come_back_in_their_units(estimators):
    x = np.linspace(-1, 1, 40)[:, None]
    y = np.hstack([1000 * x, 1e-3 * x**2])
    found = estimators.Regressor((16,), epochs=150).fit(x, y)
    assert found.score(x, y) > 0.95
    assert found.predict(x).shape == (40, 2)
    assert len(found.loss_curve_) == found.n_iter_ == 150


def test_overrides_reach_every_key_and_what_is_wrong_is_told(estimators):
    X, y = np.eye(4), [0, 1, 0, 1]
    model = estimators.Classifier((2,), epochs=2, overrides={"train.clip_norm": 0.5}).fit(X, y)
    assert model.spec_["train"]["clip_norm"] == 0.5
    with pytest.raises(SpecError) as caught:
        estimators.Classifier((2,), activation="rellu").fit(X, y)
    assert "did you mean 'relu'?" in str(caught.value)
    with pytest.raises(ValueError, match="gives no probabilities"):
        estimators.Classifier((), loss="hinge", epochs=2, overrides={"model.kind": "svm"}).fit(X, y).predict_proba(X)


def test_the_examples_in_the_docstrings_are_right(estimators):
    assert doctest.testmod(estimators).failed == 0
