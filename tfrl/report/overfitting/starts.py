"""Whether the policy does better from where it was trained to start."""

from tfrl.analysis import overfitting
from tfrl.harness.storage import Results
from tfrl.harness.study import Environment
from tfrl.report.blocks import Answer
from tfrl.report.style import Looks
from tfrl.report.units import PLAIN, VERDICTS, badge, estimates


def answer(results: Results, environment: Environment, look: Looks) -> Answer:
    """A control: where all starts are trained on alike, nothing should show."""
    played = results.evaluations
    end = (played["step"] == results.study.steps) & (played["policy"] == "greedy")
    here = (played["environment"] == environment.name) & (played["split"] != "shifted")
    measure = overfitting.mean_return(environment.id)
    gaps = overfitting.gaps(overfitting.scores(played[end & here], None), measure)
    rows = overfitting.verdicts(gaps, measure, results.study.evaluation.episodes)
    rows = rows[rows["n"] > 0]
    names = [look[name].label for name in rows["configuration"]]
    text = (
        "Training meets hardly any start twice, so nothing should show. Return from starts of "
        f"training minus return from others: {estimates(rows, names, PLAIN)}."
    )
    return Answer("Starts never trained on", badge(rows, VERDICTS), (text,))
