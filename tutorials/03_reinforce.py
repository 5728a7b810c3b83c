# %% [markdown]
# # REINFORCE by hand
#
# DQN of lesson 2 learns action values, and its policy follows from them. REINFORCE (Williams, 1992)
# does without. Its network outputs the probabilities of the actions. Training makes actions more
# likely if a high return came after them. It follows the derivative of the expected return, the
# *policy gradient*. PPO does so too. REINFORCE is the simplest method of this kind.

# %%
try:
    from tfrl.tutorials import begin, say, train
except ModuleNotFoundError:
    raise SystemExit("tfrl is missing: run `make tutorial 03` in a clone of the project") from None

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from scipy.special import softmax

begin()

# %% [markdown]
# ## A task with two actions
#
# The task is tiny, so that every number can be followed. An episode has one step. The agent takes
# action `0` or `1`, and each pays a fixed reward. The agent does not know the rewards.
#
# The policy has two numbers, one for each action, which it learns. They are called *logits*, and
# written $\theta_0$ and $\theta_1$. The softmax turns them into probabilities:
#
# $$\pi(a) = \frac{e^{\theta_a}}{e^{\theta_0} + e^{\theta_1}}$$

# %%
PAY = np.array([10.0, 2.0])
logits = np.log([0.25, 0.75])
policy = softmax(logits)


def expected_reward(logits, pay=PAY):
    return softmax(logits) @ pay


# %%
say(
    f"""
The policy takes action `0` with a probability of {policy[0]:.2f} and action `1` with {policy[1]:.2f}.
On average it earns {expected_reward(logits):.1f}. The better action pays {PAY.max():.0f}.
"""
)

# %% [markdown]
# A common mistake is to read logits as probabilities or as values. Only their difference counts. If
# you add the same number to both, the policy stays as it is.
#
# > **Guess first.** Raise the first logit by a small amount, and the expected reward grows. By how
# > much for each unit of the logit?

# %%
small = 1e-5
nudge = np.array([small, 0.0])
slope = (expected_reward(logits + nudge) - expected_reward(logits - nudge)) / (2 * small)

# %%
say(
    f"""
We try it: the expected reward grows by {slope:.4f} for each unit. This number is the first half of
the gradient. The other half, of the second logit, is as large and has the opposite sign, since only
the difference counts.
"""
)

# %% [markdown]
# But the agent cannot try it like that, since it does not know the expected reward. It can only take
# an action, and see what that pays. The rest of the lesson is about how to get this gradient from
# actions and rewards alone.
#
# ## Why the reward is not differentiated
#
# In supervised learning you differentiate the loss, and the derivative flows back into the network.
#
# > **Guess first.** Let TensorFlow draw an action and look up its reward. What is the derivative of
# > the reward with respect to the logits?

# %%
import tensorflow as tf

parameters = tf.Variable(logits)
with tf.GradientTape() as tape:
    action = tf.random.stateless_categorical(parameters[None], 1, seed=(0, 0))[0, 0]
    reward = tf.gather(PAY, action)
print("derivative of the reward:", tape.gradient(reward, parameters))

# %% [markdown]
# There is none. An action is a whole number, and a small change of a logit does not change a whole
# number by a little. And in a real environment the reward comes from outside the program.
#
# What does change smoothly is how likely the action is. The expected reward is
# $J = \sum_a \pi(a)\, r(a)$. We write $\nabla$ for the derivative with respect to the logits. In it,
# the rewards are constants:
#
# $$\nabla J = \sum_a r(a) \nabla \pi(a) = \sum_a \pi(a)\, r(a) \nabla \log \pi(a)$$
#
# The second step uses $\nabla \log \pi = \nabla \pi / \pi$, the derivative of a logarithm. It brings
# $\pi(a)$ to the front, so this is a mean over the actions that the agent takes. A mean can be
# estimated from samples. So for each action taken, compute
#
# $$r(a) \nabla \log \pi(a)$$
#
# and average. An update adds this average, times a learning rate, to the logits.
#
# What is left is $\nabla \log \pi(a)$. By the softmax,
# $\log \pi(a) = \theta_a - \log \sum_b e^{\theta_b}$. Its derivative with respect to $\theta_i$ is
# $1 - \pi(i)$ if $i$ is the action taken, else $-\pi(i)$.
#
# > **Guess first.** The worse action pays too. If the agent takes it, does the update make it more
# > likely, or less?

# %%
one_hot = np.eye(2)
by_hand = pd.DataFrame({"probability": policy, "reward": PAY}, index=["action 0", "action 1"])
by_hand["∇ log π"] = one_hot[:, 0] - policy[0]
by_hand["reward · ∇ log π"] = by_hand["reward"] * by_hand["∇ log π"]
by_hand["times probability"] = by_hand["probability"] * by_hand["reward · ∇ log π"]
by_hand

# %%
exact = by_hand["times probability"].sum()

# %%
say(
    f"""
Every derivative in the table is with respect to the first logit. The last column adds up to
{exact:.4f}, and that is the slope that we measured. Look at the sample of action `1`: with a learning
rate of one, it moves the first logit by {by_hand["reward · ∇ log π"].iloc[1]:.1f}, and the second by
as much in the other direction. So it makes the worse action more likely. A single sample can point the
wrong way. Only the mean is right.
"""
)

# %% [markdown]
# ## Exercise: the derivative of the log-probability
#
# Write $\nabla \log \pi(a)$ for any number of actions. `action` is the number of the action taken.
# Return an array with an entry for each logit.


# %% tags=["exercise"]
def log_probability_gradient(logits, action):
    # softmax(logits) gives the probabilities of all actions.
    ...


# %%
from tfrl.tutorials.checks import reinforce

reinforce.log_probability_gradient(log_probability_gradient)


# %% tags=["solution"]
def log_probability_gradient(logits, action):
    gradient = -softmax(logits)
    gradient[action] += 1.0
    return gradient


reinforce.log_probability_gradient(log_probability_gradient)

# %% [markdown]
# ## The same in TF-Agents
#
# Now the same policy as an agent of TF-Agents. Its network has no hidden layer, and its input is
# always `1`. We set its other weights to zero, so its two biases are our two logits.

# %%
from tf_agents.agents.reinforce.reinforce_agent import ReinforceAgent
from tf_agents.networks.actor_distribution_network import ActorDistributionNetwork
from tf_agents.specs import BoundedTensorSpec
from tf_agents.trajectories import time_step_spec, trajectory

observation_spec = tf.TensorSpec([1], tf.float32)
action_spec = BoundedTensorSpec([], tf.int64, 0, 1)


def make_agent(**settings):
    network = ActorDistributionNetwork(observation_spec, action_spec, fc_layer_params=())
    optimizer = tf.keras.optimizers.SGD(learning_rate=1.0)
    specs = time_step_spec(observation_spec), action_spec
    return ReinforceAgent(*specs, network, optimizer, **settings)


# %% [markdown]
# The optimizer is plain gradient descent with a step of one. So a call of `train` moves the logits
# by exactly the gradient, and we can read it off.


# %%
def gradient_of(agent, actions, rewards):
    kernel, bias = agent.collect_policy.variables()
    kernel.assign(tf.zeros_like(kernel))
    bias.assign(logits)
    episode = trajectory.from_episode(
        observation=tf.ones([len(actions), 1]),
        action=tf.constant(actions, tf.int64),
        policy_info=(),
        reward=tf.constant(rewards, tf.float32),
    )
    agent.train(tf.nest.map_structure(lambda x: x[None], episode))
    return bias.numpy() - logits.astype(np.float32)


# %%
agent = make_agent(normalize_returns=False)
rows = {
    f"action {action}": {
        "by hand": PAY[action] * log_probability_gradient(logits, action)[0],
        "TF-Agents": gradient_of(agent, [action], [PAY[action]])[0],
    }
    for action in (0, 1)
}
comparison = pd.DataFrame(rows).T
comparison

# %% [markdown]
# An episode of several steps has a term for each step. The action of step $t$ is weighted with the
# return from there on:
#
# $$\nabla J \approx \sum_t G_t \nabla \log \pi(a_t | s_t)$$
#
# Here $\pi(a_t | s_t)$ is the probability of the action in the state of that step. In our task there
# is only one state. The action is not weighted with what came before: it had no part in that.
#
# > **Guess first.** The agent takes action `0`, earns `1`, takes action `1`, and earns `2`. Which
# > weights do the two actions get, if nothing is discounted?

# %%
actions, rewards = [0, 1], [1.0, 2.0]
weights = [sum(rewards[step:]) for step in range(2)]
slopes = [log_probability_gradient(logits, action) for action in actions]
ours = weights[0] * slopes[0] + weights[1] * slopes[1]
theirs = gradient_of(agent, actions, rewards)
print("weights  ", weights)
print("by hand  ", ours)
print("TF-Agents", theirs.round(6))

# %%
one_step = np.abs(comparison["by hand"] - comparison["TF-Agents"]).max()
apart = max(one_step, np.abs(ours - theirs).max())
equal = "They are equal" if apart < 1e-6 else "They are not equal"

# %%
say(
    f"""
{equal} to {1e-6:.0e}: the largest difference of all these gradients is {apart:.0e}. TF-Agents
computes with fewer digits than NumPy.
"""
)

# %% [markdown]
# ## Exercise: the gradient of an episode
#
# Write it as a function, with a discount factor. Take your function of the last exercise.


# %% tags=["exercise"]
def episode_gradient(logits, actions, rewards, gamma):
    # The return of a step: its reward, plus gamma times the return of the next step.
    ...


# %%
reinforce.episode_gradient(episode_gradient)


# %% tags=["solution"]
def episode_gradient(logits, actions, rewards, gamma):
    gradient, following = np.zeros(len(logits)), 0.0
    for action, reward in zip(reversed(actions), reversed(rewards), strict=True):
        following = reward + gamma * following
        gradient += following * log_probability_gradient(logits, action)
    return gradient


reinforce.episode_gradient(episode_gradient)

# %% [markdown]
# ## The loss is not an error
#
# Libraries minimize a loss. So TF-Agents uses one whose derivative is the gradient, with the sign
# turned round:
#
# $$-\sum_t G_t \log \pi(a_t | s_t)$$
#
# A common mistake is to watch this loss as in supervised learning.
#
# > **Guess first.** The policy gets better. Does the loss fall? And if all rewards are lowered by the
# > same amount?


# %%
def expected_loss(logits, pay):
    probabilities = softmax(logits)
    return -(probabilities * pay * np.log(probabilities)).sum()


better = np.log([0.95, 0.05])
losses = pd.DataFrame(
    {
        f"rewards {pay[0]:.0f} and {pay[1]:.0f}": {
            f"expected loss, {name} policy": expected_loss(logits_of, pay)
            for name, logits_of in (("old", logits), ("better", better))
        }
        for pay in (PAY, PAY - 12)
    }
)
losses.round(2)

# %%
changes = losses.diff().iloc[1]
verdicts = [
    f"With {rewards} the loss {'falls' if change < 0 else 'rises'}."
    for rewards, change in changes.items()
]

# %%
say(
    f"""
In both columns the policy has improved by the same {expected_reward(better) - policy @ PAY:.1f} points.
{" ".join(verdicts)} So the value of the loss does not say how good the policy is. Only its derivative
is of use.
"""
)

# %% [markdown]
# ## Noise, and how a larger batch lowers it
#
# The mean of the samples is right, but each sample is far from it. What matters is the variance of
# the gradient. We measure it for batches of several sizes, with several seeds.
#
# > **Guess first.** You take four times as many episodes. How much smaller is the standard deviation
# > of the gradient?


# %%
def estimates(seed, batch_size, baseline=0.0, batches=2_000):
    rng = np.random.default_rng(seed)
    actions = rng.choice(2, size=(batches, batch_size), p=policy)
    of_log_probability = (actions == 0) - policy[0]
    return ((PAY[actions] - baseline) * of_log_probability).mean(axis=1)


SEEDS, sizes = range(10), np.array([1, 4, 16, 64, 256])
deviation = np.array([[estimates(seed, size).std() for size in sizes] for seed in SEEDS])
samples = by_hand["reward · ∇ log π"]
one_episode = np.sqrt(policy @ samples**2 - exact**2)

# %%
figure, axes = plt.subplots()
axes.loglog(sizes, one_episode / np.sqrt(sizes), color="#555555", label="calculated")
for row in deviation:
    axes.loglog(sizes, row, "o", color="#CC79A7", alpha=0.5)
axes.plot([], [], "o", color="#CC79A7", label="a seed")
axes.axhline(exact, color="#0072B2", linestyle="--", label="the gradient itself")
axes.set(
    title="Noise of the gradient",
    xlabel="episodes n in a batch",
    ylabel="standard deviation",
    xticks=sizes,
    xticklabels=sizes,
    yticks=[0.25, 0.5, 1, 2, 4],
    yticklabels=[0.25, 0.5, 1, 2, 4],
)
axes.minorticks_off()
axes.legend()
plt.show()

# %%
ratio = deviation[:, 0].mean() / deviation[:, 1].mean()

# %%
say(
    f"""
The variance of one episode is {one_episode**2:.1f} by calculation, and {deviation[:, 0].min() ** 2:.1f}
to {deviation[:, 0].max() ** 2:.1f} measured. With {sizes[1]} episodes the deviation is {ratio:.2f}
times smaller: it falls with the square root of the number of episodes. The gradient that we look for
is {exact:.1f}, so from a single episode you cannot even tell its sign.
"""
)

# %% [markdown]
# ## A baseline
#
# There is a cheaper way. Subtract the same number $b$, a *baseline*, from every return. What is left
# is called the *advantage*: how much better it went than usual.
#
# $$\nabla J = \sum_a \pi(a)\, (r(a) - b) \nabla \log \pi(a)$$
#
# The mean does not change, because the mean of $\nabla \log \pi$ is zero. Check it in the table
# above: the probabilities times the column `∇ log π`.
#
# > **Guess first.** Which baseline gives the least variance: zero, the mean reward of the policy, or
# > something else? Can a baseline do harm?

# %%
mean_of_derivative = (by_hand["probability"] * by_hand["∇ log π"]).sum()
baselines = np.arange(0, 21, 2)
measured = np.array([[estimates(seed, 1, b) for b in baselines] for seed in SEEDS])


def variance_with(baseline):
    each = (PAY - baseline) * by_hand["∇ log π"].to_numpy()
    return policy @ each**2 - exact**2


# %%
figure, axes = plt.subplots()
fine = np.linspace(baselines[0], baselines[-1], 200)
axes.plot(fine, [variance_with(b) for b in fine], color="#555555", label="calculated")
for row in measured.var(axis=2):
    axes.plot(baselines, row, "o", color="#CC79A7", alpha=0.5)
axes.plot([], [], "o", color="#CC79A7", label="a seed")
axes.axvline(policy @ PAY, color="#0072B2", linestyle="--", label="mean reward")
axes.set(title="Variance of the gradient", xlabel="baseline", ylabel="variance, one episode")
axes.legend(loc="upper center")
plt.show()

# %%
best_baseline = fine[np.argmin([variance_with(b) for b in fine])]
grand_means = measured.mean(axis=(0, 2))

# %%
say(
    f"""
The mean of the derivative is {mean_of_derivative:.0f}, so a baseline is free: it does not change the
mean gradient. Over all seeds, we measure {grand_means.min():.2f} to {grand_means.max():.2f} for all
these baselines. The variance is {variance_with(0):.0f} without one, and
{variance_with(policy @ PAY):.0f} with the mean reward. It is least at {best_baseline:.1f}, and
{variance_with(best_baseline):.1f} there: both actions give the same sample. With more actions, no
baseline does that in general. At {baselines[-1]} it is {variance_with(baselines[-1]):.0f}: a bad
baseline does harm.
"""
)

# %% [markdown]
# So the mean reward is a good baseline, and not the best one. With many states, the baseline is the
# value $V(s)$ of the state, which a second network learns.
#
# ## A baseline that is not free
#
# A baseline must not depend on the action whose return it is subtracted from. The mean return of the
# batch does: the episode itself is part of it. Yet TF-Agents subtracts it unless told otherwise. Its
# returns are *normalized*, to a mean of zero and a deviation of one.
#
# > **Guess first.** We train the agent of TF-Agents with this default on one episode of one step.
# > What is the gradient?

# %%
normalizing = make_agent()
single = gradient_of(normalizing, [0], [PAY[0]])
print("gradient of one episode, normalized:", single)

# %% [markdown]
# The mean of a single return is this return, so nothing is left of it. In larger batches, a part is
# lost. The next cell only subtracts the mean. It does not divide by the deviation.


# %%
def with_mean_of_batch(seed, batch_size, batches=20_000):
    rng = np.random.default_rng(seed)
    actions = rng.choice(2, size=(batches, batch_size), p=policy)
    rewards = PAY[actions]
    advantages = rewards - rewards.mean(axis=1, keepdims=True)
    return (advantages * ((actions == 0) - policy[0])).mean()


lost = {size: [with_mean_of_batch(seed, size) for seed in SEEDS] for size in (2, 4, 16)}
shares = pd.DataFrame(
    {size: [min(x) / exact, max(x) / exact, 1 - 1 / size] for size, x in lost.items()},
    index=["least of the seeds", "largest of the seeds", "1 - 1/n"],
)
shares.columns.name = "episodes n"
shares.T.round(2)

# %% [markdown]
# The table has the mean gradient as a share of the true one. It is smaller by a part $1/n$. In this
# task the direction is right, so a larger learning rate makes up for it. Where episodes differ in
# length, TF-Agents takes the mean over all their steps. In a small batch, that can even turn the
# direction round. There is an exact remedy for episodes of one step, and you can write it.
#
# ## Exercise: leave one out
#
# Subtract from each return the mean of the other returns of the batch.


# %% tags=["exercise"]
def leave_one_out(returns):
    # returns is an array with the return of each episode. Return as many advantages.
    ...


# %%
reinforce.leave_one_out(leave_one_out)


# %% tags=["solution"]
def leave_one_out(returns):
    others = (returns.sum() - returns) / (len(returns) - 1)
    return returns - others


reinforce.leave_one_out(leave_one_out)

# %% [markdown]
# ## The same on CartPole
#
# Is it like that with a real network? We take the project's REINFORCE before training, and play
# many episodes of CartPole. It is TF-Agents' agent with four faults corrected, which are listed in
# [its description](../docs/reinforce.md).

# %%
from tfrl import environments, pipelines

EPISODES = 512
Reinforce = pipelines.resolve("reinforce")
config = Reinforce.Config(collect_episodes_per_iteration=EPISODES, normalize_returns=False)
pipeline = Reinforce(lambda n: environments.load("CartPole-v1", batch_size=n), config, 10_000)
play = tf.function(pipeline.collector.collect, autograph=False)
network = pipeline.agent.collect_policy.variables()

# %% [markdown]
# For each episode we compute the gradient of all weights of the network, by the agent's own loss.


# %%
def of_one(episode):
    frames, weights = tf.nest.map_structure(lambda x: x[None], episode)
    with tf.GradientTape() as tape:
        loss = pipeline.agent.total_loss(frames, weights, None).loss
    parts = [tf.reshape(part, [-1]) for part in tape.gradient(loss, network)]
    return tf.concat(parts, axis=0)


@tf.function(autograph=False)
def gradients(experience, weights):
    return tf.map_fn(of_one, (experience, weights), fn_output_signature=tf.float32)


# %% [markdown]
# Each step of CartPole pays `1`, so a return is the number of steps that are left. We take it as it
# is, and with a baseline: the mean return at the same step, over other episodes.


# %%
def returns_of(experience):
    return experience.reward.numpy()[:, ::-1].cumsum(axis=1)[:, ::-1]


def measure(seed):
    pipeline.initialize(seed)
    other, episodes = returns_of(play()), play()
    usual = other.sum(axis=0) / np.maximum((other > 0).sum(axis=0), 1)
    returns = returns_of(episodes)
    advantages = np.where(returns > 0, returns - usual, 0.0).astype(np.float32)
    return [gradients(episodes, x).numpy() for x in (returns, advantages)]


per_episode = np.array([measure(seed) for seed in SEEDS], float)
print("seeds, without and with baseline, episodes, weights:", per_episode.shape)

# %% [markdown]
# A gradient now has an entry for each weight. Its noise is the root of the sum of all variances. We
# divide it by the length of the mean gradient.
#
# > **Guess first.** TF-Agents' tutorial updates after every two episodes. Is the noise of such an
# > update larger or smaller than the gradient itself? And how much of the variance does the baseline
# > take away?

# %%
batch_sizes = [1, 2, 4, 8, 16, 32]


def variance_of(n):
    batches = per_episode.reshape(len(SEEDS), 2, -1, n, per_episode.shape[-1]).mean(axis=3)
    return batches.var(axis=2, ddof=1).sum(axis=-1)


# The mean over all episodes is noisy too: its own variance is subtracted.
squared = (per_episode.mean(axis=2) ** 2).sum(axis=-1) - variance_of(1) / EPISODES
relative = np.sqrt([variance_of(n) / squared for n in batch_sizes])

# %%
figure, axes = plt.subplots()
for column, (name, colour) in enumerate((("no baseline", "#555555"), ("baseline", "#CC79A7"))):
    axes.loglog(batch_sizes, relative[:, :, column], color=colour, alpha=0.6)
    axes.plot([], [], color=colour, label=name)
axes.axhline(1.0, color="#0072B2", linestyle="--", label="as large as the gradient")
axes.set(
    title="Noise of the gradient, CartPole: every seed",
    xlabel="episodes in a batch",
    ylabel="noise / gradient",
    xticks=batch_sizes,
    xticklabels=batch_sizes,
    yticks=[0.5, 1, 2, 4],
    yticklabels=[0.5, 1, 2, 4],
)
axes.minorticks_off()
axes.legend()
plt.show()

# %%
saved = 1 - variance_of(1)[:, 1] / variance_of(1)[:, 0]
at_two = relative[batch_sizes.index(2), :, 0]

# %%
say(
    f"""
In a batch of two episodes, the noise is {at_two.min():.1f} to {at_two.max():.1f} times as large as the
gradient. The baseline lowers the variance by {saved.min():.0%} to {saved.max():.0%}. In the task
with two actions, the mean reward lowered it by {1 - variance_with(policy @ PAY) / variance_with(0):.0%}.
How much a baseline helps depends on the task and on the policy.
"""
)

# %% [markdown]
# ## Does less noise learn faster?
#
# Now we train. The first three agents update after two episodes. They differ in what is subtracted
# from the returns: nothing, the value from a second network, or the mean over all steps of the
# batch (normalized returns, the default). Normalized returns are also divided by their deviation.
#
# The other two are like the third, with a larger batch. They make fewer updates in the same number of
# environment steps. So the last one has a larger learning rate, by the square root of the ratio of
# the batch sizes. That is a usual rule for Adam. Nothing was tuned for this comparison. The defaults
# are those of TF-Agents' tutorial, which uses the small batch.
#
# A test takes the most likely action in each step (the greedy policy). The score of a seed is the
# return of its last test.
#
# > **Guess first.** Which one ends highest? Which differences will the seeds be able to tell?

# %%
STEPS, LARGE = 15_000, 16
default = Reinforce.Config()
large = {"collect_episodes_per_iteration": LARGE}
faster = default.learning_rate * np.sqrt(LARGE / default.collect_episodes_per_iteration)
variants = {
    "nothing subtracted": {"normalize_returns": False},
    "value subtracted": {"normalize_returns": False, "use_value_network": True},
    "normalized": {},
    f"{LARGE} episodes": large,
    f"{LARGE} episodes, larger rate": large | {"learning_rate": float(faster)},
}
runs = {
    name: train("reinforce", seeds=SEEDS, steps=STEPS, every=STEPS // 10, **settings)
    for name, settings in variants.items()
}

# %%
colours = ["#555555", "#0072B2", "#CC79A7", "#E69F00", "#009E73"]
figure, rows = plt.subplots(5, 1, figsize=(7.2, 8), sharex=True, sharey=True)
for axes, (name, run), colour in zip(rows, runs.items(), colours, strict=True):
    for _, one in run.groupby("seed"):
        axes.plot(one["step"], one["return"], color=colour, linewidth=0.9, alpha=0.8)
    axes.set_title(f"{name}: every seed")
rows[2].set_ylabel("return of the greedy policy")
rows[-1].set_xlabel("environment steps of training")
plt.show()

# %%
from tfrl.analysis import sign_test

ends = {name: run[run["step"] == STEPS]["return"].to_numpy() for name, run in runs.items()}


def verdict(one, other):
    differences = sign_test.Differences.between(ends[one], ends[other])
    low, high = differences.share_interval(1 - sign_test.ALPHA / 5)  # five questions
    told = "The seeds cannot tell." if low <= 0.5 <= high else "The seeds can tell."
    share = f"{differences.share:.0%} of all pairs of seeds ({low:.0%} to {high:.0%})"
    return f"**{one}** ends above **{other}** in {share}. {told}"


large_batch, large_rate = list(variants)[3:]

# %%
say(
    f"""
- {verdict("value subtracted", "nothing subtracted")}
- {verdict("normalized", "nothing subtracted")}
- {verdict("normalized", large_batch)}
- {verdict("normalized", large_rate)}
- {verdict(large_rate, large_batch)}
"""
)

# %% [markdown]
# Less noise in a gradient is a means, and not the aim. A larger batch has to earn the steps that it
# costs, and a baseline that is learned is wrong at first. A common mistake is to argue from the
# variance alone. What counts is the return after the same number of steps, over seeds.
#
# ## Each episode is used once
#
# REINFORCE throws its episodes away after one update. A common mistake is to keep them in a replay
# buffer, as DQN does. The gradient is a mean over the actions of the policy as it is now, and old
# episodes hold the actions of an old policy. A method that needs the actions of its current policy is
# *on-policy*.
#
# > **Guess first.** The policy has moved on, and now takes both actions equally often. What do we get
# > from the old actions?

# %%
now = np.array([0.5, 0.5])
of_log_probability = one_hot[:, 0] - now[0]
true_gradient = now @ (PAY * of_log_probability)
from_old_actions = policy @ (PAY * of_log_probability)
weighted = policy @ (now / policy * PAY * of_log_probability)

# %%
say(
    f"""
The true gradient is now {true_gradient:.1f}. The old actions give {from_old_actions:.1f} on average,
and more of them do not help. But if each is weighted with how much more likely it has become, the mean
is {weighted:.1f} again. PPO begins with this weight.
"""
)

# %% [markdown]
# ## What you have seen
#
# - REINFORCE differentiates how likely an action is, and never the reward. A loss of TF-Agents stands
#   for this derivative, and its value is no measure of success.
# - Each sample is noisy. The noise falls with the square root of the batch, and with a good baseline.
# - A baseline must not depend on the action. The mean of the batch does, a little.
# - Less variance does not mean faster learning. That has to be measured, over seeds.
#
# Next: [lesson 4](04_ppo.ipynb), where PPO uses each episode more than once.
