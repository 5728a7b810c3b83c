# %% [markdown]
# # Sample efficiency: learning from fewer steps
#
# In a game, a step costs nothing. On a robot, a step costs time, and sometimes a robot. An agent is
# *sample-efficient* if it needs few steps of the environment. This lesson measures that, and tries
# the remedies that are usually named.

# %%
try:
    from tfrl.tutorials import Terminal, begin, load_evaluations, say
except ModuleNotFoundError:
    raise SystemExit("tfrl is missing: run `make tutorial 09` in a clone of the project") from None

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

import tfrl
from tfrl.analysis import efficiency, returns, sign_test

begin()

# %% [markdown]
# ## How long until it is solved?
#
# We begin with the published runs of DQN on CartPole. A run has solved the task at the first
# evaluation with a mean return of `475` or more. So each seed gives one number: the steps until
# then. We pretend that the budget had been smaller.

# %%
evaluations = load_evaluations("cartpole")
one_agent = evaluations[evaluations["configuration"] == "dqn"]
solved_at = one_agent[one_agent["return"] >= 475].groupby("seed")["step"].min()
num_seeds = one_agent["seed"].nunique()


def mean_of_solved(budget):
    inside = solved_at[solved_at <= budget]
    return pd.Series({"solved": len(inside), "mean steps of these": inside.mean()})


budgets = [20_000, 40_000, 60_000, 80_000, 100_000]
shorter = pd.DataFrame({budget: mean_of_solved(budget) for budget in budgets}).T
shorter.rename_axis("budget").map("{:,.0f}".format)

# %% [markdown]
# The mean is over the seeds that solved the task within the budget.
#
# > **Guess first.** Here the agent is always the same. Why does it look faster with a smaller
# > budget?

# %%
first, last = shorter["mean steps of these"].dropna().iloc[[0, -1]]

# %%
say(
    f"""
With the smallest budget in which a seed solved it, the mean is {first:,.0f} steps. With the largest
it is {last:,.0f}. A short budget leaves out the slow seeds, so those that are left look fast.
"""
)

# %% [markdown]
# A run that ends unsolved tells something too: it takes longer than its budget. Its time is
# *censored*. A common mistake is to drop it. Another is to count it as the budget. Both make slow
# agents look faster than they are.
#
# ## Kaplan and Meier by hand
#
# Here are six runs. Four solved the task, after two, four, four and seven hours. Two were switched
# off unsolved, after three and after eight hours. If nothing is switched off, what share of runs
# solves the task by hour seven?
#
# > **Guess first.** We saw four of six solve it. Is the share above or below that?
#
# Kaplan and Meier (1958) look at each time at which a run solved the task. Some runs were still
# running until then. Which part of them went on unsolved? The product of these parts estimates the
# share that is still unsolved.

# %%
times = np.array([2, 3, 4, 4, 7, 8])
solved = np.array([True, False, True, True, True, False])

left, rows = 1.0, []
for time in np.unique(times[solved]):
    running = (times >= time).sum()
    now = (times[solved] == time).sum()
    left *= 1 - now / running
    rows.append((time, running, now, f"{running - now}/{running}", left, 1 - left))
columns = ["hour", "still running", "solved now", "part left", "unsolved", "solved"]
by_hand = pd.DataFrame(rows, columns=columns).set_index("hour")
by_hand.round(3)

# %%
naive = solved.sum() / len(solved)

# %%
say(
    f"""
By hour {times[4]} the estimate is {by_hand["solved"].iloc[-1]:.1%}. The plain share of runs that
solved it is {naive:.1%}. It treats the run that was switched off early as one that never solves it.
"""
)

# %% [markdown]
# ## Exercise: the estimate
#
# Write it as a function. Return the estimated share that has solved the task by the last time.


# %% tags=["exercise"]
def share_solved(times, solved):
    # times: when each run solved the task, or when it ended. solved: True or False for each.
    ...


# %%
from tfrl.tutorials.checks import sample_efficiency

sample_efficiency.share_solved(share_solved)


# %% tags=["solution"]
def share_solved(times, solved):
    times, solved, left = np.array(times), np.array(solved), 1.0
    for time in np.unique(times[solved]):
        left *= 1 - (times[solved] == time).sum() / (times >= time).sum()
    return 1 - left


sample_efficiency.share_solved(share_solved)

# %% [markdown]
# If all runs have the same budget, none is switched off early. Then the estimate is the plain share
# at each step. The project's `efficiency` computes it, with a band at each step.
#
# > **Guess first.** Which of PPO and DQN is the first to solve CartPole in half of its seeds?

# %%
published = evaluations.rename(columns={"return": "average"}).assign(ordinal=1)


def planned(curve):
    each = curve[["environment", "configuration", "seed"]].drop_duplicates()
    return each.assign(status="finished", updates=np.nan, train_seconds=np.nan)


def steps_until(curve, threshold, steps):
    times = efficiency.times(curve, planned(curve), threshold, steps, window=1)
    return times[times["unit"] == "steps"]


def draw_share(axes, times, name, colour, label):
    rows = efficiency.solved(times[times["configuration"] == name])
    rows = rows[rows["event"] == "first"]
    axes.step(rows["time"], rows["share"], where="post", color=colour, label=label)
    axes.fill_between(
        rows["time"], rows["low"], rows["high"], step="post", color=colour, alpha=0.15, linewidth=0
    )


# %%
solving = steps_until(published, 475, 100_000)
figure, axes = plt.subplots()
for name, colour in (("ppo", "#E69F00"), ("dqn", "#009E73")):
    draw_share(axes, solving, name, colour, name.upper())
axes.set(
    title="Share of seeds that have solved CartPole",
    xlabel="environment steps of training",
    ylabel="share of seeds",
    ylim=(0, 1.02),
)
axes.legend(loc="lower right")
plt.show()

# %%
medians = efficiency.medians(efficiency.solved(solving))
medians = medians[medians["event"] == "first"].set_index("configuration")


def median(name):
    row = medians.loc[name]
    return f"{row['median']:,.0f} steps ({row['low']:,.0f} to {row['high']:,.0f})"


# %%
say(
    f"""
Half of PPO's seeds have solved it after {median("ppo")}. Half of DQN's have after
{median("dqn")}. No seed had to be dropped.
"""
)

# %% [markdown]
# ## Four remedies for DQN
#
# Now the budget is small. DQN has many variants that are said to need fewer steps. We try four. All
# other settings are those of DQN, and none is tuned for this budget. The budget, the threshold, the
# number of seeds and the questions were chosen on other seeds than these.
#
# **Double.** The maximum of noisy values is too high on average. Double DQN (van Hasselt et al.
# 2016) chooses the best next action by Q, and takes its value from the target network $\bar{Q}$:
#
# $$y = r + \gamma \bar{Q}(s', \text{argmax}_{a'} Q(s', a'))$$
#
# **n-step.** DQN's target has one reward, and guesses the rest. An n-step target has n rewards, and
# guesses less:
#
# $$y = r_0 + \gamma r_1 + \dots + \gamma^{n-1} r_{n-1} + \gamma^n \max_{a} \bar{Q}(s_n, a)$$
#
# **More updates.** After each step of the environment the agent makes several updates, from the
# frames that are in the replay buffer already.
#
# **A model.** Dyna (Sutton 1991) learns what the environment does. From a state and an action, a
# network predicts the next state, the reward, and whether the episode ends. Then the agent also learns
# from steps that it only imagines.
#
# > **Guess first.** Which of these helps? Is there one that makes DQN worse?
#
# A study says what to run; lesson 10 explains its lines. It uses all cores.

# %%
STEPS = 6_000
study = f"""
title = "Remedies"
seeds = "40-59"
steps = {STEPS}
evaluation = {{every = 500, episodes = 20}}
environments = {{cartpole = "CartPole-v1"}}

[configurations]
pipeline = "tfrl.tutorials.remedies:RemediesPipeline"

"""
options = {
    "dqn": "",
    "double": "double = true",
    "n-step": "n_step = 3",
    "updates": "updates = 2",
    "model": "imagined = 1",
}

# %%
for name, option in options.items():
    study += f"[configurations.{name}]\n{option}\n"

terminal = Terminal()
(terminal.folder / "remedies.toml").write_text(study)
terminal("tfrl run remedies.toml")

# %%
path = str(terminal.folder / "remedies.toml")
stored = tfrl.load_runs(path, runs=terminal.folder / "runs")
curve = returns.evaluation_curve(stored.evaluations)
THRESHOLD = 195
learned = steps_until(curve, THRESHOLD, STEPS)
speed = efficiency.first_solved(learned, STEPS)
area = returns.area_scores(curve, STEPS)

# %% [markdown]
# We measure two things: how early a run first reaches the threshold, and its mean return over all
# evaluations. For both we count in how many pairs a seed of the remedy beats a seed of plain DQN. These
# are several questions at once, so their intervals are made wider: all of them hold together.

# %%
NAMES = {
    "double": "Double DQN",
    "n-step": "Three-step targets",
    "updates": "Two updates a step",
    "model": "A model, one imagined update a step",
}
QUESTIONS = 2 * len(NAMES) + 1  # the last one: the model against two real updates
COLOURS = {"double": "#0072B2", "n-step": "#D55E00", "updates": "#CC79A7", "model": "#332288"}


def draw(axes, table, name, colour):
    rows = table[table["configuration"] == name].pivot(
        index="step", columns="seed", values="average"
    )
    axes.plot(rows.index, rows, color=colour, linewidth=0.8, alpha=0.6)


# %%
figure, grid = plt.subplots(4, 2, figsize=(7.2, 9.6), sharex=True, sharey="col")
for (one, two), (name, title) in zip(grid, NAMES.items(), strict=True):
    for which, colour, label in (("dqn", "#009E73", "DQN"), (name, COLOURS[name], name)):
        draw(one, curve, which, colour)
        draw_share(two, learned, which, colour, label)
    one.set(title=title, ylabel="return")
    two.set(title=f"Share at {THRESHOLD} points", ylim=(0, 1.02))
    two.legend(loc="lower right")
for axes in grid[-1]:
    axes.set_xlabel("environment steps")
plt.show()


# %%
def compare(table, name, baseline, questions):
    sides = [
        table.loc[table["configuration"] == side, "score"].to_numpy() for side in (name, baseline)
    ]
    against = sign_test.Differences.between(*sides)
    low, high = against.share_interval(1 - 0.05 / questions)
    verdict = "better" if low > 0.5 else "worse" if high < 0.5 else "cannot tell"
    return f"{against.share:.0%} ({low:.0%} to {high:.0%})", verdict


rows = [
    (title, *compare(speed, name, "dqn", QUESTIONS), *compare(area, name, "dqn", QUESTIONS))
    for name, title in NAMES.items()
]
columns = ["remedy", "earlier in", "verdict", "higher mean return in", "its verdict"]
verdicts = pd.DataFrame(rows, columns=columns).set_index("remedy")
verdicts

# %%
helped = [title for title, row in verdicts.iterrows() if "better" in row.to_numpy()]
harmed = [title for title, row in verdicts.iterrows() if "worse" in row.to_numpy()]

# %%
say(
    f"""
Better than DQN by at least one of the two measures: {", ".join(helped) or "none"}. Worse by at
least one: {", ".join(harmed) or "none"}. About the rest, {stored.runs["seed"].nunique()} seeds of each
cannot tell.
"""
)

# %% [markdown]
# A common mistake is to read "cannot tell" as "makes no difference". The intervals are wide. A
# remedy that helps a little needs more seeds than these to show it.
#
# Another one is to count steps only. More updates and a model save steps, if they do, and cost
# computation. What is cheaper depends on what a step costs.

# %%
updates = stored.runs.groupby("configuration", observed=True)["updates"].mean()
pd.DataFrame({"updates of a run": updates.astype(int), "a step": (updates / STEPS).round(2)})

# %% [markdown]
# ## Inside the model
#
# The model is a network that learns from the same transitions as the agent, by supervised learning.
# The loss adds the errors of the next state, the reward and the end.

# %%
import inspect

from tfrl.tutorials import remedies

print(inspect.getsource(remedies.RemediesPipeline._learn_model))

# %% [markdown]
# Then it predicts what a random action would do in states that the agent has been in.

# %%
print(inspect.getsource(remedies.RemediesPipeline._imagine))

# %% [markdown]
# The imagined updates are updates too. So the fair opponent of the model is not plain DQN. It is
# DQN with as many updates, from real steps alone.
#
# > **Guess first.** Is the model better than two real updates a step?

# %%
share, verdict = compare(area, "model", "updates", QUESTIONS)

# %%
say(
    f"""
By mean return, the model is higher than two real updates in {share} of all pairs. Verdict:
{verdict}.
"""
)

# %% [markdown]
# ## Exercise: a double target
#
# You get the values of the next state, by Q and by the target network, with one number for each
# action.


# %% tags=["exercise"]
def double_target(reward, next_q, next_target_q, gamma):
    # np.argmax gives the place of the highest number.
    ...


# %%
sample_efficiency.double_target(double_target)


# %% tags=["solution"]
def double_target(reward, next_q, next_target_q, gamma):
    return reward + gamma * next_target_q[np.argmax(next_q)]


sample_efficiency.double_target(double_target)

# %% [markdown]
# ## Exercise: an n-step target
#
# You get the rewards of n steps, the discounts that came with them, and the highest Q of the state
# after the last one. A discount is `0` if the episode ended with that step, else `1`.


# %% tags=["exercise"]
def n_step_target(rewards, discounts, next_q, gamma):
    # After an end nothing counts: neither later rewards nor next_q.
    ...


# %%
sample_efficiency.n_step_target(n_step_target)


# %% tags=["solution"]
def n_step_target(rewards, discounts, next_q, gamma):
    target = next_q
    for reward, discount in zip(reversed(rewards), reversed(discounts), strict=True):
        target = reward + gamma * discount * target
    return target


sample_efficiency.n_step_target(n_step_target)

# %% [markdown]
# ## Learning from logged episodes first
#
# Often somebody has already played, and has kept the logs. Then the agent can learn from them
# before it takes a step of its own. *Behaviour cloning* is supervised learning: predict the action
# of the expert from the state.
#
# We need an expert. Every run of a study keeps its final policy. `tfrl.load_policy` returns it as a
# policy of TF-Agents. We take the best of all the runs above, and let it play a few episodes.

# %%
from tfrl import environments

EPISODES = 3
last = curve[curve["step"] == STEPS]
best = last.loc[last["average"].idxmax()]
name = f"remedies/{best['environment']}/{best['configuration']}/{best['seed']}"
expert = tfrl.load_policy(name, runs=terminal.folder / "runs")

environment = environments.load("CartPole-v1", batch_size=EPISODES, seed=0)
time_step, plays, log = environment.reset(), np.full(EPISODES, True), []
while plays.any():
    action = expert.action(time_step).action
    log.append((time_step.observation.numpy()[plays], action.numpy()[plays]))
    time_step = environment.step(action)
    plays &= ~time_step.is_last().numpy()
seen, done = (np.concatenate(part) for part in zip(*log, strict=True))

# %%
say(
    f"""
The expert is a run of "{best["configuration"]}", seed {best["seed"]}, with {best["average"]:.0f} points
at its last evaluation. Its {EPISODES} episodes give {len(seen):,} pairs of a state and an action.
"""
)

# %% [markdown]
# Such a policy can leave this project. `PolicySaver` of TF-Agents writes it as TensorFlow's
# SavedModel: the weights and the compiled computation, without the code that trained them.

# %%
import tensorflow as tf
from tf_agents.policies import policy_saver

folder = str(terminal.folder / "expert")
policy_saver.PolicySaver(expert).save(folder)
saved = tf.saved_model.load(folder)
same = np.array_equal(saved.action(time_step).action, expert.action(time_step).action)
pd.Series({"files": len(list((terminal.folder / "expert").rglob("*.*"))), "same actions": same})

# %% [markdown]
# The clone is a network like the policy's. Each seed begins with other weights.


# %%
import tf_keras as keras


def clone(seed):
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(64, "tanh"), keras.layers.Dense(64, "tanh"), keras.layers.Dense(2)]
    network = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # Compiled, the arithmetic is the same on all processors (lesson 6).
    network.compile(keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"], jit_compile=True)
    history = network.fit(seen, done, batch_size=64, epochs=20, verbose=0)
    return network.get_weights(), history.history["accuracy"][-1]


SEEDS = range(40, 60)
cloned = {seed: clone(seed) for seed in SEEDS}
accuracy = np.mean([right for _, right in cloned.values()])

# %%
say(
    f"""
The clones choose the expert's action in {accuracy:.1%} of the logged states, on average.
"""
)

# %% [markdown]
# Now PPO goes on from the clones. `HeadStart` is PPO that begins with weights that we give it. It
# is compiled once, and used for the rest of this lesson. A clone has no value network, so PPO's value
# network starts with random weights.

# %%
from tfrl.training import Trainer
from tfrl.variations import LevelConfig

BUDGET = 16_000
HeadStart = remedies.HeadStartPipeline
trainer = Trainer(HeadStart, HeadStart.Config(), "CartPole-v1", BUDGET, 2_000, 20)


def ppo(start=None, variation="D"):
    HeadStart.start = start or {}
    levels = LevelConfig(variation=variation)
    return {seed: trainer.run(seed, levels) for seed in SEEDS}


def as_curve(runs, name):
    parts = [
        pd.DataFrame(run.evaluations).assign(seed=seed, environment="cartpole", configuration=name)
        for seed, run in runs.items()
    ]
    return returns.evaluation_curve(pd.concat(parts))


# %% [markdown]
# > **Guess first.** How many points does a clone get before it has taken a single step of training?
# > And what happens to it when PPO goes on from there?

# %%
scratch = ppo()
from_scratch = as_curve(scratch, "scratch")
from_clone = as_curve(ppo({seed: weights for seed, (weights, _) in cloned.items()}), "clone")


# %%
def draw_both(old, new, names, colours, title):
    _, axes = plt.subplots()
    for table, name, colour in zip((old, new), names, colours, strict=True):
        rows = table.pivot(index="step", columns="seed", values="average")
        axes.plot(rows.index, rows, color=colour, linewidth=0.9, alpha=0.7)
        axes.plot([], [], color=colour, label=name)
    axes.set(title=title, xlabel="environment steps of training", ylabel="return")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
    plt.show()


draw_both(
    from_scratch,
    from_clone,
    ("from random weights", "from a clone"),
    ("#E69F00", "#332288"),
    "PPO with and without a head start: every seed",
)


# %%
def head_start(old, new, steps, questions=2):
    both = pd.concat([old, new])
    name, baseline = (table["configuration"].iloc[0] for table in (new, old))
    areas = returns.area_scores(both, steps)
    final = both[both["step"] == steps].rename(columns={"average": "score"})
    return [compare(table, name, baseline, questions) for table in (areas, final)]


at_once = from_clone[from_clone["step"] == 0]["average"]
lowest = from_clone[from_clone["step"] > 0].groupby("seed")["average"].min()
fell = int((lowest.to_numpy() < at_once.to_numpy() / 2).sum())
(share, over_all), (end_share, at_end) = head_start(from_scratch, from_clone, BUDGET)

# %%
say(
    f"""
Before any training, the clones have between {at_once.min():.0f} and {at_once.max():.0f} points. In
{1 - accuracy:.1%} of the logged states they choose another action than the expert. Of
{len(at_once)} seeds, {fell} later fall below half of where they began.

- Over all of training, a clone's seed is higher in {share} of all pairs. Verdict: {over_all}.
- At the end it is in {end_share}. Verdict: {at_end}.
"""
)

# %% [markdown]
# A common mistake is to judge a clone by its accuracy. In some states either action will do. In
# others a wrong one ends the episode. The return shows the difference, and the accuracy does not.
#
# Two things can go wrong. The log has only states in which the expert has been. A clone that errs may
# get into others, and err more there. And the value network knows nothing: its first advantages are
# wrong, and may move the policy away from what it had learned.
#
# The log is not free either. Somebody took its steps, and the steps that trained the expert. All
# clones learned from one log of one expert, so the verdict is about that log.
#
# ## From one physics to another
#
# Lesson 8 tested agents in other physics. Can an agent that has learned in one physics learn faster
# in another? In variation E the forces, masses and lengths are far from the usual ones. We take the
# agents from above that began with random weights and learned the usual physics. They go on in E, with
# the weights of both networks.
#
# > **Guess first.** Are these agents better in E than agents that begin with random weights? Also
# > at the end of the budget?


# %%
def weights_of(run):
    return [weights[-1] for name, weights in run.policies.items() if name != "step"]


in_e = as_curve(ppo(variation="E"), "scratch")
moved = as_curve(ppo({seed: weights_of(run) for seed, run in scratch.items()}, "E"), "moved")

# %%
draw_both(
    in_e,
    moved,
    ("from random weights", "from the usual physics"),
    ("#E69F00", "#0072B2"),
    "PPO in other physics: every seed",
)

# %%
(share, over_all), (end_share, at_end) = head_start(in_e, moved, BUDGET)

# %%
say(
    f"""
- Over all of training, a seed that has learned before is higher in {share} of all pairs. Verdict:
  {over_all}.
- At the end it is in {end_share}. Verdict: {at_end}.
"""
)

# %% [markdown]
# A common mistake is to leave out what the head start cost. Here it cost as many steps of the usual
# physics as the whole budget in E. If a simulator gives these steps, they are nearly free. If they are
# as dear as the others, the fair opponent is an agent with twice the budget.

# %%
moved_mean = moved["average"].groupby(moved["step"]).mean()
plain_mean = in_e["average"].groupby(in_e["step"]).mean()

# %%
say(
    f"""
At half of the budget, the agents with a head start have {moved_mean[BUDGET // 2]:.0f} points on
average. They have then taken {BUDGET + BUDGET // 2:,} steps in all. The others have
{plain_mean[BUDGET]:.0f} points after {BUDGET:,} steps.
"""
)

# %% [markdown]
# ## What you have seen
#
# - A run that has not solved the task is censored. Dropping it makes slow agents look fast.
# - A remedy is measured over seeds, against an opponent with the same steps, and if possible the
#   same updates.
# - Logged episodes and other physics may give a head start. Its steps have a price too.
# - Few seeds show large effects only. "Cannot tell" is then the honest answer.
#
# Next: [lesson 10](10_your_agent.ipynb), where you write an agent and a study of your own.
