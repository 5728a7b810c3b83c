"""Synthetic results in the form in which the harness loads them: CartPole, with some collapses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from tfrl.harness.store.stored_results import Results
from tfrl.harness.studies.study import Configuration, Environment, Evaluation, Study

RUN = ["environment", "configuration", "seed"]
ERROR = "FloatingPointError: the loss at 48,128 is <script>alert('x')</script> | `q` & *"

# How each configuration learns: budget share of its half-way point, its spread over seeds, the
# probability of a collapse, and how noisy the return is once learned.
SHAPES = {
    "dqn": (0.30, 0.10, 0.35, 0.30),
    "reinforce": (0.45, 0.12, 0.20, 0.25),
    "ppo": (0.12, 0.03, 0.25, 0.12),
    "apo": (0.15, 0.03, 0.05, 0.06),
}


KEPT = {"R": 0.9, "E": 0.5}  # of the return, under physics not trained on


def study(configurations=tuple(SHAPES), seeds=20, steps=200_000, every=10_000, environments=1):
    return Study(
        name="cartpole",
        path=Path("studies/cartpole.toml"),
        title="CartPole",
        seeds=tuple(range(seeds)),
        steps=steps,
        evaluation=Evaluation(every, 32),
        environments=tuple(
            Environment("cartpole" if i == 0 else f"cartpole-{i}", "CartPole-v1")
            for i in range(environments)
        ),
        configurations=tuple(Configuration(n, n.split("-")[0], {}) for n in configurations),
    )


def skill(shape, share, rng):
    """Expected return in [9, 500] of one run at each `share` of its budget."""
    half, spread, collapse, _ = shape
    middle = max(0.03, rng.normal(half, spread))
    level = 1 / (1 + np.exp(-(share - middle) / (0.25 * middle)))
    if rng.random() < collapse:
        at, width = rng.uniform(0.55, 1.0), rng.uniform(0.02, 0.15)
        level = level * (1 - rng.uniform(0.3, 0.95) * np.exp(-(((share - at) / width) ** 2)))
    wander = np.interp(share, np.linspace(0, 1, 30), rng.normal(0, 0.05, 30))
    return np.clip(9 + 800 * (level + wander), 9, 900)


def one_run(study, run, rng):
    shape = SHAPES.get(run.configuration.pipeline, SHAPES["ppo"])
    shares = np.linspace(0, 1, 1001)
    path = skill(shape, shares, rng)
    rows, step = [], 0
    noise = rng.lognormal(0, shape[3], size=study.steps // 9 + 2)
    while True:
        length = int(np.clip(path[int(1000 * step / study.steps)] * noise[len(rows)], 8, 500))
        step += length
        if step > study.steps:
            break
        rows.append((step, len(rows), float(length), length))
    episodes = pd.DataFrame(rows, columns=["step", "episode", "return", "length"])
    at = np.arange(0, study.steps + 1, study.evaluation.every)
    wide = path[(1000 * at / study.steps).astype(int), None]
    parts = [("training", "D", 1.15), ("held-out", "D", 1.15)]
    parts += [("shifted", test, KEPT[test]) for test in run.environment.level_config.test]
    evaluations = [
        played(at, split, variation, policy, np.clip(kept * wide * noise, 8, 500).round())
        for split, variation, kept in parts
        for policy in ("greedy", "stochastic")
        for noise in [rng.lognormal(0, 0.1, (len(at), study.evaluation.episodes))]
    ]
    return episodes, pd.concat(evaluations, ignore_index=True)


def played(steps, split, variation, policy, returns, level=0):
    """Evaluations with these returns [steps, episodes]."""
    count = returns.shape[1]
    keys = {"step": steps.repeat(count), "split": split, "variation": variation, "policy": policy}
    level = np.tile(level + np.arange(count), len(steps))
    episode = np.tile(np.arange(count), len(steps))
    returns = returns.ravel()
    values = {"return": returns, "length": np.abs(returns).astype(int)}
    return pd.DataFrame(keys | {"level": level, "episode": episode} | values)


def label(frame, run):
    names = {"environment": run.environment.name, "configuration": run.configuration.name}
    return frame.assign(**names, seed=run.seed)[[*RUN, *frame.columns]]


def ledger_row(run, status, rng):
    finished = status == "finished"
    seconds = {
        f"{part}_seconds": float(np.round(rng.uniform(low, high), 3)) if finished else np.nan
        for part, low, high in (("compile", 0, 2), ("train", 5, 9), ("evaluate", 0.3, 0.6))
    }
    names = {"environment": run.environment.name, "configuration": run.configuration.name}
    fingerprint = rng.bytes(32).hex() if finished else None
    return {
        **names,
        "seed": run.seed,
        "status": status,
        "error": ERROR if status == "failed" else None,
        **seconds,
        "total_seconds": sum(seconds.values()),
        "updates": 25_000 if finished else 0,
        "fingerprint": fingerprint,
        "code": "c0de" * 16,
        "pipeline": run.configuration.pipeline,
    }


def results(planned=None, failed=(("reinforce", 7),), missing=(("dqn", 3),), seed=1):
    """Returns results; runs (configuration, seed) in `failed` and `missing` are left out."""
    planned = planned or study()
    episodes, evaluations, rows = [], [], []
    for index, run in enumerate(planned.runs()):
        rng = np.random.default_rng([seed, index])
        key = (run.configuration.name, run.seed)
        status = "failed" if key in failed else "missing" if key in missing else "finished"
        rows.append(ledger_row(run, status, rng))
        if status == "finished":
            first, second = one_run(planned, run, rng)
            episodes.append(label(first, run))
            evaluations.append(label(second, run))
    nothing = empty(planned)
    return replace(
        nothing,
        runs=categorical(pd.DataFrame(rows), planned),
        episodes=categorical(stacked([nothing.episodes, *episodes]), planned),
        evaluations=categorical(stacked([nothing.evaluations, *evaluations]), planned),
    )


def stacked(frames):
    return pd.concat(frames, ignore_index=True)


def empty(planned):
    """Returns results of a study without any run."""
    rng = np.random.default_rng(0)
    rows = [ledger_row(run, "missing", rng) for run in planned.runs()]
    episodes = pd.DataFrame(
        {"step": np.array([], int), "episode": np.array([], int)}
        | {"return": np.array([], float), "length": np.array([], int)}
    )
    texts = dict.fromkeys(("split", "variation", "policy"), pd.Series(dtype=str))
    evaluations = episodes.assign(**texts, level=pd.Series(dtype=int))
    losses = pd.DataFrame(
        {"step": np.array([], int), "name": pd.Series(dtype=str), "value": np.array([], float)}
    )
    names = {"environment": pd.Series(dtype=str), "configuration": pd.Series(dtype=str)}
    keys = names | {"seed": pd.Series(dtype=int)}
    return Results(
        planned,
        categorical(episodes.assign(**keys), planned),
        categorical(evaluations.assign(**keys), planned),
        categorical(losses.assign(**keys), planned),
        categorical(pd.DataFrame(rows), planned),
        manifest={
            "versions": {"python": "3.11.2", "tensorflow": "2.21.0", "tf-agents": "0.19.0"},
            "lock_sha256": "10c4" * 16,
            "processor": {"model": "A processor", "flags": ["avx2", "fma"]},
            "code": "c0de" * 16,
            "git": None,
        },
        hyperparameters={
            c.name: {**defaults(c.pipeline), **c.hyperparameters} for c in planned.configurations
        },
        defaults={c.name: defaults(c.pipeline) for c in planned.configurations},
    )


def defaults(pipeline):
    """Hyperparameters as manifests hold them."""
    shared = {"fc_layer_params": [64, 64], "learning_rate": 0.001, "normalize": False}
    anchors = {"num_anchor_episodes": 4, "anchor_weight": 1.0, "anchor_batch_size": 64}
    return {**shared, **anchors} if pipeline == "apo" else shared


def categorical(frame, planned):
    """With environment and configuration ordered as in the study."""
    environments = [environment.name for environment in planned.environments]
    configurations = [configuration.name for configuration in planned.configurations]
    return frame.assign(
        environment=pd.Categorical(frame["environment"], environments),
        configuration=pd.Categorical(frame["configuration"], configurations),
    )
