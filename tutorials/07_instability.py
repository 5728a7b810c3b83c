# %% [markdown]
# # Instability: what a mean curve hides
#
# Lesson 6 asked how many seeds a comparison needs. This lesson looks inside the runs. An agent can
# learn a task and lose it again. A mean over seeds hides that well. Here we measure it, and try
# remedies.

# %%
try:
    from tfrl.tutorials import begin, load_evaluations, say, train_runs
except ModuleNotFoundError:
    raise SystemExit("tfrl is missing: run `make tutorial 07` in a clone of the project") from None

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

begin()

# %% [markdown]
# ## A mean curve
#
# We load the published evaluations of lesson 0 again, and draw DQN as many papers do: the mean over
# the seeds, with a band of one standard error on either side.

# %%
NAMES = {"dqn": "DQN", "reinforce": "REINFORCE", "ppo": "PPO", "apo": "APO"}
COLOURS = {"dqn": "#009E73", "reinforce": "#CC79A7", "ppo": "#E69F00", "apo": "#0072B2"}
published = load_evaluations("cartpole")
published = published[published["configuration"].isin(NAMES)]
dqn = published[published["configuration"] == "dqn"].pivot(
    index="seed", columns="step", values="return"
)
mean, error = dqn.mean(), dqn.sem()

# %%
figure, axes = plt.subplots()
axes.fill_between(mean.index, mean - error, mean + error, color="#009E73", alpha=0.25)
axes.plot(mean, color="#009E73")
axes.set(
    title="DQN: the mean of all seeds, and its standard error",
    xlabel="environment steps of training",
    ylabel="return",
    ylim=(0, 510),
)
plt.show()

# %% [markdown]
# > **Guess first.** How many of the seeds are inside the band at the end? And how far does a typical
# > seed fall from one evaluation to the next?

# %%
low, high = mean.iloc[-1] - error.iloc[-1], mean.iloc[-1] + error.iloc[-1]
inside = int(dqn.iloc[:, -1].between(low, high).sum())

figure, axes = plt.subplots()
axes.plot(dqn.T, color="#009E73", linewidth=0.8, alpha=0.7)
axes.plot(mean, color="black", linewidth=2, label="mean")
axes.set(
    title="DQN: every seed, and the mean",
    xlabel="environment steps of training",
    ylabel="return",
    ylim=(0, 510),
)
axes.legend()
plt.show()

# %%
changes = dqn.diff(axis=1)
of_a_seed, of_the_mean = -changes.min(axis=1).median(), -mean.diff().min()

# %%
say(
    f"""
At the end the band reaches from {low:.0f} to {high:.0f}. Of {len(dqn)} seeds, {inside} are inside.
From one evaluation to the next, the mean falls by {of_the_mean:.0f} points at most. The largest such
fall of a seed is {of_a_seed:.0f} points, in the median of the seeds.
"""
)

# %% [markdown]
# A common mistake is to read such a band as the range of the seeds. It says how well the mean is
# known. It gets narrower with more seeds, and the seeds do not get any calmer.
#
# ## Drawdown: how far a run has fallen
#
# We need a number for a fall. At each evaluation, look back at the best return so far. How far the
# run is below it is its *drawdown* at that point. The deepest one is the drawdown of the run.
#
# > **Guess first.** Here are the returns of a run. What is its drawdown?

# %%
by_hand = pd.DataFrame({"return": [20, 200, 120, 500, 180, 400]})
by_hand.index.name = "evaluation"
by_hand["best so far"] = by_hand["return"].cummax()
by_hand["below it"] = by_hand["best so far"] - by_hand["return"]
by_hand

# %%
say(
    f"""
The deepest fall is {by_hand["below it"].max()} points. The last return is only
{by_hand["below it"].iloc[-1]} below the best one: a run can fall and come back.
"""
)

# %% [markdown]
# A common mistake is to take the highest return minus the lowest. But a run begins low. What comes
# before the peak is no fall.
#
# ## Exercise: drawdown
#
# Write it as a function of a list of returns.


# %% tags=["exercise"]
def drawdown(returns):
    # Go through the returns, and remember the best one so far.
    ...


# %%
from tfrl.tutorials.checks import instability

instability.drawdown(drawdown)


# %% tags=["solution"]
def drawdown(returns):
    best, deepest = returns[0], 0.0
    for value in returns:
        best = max(best, value)
        deepest = max(deepest, best - value)
    return deepest


instability.drawdown(drawdown)

# %% [markdown]
# The reports of the project measure it too. We compare your function with the project's, on every
# published run.

# %%
from tfrl.analysis import stability

by_run = published.groupby(["configuration", "seed"])["return"]
fallen = by_run.apply(lambda values: drawdown(list(values)))
theirs = stability.over_time(
    published.rename(columns={"return": "average"}), int(published["step"].max())
).set_index(["configuration", "seed"])["drawdown"]
largest_error = fallen.sub(theirs).abs().max()

# %%
say(
    f"""
Of {len(fallen)} runs, the largest difference is {largest_error:.1f} points.
"""
)

# %% [markdown]
# ## The mean falls less than its seeds
#
# > **Guess first.** Is the drawdown of the mean curve about as large as that of a typical seed?

# %%
of_mean, of_seeds = drawdown(list(mean)), fallen["dqn"]

figure, axes = plt.subplots(figsize=(7.2, 1.9))
axes.plot(of_seeds, np.zeros(len(of_seeds)), "o", color="#009E73", alpha=0.6, label="a seed")
axes.axvline(of_mean, color="black", label="the mean curve")
axes.set(title="DQN: drawdown", xlabel="points of return", yticks=[], ylim=(-1, 1), xlim=(0, 500))
axes.legend(loc="upper right", ncols=2)
plt.show()

# %%
say(
    f"""
The mean curve has a drawdown of {of_mean:.0f} points. The seeds have {of_seeds.median():.0f} in the
median. They range from {of_seeds.min():.0f} to {of_seeds.max():.0f}.
"""
)

# %% [markdown]
# This is no accident. Seeds fall at different times, and while one falls another one rises. The
# drawdown of a mean can never be larger than the mean of the drawdowns.
#
# ## Which agent falls furthest?
#
# > **Guess first.** Does DQN fall further than REINFORCE, PPO and APO?

# %%
figure, axes = plt.subplots(figsize=(7.2, 2.8))
for row, name in enumerate(NAMES):
    values = np.sort(fallen[name])
    spread = np.linspace(-0.25, 0.25, len(values))
    axes.plot(values, row + spread, "o", color=COLOURS[name], alpha=0.7)
axes.set(
    title="Drawdown of every seed",
    xlabel="points of return",
    yticks=range(len(NAMES)),
    yticklabels=NAMES.values(),
    ylim=(len(NAMES) - 0.5, -0.5),
)
plt.show()

# %% [markdown]
# We compare all pairs of a seed of DQN and a seed of another agent, as in lesson 6. So that all three
# intervals hold together, each is a little wider than usual: the error of one in `20` is split
# between them.

# %%
from tfrl.analysis import sign_test


def compared(a, b, questions):
    differences = sign_test.Differences.between(np.asarray(a), np.asarray(b))
    low, high = differences.share_interval(1 - sign_test.ALPHA / questions)
    sure = "The seeds can tell." if low > 0.5 or high < 0.5 else "The seeds cannot tell."
    return f"{differences.share:.0%} of all pairs ({low:.0%} to {high:.0%}). {sure}"


# %%
say(
    f"""
A seed of DQN has a larger drawdown

- than one of REINFORCE in {compared(fallen["dqn"], fallen["reinforce"], 3)}
- than one of PPO in {compared(fallen["dqn"], fallen["ppo"], 3)}
- than one of APO in {compared(fallen["dqn"], fallen["apo"], 3)}
"""
)

# %% [markdown]
# ## It depends on how often you look
#
# The published runs were tested often in the first fifth of training, and less often after it. What
# if we had looked rarely all the time?

# %%
rarely = published[published["step"] % 10_000 == 0]
seen_rarely = rarely.groupby(["configuration", "seed"])["return"].apply(
    lambda values: drawdown(list(values))
)
table = pd.DataFrame(
    {
        "all evaluations": fallen.groupby("configuration").median(),
        "every 10,000 steps": seen_rarely.groupby("configuration").median(),
    }
).loc[list(NAMES)]
table.rename(index=NAMES).map("{:.0f}".format)

# %% [markdown]
# These are medians of the same runs. An evaluation that you leave out can only hide a fall. How much
# it hides differs from agent to agent, so the comparison above holds for these evaluation times
# only. A common mistake is to compare drawdowns of two studies that looked at different times. The
# early part of training counts here too: an agent that is still learning tries many bad policies.
#
# ## Forgetting
#
# The worst fall is one at the end: the agent is delivered in that state. We say that a run has
# *forgotten* its task if it had solved it at some evaluation, and its last evaluation is below a
# limit. The limit lies between a random policy and a solved task, nearer to the latter.

# %%
from tfrl.analysis import benchmarks, forgetting

known = benchmarks.BENCHMARKS["CartPole-v1"]
limit = forgetting.failure_limit(known.threshold, known.random)

# %%
say(
    f"""
CartPole-v1 counts as solved at a mean return of {known.threshold:.0f}. A random policy returns
{known.random:.0f}. The limit is {forgetting.SHARE:.0%} of the way from there up: {limit:.0f}.
"""
)

# %% [markdown]
# ## Exercise: forgotten?
#
# Write it as a function of the returns of a run, in the order of its evaluations.


# %% tags=["exercise"]
def has_forgotten(returns, threshold, limit):
    # True if the task was solved at any evaluation, and the last one is below the limit.
    # Solved means: a return of the threshold or more.
    ...


# %%
instability.has_forgotten(has_forgotten)


# %% tags=["solution"]
def has_forgotten(returns, threshold, limit):
    return max(returns) >= threshold and returns[-1] < limit


instability.has_forgotten(has_forgotten)

# %%
lost = by_run.apply(lambda values: has_forgotten(list(values), known.threshold, limit))
history = forgetting.evaluation_failures(
    published.rename(columns={"return": "average"}), known.threshold, limit
)
counts = forgetting.summarise_evaluations(history).set_index("configuration").loc[list(NAMES)]
assert lost.groupby("configuration").sum().eq(counts["fell"]).all()

shown = counts[["n", "solved", "fell"]].rename(columns={"n": "seeds", "fell": "forgot"})
shown["share"] = [
    f"{low:.0%} to {high:.0%}" for low, high in zip(counts["low"], counts["high"], strict=True)
]
shown.rename(index=NAMES).rename_axis("")

# %% [markdown]
# The last column has the interval of the share of seeds that forget, with the usual confidence. Here
# the project's function and yours had to agree, or the cell would have stopped.
#
# > **Guess first.** Do these counts show that DQN forgets more often than PPO?
#
# Two counts are compared by an exact test. It asks how often counts would differ at least as much if
# both agents forgot equally often. DQN can be compared with three agents, so a third of the usual level
# is for each.

# %%
from tfrl.analysis import shares

forgot, seeds = counts["fell"], counts["n"]
level = sign_test.ALPHA / 3
sides = (forgot["dqn"], seeds["dqn"], forgot["ppo"], seeds["ppo"])
p = shares.p_value(*sides)
low, high = shares.difference_interval(*sides, 1 - level)
difference = forgot["dqn"] / seeds["dqn"] - forgot["ppo"] / seeds["ppo"]
told = (
    "the seeds can tell that DQN forgets more often"
    if p < level and difference > 0
    else "the seeds cannot tell whether DQN forgets more often"
)

# %%
say(
    f"""
The share of DQN's seeds that forgot, minus PPO's, is {difference:.0%} ({low:.1%} to {high:.1%}). The
p-value is {p:.3f}. At the level {level:.3f}, {told}.
"""
)

# %% [markdown]
# Rare failures need many seeds. That an agent failed in none of a few seeds does not mean that it
# never fails. The interval in the table says what is still possible.
#
# ## Stopping at a lucky moment
#
# Who has forgotten depends on when training stops. So we ask at each evaluation: if this had been
# the end, how many of DQN's seeds would have forgotten?

# %%
solved_by = dqn.cummax(axis=1) >= known.threshold
forgotten_at = (solved_by & (dqn < limit)).sum()
ever = int((solved_by & (dqn < limit)).any(axis=1).sum())

figure, axes = plt.subplots()
axes.step(dqn.columns, solved_by.sum(), where="post", color="#999999", label="had solved it")
axes.plot(forgotten_at, "o", color="#009E73", label="of these, would have forgotten")
axes.set(
    title="DQN, if training had stopped here",
    xlabel="environment steps of training",
    ylabel="seeds",
    ylim=(-0.5, len(dqn) + 0.5),
)
axes.legend()
plt.show()


# %%
late = forgotten_at[forgotten_at.index > dqn.columns.max() / 2]

# %%
say(
    f"""
In the second half of training the answer is between {late.min()} and {late.max()} seeds. In all,
{ever} of {len(dqn)} seeds were below the limit at an evaluation after they had solved the task.
"""
)

# %% [markdown]
# The table above shows one moment of many. A study fixes its budget before it starts, for this reason
# too.
#
# ## A small experiment
#
# The rest of this lesson trains. To see many falls in little time, we take CartPole-v0. It is the
# same task with a time limit of `200` steps instead of `500`, so an agent solves it earlier. The
# settings, the questions and the way to answer them were chosen on other seeds than these.

# %%
SEEDS = range(40, 50)


def run_dqn(**changes):
    size = {"steps": 15_000, "every": 750, "episodes": 10}
    return train_runs("dqn", "CartPole-v0", seeds=SEEDS, **size, **changes)


runs = {"plain": run_dqn()}


# %%
def draw_seeds(axes, runs):
    returns = runs.greedy().pivot(index="step", columns="seed", values="return")
    axes.plot(returns, color="#009E73", linewidth=0.8, alpha=0.7)
    axes.set(ylabel="return", ylim=(0, 205))


figure, axes = plt.subplots()
draw_seeds(axes, runs["plain"])
axes.set(title="DQN on CartPole-v0: every seed", xlabel="environment steps of training")
plt.show()

# %% [markdown]
# ## Remedies for DQN
#
# Three changes are often advised against unstable training. All are settings of the project's DQN
# (`tfrl hyperparameters dqn`).
#
# - **A smaller learning rate.** Each update changes Q less, so one bad batch does less harm.
# - **Slower target updates.** The target network of lesson 2 is copied less often, so the target
#   moves less.
# - **Double DQN.** The maximum over Q prefers what is too high by mistake. So the network that learns
#   chooses the action, and the target network gives its value.
#
# > **Guess first.** Which of them make the last policy better? Is one of them harmful?

# %%
runs["smaller learning rate"] = run_dqn(learning_rate=2.5e-4)  # plain: 1e-3

# %%
runs["slower target updates"] = run_dqn(target_update_period=2_000)  # plain: 500

# %%
runs["double DQN"] = run_dqn(double=True)

# %%
figure, grid = plt.subplots(2, 2, figsize=(7.2, 5.2), sharex=True, sharey=True)
for axes, (name, part) in zip(grid.flat, runs.items(), strict=True):
    draw_seeds(axes, part)
    axes.set(title=name, xticks=(0, 7_500, 15_000))
for axes in grid[1]:
    axes.set_xlabel("environment steps")
plt.show()


# %%
def of_each_seed(runs):
    returns = runs.greedy().groupby("seed")["return"]
    return pd.DataFrame(
        {
            "best": returns.max(),
            "last": returns.last(),
            "drawdown": returns.apply(lambda values: drawdown(list(values))),
        }
    )


measured = {name: of_each_seed(part) for name, part in runs.items()}
medians = pd.DataFrame({name: part.median() for name, part in measured.items()}).T
medians.map("{:.0f}".format).rename_axis("median of the seeds")

# %% [markdown]
# The question was fixed before these seeds were run: does a remedy give a better last policy than
# plain DQN? It is asked three times, so the intervals are wider again.

# %%
last = {name: part["last"] for name, part in measured.items()}
verdicts = "\n".join(
    f"- **{name}** ends higher than plain DQN in {compared(last[name], last['plain'], 3)}"
    for name in list(runs)[1:]
)


def seeds_needed(name):
    sides = (last[name].to_numpy(), last["plain"].to_numpy())
    needed = sign_test.seeds_needed(*sides, sign_test.ALPHA / 3, "lesson 7")
    return f"about {needed:,.0f}" if np.isfinite(needed) else f"more than {sign_test.MOST_SEEDS:,}"


# %%
say(
    f"""
{verdicts}

"Cannot tell" is not "makes no difference". It can mean "too few seeds". If other seeds are like
these, most studies can tell about slower target updates with {seeds_needed("slower target updates")}
seeds of each, and about double DQN with {seeds_needed("double DQN")}.
"""
)

# %% [markdown]
# These are answers about one task, one budget and one value of each setting. And the question stays
# the one that was fixed. If another column of the table looks clearer, that is a question for new
# seeds.
#
# A common mistake is to call the agent with the smallest drawdown the most stable one. An agent that
# learns nothing has nothing to lose, and no drawdown. So the best return, the last one and the
# drawdown belong together, as in the table.

# %% [markdown]
# ## The best checkpoint, or the last?
#
# If runs fall, why not keep the best policy instead of the last? One stores the weights at each
# evaluation, a *checkpoint*, and takes the one with the highest return.
#
# That may help, but there is a catch. It is easiest to see with dice, which are all equally good.
# Roll `10` of them, and keep the one that shows most.
#
# > **Guess first.** What does it show? And what does it show when you roll it again?

# %%
rng = np.random.default_rng(7)
first, second = rng.integers(1, 7, size=(2, 1000, 10))
kept = first.argmax(axis=1)
shows, shows_again = first.max(axis=1), second[np.arange(1000), kept]

# %%
say(
    f"""
Over {len(kept):,} games, the die that was kept shows {shows.mean():.1f} in the mean. The same die,
rolled again, shows {shows_again.mean():.1f}. It was the luckiest one, and no better than the others.
"""
)

# %% [markdown]
# Checkpoints are not all alike. But each evaluation has luck in it, as a roll has, and the maximum
# picks the luck too. This is *selection bias*: a number that was used to choose tends to be
# too high. The remedy is to choose with some episodes, and to judge with others. Double DQN does the
# same inside the agent.
#
# ## Exercise: an honest best
#
# Each checkpoint was evaluated twice, on different episodes. Choose by the first evaluation, and
# return the score to report.


# %% tags=["exercise"]
def score_of_best(chosen_by, judged_by):
    # Lists of returns, one for each checkpoint: to choose with, and to judge with.
    ...


# %%
instability.score_of_best(score_of_best)


# %% tags=["solution"]
def score_of_best(chosen_by, judged_by):
    best = max(range(len(chosen_by)), key=lambda i: chosen_by[i])
    return judged_by[best]


instability.score_of_best(score_of_best)

# %% [markdown]
# ## Measured
#
# Our evaluations have two sets of `10` episodes each, with different starts. We let the first few
# of one set choose, and all of the other set judge. Of checkpoints that are equally good, the
# latest is taken. The difference between what was claimed and what was judged is zero on average for
# a checkpoint that nobody chose.


# %%
def best_and_last(runs, episodes):
    table = runs.evaluations[runs.evaluations["policy"] == "greedy"]
    chooses = (table["split"] == "training") & (table["episode"] < episodes)
    parts = (table[chooses], table[table["split"] == "held-out"])
    claims, scores = (
        # The latest first: argmax takes the first of equal ones.
        part.groupby(["seed", "step"])["return"].mean().unstack("step").iloc[:, ::-1]
        for part in parts
    )
    best, seed = claims.to_numpy().argmax(axis=1), np.arange(len(claims))
    judged = scores.to_numpy()
    return pd.DataFrame(
        {"claimed": claims.max(axis=1), "best": judged[seed, best], "last": judged[:, 0]}
    )


# %% [markdown]
# > **Guess first.** By how much does the best checkpoint look better than it is, if it is chosen by
# > a single episode? And by all of them?

# %%
CHOOSERS = (1, 2, 5, 10)
picked = pd.concat(
    {(n, name): best_and_last(part, n) for n in CHOOSERS for name, part in runs.items()},
    names=["episodes", "agent"],
)
flattery = (picked["claimed"] - picked["best"]).unstack("episodes")

# %%
figure, axes = plt.subplots()
for position, n in enumerate(CHOOSERS):
    spread = np.linspace(-0.25, 0.25, len(flattery))
    axes.plot(position + spread, flattery[n].sort_values(), "o", color="#009E73", alpha=0.5)
positions = np.arange(len(CHOOSERS))
axes.hlines(flattery.mean(), positions - 0.35, positions + 0.35, color="black", label="mean")
axes.axhline(0, color="#999999", linewidth=1)
axes.set(
    title="How much too good the best checkpoint looks: every run",
    xlabel="episodes that choose",
    ylabel="claimed − judged, in return",
    xticks=positions,
    xticklabels=CHOOSERS,
)
axes.legend()
plt.show()

# %% [markdown]
# Plain DQN and the remedies were run on the same seeds, and tested on the same starts. So their runs
# are not independent. We count seeds, each with its mean over these agents. We ask three questions
# from here on, so the intervals are wider again.


# %%
def within(differences):
    differences = sign_test.Differences.within(differences.to_numpy())
    low, high = differences.share_interval(1 - sign_test.ALPHA / 3)
    sure = "The seeds can tell." if low > 0.5 or high < 0.5 else "The seeds cannot tell."
    return f"{differences.share:.0%} of the seeds ({low:.0%} to {high:.0%}). {sure}"


of_seed = flattery.groupby("seed").mean()
few, many = CHOOSERS[0], CHOOSERS[-1]

# %%
say(
    f"""
- Chosen by {few} episode, the best checkpoint looks {of_seed[few].mean():.1f} points too good in the
  mean. It looks too good in {within(of_seed[few])}
- Chosen by {many} episodes, it looks {of_seed[many].mean():.1f} points too good in the mean. It looks
  too good in {within(of_seed[many])}

A seed without a difference counts one half.
"""
)

# %% [markdown]
# Why do we answer this on new seeds? On other ones we had first looked at plain DQN alone, and
# could not tell. Then we averaged over the agents, and could tell. An analysis that is changed
# after its result may fit the luck of its seeds. A common mistake is to report it all the same. The
# remedy is what you see here: fix the analysis, then run seeds that had no part in it.
#
# No checkpoint can claim more than the highest return that the task allows. Where most of them come
# near it, luck cannot add much. And the more episodes choose, the less luck is in each score.
#
# Now the question itself. All `10` episodes of one set choose, and the other set judges: is the best
# checkpoint better than the last? The numbers can differ from those of the table of remedies. There,
# the set that chooses also gave the returns.

# %%
honest = picked.loc[many]
plain = honest.loc["plain"]
medians = honest.groupby("agent", sort=False)[["best", "last"]].median()
medians.map("{:.0f}".format).rename_axis("median of the seeds")

# %%
say(
    f"""
Of plain DQN, the best checkpoint is better than the last in {within(plain["best"] - plain["last"])}
"""
)

# %% [markdown]
# Keeping a good checkpoint may help the user of a policy. It does not make training stable.
# And a paper that reports the best checkpoints of one agent and the last ones of another compares
# two different things.
#
# ## What you have seen
#
# - A mean over seeds falls less than the seeds do. Look at the runs.
# - Drawdown measures a fall, and depends on how often you look. Whether a run has forgotten depends
#   on when it stops.
# - Rare failures need many seeds, or a careful sentence.
# - Choose with some episodes, judge with others. What was used to choose tends to look too good.
# - A remedy is a claim. It is tested like any other, on seeds that did not choose it.
#
# Next: [lesson 8](08_overfitting.ipynb), where agents meet levels that they have not seen.
