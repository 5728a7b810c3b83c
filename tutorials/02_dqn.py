# %% [markdown]
# # DQN: from a table to a network
#
# In lesson 1 an agent kept a table with a row for each state. Most tasks have far too many states
# for that. Here a network takes the place of the table. The method is *DQN*, the deep Q-network
# (Mnih et al., 2015).
#
# We build it from the parts of TF-Agents, one by one, and train it once by hand. Then we take away
# one idea at a time, and measure over seeds what each of them is good for.

# %%
try:
    from tfrl.tutorials import begin, say, train
except ModuleNotFoundError:
    raise SystemExit("tfrl is missing: run `make tutorial 02` in a clone of the project") from None

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

begin()

# %% [markdown]
# ## The environment and its specs
#
# The first part is the environment. In TF-Agents an environment has *specs*: they say which shape,
# type and range its observations and actions have. Networks and policies are built from them.

# %%
import tensorflow as tf
from tf_agents.environments import tf_environment

from tfrl import environments

SEED = 0
environment = environments.load("CartPole-v1", seed=SEED)
print("a TF-Agents environment:", isinstance(environment, tf_environment.TFEnvironment))
print("observation:", environment.observation_spec())
print("action:", environment.action_spec())

# %%
(size,) = environment.observation_spec().shape
num_actions = int(environment.action_spec().maximum) + 1

# %%
say(
    f"""
An observation is {size} numbers: the position of the cart, its velocity, the angle of the pole, and
its angular velocity. There are {num_actions} actions: push left, push right.
"""
)

# %% [markdown]
# This environment is the project's own. TF-Agents wraps those of Gym, which came before Gymnasium,
# and steps them from Python. Ours is computed by TensorFlow, so a whole training loop can be compiled.
# For all other parts it makes no difference.
#
# ## Time steps
#
# An environment answers with a *time step*. It has four parts: the observation, the reward, the
# discount, and the step type, which is FIRST, MID or LAST. An episode fails if the pole leans more
# than `12` degrees, or if the cart is more than `2.4` meters from the middle. We call both a fall.
#
# > **Guess first.** We push right all the time, until the pole falls, and then once more. What does
# > the environment answer to that last push?

# %%
NAMES = {0: "FIRST", 1: "MID", 2: "LAST"}


def row(time_step):
    position, _, angle, _ = time_step.observation.numpy()[0]
    kind = NAMES[int(time_step.step_type[0])]
    reward, discount = (float(x[0]) for x in (time_step.reward, time_step.discount))
    position, angle = round(float(position), 3), round(float(np.degrees(angle)), 1)
    return kind, reward, discount, position, angle


COLUMNS = ["step type", "reward", "discount", "position (m)", "angle (°)"]
rows = [row(environment.reset())]
while "FIRST" not in [kind for kind, *_ in rows[1:]]:
    rows.append(row(environment.step(tf.constant([1], tf.int64))))
pd.DataFrame(rows, columns=COLUMNS)

# %%
kinds = [kind for kind, *_ in rows]
fallen_after = kinds.index("LAST")

# %%
say(
    f"""
The pole has fallen after {fallen_after} pushes. That step still has a reward of
{rows[fallen_after][1]:.0f}, and a discount of {rows[fallen_after][2]:.0f}: nothing follows. The
push after it only starts a new episode. Its reward is {rows[fallen_after + 1][1]:.0f}.
"""
)

# %% [markdown]
# A common mistake is to take LAST for a failure. An episode can also end because its time is up.
# We put the pole upright, and say that it is one step before the time limit.

# %%
upright = tf.zeros([1, size])
environment.set_state(upright, environment.constants, elapsed=environment.time_limit - 1)
time_is_up = row(environment.step(tf.constant([1], tf.int64)))
pd.DataFrame([rows[fallen_after], time_is_up], columns=COLUMNS, index=["fallen", "time is up"])

# %%
say(
    f"""
Both steps are LAST. But the discount is {rows[fallen_after][2]:.0f} after a fall, and
{time_is_up[2]:.0f} when the time is up: there the pole still stands, and what would have followed
has a value. So a target multiplies by the discount. It does not ask for the step type.
"""
)

# %% [markdown]
# ## Policies and drivers
#
# A policy of TF-Agents takes a time step and returns an action. The simplest one acts at random.
#
# A *driver* puts policy and environment together: it asks the policy for an action, steps the
# environment, and shows what happened to its observers. What it shows is a *frame*: what the agent
# saw and did, and the reward and discount that followed.
#
# Both classes are TF-Agents' own. We drive several environments at once.

# %%
from tf_agents.drivers import dynamic_step_driver
from tf_agents.policies import random_tf_policy

tf.random.set_seed(SEED)
several = environments.load("CartPole-v1", batch_size=10, seed=SEED)
at_random = random_tf_policy.RandomTFPolicy(several.time_step_spec(), several.action_spec())
frames = []
driver = dynamic_step_driver.DynamicStepDriver(
    several, at_random, observers=[frames.append], num_steps=2_000
)
driver.run()
print("parts of a frame:", ", ".join(frames[0]._fields))

# %% [markdown]
# Now we can see why a table will not do. It needs a row for each state, and it learns about a row
# only by coming back to it.
#
# > **Guess first.** How many of the states that a random agent sees does it see more than once?

# %%
seen = np.concatenate([frame.observation.numpy() for frame in frames])
different = len(np.unique(seen, axis=0))
bins = 10
scaled = (seen - seen.min(axis=0)) / np.ptp(seen, axis=0)
boxes = len(np.unique(np.minimum(scaled * bins, bins - 1).astype(int), axis=0))

# %%
say(
    f"""
Of {len(seen):,} states, {different:,} are different. The agent came back to
{len(seen) - different:,} of them. We could cut the range of each number into {bins} parts. Then the
table has {bins**size:,} rows. The random agent has been in {boxes:,} of them. An update in one row
tells the other rows nothing, not even the one next to it.
"""
)

# %% [markdown]
# ## The network
#
# A network maps the numbers of a state to one Q for each action. States that are alike get values
# that are alike, so it also says something about states that it has never seen. The price: an update
# for one state moves the values of other states too.
#
# TF-Agents' class is `QNetwork`. It is built from the specs. The project draws its weights from the
# seed.

# %%
from tf_agents.networks import q_network

from tfrl.components.networks import draw_weights
from tfrl.components.randomness import RandomStream, Stream

network = q_network.QNetwork(
    environment.observation_spec(), environment.action_spec(), fc_layer_params=(100, 50)
)
network.create_variables()
# A RandomStream holds the random numbers of one use, here the weights. They follow from the seed.
draw_weights([network], RandomStream(Stream.WEIGHTS, SEED))
q_of_first, _ = network(seen[:3])
pd.DataFrame(q_of_first.numpy(), columns=["Q(s, left)", "Q(s, right)"]).round(3)

# %%
num_weights = sum(int(tf.size(weight)) for weight in network.trainable_weights)

# %%
say(
    f"""
The network has {num_weights:,} weights. So far they are random, and so are the values of the
{len(q_of_first)} states above.
"""
)

# %% [markdown]
# ## The replay buffer
#
# Supervised learning draws its batches from a data set. An agent's data come one by one, and each
# frame is much like the one before. A batch of the newest frames would show little more than one
# situation. So DQN keeps the frames in a *replay buffer*, and draws its batches from all of it. When
# the buffer is full, a new frame takes the place of the oldest.
#
# Here is the project's, which has TF-Agents' interface. It has room for `4` frames. We add the
# numbers from `0` to `6` instead of frames, and then draw pairs.
#
# > **Guess first.** Which numbers does the buffer hold after that? Which pairs can be drawn?

# %%
from tfrl.components.replay_buffer import UniformReplayBuffer

small = UniformReplayBuffer(
    tf.TensorSpec([], tf.int64),
    batch_size=1,
    max_length=4,
    random=RandomStream(Stream.REPLAY, SEED),
)
for number in range(7):
    small.add_batch(tf.constant([number], tf.int64))
print("all:", small.gather_all().numpy()[0])
pairs, _ = small.get_next(sample_batch_size=5, num_steps=2)
print("pairs:", *pairs.numpy())

# %% [markdown]
# A frame alone is not enough to learn from: the target needs the next state. It is in the next
# frame. So `num_steps=2` draws pairs of frames that follow each other. Such a pair is a
# *transition*.
#
# A common mistake is to use every pair. A pair that begins with the last time step of an episode
# ends in the first of another one. It tells nothing, because no action led from one to the other.
# TF-Agents' agents give such pairs a weight of `0`.
#
# ## Exercise: which pairs count
#
# The list `step_types` has the step type of each frame in a buffer, the oldest first. Write a
# function that returns the list of positions `t` such that the frames `t` and `t + 1` are a
# transition to learn from. Positions begin at `0`.


# %% tags=["exercise"]
def usable(step_types):
    # step_types is a list such as ["FIRST", "MID", "LAST", "FIRST", "MID"].
    ...


# %%
from tfrl.tutorials.checks import dqn

dqn.usable(usable)


# %% tags=["solution"]
def usable(step_types):
    return [t for t in range(len(step_types) - 1) if step_types[t] != "LAST"]


dqn.usable(usable)

# %% [markdown]
# ## The loss
#
# Q-learning moved a number towards its target. DQN moves all weights of the network by a gradient
# step on the squared error, for a batch of transitions:
#
# $$L = \frac{1}{N} \sum_{i=1}^{N} \left[ y_i - Q(s_i, a_i) \right]^2$$
#
# $$y_i = r_i + \gamma d_i \max_{a'} Q_{\text{target}}(s'_i, a')$$
#
# Here $d_i$ is the discount of the time step: $0$ after a fall, else $1$. It is not the discount
# factor, which is $\gamma$.
#
# Two things are not as in supervised learning. The target $y_i$ is made by a network itself, and it
# counts as a constant: no gradient goes through it. And it is made by a copy of the network, the
# *target network* $Q_{\text{target}}$. The copy stays as it is for many updates, so the targets stand
# still while Q moves towards them. Then the weights of Q are copied into it again.
#
# ## Exercise: the targets
#
# Compute all targets of a batch. You get arrays of NumPy: `rewards` and `discounts` have an entry
# for each transition. `next_q` holds $Q_{\text{target}}(s'_i, a')$, with a row for each transition
# and a column for each action.


# %% tags=["exercise"]
def targets(rewards, discounts, next_q, gamma): ...


# %%
dqn.targets(targets)


# %% tags=["solution"]
def targets(rewards, discounts, next_q, gamma):
    return rewards + gamma * discounts * next_q.max(axis=1)


dqn.targets(targets)

# %% [markdown]
# ## Exercise: the loss
#
# Now the loss of a batch. `q` has a row for each transition and a column for each action. `actions`
# are the actions that the agent took, and `y` are the targets.


# %% tags=["exercise"]
def loss(q, actions, y):
    # q[np.arange(len(q)), actions] takes one entry of each row.
    ...


# %%
dqn.loss(loss)


# %% tags=["solution"]
def loss(q, actions, y):
    return np.mean((y - q[np.arange(len(q)), actions]) ** 2)


dqn.loss(loss)

# %% [markdown]
# ## The agent
#
# In TF-Agents an agent is a loss with an optimizer, and the policies that go with it. `DqnAgent` is
# TF-Agents' own, and the project uses it as it is.

# %%
import tf_keras as keras
from tf_agents.agents.dqn import dqn_agent
from tf_agents.utils import common

GAMMA, BATCH = 0.99, 64
agent = dqn_agent.DqnAgent(
    environment.time_step_spec(),
    environment.action_spec(),
    q_network=network,
    optimizer=keras.optimizers.Adam(1e-3),
    td_errors_loss_fn=common.element_wise_squared_loss,
    gamma=GAMMA,
    target_update_period=500,
)
agent.initialize()  # copies the weights to the target network

# %% [markdown]
# Its frames go to a buffer and to a log of episodes. Both are the project's.

# %%
from tfrl.components.logs import EpisodeLog

buffer = UniformReplayBuffer(
    agent.collect_data_spec,
    batch_size=1,
    max_length=10_000,
    random=RandomStream(Stream.REPLAY, SEED),
)
log = EpisodeLog(batch_size=1, capacity=1_000)

# %% [markdown]
# It acts epsilon-greedily, with `epsilon=0.1`. We take the project's policy for that: it draws its
# random numbers from the seed, also in compiled code. The driver is TF-Agents'. Before learning
# begins, it fills the buffer with some frames.

# %%
from tfrl.components.policies import EpsilonGreedyPolicy

policy = EpsilonGreedyPolicy(agent.policy, 0.1, RandomStream(Stream.POLICY, SEED))
driver = dynamic_step_driver.DynamicStepDriver(
    environment, policy, observers=[buffer.add_batch, log.observe], num_steps=1
)
environment.reseed(SEED)
for _ in range(100):
    driver.run()

# %% [markdown]
# Is the loss above really what the agent computes? We take a batch from the buffer, and compute the
# loss in both ways.

# %%
batch, _ = buffer.get_next(BATCH, num_steps=2)
first = tf.nest.map_structure(lambda x: x[:, 0].numpy(), batch)
next_q, _ = network(batch.observation[:, 1])  # the target network still equals it
y = first.reward + GAMMA * first.discount * next_q.numpy().max(axis=1)
q = network(first.observation)[0].numpy()
errors = y - q[np.arange(BATCH), first.action]
counts = first.step_type != 2  # a pair that begins with LAST does not count
by_hand = np.mean(counts * errors**2)
by_agent = float(agent.train(batch).loss)

# %%
say(
    f"""
By hand the loss is {by_hand:.6f}. TF-Agents' agent says {by_agent:.6f}. The difference is
{abs(by_hand - by_agent):.6f}.
"""
)

# %% [markdown]
# ## Training by hand
#
# That is all. An iteration takes a step, draws a batch, and makes an update. We compile it as a
# whole, which the project's parts allow.


# %%
@tf.function(jit_compile=True, autograph=False)
def iteration():
    driver.run()
    batch, _ = buffer.get_next(BATCH, num_steps=2)
    return agent.train(batch).loss


ITERATIONS = 8_000
losses = np.array([float(iteration()) for _ in range(ITERATIONS)])
episodes = pd.DataFrame(log.take())

# %%
figure, (above, below) = plt.subplots(2, 1, figsize=(7.2, 4.6), sharex=True)
above.plot(episodes["step"], episodes["return"], "o-", color="#009E73", markersize=3, linewidth=0.8)
above.set(title="One run by hand: return of each episode", ylabel="return")
below.semilogy(losses, color="#555555", linewidth=0.4)
below.set(title="Its loss", xlabel="environment steps", ylabel="loss")
plt.show()

# %%
early = episodes[episodes["step"] < ITERATIONS / 4]["return"].mean()
late = episodes[episodes["step"] > ITERATIONS * 3 / 4]["return"].mean()
early_loss, late_loss = losses[: ITERATIONS // 4].mean(), losses[-ITERATIONS // 4 :].mean()

# %%
say(
    f"""
In the first quarter of training, the mean return of an episode is {early:.0f}. In the last quarter
it is {late:.0f}. The mean loss of the first quarter is {early_loss:.2f}, and of the last
{late_loss:.2f}. So the agent plays {"better" if late > early else "no better"} than at first, and its
loss is {"larger" if late_loss > early_loss else "not larger"}.
"""
)

# %% [markdown]
# In the early loss you see jumps at regular distances. They are the copies to the target network:
# every `500` updates the targets change at once.
#
# A common mistake is to read the loss as in supervised learning. It says how far Q is from targets
# that the agent makes itself, on data that it chose itself. Both change all the time. Values grow
# with the returns, and an error of the same relative size then gives a larger loss. To know how an
# agent does, let it play.
#
# ## The same over seeds
#
# That was one seed, so it says little. The project's pipeline `"dqn"` is built in the same way. There
# are two main differences. It begins with random actions, and lowers epsilon step by step. And now
# and then it tests the greedy policy, which always takes the highest Q. A test is the mean return of
# `10` episodes.

# %%
SEEDS, STEPS = range(10), 10_000
runs = {"DQN": train("dqn", seeds=SEEDS, steps=STEPS)}


# %%
def draw(axes, name, colour):
    for _, run in runs[name].groupby("seed"):
        axes.plot(run["step"], run["return"], color=colour, linewidth=0.9, alpha=0.8)
    axes.set(title=name, ylim=(0, 520))


figure, axes = plt.subplots()
draw(axes, "DQN", "#009E73")
axes.set(title="DQN: every seed", xlabel="environment steps of training", ylabel="return")
plt.show()

# %% [markdown]
# To compare agents we need one number for each seed. We take the mean return over the second half of
# training, because a single test depends on when you look.


# %%
def scores(name):
    half = runs[name][runs[name]["step"] > STEPS / 2]
    return half.groupby("seed")["return"].mean().to_numpy()


# %%
say(
    f"""
The scores of the {len(SEEDS)} seeds are between {scores("DQN").min():.0f} and
{scores("DQN").max():.0f}. The highest return possible is {environment.time_limit}.
"""
)

# %% [markdown]
# ## Take one idea away
#
# DQN is Q-learning with a network, a replay buffer and a target network. Does it need the last two?
# And does it need a discount factor near one? We change one setting at a time, and leave all others
# as they are.
#
# 1. **Without replay.** The buffer holds no more than a batch: the last `64` frames. They are still
#    drawn more than once, so some replay is left.
# 2. **Without a target network.** It is copied after every update, so it always equals Q.
# 3. **With a wrong discount.** The discount factor is `0.5`.
#
# > **Guess first.** Which of the three loses most? Is there one that does better than DQN?

# %%
changes = {
    "Without replay": {"replay_buffer_max_length": 64},
    "Without target network": {"target_update_period": 1},
    "With a wrong discount": {"gamma": 0.5},
}
for name, change in changes.items():
    runs[name] = train("dqn", seeds=SEEDS, steps=STEPS, **change)

# %%
COLOURS = dict(zip(runs, ("#009E73", "#56B4E9", "#D55E00", "#332288"), strict=True))
figure, grid = plt.subplots(2, 2, figsize=(7.2, 5.2), sharex=True, sharey=True)
for axes, (name, colour) in zip(grid.flat, COLOURS.items(), strict=True):
    draw(axes, name, colour)
figure.suptitle("DQN and one change at a time: every seed")
for axes in grid[1]:
    axes.set(xlabel="environment steps")
for axes in grid[:, 0]:
    axes.set(ylabel="return")
plt.show()

# %%
figure, axes = plt.subplots(figsize=(7.2, 2.6))
for place, name in enumerate(reversed(runs)):
    spread = np.linspace(-0.2, 0.2, len(SEEDS))
    axes.plot(np.sort(scores(name)), place + spread, "o", color=COLOURS[name], alpha=0.7)
axes.set(
    title="Score of every seed",
    xlabel="mean return over the second half of training",
    yticks=range(len(runs)),
    yticklabels=list(reversed(runs)),
)
plt.show()

# %% [markdown]
# Now the verdicts, as in lesson 0. We ask three questions at once, so chance has three opportunities
# to fool us. So each interval is made wider. All three together then hold with `95%` confidence: in
# so many of such studies, none of them is wrong.

# %%
from tfrl.analysis import sign_test

CONFIDENCE = 1 - sign_test.ALPHA / len(changes)


def verdict(name):
    differences = sign_test.Differences.between(scores("DQN"), scores(name))
    low, high = differences.share_interval(CONFIDENCE)
    answer = "The seeds cannot tell which is better."
    if low > 0.5 or high < 0.5:
        answer = f"{'DQN' if low > 0.5 else 'The changed agent'} is better."
    share = f"DQN wins {differences.share:.0%} of all pairs ({low:.0%} to {high:.0%})"
    return f"**{name}.** {share}. {answer}"


# %%
say(
    f"""
- {verdict("Without replay")}
- {verdict("Without target network")}
- {verdict("With a wrong discount")}
"""
)

# %% [markdown]
# ## What each idea is for
#
# Each of the three settings has a reason. We can look at the reason on its own, whatever the seeds
# say. That does not show that the setting raises the return.

# %%
step_types = buffer.gather_all().step_type.numpy()[0]
episode_of_frame = np.cumsum(step_types == 0)
last_episodes = len(np.unique(episode_of_frame[-BATCH:]))
all_episodes = len(np.unique(episode_of_frame))

before = [network(batch.observation[:, t])[0].numpy().max(axis=1) for t in (0, 1)]
agent.train(batch)
after = [network(batch.observation[:, t])[0].numpy().max(axis=1) for t in (0, 1)]
moved, next_moved = (np.abs(b - a).mean() for b, a in zip(before, after, strict=True))

worth = 0.5**fallen_after, GAMMA**fallen_after

# %%
say(
    f"""
- **Replay.** We look into the buffer of the run by hand, and count episodes. The last {BATCH} frames
  come from {last_episodes} {"episode" if last_episodes == 1 else "episodes"}. All frames together come
  from {all_episodes}. A batch from a short buffer shows what the agent does just now, and the rest is
  forgotten.
- **Target network.** We made one more update of the run by hand, on the batch that checked the loss.
  It moved the values of the states of the batch by {moved:.4f} on average. It moved the values of the
  next states by {next_moved:.4f}. Targets are made from these: without a copy, they would have moved
  too.
- **Discount.** Pushed to one side, the pole falls after {fallen_after} steps. With a factor of
  {GAMMA}, a reward that is lost then counts {worth[1]:.2f} now. With the wrong one it counts
  {worth[0]:.4f}. The verdict above says whether that costs return.
"""
)

# %% [markdown]
# A common mistake is to take an idea for necessary because a paper needed it. The paper's games are
# much harder than CartPole, and its networks larger. Another is to take an idea for useless because
# one small experiment does not need it. What you can say is what was measured: this task, this
# budget, these settings.
#
# ## Training goes on later
#
# A run may be interrupted. TF-Agents' `Checkpointer` stores the variables of what it is given, here of
# the agent and the replay buffer. The agent has both networks, the optimizer and its count of updates.
#
# > **Guess first.** We store them, make an update, restore them, and make the update again. In how many
# > weights do the two results differ?

# %%
import tempfile

from tf_agents.utils import common


def updated_weights():
    agent.train(batch)
    return np.concatenate([weights.ravel() for weights in network.get_weights()])


def checkpointer():
    # It restores when it is made, if the folder has a checkpoint by then.
    return common.Checkpointer(folder.name, max_to_keep=1, agent=agent, replay_buffer=buffer)


folder = tempfile.TemporaryDirectory()
checkpointer().save(agent.train_step_counter)
stored_update = updated_weights()
next_update = updated_weights()
checkpointer()
restored_update = updated_weights()

# %%
say(
    f"""
They differ in {(restored_update != stored_update).sum()} of {len(stored_update):,} weights. Without
restoring, a second update changes {(next_update != stored_update).sum():,}.
"""
)

# %% [markdown]
# A common mistake is to store the weights of the network alone. The optimizer, the target network and
# the buffer have a state too, and without them training goes on as another run.
#
# ## Which class is whose
#
# | Part | TF-Agents' class | The project's | What differs |
# |---|---|---|---|
# | environment | `TFPyEnvironment` | `GraphEnvironment` | computed by TensorFlow |
# | policy | `EpsilonGreedyPolicy` | the same name | draws from the seed, also in compiled code |
# | driver | `DynamicStepDriver` | `StepCollector` | one frame each time, resets too |
# | replay buffer | `TFUniformReplayBuffer` | `UniformReplayBuffer` | compiles; draws from the seed |
# | network | `QNetwork` | none | weights are drawn from the seed |
# | agent | `DqnAgent` | none | |
#
# ## What you have seen
#
# - A network says something about states that it has never seen. A table cannot.
# - DQN is Q-learning on batches from a replay buffer, with targets from a copy of the network.
# - After a fall nothing follows, but a time limit is no fall: the discount tells which it was.
# - The loss does not say how an agent does. Letting it play does, over seeds.
#
# Next: [lesson 3](03_reinforce.ipynb), which learns a policy directly, without values.
