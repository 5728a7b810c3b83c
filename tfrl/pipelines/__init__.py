"""One file for each algorithm: its config, agent and pipeline, to be read from top to bottom."""

import importlib

from tfrl.pipelines.pipeline import Pipeline
from tfrl.user_code import sentence

PIPELINES = {
    "dqn": "tfrl.pipelines.dqn:DqnPipeline",
    "reinforce": "tfrl.pipelines.reinforce:ReinforcePipeline",
    "ppo": "tfrl.pipelines.ppo:PpoPipeline",
    "apo": "tfrl.pipelines.apo:ApoPipeline",
    "apo_parallel": "tfrl.pipelines.apo_parallel:ParallelApoPipeline",
}


def resolve(reference: str) -> type[Pipeline]:
    """The pipeline class that a study means by `reference`.

    Args:
      reference: a name out of `PIPELINES`, or the dotted path of a class, "package.module:Class".

    Raises:
      LookupError: it names no pipeline.
    """
    path = PIPELINES.get(reference, reference)
    module_name, separator, class_name = path.partition(":")
    if not separator:
        raise LookupError(
            f"unknown pipeline {reference!r}: expected one of {', '.join(PIPELINES)}, "
            'or a class of yours as "package.module:Class"'
        )
    try:
        found = getattr(importlib.import_module(module_name), class_name, None)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise LookupError(
                f"pipeline {reference!r}: {module_name} cannot be imported: {sentence(error)}"
            ) from None
        raise LookupError(f"pipeline {reference!r}: there is no module {error.name!r}") from None
    except Exception as error:  # whatever the user's module may raise
        raise LookupError(
            f"pipeline {reference!r}: {module_name} cannot be imported: {sentence(error)}"
        ) from None
    if found is None:
        raise LookupError(f"pipeline {reference!r}: {module_name} has no {class_name!r}")
    if not (isinstance(found, type) and issubclass(found, Pipeline)):
        raise LookupError(f"pipeline {reference!r} is not a subclass of tfrl.pipelines.Pipeline")
    return found


__all__ = ["PIPELINES", "Pipeline", "resolve"]
