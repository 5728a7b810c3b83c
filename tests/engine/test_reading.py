"""Number of the project's files and functions that one training iteration calls."""

import sys
from collections import defaultdict
from pathlib import Path

import pytest

import tfrl
from tfrl import pipelines
from tfrl.environments import CartPole

ROOT = Path(tfrl.__file__).parent
# Not counted: counterparts of Gymnasium, tf.random, and Keras's Dense and Adam; and the logs.
LIBRARIES = {
    "environments",
    "components/randomness.py",
    "components/networks.py",
    "components/optimizers.py",
    "components/logs.py",
}


def is_property(frame):
    """Returns true for a property, which reads like an attribute and is not counted."""
    owner = frame.f_locals.get("self")
    return isinstance(getattr(type(owner), frame.f_code.co_name, None), property)


def functions_called(name):
    """Returns the functions that one eager iteration calls, by file of the project."""
    pipeline_class = pipelines.resolve(name)
    small = {"num_epochs": 1, "num_environments": 2} if "Ppo" in str(pipeline_class.__mro__) else {}
    pipeline = pipeline_class(
        lambda batch: CartPole(batch_size=batch), pipeline_class.Config(**small), 1_000
    )
    pipeline.initialize(0)
    pipeline.collector.collect()
    calls = defaultdict(set)

    def record(frame, event, _):
        file = Path(frame.f_code.co_filename)
        if event == "call" and file.is_relative_to(ROOT) and not is_property(frame):
            # A nested function counts as part of the outer one.
            calls[file.relative_to(ROOT).as_posix()].add(frame.f_code.co_qualname.split(".<")[0])

    sys.setprofile(record)
    try:
        pipeline.iterate()
    finally:
        sys.setprofile(None)
    return {
        file: functions
        for file, functions in sorted(calls.items())
        if not any(file.startswith(library) for library in LIBRARIES)
    }


@pytest.mark.parametrize(
    ("name", "files", "calls"),
    [("dqn", 6, 14), ("reinforce", 5, 15), ("ppo", 5, 17), ("apo", 7, 25)],
)
def test_iteration_calls_few_files_and_functions(name, files, calls):
    """PPO once called 38 functions in 14 files."""
    functions = functions_called(name)
    assert len(functions) <= files, functions
    assert sum(map(len, functions.values())) <= calls, functions
    assert f"pipelines/{name}.py" in functions


if __name__ == "__main__":
    for name in ("dqn", "reinforce", "ppo", "apo"):
        calls = functions_called(name)
        print(f"{name}: {sum(map(len, calls.values()))} calls, {len(calls)} files")
        for file, functions in calls.items():
            print(f"   {file}: {', '.join(sorted(functions))}")
