# %% [markdown]
# # More than one machine
#
# Many seeds take long on a laptop. This lesson computes what they cost, and how much more machines
# help. Then it turns to results that somebody else has made, on a machine that you have never seen.
# How do you check them?

# %%
try:
    from tfrl.tutorials import Terminal, begin, say
except ModuleNotFoundError:
    raise SystemExit("tfrl is missing: run `make tutorial 11` in a clone of the project") from None

import hashlib
import heapq
import math
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.ticker import LogLocator

import tfrl
from tfrl.analysis import benchmarks, equivalence, sign_test
from tfrl.harness import published_results

begin(tensorflow=False)
CLONE = Path(tfrl.__file__).parents[1]

# %% [markdown]
# ## What a run costs
#
# Each run writes down how long it took, on one core. The tables of the reports have the sums. The
# unit is the *core-hour*: one core that works for one hour. We take four published studies. Two
# older and longer ones are left out.
#
# > **Guess first.** How many core-hours did the runs of these four studies take?

# %%
STUDIES = ["cartpole", "apo", "levels", "generalization"]
PHASES = {"compile": "#CC79A7", "train": "#0072B2", "evaluate": "#E69F00"}


def ledger(study):
    table = pd.read_csv(CLONE / "reports" / study / "tables" / "the_runs-ledger.csv")
    return table.assign(study=study).rename(columns=lambda name: name.removesuffix("_seconds"))


ledgers = pd.concat(map(ledger, STUDIES))
spent = ledgers.groupby("study", sort=False)[["finished", *PHASES]].sum()
hours = spent[[*PHASES]] / 3600

# %%
figure, axes = plt.subplots(figsize=(7.2, 2.4))
hours[::-1].plot.barh(stacked=True, color=PHASES, ax=axes, width=0.6)
axes.set(title="What the published studies took", xlabel="core-hours", ylabel="")
axes.legend(loc="lower right")
plt.show()

# %%
total = hours.to_numpy().sum()

# %%
say(
    f"""
All {spent["finished"].sum():,.0f} runs took {total:.1f} core-hours. A laptop with two cores needs
about half as many hours. Training took {hours["train"].sum() / total:.0%} of it, evaluation
{hours["evaluate"].sum() / total:.0%}, and compiling {hours["compile"].sum() / total:.0%}.
"""
)

# %% [markdown]
# Compiling is special. A worker is a process that makes runs, one worker for each core. It compiles
# a configuration once, and then trains any number of seeds with it. The rest grows with the runs.
#
# ## What many seeds cost
#
# > **Guess first.** Which agent costs more for the same number of environment steps, DQN or PPO?
# > How many times as much?
#
# The table has the agents of the study `cartpole`. All of them take the same number of steps.
# `ppo_stock` and `ppo_constant` are variants of PPO, which we do not need here.

# %%
SEEDS = 1000
one = ledgers[ledgers["study"] == "cartpole"].set_index("configuration")
cost = pd.DataFrame({"seconds a run": (one["train"] + one["evaluate"]) / one["finished"]})
cost["core-hours"] = (SEEDS * cost["seconds a run"] + one["compile"]) / 3600
for cores in (2, 64):
    cost[f"hours on {cores} cores"] = cost["core-hours"] / cores
cost.round(2)

# %%
dqn, ppo = cost.loc["dqn"], cost.loc["ppo"]

# %%
say(
    f"""
A run of DQN takes {dqn["seconds a run"]:.1f} s, and one of PPO takes {ppo["seconds a run"]:.1f} s.
So DQN costs {dqn["seconds a run"] / ppo["seconds a run"]:.1f} times as much. It makes an update for
each step, and PPO makes fewer. {SEEDS:,} seeds of DQN take {dqn["core-hours"]:.1f} core-hours.
"""
)

# %% [markdown]
# A common mistake is to count environment steps, and to forget updates and evaluations. Two agents
# with the same steps can differ a lot in what they cost.
#
# ## What you get for it
#
# More seeds make intervals narrower. Here is the interval of "how often does one agent beat the
# other" if each of them wins half of the pairs.
#
# > **Guess first.** With a hundredfold number of seeds, how many times narrower is the interval?

# %%
counts = np.array([6, 10, 20, 50, 100, 200, 500, 1000])


def width(seeds):
    # As many wins (1.0) as losses (-1.0). They count for `seeds` trials of the sign test.
    low, high = sign_test.Differences(np.array([-1.0, 1.0]), seeds).share_interval()
    return high - low


widths = np.array([width(seeds) for seeds in counts])
pair = counts * (dqn["seconds a run"] + ppo["seconds a run"]) / 3600

# %%
figure, axes = plt.subplots()
axes.loglog(pair, widths, "o-", color="#0072B2")
for seeds, x, y in zip(counts[1::3], pair[1::3], widths[1::3], strict=True):
    axes.annotate(f"{seeds} seeds", (x, y), (6, 4), textcoords="offset points")
axes.set(
    title="Seeds of DQN and PPO: what they cost, and what they tell",
    xlabel="core-hours of both agents",
    ylabel="width of the interval",
    xlim=(None, 2.5 * pair.max()),
)
for axis in (axes.xaxis, axes.yaxis):
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
axes.minorticks_off()
plt.show()

# %%
few, many = list(counts).index(10), list(counts).index(1000)
narrower = widths[few] / widths[many]

# %%
say(
    f"""
With {counts[few]} seeds the interval is {widths[few]:.2f} wide. With {counts[many]:,} it is
{widths[many]:.2f}. So {pair[many] / pair[few]:.0f} times the cost makes it {narrower:.0f} times
narrower.
"""
)

# %% [markdown]
# The width falls about with the square root of the cost. A common mistake is to expect that twice
# the seeds make it half as wide. So ask first how large a difference has to be to matter. Then take the
# number of seeds that can show it: lesson 6 computes it.
#
# ## How much do more cores help?
#
# A run takes one core from its beginning to its end. Runs do not wait for each other. So a study is
# divided by giving each core a run at a time.
#
# > **Guess first.** Five equal runs are made on four cores. How many times faster is that than on
# > one core?
#
# ## Exercise: how long does it take?
#
# Write a function for equal runs.


# %% tags=["exercise"]
def wall_time(runs, cores, seconds):
    # runs: how many. seconds: how long one of them takes. Return the seconds until all are done.
    ...


# %%
from tfrl.tutorials.checks import more_machines

more_machines.wall_time(wall_time)


# %% tags=["solution"]
def wall_time(runs, cores, seconds):
    rounds = math.ceil(runs / cores)
    return rounds * seconds


more_machines.wall_time(wall_time)

# %%
say(
    f"""
Five equal runs on four cores take two rounds, so they are {5 / 2} times faster.
"""
)

# %% [markdown]
# Runs of a study are not equal. We take the mean time of each agent of the study `cartpole`, and
# give the longest runs out first. A core that is free gets the next run.


# %%
def finished_after(durations, cores):
    free_at = [0.0] * cores  # when each core is free again
    for duration in sorted(durations, reverse=True):
        heapq.heappush(free_at, heapq.heappop(free_at) + duration)
    return max(free_at)


runs = np.repeat(cost["seconds a run"], one["finished"])
cores = np.array([1, 2, 4, 8, 16, 32, 64, 128, 256])
faster = runs.sum() / np.array([finished_after(runs, count) for count in cores])

# %%
figure, axes = plt.subplots()
axes.loglog(cores, cores, "--", color="#999999", label="as many times as there are cores")
axes.loglog(cores, faster, "o-", color="#0072B2", label="the study")
axes.set(
    title=f"A study of {len(runs)} runs on many cores",
    xlabel="cores",
    ylabel="times faster than one core",
    xticks=cores,
    xticklabels=cores,
    yticks=[1, 10, 100],
    yticklabels=[1, 10, 100],
    ylim=(None, 400),
)
axes.minorticks_off()
axes.legend(loc="upper left")
plt.show()

# %%
say(
    f"""
The study is {faster[4]:.1f} times faster on {cores[4]} cores, and {faster[-1]:.1f} times on
{cores[-1]}. No number of cores can do better: the study is not done before its longest run is. That
run alone is {runs.max() / runs.sum():.1%} of the work.

The figure leaves out compiling, which each worker does for itself. In this study it took
{one["compile"].mean():.1f} s for a configuration on average. A run took {runs.mean():.1f} s. So on
many cores the true gain is smaller than the figure says.
"""
)

# %% [markdown]
# ## Several machines
#
# [Ray](https://docs.ray.io) is a program that starts work on the machines of a cluster. `tfrl run`
# can use it. The next cell prints the commands. It starts nothing.

# %%
agents = ["dqn", "reinforce", "ppo", "apo"]
work = cost.loc[agents, "core-hours"].sum()
machines = math.ceil(work / (8 / 4))  # 8 cores for 1/4 of an hour
print(f"# {SEEDS} seeds of {len(agents)} agents: {work:.0f} core-hours")
print(f"# in a quarter of an hour: {machines} machines of 8 cores\n")
print("ray start --head                               # on one machine")
print(f"ray start --address=HOST:6379                  # on each of the other {machines - 1}")
print("tfrl run cartpole --executor ray               # on any of them")

# %% [markdown]
# The last command makes the seeds that the file of the study names. For more seeds, copy the file
# and change `seeds`. The machines need no common disk: each run comes back to where the command was
# given. If a machine dies, its runs are made again elsewhere. [The page on
# machines](../docs/machines.md) says how to install Ray. It also lists the disk, the memory and the
# time that a large study needs in addition to training.
#
# ## Does it matter where a run is made?
#
# It can. A common mistake is to draw all random numbers from one generator. Then the result of a
# run depends on which runs came before it. The cure is a generator for each run, from the seed of
# the run.


# %%
def results(order, own_generator):
    shared, outcome = np.random.default_rng(0), {}
    for seed in order:
        rng = np.random.default_rng(seed) if own_generator else shared
        outcome[seed] = rng.normal()
    return pd.Series(outcome).sort_index()


orders = {"one core": [0, 1, 2, 3], "a cluster": [2, 0, 3, 1]}
columns = {
    (kind, place): results(order, kind == "own generator")
    for kind in ("shared generator", "own generator")
    for place, order in orders.items()
}
pd.DataFrame(columns).rename_axis("seed").round(3)

# %%
same_shared = columns["shared generator", "one core"].eq(columns["shared generator", "a cluster"])
same_own = columns["own generator", "one core"].eq(columns["own generator", "a cluster"])

# %%
say(
    f"""
With the shared generator, {same_shared.sum()} of {len(same_shared)} runs are the same in both places.
With a generator for each run it is {same_own.sum()} of {len(same_own)}.
"""
)

# %% [markdown]
# Random numbers are one cause, and rounding is another (lesson 6). In the project a run is meant to
# depend on its settings and its seed, and on nothing else. We test a part of that here: the author
# and you are two folders on one machine. The author trains a short study with two workers, and
# publishes it. You train it with one worker.

# %%
STUDY = """
title = "Short"
seeds = "0-3"
steps = 4_000
evaluation = {every = 1_000, episodes = 10}
environments = {cartpole = "CartPole-v1"}
configurations = {ppo = {pipeline = "ppo", learning_rate = 0.001}}
"""
author, you = Terminal(), Terminal()
(author.folder / "short.toml").write_text(STUDY)
author("tfrl run short.toml --jobs 2")
author("tfrl publish short.toml")

# %% [markdown]
# > **Guess first.** The weights of an agent are the result of many rounded sums. How many of your
# > runs will be the same as the author's, in every bit?

# %%
shutil.copy(author.folder / "short.toml", you.folder)
shutil.copytree(author.folder / "reports", you.folder / "reports")
you("tfrl run short.toml --jobs 1")
you("tfrl verify short.toml", expect=None)
identical = you.status == 0

# %%
say(
    f"""
`tfrl verify` {"finds no difference" if identical else "finds a difference"}. It has compared the
*fingerprint* of each run: a SHA-256 over all of its episodes, evaluations, losses and weights.
"""
)

# %% [markdown]
# Rounding alone makes no difference if the sums are done in the same order (lesson 6). The project
# fixes that order.
#
# Why a fingerprint, and not the mean return? Two different runs can have the same mean return by
# chance. Their fingerprints practically never agree. We change the last bit of one number among
# many.

# %%
weights = np.random.default_rng(0).normal(size=10_000).astype(np.float32)
changed = weights.copy()
changed[5000:5001].view(np.uint32)[0] ^= 1  # flips the last bit
for name, array in (("before", weights), ("after", changed)):
    print(f"{name:6}  {array[5000]:.9f}  {hashlib.sha256(array.tobytes()).hexdigest()[:32]}")

# %%
say(
    f"""
The number has changed by {abs(float(changed[5000]) - float(weights[5000])):.1e}, which no plot would
show. The fingerprint is a different one.
"""
)

# %% [markdown]
# ## When did two runs part?
#
# A fingerprint says that two runs differ, but not since when. So the author also publishes a *mark*
# at each evaluation: a short fingerprint of all that happened until then. Here are those of one
# run. `score` is the mean return of the evaluation, and `digest` is the mark.

# %%
published = published_results.read(you.folder / "reports" / "short" / "published.json")
outcome = published.outcomes["cartpole", "ppo", 0]
print("fingerprint", outcome.fingerprint[:32], "...")
pd.DataFrame(outcome.marks)

# %% [markdown]
# Now suppose that you have mistyped the learning rate, by a little.
#
# > **Guess first.** After how many steps do your runs differ from the author's? Do their final
# > returns differ much?

# %%
(you.folder / "short.toml").write_text(STUDY.replace("0.001}", "0.001001}"))
you("tfrl run short.toml --jobs 1")
you("tfrl verify short.toml", expect=None)

# %% [markdown]
# The first lines say what was set in another way, and where the runs part. At step `0` nothing is
# learned yet, so the marks agree. They differ at the next evaluation. At which step in between the
# runs part, marks cannot tell.
#
# The table is about the final returns. `change` is the median over the seeds. The `margin` is the
# least change that matters, and `beyond it` counts the seeds that changed by more. So some runs
# ended far apart. Is the new learning rate worse? With so few seeds a sign test cannot tell
# (lesson 6). So there is no interval, and the verdict is "undecided".
#
# A common mistake is to think that a small change of a setting changes each run by little. A tiny
# difference in a weight changes an action sooner or later, and from there on it is another game.
#
# Files can change too, on a disk or on the way. We change one bit of a file of these runs.

# %%
file = you.folder / "runs/short/cartpole/ppo/seed-1/evaluations.parquet"
content = bytearray(file.read_bytes())
content[len(content) // 2] ^= 1  # flips a bit
file.write_bytes(content)
you("tfrl verify short.toml", expect=None)

# %% [markdown]
# The damaged run is named, and does not count. So the table is about one seed fewer, and `change` is
# another median.
#
# ## Exercise: the first difference
#
# Two runs have marks, each a pair of a step and a digest. Find the first step at which they differ.


# %% tags=["exercise"]
def first_difference(mine, theirs):
    # mine and theirs are lists such as [(0, "a3f"), (1000, "09b")], with the same steps.
    # Return the first step with different digests, or -1 if there is none.
    ...


# %%
more_machines.first_difference(first_difference)


# %% tags=["solution"]
def first_difference(mine, theirs):
    for (step, digest), (_, other) in zip(mine, theirs, strict=True):
        if digest != other:
            return step
    return -1


more_machines.first_difference(first_difference)

# %% [markdown]
# ## A stranger's result
#
# Let us check a published result. `tfrl verify --sample` trains some of its runs again, here and
# now, and compares. It leaves your own runs alone.
#
# > **Guess first.** The published runs were made on another machine. Will two of them come out the
# > same on yours?

# %%
clone = Terminal(CLONE)
clone("tfrl verify cartpole --sample 2", expect=None)

# %%
differs = "Something differs, and the lines above say what."
agree = "No run differs." if clone.status == 0 else differs

# %%
say(
    f"""
{agree} `--sample` takes the same runs each time, of agents that differ. It tests your machine and
the program. To learn about all {one["finished"].sum():.0f} runs, draw the ones that you check at
random.
"""
)

# %% [markdown]
# ## How many runs should you check?
#
# Suppose that a share of the published runs is wrong: made with other code, or made up. You draw
# some at random and train them again. You notice if at least one of them is wrong.
#
# > **Guess first.** A tenth of the runs is wrong, and you check four. How likely are you to notice?
#
# Let $q$ be the share of wrong runs, and $k$ the number of runs that you check. Each of them is
# right with probability $1 - q$. So all of them are right with probability $(1 - q)^k$, and then you
# notice nothing.
#
# $$P(\text{notice}) = 1 - (1 - q)^k$$

# %%
q, checked = 0.1, np.arange(1, 61)
all_runs = int(one["finished"].sum())
wrong = np.arange(all_runs) < q * all_runs
rng = np.random.default_rng(0)
# Each row is all runs in random order: the first k of them are checked.
tries = rng.permuted(np.tile(wrong, (4000, 1)), axis=1)
noticed = np.maximum.accumulate(tries, axis=1).mean(axis=0)[checked - 1]

# %%
figure, axes = plt.subplots()
axes.plot(checked, 1 - (1 - q) ** checked, color="#cccccc", linewidth=6, label="formula")
axes.plot(checked, noticed, color="#0072B2", label="simulated")
axes.set(
    title=f"One run in {1 / q:.0f} is wrong: do you notice?",
    xlabel="runs that are checked",
    ylabel="probability to notice",
    ylim=(0, 1.05),
)
axes.legend(loc="lower right")
plt.show()

# %%
confidence = 0.95
bound = 1 - (1 - confidence) ** (1 / 4)  # the share that four runs notice with this probability

# %%
say(
    f"""
With four runs it is {1 - (1 - q) ** 4:.0%}. The simulation draws from {all_runs} runs and never
takes one twice, so it is a little higher for many runs.

In turn, suppose that you check four runs and all agree. The share of wrong runs can still be up to
{bound:.0%}. You would have noticed a larger share with a probability of more than {confidence:.0%}.
"""
)

# %% [markdown]
# A common mistake is to check what the author suggests, what `--sample` picks, or always seed zero.
# The formula holds for runs that are drawn at random, after the results were published.
#
# ## Exercise: enough checks
#
# How many runs do you have to check, so that a share of wrong runs is noticed with a given
# probability?


# %% tags=["exercise"]
def runs_to_check(share, probability):
    # share: of wrong runs. Return the smallest k with 1 - (1 - share)**k >= probability.
    ...


# %%
more_machines.runs_to_check(runs_to_check)


# %% tags=["solution"]
def runs_to_check(share, probability):
    k = 1
    while 1 - (1 - share) ** k < probability:
        k += 1
    return k


more_machines.runs_to_check(runs_to_check)

# %% [markdown]
# ## When bits cannot be the same
#
# Some processors compute other bits, such as ARM's. There every run is another run, like one of
# another seed. Then the question is whether the returns have changed. We take the published returns
# of DQN, and invent three strangers. The first has the same bits. The second has the same returns
# in another order of seeds, as if each seed had been drawn again. The third has another order too,
# and then loses the same number of points in each seed.

# %%
outcomes = published_results.read(CLONE / "reports/cartpole/published.json").outcomes
ends = np.array([end.marks[-1].score for key, end in outcomes.items() if key[1] == "dqn"])
margin = benchmarks.margin("CartPole-v1")
strangers = {
    "the same bits": ends,
    "other bits": rng.permutation(ends),
    "points lost": rng.permutation(ends) - 3 * margin,
}

# %%
parts = [
    pd.DataFrame({"published": ends, "stored": stored, "seed": range(len(ends))}).assign(
        environment="cartpole", configuration=name
    )
    for name, stored in strangers.items()
]
judged = equivalence.judge(pd.concat(parts), {"cartpole": margin})
columns = ["configuration", "n", "change", "low", "high", "down", "up", "verdict"]
judged[columns].round(1).rename(columns={"configuration": "stranger"})

# %%
say(
    f"""
The margin is {margin:.0f} points. That is {benchmarks.MARGIN:.0%} of the way from a random policy to
a solved task. `change` is the median over the seeds, and `low` and `high` are its interval. The
verdict is "equivalent" if this interval lies within the margin, on both sides of zero. Else it is
"a real change" if a sign test finds that more seeds fell than rose, or the reverse.

`down` and `up` count the seeds that changed by more than the margin. Of the third stranger,
{judged["up"].iloc[2]} seeds rose, because the order is another one. And "equivalent" does not mean
that no seed changed. The verdict is about the typical seed, so read all of the columns.
"""
)

# %% [markdown]
# A common mistake is to mix up the two questions. The same bits show that the same program ran, and
# say nothing about whether its conclusion is right. Equivalent returns show that the typical change
# of a seed is smaller than the margin. The share of seeds that fail may still have changed.
#
# ## What you have seen
#
# - Cost is counted in core-hours. Intervals get narrower with about the square root of it only.
# - Runs that depend on nothing but their settings and their seed can be made anywhere.
# - A fingerprint finds a single changed bit, and marks say when two runs part.
# - A few runs, drawn at random and trained again, find out if most are wrong. To find out if a few
#   are, check many.
# - Where bits cannot be the same, ask whether the typical change is smaller than the margin, and
#   count the seeds that fail.
#
# Next: this was the last lesson. [Ask a question of your own](../docs/studies.md), or read what the
# project [has found](../README.md).
