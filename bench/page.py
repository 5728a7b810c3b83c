"""The page that shows what was measured."""

import dataclasses
import importlib.metadata
import math
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

Measurement = Mapping[str, float]  # what a measure printed
Measurements = Mapping[str, Sequence[Measurement]]  # by measure, one in each round
Medians = Mapping[str, Measurement]

RUN_STEPS = 200_000  # of a run in which compilation is counted
ALGORITHMS = ("dqn", "ppo", "apo", "reinforce")

PAGE = """\
# Speed

Written by `make bench`. One core each, the same algorithmic work, CartPole-v1, all measured in turn
on one machine: {processor}, {cores} cores; Python {python}, TensorFlow {tensorflow}. Each number is
the median of {rounds} rounds, in each of which everything was measured once.

| | DQN, updates/s | PPO, steps/s | APO, steps/s | REINFORCE, steps/s |
|---|---:|---:|---:|---:|
{rates}

| ratio, within a round | median | least | most | goal | |
|---|---:|---:|---:|---:|---|
{ratios}

The rates of one measure lay up to {spread:.0%} apart: other work on the machine slows down some
implementations more than others, and so moves their ratios too.

The work: **DQN** one update of batch 64 for each step, net 100-50, its target copied at every 100th
update, in the tutorial at each; **PPO** 8 environments x 32 steps, then 20 full-batch epochs, nets
64-64; **APO** the same with anchors; **REINFORCE** one update for every two episodes, net 100, over
the first 5,000 steps of training. "Steps" are environment steps. In 8 environments DQN makes 8
updates a step. Stable-Baselines3 always trains in Gymnasium's environments; so does tfrl where
"Gymnasium" is said, and otherwise in the graph.
Compiling is done once for a configuration and serves every seed of it; "with compiling" is what a
single run of {run_steps:,} steps comes to. What the matrix products allow is their operations alone
at the machine's rate of them ({gflops:.0f} GFLOP/s in float32 on one thread). Two workers are two
processes that train PPO at once, of one thread and on a core of its own each; their rates are added
up. **By hand** is a PPO for Gymnasium's CartPole and nothing else, without TF-Agents or anything
that a study needs ([ppo_from_scratch.py](../examples/ppo_from_scratch.py)): it shows what is left
to be gained there.
**JAX** is the whole training of a seed, environment included, jitted as one loop for nothing else
([jax_peer.py](jax_peer.py)). Its 8 seeds train together under `vmap` on the same core; their rate
is that of all 8 together. It may use every instruction of the processor. tfrl keeps to AVX2 and to
math that is the same everywhere, so that its bits are.

## The report of 1,000 runs

`tfrl report` for 1,000 made-up runs of 2,000 episodes and 4,400 evaluated ones each, four agents in
two environments, on one core; and 50,000 bootstrap repetitions of the interquartile mean of 20 x 10
scores.

| | measured | at most | |
|---|---:|---:|---|
{limits}

Of the report's time: {shares}.

## Commands

{commands}
"""


@dataclasses.dataclass(frozen=True)
class Ratio:
    """Two measures compared, and the goal for their ratio, if there is one."""

    label: str
    numerator: str
    denominator: str
    target: float | None = None


RATIOS = (
    Ratio("DQN: tfrl to Stable-Baselines3", "ours dqn", "sb3 dqn", 15),
    Ratio("DQN: tfrl to TF-Agents' tutorial loop", "ours dqn", "tutorial dqn", 30),
    Ratio("PPO: tfrl to Stable-Baselines3", "ours ppo", "sb3 ppo", 12),
    Ratio("DQN: tfrl to JAX", "ours dqn", "jax dqn"),
    Ratio("DQN: tfrl to JAX, 8 seeds", "ours dqn", "jax dqn, 8 seeds"),
    Ratio("PPO: tfrl to JAX", "ours ppo", "jax ppo"),
    Ratio("PPO: tfrl to JAX, 8 seeds", "ours ppo", "jax ppo, 8 seeds"),
    Ratio("APO to PPO", "ours apo", "ours ppo", 0.8),
    Ratio(
        "REINFORCE: tfrl to TF-Agents' tutorial loop", "ours reinforce", "tutorial reinforce", 30
    ),
    Ratio("PPO: two workers to one", "two workers", "ours ppo", 1.8),
    Ratio("DQN, Gymnasium: tfrl to Stable-Baselines3", "gymnasium dqn", "sb3 dqn, 8", 5),
    Ratio("PPO, Gymnasium: tfrl to Stable-Baselines3", "gymnasium ppo", "sb3 ppo", 5),
    Ratio("PPO, Gymnasium: by hand to Stable-Baselines3", "by hand ppo", "sb3 ppo"),
)


@dataclasses.dataclass(frozen=True)
class Limit:
    """A number of the measure "report", and what it is to stay below."""

    label: str
    key: str
    most: float
    digits: int = 0


LIMITS = (
    Limit("the report, seconds", "seconds", 60),
    Limit("its memory, MiB", "mebibytes", 1_024),
    Limit("the bootstrap, seconds", "bootstrap_seconds", 0.5, digits=2),
)
PARTS = ("reading", "statistics", "figures", "page", "starting")


def render(measurements: Measurements, commands: Mapping[str, str]) -> str:
    """The page as Markdown.

    Args:
      measurements: by measure, what it printed in each round.
      commands: by measure, how to run it alone.
    """
    medians = {name: median(found) for name, found in measurements.items()}
    return PAGE.format(
        processor=processor(),
        cores=os.cpu_count(),
        python=platform.python_version(),
        tensorflow=importlib.metadata.version("tensorflow"),
        rounds=len(measurements["floor"]),
        spread=max(spread(found) for found in measurements.values() if "rate" in found[0]),
        rates="\n".join(rate_rows(medians)),
        ratios="\n".join(ratio_row(ratio, measurements) for ratio in RATIOS),
        limits="\n".join(limit_row(limit, medians["report"]) for limit in LIMITS),
        shares=", ".join(f"{part} {medians['report'][part]:.0%}" for part in PARTS),
        run_steps=RUN_STEPS,
        gflops=medians["floor"]["gflops"],
        commands="\n".join(f"- {name}: `{command}`" for name, command in commands.items()),
    )


def median(measurements: Sequence[Measurement]) -> Measurement:
    """The median of each number."""
    return {key: statistics.median(m[key] for m in measurements) for key in measurements[0]}


def spread(measurements: Sequence[Measurement]) -> float:
    """How far the extreme rates of one measure lie apart, as a share of their median."""
    rates = [m["rate"] for m in measurements]
    return (max(rates) - min(rates)) / statistics.median(rates)


def rate_rows(medians: Medians) -> list[str]:
    """The table's rows, one for each implementation."""
    floor = medians["floor"]
    rows = {
        "TF-Agents' tutorial loop": {a: rate(medians, f"tutorial {a}") for a in ALGORITHMS},
        "Stable-Baselines3": {a: rate(medians, f"sb3 {a}") for a in ALGORITHMS},
        "tfrl, with compiling": {
            # What was measured of REINFORCE is the beginning of training only.
            a: rate_with_compiling(medians[f"ours {a}"])
            for a in ALGORITHMS
            if a != "reinforce"
        },
        "**tfrl**": {a: rate(medians, f"ours {a}") for a in ALGORITHMS},
        "JAX, the whole loop jitted": {a: rate(medians, f"jax {a}") for a in ALGORITHMS},
        "JAX, 8 seeds together": {a: rate(medians, f"jax {a}, 8 seeds") for a in ALGORITHMS},
        "Stable-Baselines3, 8 environments": {
            "dqn": rate(medians, "sb3 dqn, 8"),
            "ppo": rate(medians, "sb3 ppo"),
        },
        "tfrl, 8 environments of Gymnasium's": {
            a: rate(medians, f"gymnasium {a}") for a in ALGORITHMS
        },
        "by hand, 8 environments of Gymnasium's": {
            a: rate(medians, f"by hand {a}") for a in ALGORITHMS
        },
        "matrix products alone": {a: floor.get(a) for a in ALGORITHMS},
    }
    return [
        f"| {label} | {' | '.join(three_digits(cells.get(a)) for a in ALGORITHMS)} |"
        for label, cells in rows.items()
    ]


def rate(medians: Medians, name: str) -> float | None:
    """The rate of a measure, None if there is no such measure."""
    return medians[name]["rate"] if name in medians else None


def rate_with_compiling(measurement: Mapping[str, float]) -> float:
    """The rate of a single run, the time it compiles included."""
    return RUN_STEPS / (RUN_STEPS / measurement["rate"] + measurement["compile_seconds"])


def ratio_row(ratio: Ratio, measurements: Measurements) -> str:
    """One ratio, as it was in the rounds, beside its target."""
    target = "" if ratio.target is None else f"{ratio.target:g}"
    if not {ratio.numerator, ratio.denominator} <= measurements.keys():
        return f"| {ratio.label} | not measured: needs two cores | | | {target} | |"
    pairs = zip(measurements[ratio.numerator], measurements[ratio.denominator], strict=True)
    values = [above["rate"] / below["rate"] for above, below in pairs]
    value = statistics.median(values)
    verdict = ""
    if ratio.target is not None:
        verdict = "reached" if value >= ratio.target else "**missed**"
    digits = 1 if value >= 10 else 2
    shown = " | ".join(f"{v:.{digits}f}" for v in (value, min(values), max(values)))
    return f"| {ratio.label} | {shown} | {target} | {verdict} |"


def limit_row(limit: Limit, measurement: Mapping[str, float]) -> str:
    """One number beside its limit."""
    value = measurement[limit.key]
    verdict = "kept" if value <= limit.most else "**exceeded**"
    return f"| {limit.label} | {value:,.{limit.digits}f} | {limit.most:,g} | {verdict} |"


def three_digits(value: float | None) -> str:
    """A number rounded to three significant digits, with thousands separated."""
    if value is None:
        return ""
    return f"{round(value, 2 - math.floor(math.log10(value))):,.0f}"


def processor() -> str:
    """The processor's name."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
