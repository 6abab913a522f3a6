"""The comparison of nntrain with what people would use in its place. Not part of the package nntrain.

It measures the checkout that it lies in, whether that is installed or not.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
