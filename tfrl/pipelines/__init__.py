"""The algorithms. Each has one file with its config, agent and pipeline, read top to bottom."""

import importlib

from tfrl.pipelines.pipeline import Pipeline
from tfrl.user_code import describe_error

PIPELINES = {
    "dqn": "tfrl.pipelines.dqn:DqnPipeline",
    "reinforce": "tfrl.pipelines.reinforce:ReinforcePipeline",
    "ppo": "tfrl.pipelines.ppo:PpoPipeline",
    "apo": "tfrl.pipelines.apo:ApoPipeline",
    "apo_parallel": "tfrl.pipelines.apo_parallel:ParallelApoPipeline",
}


def resolve(reference: str) -> type[Pipeline]:
    """Returns the pipeline class named by `reference`.

    Args:
      reference: a key of `PIPELINES`, or the dotted path of a class, "package.module:Class".

    Raises:
      LookupError: the reference does not name a pipeline.
    """
    path = PIPELINES.get(reference, reference)
    module_name, separator, class_name = path.partition(":")
    if not separator:
        raise LookupError(
            f"unknown pipeline {reference!r}: expected one of {', '.join(PIPELINES)}, "
            'or a class of your own as "package.module:Class"'
        )
    try:
        pipeline = getattr(importlib.import_module(module_name), class_name, None)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise LookupError(
                f"pipeline {reference!r}: {module_name} cannot be imported: {describe_error(error)}"
            ) from None
        raise LookupError(f"pipeline {reference!r}: no module named {error.name!r}") from None
    except Exception as error:  # the user's module may raise any exception
        raise LookupError(
            f"pipeline {reference!r}: {module_name} cannot be imported: {describe_error(error)}"
        ) from None
    if pipeline is None:
        raise LookupError(f"pipeline {reference!r}: {module_name} has no {class_name!r}")
    if not (isinstance(pipeline, type) and issubclass(pipeline, Pipeline)):
        raise LookupError(f"pipeline {reference!r} is not a subclass of tfrl.pipelines.Pipeline")
    return pipeline


__all__ = ["PIPELINES", "Pipeline", "resolve"]
