from nntrain import errors as errors
from nntrain.interface.fit import Run as Run
from nntrain.interface.fit import fit as fit
from nntrain.interface.gradient import GradientCheck as GradientCheck
from nntrain.interface.gradient import check_gradient as check_gradient
from nntrain.interface.model import Model as Model
from nntrain.interface.model import load as load
from nntrain.interface.runs import runs as runs

__version__: str
