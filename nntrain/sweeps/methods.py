"""The search that a request asks for. Knows nothing of how searches work."""

from collections.abc import Sequence

from nntrain.sweeps.expansion import Expansion, expand
from nntrain.sweeps.request import Request
from nntrain.sweeps.search import Search, WholePlan


def search_of(request: Request, overrides: Sequence[str] = ()) -> Search:
    """Return the search, its plan checked whole, with ``key=value`` overrides laid over the base.

    Raises SpecError and DataError with every problem, MissingExtraError where a package is missing.
    """
    if request.tpe is not None:
        from nntrain.sweeps.tpe import ParzenSearch

        return ParzenSearch(Expansion(request, overrides), request.tpe)
    plan = expand(request, overrides)
    if request.halving is not None:
        from nntrain.sweeps.rungs import SuccessiveHalving

        return SuccessiveHalving(plan, request.halving.factor)
    return WholePlan(plan)
