# %% [markdown]
# # Sample efficiency: learning from fewer steps
#
# In a game, a step costs nothing. On a robot, a step costs time, and sometimes a robot. An agent is
# *sample-efficient* if it needs few steps of the environment. First we measure that. Then we try
# remedies: variants of DQN, logged episodes, and training in another physics first.

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
# then. Between two evaluations nobody looked, so a run may have solved it somewhat earlier.
#
# The budget of a run is the number of steps that it may take. We pretend that it had been smaller, and
# cut the runs. (Runs that are planned shorter would also explore for a shorter time.)

# %%
evaluations = load_evaluations("cartpole")
one_agent = evaluations[evaluations["configuration"] == "dqn"]
solved_at = one_agent[one_agent["return"] >= 475].groupby("seed")["step"].min()
num_seeds = one_agent["seed"].nunique()


def mean_of_solved(budget):
    inside = solved_at[solved_at <= budget]
    return pd.Series({"seeds that solved it": len(inside), "their mean steps": inside.mean()})


budgets = [20_000, 40_000, 60_000, 80_000, 100_000]
shorter = pd.DataFrame({budget: mean_of_solved(budget) for budget in budgets}).T
shorter.rename_axis("budget").map("{:,.0f}".format)

# %% [markdown]
# > **Guess first.** Here the agent is always the same. Why does it look faster with a smaller
# > budget?

# %%
first, last = shorter["their mean steps"].dropna().iloc[[0, -1]]

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
# off unsolved, after three and after eight hours. If nothing had been switched off, what share of
# runs would have solved the task by hour seven?
#
# > **Guess first.** We saw four of six solve it. Is the share above or below that?
#
# Kaplan and Meier (1958) look at each hour at which a run solved the task. Some runs were still
# running until then. Which part of them went on unsolved? To stay unsolved, a run has to go on at
# each of these hours. So the product of the parts estimates the share that is still unsolved.
#
# A run that was switched off counts until then. After that it is taken to do as the others do. So
# switching off must have nothing to do with how well a run does.

# %%
times = np.array([2, 3, 4, 4, 7, 8])
solved = np.array([True, False, True, True, True, False])

left, rows = 1.0, []
for time in np.unique(times[solved]):
    running = (times >= time).sum()  # with those that end at this hour
    now = (times[solved] == time).sum()
    left *= 1 - now / running  # the part that goes on unsolved
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
solved it is {naive:.1%}. The plain share treats the run that was switched off at hour {times[1]} as
one that never solves it.
"""
)

# %% [markdown]
# ## Exercise: the estimate
#
# Write it as a function. You get two lists with an entry for each run. `times` says when it solved the
# task, or when it was switched off, in any order. `solved` says whether it solved the task. Return
# the estimated share that has solved it by the end.


# %% tags=["exercise"]
def share_solved(times, solved):
    # np.array(times) makes an array.
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
# If all runs have the same budget, as here, none is switched off early. Then the estimate is the
# plain share at each step. The project's `efficiency` computes it, with an interval at each step.
# The figure shows the intervals as a band. A run counts from the first time that it reaches the
# threshold, even if it falls below it later (lesson 7).
#
# > **Guess first.** Which of PPO and DQN is the first to solve CartPole in half of its seeds?

# %%
# This line and `planned` give tables the columns that efficiency expects.
published = evaluations.rename(columns={"return": "average"}).assign(ordinal=1)


def planned(curve):
    each = curve[["environment", "configuration", "seed"]].drop_duplicates()
    return each.assign(status="finished", updates=np.nan, train_seconds=np.nan)


def steps_until(curve, threshold, steps):
    times = efficiency.times(curve, planned(curve), threshold, steps, window=1)
    return times[times["unit"] == "steps"]


def draw_share(axes, times, name, colour, label):
    rows = efficiency.solved(times[times["configuration"] == name])
    rows = rows[rows["event"] == "first"]  # the other event is "for good"
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
# Now the budget is small, and the threshold lower: `195` points. DQN has many variants that are said
# to need fewer steps. We try four. All other settings are those of DQN, and none is tuned for this
# budget. The budget, the threshold, the number of seeds and the questions were chosen on other seeds
# than these. The formulas leave out the discount of the time step (lesson 2).
#
# **Double.** The maximum of noisy values is too high on average (lesson 7). DQN takes it over the
# target network, here $\bar{Q}$. Double DQN (van Hasselt et al. 2016) chooses the action by Q, and
# takes from $\bar{Q}$ only its value. What one network overrates by mistake, the other need not:
#
# $$y = r + \gamma \bar{Q}(s', \text{argmax}_{a'} Q(s', a'))$$
#
# **n-step.** DQN's target has one reward, and estimates the rest. An n-step target has n rewards, and
# estimates less. But its later actions may be random, or those of an older policy. For $n = 3$:
#
# $$y = r_0 + \gamma r_1 + \gamma^2 r_2 + \gamma^3 \max_{a} \bar{Q}(s_3, a)$$
#
# **More updates.** After each step of the environment the agent makes several updates, from the
# frames that are in the replay buffer already. DQN copies its target network every `500` updates. With
# twice as many updates we double that number, so that a copy stays for as many steps as before.
#
# **A model.** Dyna (Sutton 1991) learns what the environment does. From a state and an action, a
# network predicts the next state, the reward, and whether the episode ends. Then the agent also learns
# from steps that it only imagines.
#
# > **Guess first.** Which of these helps? Is there one that makes DQN worse?
#
# A study is a file that says what to run; lesson 10 explains its lines. Running it uses all cores.

# %%
STEPS = 6_000
study = f"""
title = "Remedies"
seeds = "60-79"
steps = {STEPS}
evaluation = {{every = 500, episodes = 20}}
environments = {{cartpole = "CartPole-v1"}}

[configurations]
pipeline = "tfrl.tutorials.remedies:RemediesPipeline"

"""
options = {
    "dqn": "",
    "double": "double = true",
    "n-step": "n_step = 3",  # rewards in a target
    "updates": "updates = 2\ntarget_update_period = 1000",  # two for each step
    "model": "imagined = 1\ntarget_update_period = 1000",  # one more, from imagined steps
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
# We measure two things: how early a run first reaches the threshold, and its mean return over
# training. For both we count in how many of all pairs a seed of the remedy beats a seed of plain
# DQN. A tie counts one half. Runs that never reach the threshold tie in the last place. These are
# several questions at once, so their intervals are made wider, as in lesson 2. All of them together
# hold with `95%` confidence.
#
# In the figure, plain DQN is green. On the left each line is a seed. On the right is the share of
# seeds that have reached the threshold. If it is above zero at the start, that is luck: random
# weights can balance the pole too.

# %%
NAMES = {
    "double": "Double DQN",
    "n-step": "Three-step targets",
    "updates": "Two updates a step",
    "model": "Model: one imagined update",
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
for (left, right), (name, title) in zip(grid, NAMES.items(), strict=True):
    for which, colour, label in (("dqn", "#009E73", "DQN"), (name, COLOURS[name], name)):
        draw(left, curve, which, colour)
        draw_share(right, learned, which, colour, label)
    left.set(title=title, ylabel="return")
    right.set(title=f"Share that reached {THRESHOLD}", ylim=(0, 1.02))
    right.legend(loc="lower right")
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
columns = ["remedy", "earlier in", "earlier?", "return higher in", "higher?"]
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
#
# Here are the updates of DQN itself. The first `100` steps are random and have none. Each new episode
# brings one more, because its reset is a frame without a step. A model also makes updates of its own,
# which are not counted.

# %%
updates = stored.runs.groupby("configuration", observed=True)["updates"].mean()
pd.DataFrame({"updates of a run": updates.astype(int), "per step": (updates / STEPS).round(2)})

# %% [markdown]
# ## Inside the model
#
# The model is a network that learns from the same transitions as the agent, by supervised learning.
# It predicts the change of the state, the reward, and whether the episode ends. The loss adds the
# errors of the three. Pairs that begin with a LAST time step have no part in it, as in lesson 2.

# %%
import inspect

from tfrl.tutorials import remedies

print(inspect.getsource(remedies.RemediesPipeline._learn_model))

# %% [markdown]
# Then it predicts what a random action would do in states that the agent has been in. The probability
# that the episode goes on takes the place of the discount.

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
By mean return over training, a seed of the model is higher than one of two real updates in {share}
of all pairs. Verdict: {verdict}.
"""
)

# %% [markdown]
# ## Exercise: a double target
#
# Write the formula of Double DQN. You get two lists with one number for each action: the values of
# the next state by Q, `next_q`, and by the target network, `next_target_q`.


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
# You get lists of the rewards of n steps and of the discounts that came with them. `next_q` is the
# highest value of the state after the last step, by the target network. A discount is `0` if the
# episode ended with that step, and not because its time was up. Else it is `1`.


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
# policy of TF-Agents. Of the runs above we take one with the highest return at the end, and let it
# play a few episodes.

# %%
from tfrl import environments

EPISODES = 3
last = curve[curve["step"] == STEPS]
best = last.loc[last["average"].idxmax()]
name = f"remedies/{best['environment']}/{best['configuration']}/{best['seed']}"
expert = tfrl.load_policy(name, runs=terminal.folder / "runs")

environment = environments.load("CartPole-v1", batch_size=EPISODES, seed=0)
time_step, running, log = environment.reset(), np.full(EPISODES, True), []
while running.any():  # log only the episodes that have not ended
    action = expert.action(time_step).action
    log.append((time_step.observation.numpy()[running], action.numpy()[running]))
    time_step = environment.step(action)
    running &= ~time_step.is_last().numpy()
states, actions = (np.concatenate(part) for part in zip(*log, strict=True))

# %%
say(
    f"""
The expert is a run of "{best["configuration"]}", seed {best["seed"]}, with {best["average"]:.0f} points
at its last evaluation. Its {EPISODES} episodes give {len(states):,} pairs of a state and an action.
"""
)

# %% [markdown]
# Such a policy can leave this project. `PolicySaver` of TF-Agents writes it as TensorFlow's
# SavedModel: the weights and the graph of the computation, without the code that trained them. The rest
# of the lesson does not need this.

# %%
import tensorflow as tf
from tf_agents.policies import policy_saver
from tf_agents.trajectories import time_step as ts

folder = str(terminal.folder / "expert")
policy_saver.PolicySaver(expert).save(folder)
saved = tf.saved_model.load(folder)
logged = ts.restart(tf.constant(states), batch_size=len(states))
same = np.mean(saved.action(logged).action == actions)
pd.Series(
    {"files": len(list((terminal.folder / "expert").rglob("*.*"))), "same actions": f"{same:.0%}"}
)

# %% [markdown]
# A clone predicts actions and not values, so DQN cannot go on from it. PPO can, so the clone is a
# network like that of PPO's policy. Each seed begins with other weights.


# %%
import tf_keras as keras


def clone(seed):
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(64, "tanh"), keras.layers.Dense(64, "tanh"), keras.layers.Dense(2)]
    network = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # Compiled, the arithmetic should be the same on all x86-64 processors (lesson 6).
    network.compile(keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"], jit_compile=True)
    network.fit(states, actions, batch_size=64, epochs=20, verbose=0)
    _, accuracy = network.evaluate(states, actions, verbose=0)
    return network.get_weights(), accuracy


SEEDS = range(60, 80)
cloned = {seed: clone(seed) for seed in SEEDS}
accuracy = np.mean([right for _, right in cloned.values()])

# %%
say(
    f"""
The clones choose the expert's action in {accuracy:.1%} of the logged states, on average. These are
the states that they were trained on.
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
# It evaluates every 2,000 steps, with 20 episodes.
trainer = Trainer(HeadStart, HeadStart.Config(), "CartPole-v1", BUDGET, 2_000, 20)


def ppo(start=None, variation="D"):  # D is the usual physics (lesson 8)
    HeadStart.start = start or {}  # weights for each seed; without them, random ones
    levels = LevelConfig(variation=variation)
    return {seed: trainer.run(seed, levels) for seed in SEEDS}


def as_curve(runs, name):
    parts = [
        pd.DataFrame(run.evaluations).assign(seed=seed, environment="cartpole", configuration=name)
        for seed, run in runs.items()
    ]
    return returns.evaluation_curve(pd.concat(parts))


# %% [markdown]
# > **Guess first.** How many points does a clone get before PPO trains it? And what happens when PPO
# > goes on from there?

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
    axes.set(xlabel="environment steps of training", ylabel="return")
    axes.set_title(title, pad=30)  # the legend is below it
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1), ncols=2)
    plt.show()


draw_both(
    from_scratch,
    from_clone,
    ("from random weights", "from a clone"),
    ("#E69F00", "#332288"),
    title="PPO with and without a head start: every seed",
)


# %%
def head_start(old, new, steps, questions=2):  # over all of training, and at the end
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
Before PPO trains them, the clones have between {at_once.min():.0f} and {at_once.max():.0f} points. In
{1 - accuracy:.1%} of the logged states they choose another action than the expert. Of
{len(at_once)} seeds, {fell} later fall below half of where they began.

- By mean return over training, a seed with a clone is higher than one without in {share} of all
  pairs. Verdict: {over_all}.
- By return at the end it is in {end_share}. Verdict: {at_end}.
"""
)

# %% [markdown]
# A common mistake is to judge a clone by its accuracy. In some states either action will do. In
# others a wrong one ends the episode. The return shows the difference, and the accuracy does not.
#
# Two things can go wrong. The log has only states in which the expert has been. A clone that errs may
# get into others, and err more there. Its return before training shows how much that matters here.
# And the value network knows nothing: its first advantages are wrong, and may move the policy away
# from what it had learned. We have not tested how much that matters.
#
# The log is not free either. Somebody took its steps, and the steps that trained the expert. All
# clones learned from one log of one expert, so the verdict is about that log.
#
# ## From one physics to another
#
# Lesson 8 tested agents in other physics. Can an agent that has learned in one physics learn faster
# in another? In variation E the forces, masses and lengths are far from the usual ones, and drawn for
# each episode. We take the agents from above that began with random weights and learned the usual
# physics. They go on in E, with the weights of both networks.
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
    title="PPO in variation E: every seed",
)

# %%
(share, over_all), (end_share, at_end) = head_start(in_e, moved, BUDGET)

# %%
say(
    f"""
- By mean return over training in E, a seed that has learned before is higher in {share} of all
  pairs. Verdict: {over_all}.
- By return at the end it is in {end_share}. Verdict: {at_end}.
"""
)

# %% [markdown]
# A common mistake is to leave out what the head start cost. Here it cost as many steps of the usual
# physics as the whole budget in E. If a simulator gives these steps, they are nearly free. If they
# cost as much as the others, the fair opponent is an agent with twice the budget. We have not run
# that one. Here are some means. They have no intervals, so they are no verdict.

# %%
moved_mean = moved["average"].groupby(moved["step"]).mean()
plain_mean = in_e["average"].groupby(in_e["step"]).mean()

# %%
say(
    f"""
Before their first step in E, the agents with a head start have {moved_mean[0]:.0f} points on
average. The others begin with {plain_mean[0]:.0f}. At half of the budget, the agents with a head
start have {moved_mean[BUDGET // 2]:.0f} points. They have then taken {BUDGET + BUDGET // 2:,} steps
in all. The others have {plain_mean[BUDGET]:.0f} points after {BUDGET:,} steps, at the end.
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
