"""Schedules: published values, warm-up, plateaus, and the rules that hold for all of them."""

import math

import pytest

from nntrain.ops.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    Exponential,
    InverseSqrt,
    InverseTime,
    OneCycle,
    Plateau,
    StepDecay,
)

RUN = {"steps_per_epoch": 5, "total_steps": 60}


def course(schedule, *, steps_per_epoch=5, total_steps=60, memory=()):
    return [
        schedule.factor(t, steps_per_epoch=steps_per_epoch, total_steps=total_steps, memory=memory)
        for t in range(total_steps)
    ]


def by_epoch(schedule, epochs):
    return course(schedule, steps_per_epoch=1, total_steps=epochs)


@pytest.mark.parametrize("kind", SCHEDULES)
@pytest.mark.parametrize("warmup", [0.0, 0.7, 3.0, 100.0])
def test_every_factor_lies_between_zero_and_one(kind, warmup):
    factors = course(SCHEDULES[kind](warmup=warmup))
    assert all(0 <= factor <= 1 for factor in factors)
    assert max(factors) > 0


@pytest.mark.parametrize("kind", SCHEDULES)
def test_a_schedule_that_is_not_per_step_is_constant_within_epochs(kind):
    schedule = SCHEDULES[kind]()
    factors = course(schedule)
    within = [len(set(factors[t : t + 5])) for t in range(0, 60, 5)]
    assert (max(within) > 1) == schedule.per_step
    assert SCHEDULES[kind](warmup=0.5).per_step


@pytest.mark.parametrize("kind", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_shortest_runs_have_a_rate(kind, steps):
    assert all(0 <= factor <= 1 for factor in course(SCHEDULES[kind](), steps_per_epoch=1, total_steps=steps))
    assert course(SCHEDULES[kind](), total_steps=steps)[0] > 0


@pytest.mark.parametrize("kind", SCHEDULES)
def test_steps_past_the_planned_end_keep_a_finite_rate(kind):
    beyond = SCHEDULES[kind]().factor(1000, **RUN)
    assert 0 <= beyond <= 1


def test_constant():
    assert set(course(Constant())) == {1.0}


def test_warmup_climbs_in_equal_steps_then_hands_over():
    factors = course(Constant(warmup=0.8))  # 4 steps of 5
    assert factors[:6] == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]


def test_a_short_warmup_is_at_least_one_step():
    assert course(Cosine(warmup=0.01))[0] == 1.0
    assert course(Cosine(warmup=0.01))[1] == 1.0  # the cosine begins one step later


def test_the_schedule_counts_from_the_end_of_the_warmup():
    late = course(StepDecay(every=2, gamma=0.5, warmup=1.0))
    assert late[5:] == course(StepDecay(every=2, gamma=0.5), total_steps=55)


def test_step_and_exponential():
    assert by_epoch(StepDecay(every=2, gamma=0.5), 6) == [1, 1, 0.5, 0.5, 0.25, 0.25]
    assert by_epoch(Exponential(gamma=0.5), 4) == [1, 0.5, 0.25, 0.125]


def test_cosine_passes_its_middle_at_half_way_and_tends_to_the_final_fraction():
    factors = course(Cosine(final=0.2), total_steps=100)
    assert factors[0] == 1.0
    assert factors[50] == pytest.approx(0.6)
    assert Cosine(final=0.2).factor(100, steps_per_epoch=5, total_steps=100) == pytest.approx(0.2)
    assert factors == sorted(factors, reverse=True)


def test_one_cycle_has_its_three_heights():
    factors = course(OneCycle(pct_start=0.25, div=10, final_div=100), total_steps=40)
    assert factors[0] == pytest.approx(0.1)
    assert factors[9] == 1.0  # step pct_start · T − 1
    assert factors[-1] == pytest.approx(0.001)
    assert factors[:10] == sorted(factors[:10])
    assert factors[9:] == sorted(factors[9:], reverse=True)


def test_inverse_sqrt_is_that_of_the_transformer_when_scale_is_the_warmup():
    factors = course(InverseSqrt(scale=2.0, warmup=2.0), steps_per_epoch=10, total_steps=100)
    warm = 20
    expected = [min((t + 1) / warm, math.sqrt(warm / max(t, warm))) for t in range(100)]
    assert factors == pytest.approx(expected)


def test_inverse_time_by_hand():
    assert by_epoch(InverseTime(scale=2.0), 5) == pytest.approx([1, 2 / 3, 1 / 2, 2 / 5, 1 / 3])
    assert by_epoch(InverseTime(scale=1.0, power=2.0), 3) == pytest.approx([1, 1 / 4, 1 / 9])
    assert course(InverseTime(scale=1.0))[5] == pytest.approx(1 / 2)  # one epoch of five steps


def test_inverse_time_with_power_one_half_is_inverse_sqrt():
    assert course(InverseTime(scale=3.0, power=0.5)) == pytest.approx(course(InverseSqrt(scale=3.0)))


@pytest.mark.parametrize("options", [{"scale": 1e-300}, {"power": 1e37}, {"scale": 1e37}, {"power": 1e-300}])
def test_inverse_time_bears_every_value(options):
    assert all(0 <= factor <= 1 for factor in course(InverseTime(**options)))


def heights(schedule, costs):
    memory, factors = (), []
    for cost in costs:
        memory = schedule.observe(cost, memory)
        factors.append(schedule.factor(0, **RUN, memory=memory))
    return factors


def test_plateau_drops_after_patience_epochs_without_improvement():
    schedule = Plateau(gamma=0.5, patience=2)
    assert schedule.factor(0, **RUN) == 1.0
    assert heights(schedule, [3, 2, 2, 2, 2, 2, 1, 1]) == [1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25]


def test_plateau_wants_more_than_min_delta_and_stops_at_the_minimum():
    assert heights(Plateau(gamma=0.5, patience=1, min_delta=0.1), [1.0, 0.95, 0.8]) == [1, 0.5, 0.5]
    assert heights(Plateau(gamma=0.1, patience=1, minimum=0.05), [1, 1, 1, 1]) == [1, 0.1, 0.05, 0.05]


def test_plateau_counts_a_cost_that_is_not_a_number_as_no_improvement():
    assert heights(Plateau(gamma=0.5, patience=1), [1, math.nan, math.nan]) == [1, 0.5, 0.25]


@pytest.mark.parametrize("kind", [kind for kind in SCHEDULES if kind != "plateau"])
def test_the_others_remember_nothing(kind):
    assert SCHEDULES[kind]().observe(1.0, ()) == ()
