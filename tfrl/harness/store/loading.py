"""Access to stored runs from Python: tables as DataFrames, and trained policies."""

from pathlib import Path
from typing import TYPE_CHECKING

from tfrl.harness.errors import HarnessError
from tfrl.harness.store import manifest as manifests
from tfrl.harness.store import policies
from tfrl.harness.store.manifest import Manifest
from tfrl.harness.store.stored_results import Results, load
from tfrl.harness.studies import study

if TYPE_CHECKING:
    from tf_agents.policies import tf_policy


def load_runs(name: str, runs: str | Path = "runs") -> Results:
    """Loads the stored runs of a study as DataFrames.

    Args:
      name: name of a study in studies/, or the path of its file.
      runs: the folder that runs are stored in.

    Returns:
      `episodes` (step, episode, return, length), `evaluations` (step, split, variation, policy,
      level, episode, return, length), `losses` (step, name, value) and `runs` (a row for each
      planned run). Each begins with the columns environment, configuration and seed; steps are
      environment steps, returns undiscounted sums of rewards. `tfrl.harness.store.tables` describes
      each column.

    Raises:
      HarnessError: the study does not exist, or a newer tfrl stored its runs.
    """
    return load(study.load(study.find(name)), Path(runs))


def load_policy(
    run: str, step: int | None = None, stochastic: bool = False, runs: str | Path = "runs"
) -> "tf_policy.TFPolicy":
    """Loads the trained policy of a stored run, as a TF-Agents policy for any batch size.

    Args:
      run: "study/environment/configuration/seed", such as "cartpole/cartpole/ppo/3".
      step: environment steps of the evaluation that stored the policy; None for the last one.
      stochastic: explore as in training, instead of taking the best action.
      runs: the folder that runs are stored in.

    Raises:
      HarnessError: the run does not exist, did not finish, or stored no policy at that step.
    """
    folder = find(run, Path(runs))
    manifest = manifests.read(folder / "manifest.json")
    if manifest["status"] != "finished":
        raise HarnessError(f"{run} did not finish, so it has no policy")
    if not manifest.get("policies_sha256"):
        raise HarnessError(
            f'{run} has no stored policy: set keep_policies = "final" or "all" under '
            "[evaluation] of its study, and rerun it"
        )
    arrays = policies.read(folder, manifest["policies_sha256"])
    steps = arrays.pop("step").tolist()
    if step is None:
        step = steps[-1]
    if step not in steps:
        expected = ", ".join(map(str, steps))
        raise HarnessError(f"{run} has no policy of step {step}: expected one of {expected}")
    weights = {name: array[steps.index(step)] for name, array in arrays.items()}
    return _policy(manifest, step, weights, stochastic)


def find(run: str, root: Path) -> Path:
    """Returns the folder of a run, given by its name or its folder. Raises `HarnessError`."""
    *parts, last = Path(run).parts or ("",)
    named = root.joinpath(*parts, f"seed-{last.removeprefix('seed-')}")
    for folder in (named, Path(run)):
        if (folder / "manifest.json").is_file():
            return folder
    raise HarnessError(
        f"there is no run {run!r} in {root}: expected the name of a stored run, such as "
        "cartpole/cartpole/ppo/seed-3, or its folder"
    )


def _policy(manifest: Manifest, step: int, weights: dict, stochastic: bool) -> "tf_policy.TFPolicy":
    from tfrl.runtime import tf_setup

    tf_setup.silence()
    from tfrl import environments, pipelines
    from tfrl.components.randomness import RandomStream, Stream

    configuration, environment = manifest["configuration"], manifest["environment"]["id"]
    cls = pipelines.resolve(configuration["pipeline"])
    values = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in configuration["hyperparameters"].items()
    }
    pipeline = cls(
        lambda batch_size: environments.load(environment, batch_size=batch_size),
        cls.Config(**values),
        manifest["steps"],
    )
    variables = pipeline.policy_variables
    if list(map(_without_digits, variables)) != list(map(_without_digits, weights)):
        raise HarnessError("the networks of the pipeline have changed since the run was stored")
    for variable, value in zip(variables.values(), weights.values(), strict=True):
        variable.assign(value)
    if not stochastic:
        return pipeline.policy
    # Exploration may depend on the steps taken, like the epsilon of DQN.
    pipeline.episode_log.environment_steps.assign(step)
    return pipeline.stochastic_policy(RandomStream(Stream.EVALUATION, manifest["seed"]))


def _without_digits(name: str) -> str:
    """Returns a variable's name without the layer numbers, which Keras counts per process."""
    return "".join(letter for letter in name if not letter.isdigit())
