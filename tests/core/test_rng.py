"""Random streams: functions of seed, stream and index, apart from one another, and never renumbered."""

import itertools

import numpy as np

from nntrain.core.rng import Stream, generator


def test_equal_arguments_give_equal_numbers_in_any_order_of_asking():
    first = generator(3, Stream.SHUFFLE, 5).random(4)
    generator(3, Stream.DROPOUT, 5).random(100)
    np.testing.assert_array_equal(generator(3, Stream.SHUFFLE, 5).random(4), first)


def test_seed_stream_and_index_all_matter():
    draws = [
        tuple(generator(seed, stream, *index).random(2))
        for seed, stream, index in itertools.product([0, 1, 2**40], Stream, [(0, 0), (0, 1), (1, 0), (1, 2), (2, 1)])
    ]
    assert len(set(draws)) == len(draws)


def test_the_numbers_of_recorded_runs_stay_theirs():
    numbers = {stream.name: int(stream) for stream in Stream}
    recorded = {"INIT": 1, "SHUFFLE": 2, "DROPOUT": 3, "SPLIT": 4, "SYNTHETIC": 5, "PROBE": 6}
    assert recorded.items() <= numbers.items()
