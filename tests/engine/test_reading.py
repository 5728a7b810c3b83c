"""How much of ours a reader follows from the start of an iteration to its last update."""

import sys
from collections import defaultdict
from pathlib import Path

import pytest

import tfrl
from tfrl import pipelines
from tfrl.environments import CartPole

ROOT = Path(tfrl.__file__).parent
# What stands in for Gymnasium, tf.random, Keras's Dense and Adam, and what only observes.
LIKE_A_LIBRARY = {
    "environments",
    "components/randomness.py",
    "components/networks.py",
    "components/optimizers.py",
    "components/logs.py",
}


def is_property(frame):
    """A property is read like an attribute."""
    owner = frame.f_locals.get("self")
    return isinstance(getattr(type(owner), frame.f_code.co_name, None), property)


def followed(name):
    """The functions of each of our files that one iteration calls, while it is traced eagerly."""
    pipeline_class = pipelines.resolve(name)
    small = {"num_epochs": 1, "num_environments": 2} if "Ppo" in str(pipeline_class.__mro__) else {}
    pipeline = pipeline_class(
        lambda batch: CartPole(batch_size=batch), pipeline_class.Config(**small), 1_000
    )
    pipeline.initialize(0)
    pipeline.collector.collect()
    calls = defaultdict(set)

    def note(frame, event, _):
        file = Path(frame.f_code.co_filename)
        if event == "call" and file.is_relative_to(ROOT) and not is_property(frame):
            # A function inside another belongs to it: it is read there.
            calls[file.relative_to(ROOT).as_posix()].add(frame.f_code.co_qualname.split(".<")[0])

    sys.setprofile(note)
    try:
        pipeline.iterate()
    finally:
        sys.setprofile(None)
    return {
        file: functions
        for file, functions in sorted(calls.items())
        if not any(file.startswith(known) for known in LIKE_A_LIBRARY)
    }


@pytest.mark.parametrize(
    ("name", "files", "calls"),
    [("dqn", 6, 14), ("reinforce", 5, 15), ("ppo", 5, 17), ("apo", 7, 25)],
)
def test_an_iteration_is_read_in_few_files_and_calls(name, files, calls):
    """It was 14 files and 38 calls for PPO."""
    found = followed(name)
    assert len(found) <= files, found
    assert sum(map(len, found.values())) <= calls, found
    assert f"pipelines/{name}.py" in found


if __name__ == "__main__":
    for name in ("dqn", "reinforce", "ppo", "apo"):
        calls = followed(name)
        print(f"{name}: {sum(map(len, calls.values()))} calls, {len(calls)} files")
        for file, functions in calls.items():
            print(f"   {file}: {', '.join(sorted(functions))}")
