"""Figures whose labels are as long and as many as names may be."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from tfrl.report import layout, render, style
from tfrl.report.drawings import dots, forest, seed_luck, strip
from tfrl.report.estimates import IntervalEstimate

from . import synthetic

NAMES = [
    f"ppo-learning_rate-{i:02d}-" + "entropy_regularization-0.0123-minibatch-256"[:44]
    for i in range(14)
]
LONG = ["x" * 64, "one.two_three-" * 4 + "12345678", "PPO"]


@pytest.fixture
def drawn(monkeypatch):
    """The figures that drawings make, in place of their SVG."""
    figures = []
    for module in (seed_luck, dots, forest, strip):
        monkeypatch.setattr(module, "to_svg", figures.append)
    return figures


@pytest.fixture(scope="module")
def styles():
    return style.styles(synthetic.study(tuple(NAMES), seeds=3))


@pytest.mark.parametrize("label", [*LONG, *NAMES])
def test_a_long_label_is_broken_without_losing_a_letter(label):
    lines = layout.wrapped(label).split("\n")
    assert "".join(lines) == label
    assert max(map(len, lines)) <= 24


def test_spaces_are_kept_within_a_line_and_dropped_at_its_end():
    assert layout.wrapped("a sentence that is longer than a line") == (
        "a sentence that is\nlonger than a line"
    )


def test_as_many_configurations_as_a_sweep_has_all_look_different(styles):
    assert len({(look.colour, str(look.dash)) for look in styles.values()}) == len(NAMES)


def check(figure):
    """No axes are squeezed, and no two labels of an axis overlap or leave the figure."""
    FigureCanvasAgg(figure).draw()
    renderer = figure.canvas.get_renderer()
    for axes in figure.axes:
        assert axes.get_position().width * figure.get_figwidth() > 0.8
        boxes = [
            label.get_window_extent(renderer)
            for label in axes.get_yticklabels()
            if label.get_text()
        ]
        for box in boxes:
            assert box.x0 >= 0
        for one, other in itertools.pairwise(sorted(boxes, key=lambda box: box.y0)):
            assert one.y1 <= other.y0 + 1


@pytest.mark.parametrize("narrow", [True, False])
def test_labels_of_rows_have_room(drawn, styles, narrow):
    values = pd.DataFrame(
        [(name, seed, 1.0 * seed) for name in styles for seed in range(3)],
        columns=["configuration", "seed", "score"],
    )
    dots.lined_up("a", values, "score", styles, narrow)
    dots.measures(values, {"score": "score"}, styles, narrow)
    remarks = dict.fromkeys(styles, "differs by 12 in 95% of splits")
    seed_luck.splits(
        {name: np.arange(-5.0, 6) for name in styles}, remarks, styles, "score", narrow
    )
    pair = {"colours": ("#000000", "#ffffff"), "wrong": pd.Series({2: 0.1}), "needed": 12.0}
    pairs = [
        seed_luck.WinnerRow(f"{one} and {other}", **pair, note="", n=3)
        for one, other in itertools.pairwise(NAMES[:5])
    ]
    seed_luck.winners(pairs, 1_000, narrow)
    rows = [forest.ForestRow(pair.label, IntervalEstimate(1.0, 0.0, 2.0)) for pair in pairs]
    forest.forest([forest.ForestPanel("gap", "points", rows, 0.0)], narrow)
    assert len(drawn) == 5
    for figure in drawn:
        check(figure)


@pytest.mark.slow
def test_a_report_of_fourteen_configurations_with_names_of_sixty_letters_is_written(tmp_path):
    page = render(synthetic.results(synthetic.study(tuple(NAMES), seeds=4), (), ()), tmp_path)
    assert all(name in page.read_text() for name in NAMES)
