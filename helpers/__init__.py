"""What the notebooks share: data, training, evidence, plotting, exploring, exercises.

Each module stands alone: import the one that you need, `from helpers import training`.
"""

import os
import sys

from helpers import order

# TensorFlow reads these once, when it is first imported, so they are set before that. Without
# oneDNN it prints no line on start, and results differ less from one CPU to the next.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

if "IPython" in sys.modules:
    from IPython import get_ipython

    if get_ipython() is not None:
        order.load_ipython_extension(get_ipython())
