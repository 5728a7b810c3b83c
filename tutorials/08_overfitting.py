# %% [markdown]
# # Overfitting: has it learned the task, or these levels?
#
# In supervised learning you keep a test set apart. In reinforcement learning, agents are often
# tested where they were trained. This lesson takes the two apart. It asks how large the difference
# is, what makes it smaller, and what only seems to.

# %%
try:
    from tfrl.tutorials import begin, load_evaluations, load_table, say
except ModuleNotFoundError:
    raise SystemExit("tfrl is missing: run `make tutorial 08` in a clone of the project") from None

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from tfrl.analysis import sign_test
from tfrl.analysis.benchmarks import BENCHMARKS
from tfrl.tutorials import draw_maze, maze_table

begin()

# %% [markdown]
# ## Levels
#
# An episode is played in a *level*: one maze with its start and goal, or one set of physical
# constants. Levels have numbers. Level zero is the same maze in every run. Training uses the first
# levels. The levels from `FIRST_TEST_LEVEL` on are *held out*: no agent is ever trained on them. In
# the pictures, the unseen levels are counted from there.

# %%
from tfrl.variations import FIRST_TEST_LEVEL

figure, rows = plt.subplots(2, 3, figsize=(6.0, 4.4))
for axes, number in zip(rows[0], range(3), strict=True):
    draw_maze(axes, maze_table(number).maze)
    axes.set_title(f"training level {number}")
for axes, number in zip(rows[1], range(3), strict=True):
    draw_maze(axes, maze_table(FIRST_TEST_LEVEL + number).maze)
    axes.set_title(f"unseen level {number}")
plt.show()

# %% [markdown]
# The agent sees the whole maze, as in these pictures. So it could learn to read any maze. It could
# also learn by heart what to do in the few mazes that it meets. Both bring the same return in
# training.
#
# ## A few mazes
#
# We train PPO twice: with few mazes, and with many. All else is the same, and so is the length of
# training. The settings are those of the project's study. `LevelConfig` says how many levels the
# training uses.

# %%
from tfrl import pipelines
from tfrl.training import Trainer
from tfrl.variations import LevelConfig

Ppo = pipelines.resolve("ppo")
settings = {"num_environments": 8, "collect_sequence_length": 128, "num_epochs": 10}
settings |= {"minibatch_size": 1024, "learning_rate": 2.5e-4, "anneal_learning_rate": False}
settings |= {"discount_factor": 0.99, "lambda_value": 0.95}
STEPS, EVERY, EPISODES, SEEDS = 50_000, 10_000, 100, range(10)
trainer = Trainer(Ppo, Ppo.Config(**settings), "Maze-v0", STEPS, EVERY, EPISODES)

# %%
FEW, MANY = 5, 500
runs = {
    number: [trainer.run(seed, LevelConfig(levels=number)) for seed in SEEDS]
    for number in (FEW, MANY)
}


# %% [markdown]
# Each evaluation plays two kinds of mazes: levels that were trained on, and unseen ones. A maze is
# solved if the agent reaches the goal in time. We look at the share of solved mazes, the success.
# Differences of success are in points: from `20%` to `50%` is `30` points.
#
# The agent draws its actions from its policy here, as in training. An agent without memory that
# always takes its favourite action can walk in a circle for ever.


# %%
def success(run):
    rows = pd.DataFrame(run.evaluations)
    rows = rows[rows["policy"] == "stochastic"]
    solved = rows["return"] >= 1
    return solved.groupby([rows["step"], rows["split"]]).mean().unstack()


curves = {number: [success(run) for run in of_number] for number, of_number in runs.items()}

# %% [markdown]
# > **Guess first.** With few mazes, how much success will the agent have in those, and how much in
# > unseen ones? And with many?

# %%
SEEN, UNSEEN = "#555555", "#E69F00"


def draw_seeds(axes, table, column, colour, label):
    for seed, curve in enumerate(table):
        name = label if seed == 0 else None
        axes.plot(curve.index, curve[column], color=colour, linewidth=1, alpha=0.7, label=name)
    axes.set(ylabel="success", ylim=(-0.02, 1.02))
    axes.yaxis.set_major_formatter("{x:.0%}")


figure, rows = plt.subplots(2, 1, figsize=(7.2, 5.6), sharex=True)
for axes, (number, table) in zip(rows, curves.items(), strict=True):
    draw_seeds(axes, table, "training", SEEN, "mazes trained on")
    draw_seeds(axes, table, "held-out", UNSEEN, "unseen mazes")
    axes.set_title(f"PPO trained on {number} mazes: every seed")
rows[0].legend(loc="upper left")
rows[1].set(xlabel="environment steps of training")
plt.show()


# %%
def at(step, number, split):
    return np.array([curve.loc[step, split] for curve in curves[number]])


def whole(share):
    # Halves are rounded away from zero, as in the reports.
    return int(np.sign(share) * np.floor(round(abs(100 * float(share)), 6) + 0.5))


def points(share):
    return f"{whole(share):+d}"


def in_points(differences):
    low, high = differences.interval()
    return f"{points(differences.typical)} points ({points(low)} to {points(high)})"


last = curves[FEW][0].index.max()
few, many = (
    sign_test.Differences.within(at(last, number, "training") - at(last, number, "held-out"))
    for number in curves
)

# %%
say(
    f"""
Trained on {FEW} mazes, the typical seed solves {np.median(at(last, FEW, "training")):.0%} of its
episodes in these mazes, and {np.median(at(last, FEW, "held-out")):.0%} in unseen ones. Seed by
seed, the first minus the second is typically {in_points(few)}.

Trained on {MANY} mazes, it solves {np.median(at(last, MANY, "training")):.0%} in those, and
{np.median(at(last, MANY, "held-out")):.0%} in the same unseen ones. The difference is typically
{in_points(many)}.
"""
)

# %% [markdown]
# Success where an agent was trained, minus its success on unseen levels of the same kind, is the
# *generalization gap*. If it is large, the agent is *overfitted*: it has learned its levels, and
# not the task.
#
# A common mistake is to test on what was trained on. The upper grey curves look good. (Those below
# `100%` are flat, because these seeds do not learn one of their mazes.) The orange ones, of the
# same networks, show what that is worth elsewhere.
#
# The opposite mistake is to take a small gap for a good agent. An agent that has learned nothing
# has no gap either. The curves with many mazes hardly rise: success there takes longer training. So
# look at both sides of a gap.
#
# ## Exercise: the gap of each seed
#
# Compute it from the returns of test episodes. An episode is a success if its return reaches the
# threshold.


# %% tags=["exercise"]
def gap_of_each_seed(seen, unseen, threshold):
    # seen and unseen are arrays [seeds, episodes] of returns. Return an array [seeds].
    ...


# %%
from tfrl.tutorials.checks import overfitting

overfitting.gap_of_each_seed(gap_of_each_seed)


# %% tags=["solution"]
def gap_of_each_seed(seen, unseen, threshold):
    return (seen >= threshold).mean(axis=1) - (unseen >= threshold).mean(axis=1)


overfitting.gap_of_each_seed(gap_of_each_seed)

# %% [markdown]
# ## Can training do harm?
#
# With few mazes, the orange curves above go down at first. The project has trained longer, on
# other numbers of mazes, and published the results. Here is the success in unseen mazes, from
# before training to the end.
#
# > **Guess first.** With longer training on few mazes, does success in unseen ones come back, or is
# > it worse at the end than before training? And with more mazes?

# %%
published = load_evaluations("levels")
ppo = published[published["configuration"] == "ppo"]
counts = {"maze-10": "10 mazes", "maze-100": "100 mazes", "maze-unbounded": "a new maze each time"}

figure, panels = plt.subplots(1, 3, figsize=(7.2, 2.8), sharey=True)
for axes, (environment, label) in zip(panels, counts.items(), strict=True):
    for _, run in ppo[ppo["environment"] == environment].groupby("seed"):
        axes.plot(run["step"] / 1000, run["return"], color=UNSEEN, linewidth=1, alpha=0.7)
    axes.set_title(label)
    axes.yaxis.set_major_formatter("{x:.0%}")
panels[0].set(ylabel="success in unseen mazes", ylim=(0, 1))
panels[1].set(xlabel="thousands of environment steps")
figure.suptitle("PPO, trained on:", x=0.01, ha="left")
plt.show()


# %%
def change_since_start(environment):
    runs = ppo[ppo["environment"] == environment]
    table = runs.pivot_table(index="seed", columns="step", values="return")
    return sign_test.Differences.within((table[table.columns[-1]] - table[0]).to_numpy())


def side(differences, up, down):
    low, high = differences.interval()
    return up if low > 0 else down if high < 0 else "The seeds cannot tell the direction."


# %%
ten, endless = change_since_start("maze-10"), change_since_start("maze-unbounded")
outcome = side(ten, "They end better than they began.", "They end worse than they began.")
random_success = BENCHMARKS["Maze-v0"].random  # of actions that are drawn uniformly

# %%
say(
    f"""
From before training to the end, success in unseen mazes typically changes by {in_points(ten)} for
agents with {counts["maze-10"]}. {outcome} With a new maze each time it changes by
{in_points(endless)}.

A policy that moves at random solves {random_success:.0%} of the unseen mazes.
"""
)

# %% [markdown]
# The likely reason: a random walk finds the goal of such a small maze now and then, and an agent
# that is sure of a wrong way does not. So do not assume that what was learned can only help.
#
# ## How many levels are enough?
#
# > **Guess first.** On how many mazes must an agent be trained, before it does as well in unseen
# > ones as in its own?

# %%
by_seed = load_table("levels", "Maze-v0-unseen_levels-by-seed")
numbers = ["maze-10", "maze-100", "maze-1000", "maze-10000", "maze-unbounded"]
ticks = ["10", "100", "1,000", "10,000", "no limit"]

figure, rows = plt.subplots(2, 1, figsize=(7.2, 5.4), sharex=True)
for axes, agent, colour in zip(rows, ("ppo", "apo"), (UNSEEN, "#0072B2"), strict=True):
    for place, environment in enumerate(numbers):
        chosen = (by_seed["environment"] == environment) & (by_seed["configuration"] == agent)
        for column, tint, shift in (("reference", SEEN, -0.1), ("score", colour, 0.1)):
            values = by_seed[chosen][column]
            axes.plot([place + shift] * len(values), values, "o", color=tint, alpha=0.5)
    axes.set(title=f"{agent.upper()}: grey trained on, coloured unseen", ylabel="success")
    axes.yaxis.set_major_formatter("{x:.0%}")
rows[1].set(xticks=range(len(ticks)), xticklabels=ticks, xlabel="mazes trained on")
plt.show()

# %% [markdown]
# Each dot is a seed after training. With no limit, training hardly meets a maze twice. There is
# nothing to learn by heart then, so it is a control.
#
# The report gives each gap an interval and a verdict. A gap is sure if the whole interval is above
# zero. If the whole interval is below `MATTERS`, there is no gap that matters. Otherwise it is
# undecided.

# %%
MATTERS = 0.05


def verdict(row):
    if row["low"] > 0:
        return "sure"
    return "none that matters" if row["high"] < MATTERS else "undecided"


gaps = load_table("levels", "Maze-v0-unseen_levels-gaps")
gaps = gaps[(gaps["policy"] == "stochastic") & gaps["configuration"].isin(["ppo", "apo"])]
gaps = gaps.set_index(["configuration", "environment"]).loc[["ppo", "apo"]]
shown = gaps[["gap", "low", "high"]].map(points)
shown["verdict"] = gaps.apply(verdict, axis=1)
shown.rename(index=dict(zip(numbers, ticks, strict=True))).rename_axis(["agent", "mazes"])

# %%
places = {name: ticks[numbers.index(name)] for name in numbers}
of_ppo = gaps.loc["ppo"]
sure = [places[name] for name in numbers if verdict(of_ppo.loc[name]) == "sure"]
open_ones = [places[name] for name in numbers if verdict(of_ppo.loc[name]) == "undecided"]
above = by_seed.query("configuration == 'ppo' and environment == 'maze-100'")["gap"] > 0

# %%
say(
    f"""
The gap of PPO is {whole(of_ppo.loc["maze-10", "gap"])} points with {ticks[0]} mazes. It is sure
with these numbers of mazes: {", ".join(sure) or "none"}. It is undecided with: {
        ", ".join(open_ones) or "none"
    }. With {ticks[1]} mazes, the gap is above zero in {above.mean():.0%} of the seeds.
"""
)

# %% [markdown]
# ## What seeds do not cover
#
# Why are intervals that wide, and gaps undecided that nearly all seeds have? All runs are trained
# on the same mazes. Perhaps these are easier than most. More seeds do not help against that: each
# new seed meets the same mazes.
#
# > **Guess first.** Take our own runs, before any training. The policy is almost random. Is its
# > success in the mazes that it will be trained on the same as in unseen ones?

# %%
start = sign_test.Differences.within(at(0, FEW, "training") - at(0, FEW, "held-out"))
chosen = (by_seed["environment"] == "maze-10") & (by_seed["configuration"] == "ppo")
of_seeds = sign_test.Differences.within(by_seed[chosen]["gap"].to_numpy())
tested_together = by_seed.groupby(["environment", "configuration"]).ngroups  # as the report does
low, high = of_seeds.interval(1 - sign_test.ALPHA / tested_together)
outcome = side(start, "They were easier to begin with.", "They were harder to begin with.")

# %%
say(
    f"""
Before training, success in the {FEW} mazes differs from that in unseen ones by {in_points(start)}.
{outcome}

For PPO and {ticks[0]} mazes, the seeds alone give an interval of {whole(low)} to
{whole(high)} points. The published one also allows for the choice of mazes. The report estimates
that from how much success differs from maze to maze. The interval is then
{whole(of_ppo.loc["maze-10", "low"])} to {whole(of_ppo.loc["maze-10", "high"])} points.
"""
)

# %% [markdown]
# A common mistake is to count everything by seeds. Ask what else was drawn only once: the levels,
# the data set, the computer.
#
# ## Other physics
#
# Unseen levels were of the same kind so far. Now the kind changes. Packer et al. (2018) let agents
# learn CartPole on one *variation* and tested them on others. In D (deterministic), the cart's
# force and the pole's length and mass have their usual values. In R (random) they are drawn from a
# range around those, for each episode. In E (extreme) they are further out, above or below that
# range. An episode is a success if its return reaches a threshold of the task.

# %%
matrix = load_table("generalization", "CartPole-v0-other_physics-matrix")


def scores(table, agent):
    rows = table[table["configuration"] == agent]
    return rows.pivot_table(index="seed", columns=["trained", "tested"], values="success")


scores(matrix, "ppo").median().unstack().map("{:.0%}".format)

# %% [markdown]
# Each row is what PPO was trained on, each column what it was tested on. The numbers are the
# success, as medians over seeds. Read the row of D from left to right.
#
# > **Guess first.** REINFORCE loses success too from D to E. Does that show that it has not learned
# > to balance other poles?

# %%
agents = {"reinforce": "#CC79A7", "ppo": "#E69F00", "apo": "#0072B2"}
table = {agent: scores(matrix, agent) for agent in agents}
plain = {agent: s["D", "D"] - s["D", "E"] for agent, s in table.items()}
drop = {agent: s["E", "E"] - s["D", "E"] for agent, s in table.items()}

# %%
figure, panels = plt.subplots(2, 1, figsize=(7.2, 4.2), sharex=True)
titles = ("Success on D minus success on E", "Success on E: trained there, minus trained on D")
for axes, part, title in zip(panels, (plain, drop), titles, strict=True):
    for row, (agent, values) in enumerate(part.items()):
        spread = np.linspace(-0.2, 0.2, len(values))
        axes.plot(100 * np.sort(values), row + spread, "o", color=agents[agent], alpha=0.7)
    axes.axvline(0, color="#888888", linewidth=0.8)
    axes.set(title=title, yticks=range(len(agents)), yticklabels=[a.upper() for a in agents])
    axes.set_ylim(-0.5, len(agents) - 0.5)
panels[1].set(xlabel="points, every seed")
plt.show()

# %%
compared = {
    name: {agent: sign_test.Differences.within(v.to_numpy()) for agent, v in part.items()}
    for name, part in (("plain", plain), ("drop", drop))
}

# %%
say(
    f"""
For REINFORCE, success on D minus success on E is typically
{in_points(compared["plain"]["reinforce"])}. On E, training there instead of on D typically changes
success by {in_points(compared["drop"]["reinforce"])}.

For PPO, the first number is {in_points(compared["plain"]["ppo"])}. The second is
{in_points(compared["drop"]["ppo"])}.
"""
)

# %% [markdown]
# The lower figure compares an agent with one of the same seed that was trained on the test's own
# physics. The project calls this difference the *drop*. Here are the drops of the report, with its
# verdicts. The report tests many drops together, so its intervals are wider than those of one
# question.

# %%
drops = load_table("generalization", "CartPole-v0-other_physics")
drops = drops[(drops["environment"] == "cartpole-D") & (drops["tested"] == "E")]
drops = drops.set_index("configuration").loc[list(agents)]
table_of_drops = drops[["gap", "low", "high"]].map(points).rename(columns={"gap": "drop"})
table_of_drops["verdict"] = drops.apply(verdict, axis=1)
table_of_drops

# %% [markdown]
# The upper figure mixes two things: what did not generalise, and what is harder for anyone. The
# drop leaves out the second. In the table of success, it compares two rows in the column of the
# test.
#
# A common mistake is to take a plain difference for a failure to generalise. Harder is not the same
# as not generalised. So what REINFORCE loses from D to E does not show it. If the drop is
# undecided, the seeds cannot tell.
#
# ## Exercise: the drop
#
# Compute it from a table of success.


# %% tags=["exercise"]
def drop_of(success, trained, tested):
    # success[a][b] is the success of an agent trained on a and tested on b.
    ...


# %%
overfitting.drop_of(drop_of)


# %% tags=["solution"]
def drop_of(success, trained, tested):
    return success[tested][tested] - success[trained][tested]


overfitting.drop_of(drop_of)

# %% [markdown]
# ## Easier is not the same as generalised, either
#
# On MountainCar a car has to get up a hill in time. DQN learned on D, and was tested on E.
#
# > **Guess first.** Its success on E is higher than where it was trained. Does it generalise well?

# %%
car = scores(load_table("generalization", "MountainCar-v0-other_physics-matrix"), "dqn")
constant = BENCHMARKS["MountainCar-v0"].constant_action["E"]

# %%
say(
    f"""
DQN trained on D succeeds in {car["D", "D"].mean():.0%} of the episodes on D, and in
{car["D", "E"].mean():.0%} on E. But on E, pressing the same pedal all the time succeeds in
{constant:.0%}: there the engine is often strong enough.
"""
)

# %% [markdown]
# So the success on E does not show that anything generalised. Look at what a trivial policy scores,
# before you praise an agent.
#
# ## Remedies
#
# What makes a gap smaller? The levels study has one answer already. Compare the gaps of a seed with
# few mazes and with more.

# %%
wide = by_seed[by_seed["configuration"] == "ppo"].pivot_table(
    index="seed", columns="environment", values="gap"
)
more = sign_test.Differences.within((wide["maze-100"] - wide["maze-10"]).to_numpy())
outcome = side(more, "It is wider.", "It is narrower.")

# %%
say(
    f"""
With {ticks[1]} mazes instead of {ticks[0]}, the gap of PPO typically changes by {in_points(more)}.
{outcome} (The interval is for these mazes, since the seeds do not cover their choice.)
"""
)

# %% [markdown]
# More levels cost nothing where a program makes them. Where they are scarce, supervised learning
# offers *regularization*: something that keeps a network from fitting its data too closely. The
# studies tried three remedies.
#
# - A bonus for entropy, which keeps the policy from becoming too sure. In mazes, against few
#   levels.
# - A penalty on large weights, called L2. In mazes, too.
# - Training on R instead of D, tested on E. R has more variety, but E is new to both. The gap is
#   the drop here. Both drops have the same agent trained on E, so it cancels out of the change.
#
# > **Guess first.** Which of the three narrow the gap for sure?

# %%
mazes = by_seed[by_seed["environment"] == "maze-10"].pivot_table(
    index="seed", columns="configuration", values=["gap", "reference", "score"]
)
changes = {
    "entropy bonus": mazes["gap", "ppo_entropy"] - mazes["gap", "ppo"],
    "L2 penalty": mazes["gap", "ppo_l2"] - mazes["gap", "ppo"],
    "R instead of D": table["ppo"]["D", "E"] - table["ppo"]["R", "E"],
}

# %%
in_mazes = load_table("levels", "Maze-v0-remedies")
in_mazes = in_mazes[in_mazes["where"] == "maze-10"].set_index("remedy")
on_cartpole = load_table("generalization", "CartPole-v0-remedies").set_index("configuration")
rows = [in_mazes.loc["ppo_entropy"], in_mazes.loc["ppo_l2"], on_cartpole.loc["ppo"]]
ends = [(-row["narrowed_high"], -row["narrowed_low"]) for row in rows]  # of the change


def effect(low, high):
    if high < 0:
        return "narrowed"
    return "widened" if low > 0 else "not narrowed" if low > -MATTERS else "undecided"


verdicts = {name: effect(*interval) for name, interval in zip(changes, ends, strict=True)}

# %%
figure, axes = plt.subplots(figsize=(7.2, 3.0))
for row, (name, (low, high)) in enumerate(zip(changes, ends, strict=True)):
    values = 100 * np.sort(changes[name])
    spread = np.linspace(-0.15, 0.25, len(values))
    axes.plot([100 * low, 100 * high], [row - 0.3, row - 0.3], color="black", linewidth=2)
    axes.plot(np.median(values), row - 0.3, "o", color="black", markersize=5)
    axes.plot(values, row + spread, "o", color="#E69F00", alpha=0.7)
axes.axvline(0, color="#888888", linewidth=0.8)
axes.set(title="Change of PPO's gap: seeds (orange), published interval (black)")
axes.set(yticks=range(3), yticklabels=changes, xlabel="points; left of zero is narrower")
plt.show()


# %%
def line(name):
    low, high = ends[list(changes).index(name)]
    change = f"{points(changes[name].median())} points ({points(low)} to {points(high)})"
    return f"{name}: {change}. Verdict: {verdicts[name]}."


# %%
say(
    f"""
- {line("entropy bonus")}
- {line("L2 penalty")}
- {line("R instead of D")}
"""
)

# %% [markdown]
# The intervals are those of the reports. They allow for several questions, and in mazes also for
# the choice of mazes. That is why some are wider than the dots.
#
# "Undecided" is no sign that a remedy does not work. Another study found that both kinds of
# regularization narrow the gap, with other networks and many more levels (Cobbe et al. 2019). These
# mazes and seeds cannot tell.
#
# ## Three traps
#
# **Medians of two columns.** Each seed has a gap without the remedy, and a gap with it.
#
# > **Guess first.** Is the median of the changes the same as the change of the medians?

# %%
before, after = mazes["gap", "ppo"], mazes["gap", "ppo_l2"]
apart, paired = after.median() - before.median(), (after - before).median()
lower = int((mazes["reference", "ppo_l2"] < mazes["reference", "ppo"]).sum())
narrower = (after < before) & (mazes["score", "ppo_l2"] <= mazes["score", "ppo"])

# %%
say(
    f"""
For the L2 penalty, the median gap goes from {whole(before.median())} to
{whole(after.median())} points, by {points(apart)}. The median change of a seed is {points(paired)}.
"""
)

# %% [markdown]
# The two gaps of a seed belong together. So take the change of each seed first, and then the
# median.
#
# **Worse where it was trained.** A gap has two sides. It also gets smaller if the agent does worse
# in the levels that it was trained on. Nobody wants such a remedy.

# %%
say(
    f"""
With the L2 penalty, {lower} of {len(mazes)} seeds do worse where they were trained. In
{int(narrower.sum())} seeds the gap is smaller although unseen mazes are not solved more often.
"""
)

# %% [markdown]
# **One question, or many.** The report asks of several agents whether training on R narrows the
# drop. It tests these changes together, as a *family*. The more questions you ask at a limit of
# `0.05` each, the more often chance alone makes one of them significant. So the limit of each is
# `0.05` divided by their number.

# %%
alone = sign_test.Differences.within(changes["R instead of D"].to_numpy())
family = len(on_cartpole)
at_once = sign_test.ALPHA / family
alone_word = "yes" if alone.p < sign_test.ALPHA else "no"
family_word = "yes" if alone.p < at_once else "no"

# %%
say(
    f"""
The p-value of this change is {alone.p:.3f}, for PPO alone. Is it significant as the only question?
By the limit {sign_test.ALPHA}: {alone_word}. And as one of {family}? By the limit {at_once:.4f}:
{family_word}.
"""
)

# %% [markdown]
# You cannot choose the one question after you have seen the answers. Lesson 6 added seeds until a
# test found something. This would be the same with questions.
#
# ## Exercise: the change of a gap
#
# Compute the typical change of the gap by a remedy, from the gaps of the same seeds without and
# with it. If the remedy makes gaps narrower, the change is below zero.


# %% tags=["exercise"]
def typical_change(without, with_remedy):
    # Both are arrays [seeds]. Typical is the median.
    ...


# %%
overfitting.typical_change(typical_change)


# %% tags=["solution"]
def typical_change(without, with_remedy):
    return np.median(with_remedy - without)


overfitting.typical_change(typical_change)

# %% [markdown]
# ## What you have seen
#
# - Test on levels that were never trained on. With few levels an agent can be perfect there, and do
#   worse than at random elsewhere.
# - The gap depends on the number of levels. Seeds do not cover the choice of levels.
# - A test that is harder for anyone can lower every score. To see what did not generalise, train
#   another agent on the test's own kind.
# - A remedy is judged seed by seed, on both sides of the gap, and with all its questions at once.
#
# Next: [lesson 9](09_sample_efficiency.ipynb), where agents have to learn from fewer steps.
