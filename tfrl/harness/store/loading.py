"""What stored runs are used for elsewhere: their tables, and their trained policies."""

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
    """The stored runs of a study as DataFrames.

    Args:
      name: of a study in studies/, or the path of its file.
      runs: the folder that runs are stored in.

    Returns:
      `episodes` (step, episode, return, length), `evaluations` (step, split, variation, policy,
      level, episode, return, length), `losses` (step, name, value) and `runs` (a row for each
      planned run). Each begins with the columns environment, configuration and seed; steps are
      environment steps, returns undiscounted sums of rewards. `tfrl.harness.store.tables` describes
      each column.

    Raises:
      HarnessError: there is no such study, or a newer tfrl stored its runs.
    """
    return load(study.load(study.find(name)), Path(runs))


def load_policy(
    run: str, step: int | None = None, stochastic: bool = False, runs: str | Path = "runs"
) -> "tf_policy.TFPolicy":
    """The policy that a stored run trained, as a TF-Agents policy for batches of any size.

    Args:
      run: "study/environment/configuration/seed", such as "cartpole/cartpole/ppo/3".
      step: environment steps of the evaluation whose policy is meant; None for the end of training.
      stochastic: whether it explores as in training; otherwise it takes the best action.
      runs: the folder that runs are stored in.

    Raises:
      HarnessError: there is no such run, it did not finish, or it kept no policy of that step.
    """
    folder = find(run, Path(runs))
    manifest = manifests.read(folder / "manifest.json")
    if manifest["status"] != "finished":
        raise HarnessError(f"{run} did not finish: it has no policy")
    if not manifest.get("policies_sha256"):
        raise HarnessError(
            f'{run} kept no policy: set keep_policies = "final" or "all" under [evaluation] of its '
            "study, and run it again"
        )
    weights = policies.read(folder, manifest["policies_sha256"])
    steps = weights.pop("step").tolist()
    if step is None:
        step = steps[-1]
    if step not in steps:
        raise HarnessError(f"{run} kept no policy of step {step}: expected {_listed(steps)}")
    at = steps.index(step)
    return _policy(manifest, step, {name: array[at] for name, array in weights.items()}, stochastic)


def find(run: str, root: Path) -> Path:
    """The folder of a run that is given by its name or its folder. Raises `HarnessError`."""
    *parts, last = Path(run).parts or ("",)
    named = root.joinpath(*parts, f"seed-{last.removeprefix('seed-')}")
    for folder in (named, Path(run)):
        if (folder / "manifest.json").is_file():
            return folder
    raise HarnessError(
        f"there is no run {run!r} in {root}: expected the name of a stored one, such as "
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
    if list(map(_numberless, variables)) != list(map(_numberless, weights)):
        raise HarnessError("the pipeline has other networks now than when the run was stored")
    for variable, value in zip(variables.values(), weights.values(), strict=True):
        variable.assign(value)
    if not stochastic:
        return pipeline.policy
    # What a policy explores with may follow the steps taken, as the epsilon of DQN does.
    pipeline.episode_log.environment_steps.assign(step)
    return pipeline.stochastic_policy(RandomStream(Stream.EVALUATION, manifest["seed"]))


def _numberless(name: str) -> str:
    """A variable's name without the numbers that Keras gives to the layers of a process."""
    return "".join(letter for letter in name if not letter.isdigit())


def _listed(steps: list[int]) -> str:
    return ", ".join(map(str, steps))
