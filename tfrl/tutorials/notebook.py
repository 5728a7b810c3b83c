"""Figures and text of a lesson."""

import inspect
import warnings
from typing import Any

# Letters are read at page width and on a phone; the colours are those of the reports.
_FIGURES: dict[str, Any] = {
    "figure.figsize": (7.2, 3.2),
    "figure.dpi": 110,
    "figure.constrained_layout.use": True,
    "font.size": 12,
    "axes.titlesize": 13,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "legend.fontsize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "grid.color": "#ececec",
    "legend.frameon": False,
}
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#332288", "#555555")


def begin(tensorflow: bool = True) -> None:
    """Sets figures up and, unless told otherwise, TensorFlow as runs are made with it.

    Call it in the first cell. TensorFlow takes some seconds to import.
    """
    from cycler import cycler
    from matplotlib import pyplot
    from matplotlib_inline import backend_inline

    backend_inline.set_matplotlib_formats("png")
    pyplot.style.use(_FIGURES | {"axes.prop_cycle": cycler(color=_COLOURS)})
    if tensorflow:
        from tfrl.runtime import tf_setup

        tf_setup.configure()
        warnings.filterwarnings("ignore", module="tf_agents|tf_keras|tensorflow")


def say(text: str) -> None:
    """Shows Markdown. Pass an f-string, so that every number is computed by the cells before."""
    from IPython.display import Markdown, display

    display(Markdown(inspect.cleandoc(text)))
