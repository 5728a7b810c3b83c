"""Colours and line styles of the configurations, and Matplotlib's settings for all figures."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib

from tfrl.harness.studies.study import Study

INK, FAINT = "#222222", "#6b6b6b"  # of text
LINE = "#8a8a8a"  # of axes, thresholds and zero lines
DOTTED: dict[str, Any] = {"color": LINE, "lw": 0.9, "ls": (0, (1, 2)), "zorder": 1}  # of thresholds

AGENTS = {
    "ppo": ("PPO", "#E69F00"),
    "apo": ("APO", "#0072B2"),
    "dqn": ("DQN", "#009E73"),
    "reinforce": ("REINFORCE", "#CC79A7"),
}
# Of further configurations: Okabe and Ito's palette and Tol's "muted", safe for colour blindness.
FURTHER = ("#D55E00", "#56B4E9", "#332288", "#882255", "#44AA99", "#999933", "#AA4499", "#555555")
DASHES = ("solid", (0, (6, 1.5)), (0, (2, 1.2)), (0, (6, 1.5, 1.5, 1.5)))

_RC: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with Matplotlib, so the layout is the same everywhere
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "axes.edgecolor": LINE,
    "axes.facecolor": "none",  # the figure's
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "lines.solid_capstyle": "round",
    "patch.edgecolor": "w",
    "patch.force_edgecolor": True,
    "xtick.bottom": False,
    "ytick.left": False,
    "grid.color": "#ececec",
    "grid.linewidth": 0.7,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "text.color": INK,
    "svg.fonttype": "none",
    "svg.hashsalt": "tfrl",
    "path.simplify_threshold": 0.2,
}


@dataclass(frozen=True)
class Style:
    """Label, colour and line style of a configuration."""

    label: str
    colour: str
    dash: Any = "solid"


Styles = Mapping[str, Style]  # by the configuration's name, in the study's order


def styles(study: Study) -> Styles:
    """Returns the style of each configuration, by name.

    The first configuration of a shipped pipeline has the pipeline's colour. All others take the
    further colours in turn, each with another line style.
    """
    chosen: dict[str, Style] = {}
    seen: set[str] = set()
    others = 0
    for configuration in study.configurations:
        name, pipeline = configuration.name, configuration.pipeline
        label = AGENTS[name][0] if name in AGENTS else name
        if pipeline in AGENTS and pipeline not in seen:
            chosen[name] = Style(label, AGENTS[pipeline][1])
        else:
            # The dashes shift by one after each eight colours, so that 32 styles differ.
            dash = DASHES[(1 + others + others // len(FURTHER)) % len(DASHES)]
            chosen[name] = Style(label, FURTHER[others % len(FURTHER)], dash)
            others += 1
        seen.add(pipeline)
    return chosen


@contextmanager
def styled() -> Iterator[None]:
    """Draws with `_RC`, without the user's settings; restored on exit."""
    defaults = {key: value for key, value in matplotlib.rcParamsDefault.items() if key != "backend"}
    settings: Any = {**defaults, **_RC}
    with matplotlib.rc_context(settings):
        yield
