"""Compare the gradients of a stage, tensor by tensor."""

from collections.abc import Callable, Iterator

from nntrain.core.types import Array
from nntrain.gradcheck.numeric import Imaginary, Options, Report, compare
from nntrain.gradcheck.stages import Stage


def compare_stage(
    stage: Stage,
    options: Options,
    *,
    twin: Stage | None = None,
    wanted: Callable[[str], bool] = lambda name: True,
) -> Iterator[tuple[str, Array, Report]]:
    """Yield each wanted tensor's name, its analytic gradient, and how it compares with the derivatives.

    ``twin`` is the same stage in complex arrays.
    """
    gradients = stage.gradients()
    for name, tensor in stage.tensors.items():
        if wanted(name):
            theta, gradient = tensor.reshape(-1), gradients[name]
            imaginary = Imaginary(twin.value, twin.tensors[name].reshape(-1)) if twin is not None else None
            yield name, gradient, compare(stage.value, gradient.reshape(-1), theta, options, imaginary=imaginary)
