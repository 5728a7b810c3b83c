"""The questions that a report asks, a folder each.

A folder has

- `facts.py`: `find(data)` returns a frozen dataclass with all that the text needs, its outcomes by
  name, and `tables`, the CSV files by name; or None if the data has no answer.
- `figures.py`, if it has figures: `draw(facts)` returns them by name.
- `text.md`: the sentences, a Jinja template. If it extends `question.md`, it has a headline,
  evidence and a method. The fields of the facts are its variables.

To add a question, add a folder, and add it to one of the tuples below, in the order of the page.
"""

from types import ModuleType

from tfrl.report.questions import (
    all_environments,
    choosing_the_best,
    does_implementation_matter,
    does_the_talk_hold,
    final_returns,
    how_unstable,
    losses,
    more_training,
    other_physics,
    published_results,
    remedies,
    the_runs,
    unseen_levels,
    what_of_apo_helps,
    what_seeds_decide,
    where_it_works,
    who_ends_best,
    who_learns_fastest,
)

OF_OVERFITTING = (  # asked of `GeneralizationData`
    unseen_levels,
    other_physics,
    published_results,
    more_training,
    where_it_works,
    remedies,
    choosing_the_best,
    final_returns,
)
OF_AN_ENVIRONMENT = (  # asked of `EnvironmentData`; those above of its `GeneralizationData`
    what_of_apo_helps,
    who_ends_best,
    who_learns_fastest,
    how_unstable,
    what_seeds_decide,
    does_implementation_matter,
    does_the_talk_hold,
    unseen_levels,
    other_physics,
)
OF_ALL = (all_environments,)  # asked of the `EnvironmentData` of all environments of a study
ABOUT_THE_RUNS = (losses, the_runs)  # asked of `Results`
FIRST = (what_of_apo_helps, who_ends_best, who_learns_fastest, how_unstable)  # first screen
FIRST_OF_OVERFITTING = (unseen_levels, other_physics, more_training, remedies)  # first screen


def name(question: ModuleType) -> str:
    """Returns the name of a question's folder."""
    return question.__name__.rpartition(".")[2]
