"""The plan: what makes a point another point, and what is refused before anything is trained."""

import pytest

from nntrain.errors import DataError, SpecError


def ids(plan):
    return [point.id for point in plan.points]


def test_the_plan_is_the_product_with_the_seeds(plan):
    found = plan("optimizer.lr=[0.1, 0.2, 0.3]", "model.hidden=[[2], [3, 2]]", seeds=2)
    assert len(found.settings) == 6
    assert len(set(ids(found))) == 12
    assert found.keys == ["optimizer.lr", "model.hidden"]
    assert found.rank == "validation.accuracy"
    assert {point.resolved["runtime"]["threads"] for point in found.points} == {1}


def test_the_threads_that_a_spec_asks_for_stay(plan):
    assert plan(seeds=1, overrides=["runtime.threads=2"]).points[0].resolved["runtime"]["threads"] == 2


def test_an_id_depends_on_what_is_computed_alone(plan):
    one = ids(plan("optimizer.lr=[0.1]"))
    same = [["name=other"], ["checkpoint.keep=5"], ["checkpoint.every_epochs=2"], ["loss=softmax_cross_entropy"]]
    other = [["seed=1"], ["train.epochs=5"], ["data.source.noise=0.5"], ["checkpoint.best=train.cost"]]
    assert all(ids(plan("optimizer.lr=[0.1]", overrides=change)) == one for change in same)
    assert all(ids(plan("optimizer.lr=[0.1]", overrides=change)) != one for change in other)


def test_the_seed_of_the_data_is_part_of_what_is_computed(plan):
    one = ids(plan(seeds=2))
    assert set(ids(plan(seeds=2, overrides=["data.seed=null"]))) == set(one)
    assert not set(ids(plan(seeds=2, overrides=["data.seed=1"]))) & set(one)
    assert [found.drawn for found in (plan(seeds=2), plan(seeds=2, overrides=["data.seed=1"]))] == ["data", ""]
    swept = plan("data.seed=[0, 1]", seeds=2, overrides=["data.source=iris"])
    assert (swept.drawn, len(swept.points), len(swept.settings)) == ("", 4, 2)


def test_other_data_in_the_same_file_are_another_point(plan, here):
    source = ["data={source: {kind: csv, path: d.csv, target: y}, validation: 0.25}"]
    rows = [f"{i},{i % 7},{'ab'[i % 2]}\n" for i in range(40)]
    (here / "d.csv").write_text("x,z,y\n" + "".join(rows), encoding="utf-8")
    before = ids(plan("optimizer.lr=[0.1]", overrides=source))
    (here / "d.csv").write_text("x,z,y\n" + "".join(rows).replace("3,", "4,"), encoding="utf-8")
    assert ids(plan("optimizer.lr=[0.1]", overrides=source)) != before


def test_equal_settings_count_once(plan):
    found = plan("optimizer.lr=[0.1, 1e-1, 0.10, 0.2]")
    assert (len(found.settings), found.merged) == (2, 2)
    assert [point.setting for point in found.points] == [0, 1]


def test_a_whole_part_comes_before_its_keys(plan):
    found = plan("optimizer.lr=[0.1, 0.2]", "optimizer=[sgd, adam]")
    made = [(point.resolved["optimizer"]["kind"], point.resolved["optimizer"]["lr"]) for point in found.points]
    assert made == [("sgd", 0.1), ("adam", 0.1), ("sgd", 0.2), ("adam", 0.2)]


def test_every_bad_value_is_told_before_anything_is_trained(plan, here):
    with pytest.raises(SpecError) as caught:
        plan("optimizer.lr=[-1, 0.1, 0]", "train.batch_size=[1000, 5]", "model.hiden=[[2]]")
    assert caught.value.problems == (
        "--over model.hiden: unknown key; did you mean 'hidden'? "
        "(one of activation, bias, dropout, hidden, init, input_dropout, input_noise, kind)",
        "--over optimizer.lr: must be greater than 0, got -1",
        "--over optimizer.lr: must be greater than 0, got 0",
    )
    with pytest.raises(SpecError) as caught:
        plan("train.batch_size=[1000, 5]")
    assert str(caught.value) == (
        "--over train.batch_size: 1000 is more than the 33 training rows; use 'all' for one batch"
    )
    assert not (here / "runs").exists()


def test_bad_data_are_told_once(plan):
    with pytest.raises(DataError) as caught:
        plan("optimizer.lr=[0.1, 0.2]", overrides=["data.test=59"], seeds=3)
    assert str(caught.value) == "data.test: 59 rows taken from 60 would not leave a row of each class to train on"


@pytest.mark.parametrize(
    ("rank", "overrides", "message"),
    [
        ("test.accuracy", [], "rank: test.accuracy: what is chosen by the test part is no longer tested by it; use"),
        ("validation.acc", [], "rank: no such figure, got 'validation.acc'; did you mean 'validation.accuracy'? (one"),
        (None, ["data.validation=null"], "rank: there is no validation part to choose by; set data.validation, e.g."),
    ],
)
def test_what_cannot_count(plan, rank, overrides, message):
    with pytest.raises(SpecError) as caught:
        plan("optimizer.lr=[0.1]", rank=rank, overrides=overrides)
    assert str(caught.value).startswith(message)


def test_a_fold_that_is_not_there_is_told_before_anything_is_trained(plan):
    with pytest.raises(SpecError) as caught:
        plan("data.fold=[0, 3]", overrides=["data.validation=null", "data.folds=3"])
    assert str(caught.value) == "--over data.fold: must be below data.folds: 3, the first is 0, got 3"
    with pytest.raises(SpecError) as caught:
        plan("data.fold=[0, 1]")
    assert str(caught.value) == "--over data.fold: needs data.folds, the number of folds"
