"""The C extension never leaves its arrays, whatever it is told: random tapes, also under AddressSanitizer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from build_player import SOURCE, build

from nntrain.core.extension import player
from tests.core.tape_fuzz import Fuzz


@pytest.mark.skipif(player() is None, reason="there is no C player")
def test_random_operations_are_refused_or_harmless():
    fuzz = Fuzz(player(), 1)
    for _ in range(600):
        fuzz.tape()
    assert min(fuzz.taken, fuzz.refused) > 50
    assert fuzz.played > 5


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(sys.platform != "linux", reason="the sanitizer is loaded as Linux loads libraries")
def test_no_random_tape_touches_memory_that_is_not_its_own(tmp_path):
    command = ["gcc", "-print-file-name=libasan.so"]
    try:
        library = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("there is no gcc")
    if not Path(library).is_absolute():
        pytest.skip("gcc has no AddressSanitizer")
    built = build(SOURCE, tmp_path, ["-fsanitize=address", "-fno-omit-frame-pointer", "-g"])
    script = Path(__file__).with_name("tape_fuzz.py")
    env = os.environ | {"LD_PRELOAD": library, "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"}
    for seed in range(4):
        arguments = [sys.executable, str(script), str(built), str(seed), "3000"]
        done = subprocess.run(arguments, env=env, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        assert min(map(int, done.stdout.split())) > 500, done.stdout
