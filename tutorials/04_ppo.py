# %% [markdown]
# # PPO: more than one update from the same data
#
# REINFORCE plays some episodes, makes one update, and throws the episodes away. That is a waste. But
# after one update the policy is another one, and the episodes are no longer its own. PPO, short for
# *proximal policy optimization* (Schulman et al., 2017), has two answers. A ratio corrects for the
# change of the policy. A clip takes away the reason to change it too far.

# %%
try:
    from tfrl.tutorials import begin, say, train_runs
except ModuleNotFoundError:
    raise SystemExit("tfrl is missing: run `make tutorial 04` in a clone of the project") from None

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

begin()

# %% [markdown]
# ## A ratio
#
# PPO repeats two things. It collects frames with its policy: a *rollout*. Then it makes several
# updates from them. So there are two policies. The old one drew the actions of the rollout. The new
# one is the policy after some updates.
#
# Here is an example with one state and two actions. The advantage of lesson 3 says how much better
# an action was than usual. Its two values are made up, as a poor critic may give them: the mean of
# exact ones is zero under the old policy.

# %%
old, new = np.array([0.5, 0.5]), np.array([0.3, 0.7])
advantage = np.array([2.0, -1.0])
table = pd.DataFrame({"old π": old, "new π": new, "ratio": new / old, "advantage": advantage})
table.index.name = "action"
table

# %%
ratio = float(table["ratio"][0])

# %%
say(
    f"""
The probability of action `0` went from {old[0]} to {new[0]}. The *ratio* is the new probability
divided by the old one, {ratio:.1f}.
"""
)

# %% [markdown]
# A common mistake is to read the ratio as the change.

# %%
say(
    f"""
A ratio of {ratio:.1f} does not mean that the action lost {ratio:.0%} of its probability. It lost
{1 - ratio:.0%}. A ratio of one means that nothing has changed.
"""
)

# %% [markdown]
# Why a ratio, and not the difference? We want the mean advantage under the new policy, and we have
# actions of the old one. A mean over the old policy's actions becomes a mean over the new policy's,
# if each action is weighted with the ratio:
#
# $$\sum_a \pi_{\text{old}}(a)\, \frac{\pi_{\text{new}}(a)}{\pi_{\text{old}}(a)}\, A(a)
# = \sum_a \pi_{\text{new}}(a)\, A(a)$$
#
# This is called *importance sampling*.
#
# > **Guess first.** Is the mean advantage of the new policy above or below zero? And what do you get
# > if you forget the ratio?

# %%
SEEDS = range(10)


def means(seed, number, old, new):
    actions = np.random.default_rng(seed).choice(2, size=number, p=old)
    weights = (new / old)[actions]
    return (weights * advantage[actions]).mean(), advantage[actions].mean()


with_ratio, without_ratio = np.array([means(seed, 1_000, old, new) for seed in SEEDS]).T

# %%
figure, axes = plt.subplots(figsize=(7.2, 2.2))
axes.plot(with_ratio, np.full(len(SEEDS), 1), "o", color="#E69F00", alpha=0.7)
axes.plot(without_ratio, np.full(len(SEEDS), 0), "o", color="#555555", alpha=0.7)
axes.axvline(new @ advantage, color="#0072B2", label="exact")
axes.set(
    title="Mean advantage, from the old policy's actions: every seed",
    xlabel="mean advantage",
    yticks=[1, 0],
    yticklabels=["with the ratio", "without"],
    ylim=(-0.6, 1.6),
)
axes.legend(loc="upper right")
plt.show()

# %%
say(
    f"""
The exact mean is {new @ advantage:.2f}. With the ratio, the seeds give {with_ratio.min():.2f} to
{with_ratio.max():.2f}. Without it they give {without_ratio.min():.2f} to {without_ratio.max():.2f}:
that is the old policy's mean, and it has the wrong sign.
"""
)

# %% [markdown]
# Where the new policy equals the old one, all ratios are $1$. The derivative of the ratio is
# $\nabla r = r\, \nabla \log \pi_{\text{new}}$, so there it is $\nabla \log \pi$. So the first update
# from a rollout is the one of REINFORCE, with advantages.
#
# ## How far can a ratio reach?
#
# The correction is right on average. How far off is a single estimate, here from `100` actions? We
# take a policy that rarely takes action `1`, and let the new policy take it more and more often.
#
# > **Guess first.** What happens to the estimates as the policies move apart?

# %%
rare = np.array([0.9, 0.1])
chances = np.arange(0.1, 0.91, 0.1)
estimates = np.array(
    [[means(seed, 100, rare, np.array([1 - p, p]))[0] for p in chances] for seed in SEEDS]
)
exact = (1 - chances) * advantage[0] + chances * advantage[1]
spread = estimates.std(axis=0, ddof=1)

# %%
figure, axes = plt.subplots()
axes.plot(chances, estimates.T, "o", color="#E69F00", alpha=0.5)
axes.plot([], [], "o", color="#E69F00", label="a seed")
axes.plot(chances, exact, color="#0072B2", label="exact")
axes.set(
    title=f"Estimates from actions of a policy that takes action 1 with {rare[1]:.0%}",
    xlabel="probability of action 1 under the new policy",
    ylabel="mean advantage",
)
axes.legend()
plt.show()

# %%
say(
    f"""
Where the policies are equal, the standard deviation over seeds is {spread[0]:.2f}. Where they are
furthest apart it is {spread[-1]:.2f}. A few rare actions then carry most of the weight: each counts
{chances[-1] / rare[1]:.0f} times. So the new policy should stay near to the old one.
"""
)

# %% [markdown]
# In a task with many states there is a second reason, which more data does not remove. The ratio
# corrects for the actions only. The old policy has reached the states, and the advantages are those of
# the old policy. If the new one goes elsewhere, both are wrong for it (Kakade and Langford 2002).
#
# ## The clipped objective
#
# PPO maximizes, over the actions of the old policy, the mean of
#
# $$L = \min\left[ r A,\ \text{clip}(r, 1 - \epsilon, 1 + \epsilon)\, A \right]$$
#
# with $r$ the ratio, $A$ the advantage, and mostly $\epsilon = 0.2$. The clip moves a ratio outside
# of the range from $1 - \epsilon$ to $1 + \epsilon$ to the nearer end of it.
#
# > **Guess first.** Draw $L$ over the ratio, for an advantage of $1$ and of $-1$. Where is it flat?

# %%
EPSILON = 0.2
ratios = np.linspace(0, 2, 201)
figure, grid = plt.subplots(1, 2, figsize=(7.2, 3.4), sharex=True)
for axes, sign in zip(grid, (1, -1), strict=True):
    plain = ratios * sign
    clipped = np.clip(ratios, 1 - EPSILON, 1 + EPSILON) * sign
    axes.axvspan(1 - EPSILON, 1 + EPSILON, color="#eeeeee")
    axes.plot(ratios, plain, "--", color="#555555", label="r A")
    axes.plot(ratios, np.minimum(plain, clipped), color="#E69F00", linewidth=2.5, label="L")
    axes.set(title=f"A = {sign}", xlabel="ratio r", ylabel="objective")
grid[0].legend()
plt.show()

# %% [markdown]
# The grey range is the one of the clip. On each side of it, the objective is flat for one sign of
# the advantage, and not for the other.
#
# ## Exercise: the objective
#
# Write $L$ for one action.


# %% tags=["exercise"]
def objective(ratio, advantage, epsilon):
    # min(max(x, low), high) clips a number.
    ...


# %%
from tfrl.tutorials.checks import ppo

ppo.objective(objective)


# %% tags=["solution"]
def objective(ratio, advantage, epsilon):
    clipped = min(max(ratio, 1 - epsilon), 1 + epsilon)
    return min(ratio * advantage, clipped * advantage)


ppo.objective(objective)

# %% [markdown]
# ## When the gradient is zero
#
# Where the objective is flat, the action has no part in the update. TensorFlow computes the
# derivative for us, for three ratios and both signs.
#
# > **Guess first.** An action was bad, so its advantage is negative. But its probability has doubled,
# > because updates for other states moved it along. Does PPO take it back?

# %%
import tensorflow as tf


def slope(ratio, advantage):
    r = tf.Variable(ratio)
    with tf.GradientTape() as tape:
        clipped = tf.clip_by_value(r, 1 - EPSILON, 1 + EPSILON)
        value = tf.minimum(r * advantage, clipped * advantage)
    return float(tape.gradient(value, r))


signs = {"A = 1 (good action)": 1.0, "A = -1 (bad action)": -1.0}
slopes = pd.DataFrame(
    {f"r = {r}": {name: slope(r, sign) for name, sign in signs.items()} for r in (0.5, 1.0, 2.0)}
)
slopes

# %%
flat = int((slopes == 0).to_numpy().sum())

# %%
say(
    f"""
In {flat} of the {slopes.size} cases the slope is zero. They are those in which the policy has
already moved far in the direction that the advantage asks for. Where it has moved far in the wrong
direction, the slope is as large as ever: PPO takes that back.
"""
)

# %% [markdown]
# The minimum is what makes this difference. With the clip alone, all four corners of the table would
# be zero. An action that went the wrong way could then never be put right.
#
# ## Exercise: does it count?
#
# Write a function that says whether an action has a part in the update.


# %% tags=["exercise"]
def has_gradient(ratio, advantage, epsilon):
    # Return True or False. The advantage is not 0. Only ratios outside of the range can have none.
    ...


# %%
ppo.has_gradient(has_gradient)


# %% tags=["solution"]
def has_gradient(ratio, advantage, epsilon):
    if advantage > 0:
        return ratio < 1 + epsilon
    return ratio > 1 - epsilon


ppo.has_gradient(has_gradient)

# %% [markdown]
# ## Clipping is no fence
#
# A common mistake is to think that clipping keeps the ratio within the range. It only stops pushing
# once the ratio is outside. A step that begins inside can end far outside.
#
# The smallest example: one good action, whose probability is $p = 1 / (1 + e^{-\theta})$, and
# gradient ascent on $\theta$ with some learning rate. At first $\theta$ is $0$, so the old
# probability is `0.5`.
#
# > **Guess first.** The clip is at a ratio of `1.2`. Where does the ratio end for a small learning
# > rate, and where for a large one?


# %%
def final_ratio(learning_rate, updates=50):
    theta = 0.0  # p = 0.5
    for _ in range(updates):
        p = 1 / (1 + np.exp(-theta))
        r = p / 0.5
        theta += learning_rate * slope(r, 1.0) * r * (1 - p)  # dr/dtheta = r (1 - p)
    return 1 / (1 + np.exp(-theta)) / 0.5


ends = pd.Series({rate: final_ratio(rate) for rate in (0.1, 1.0, 4.0, 16.0)}, name="final ratio")
ends.index.name = "learning rate"
ends.to_frame().round(3)

# %%
say(
    f"""
With the smallest learning rate the ratio ends at {ends.iloc[0]:.2f}, and with the largest at
{ends.iloc[-1]:.2f}. No update brings it back, because the slope there is zero. In a network there is
one more reason to leave the range: the updates for other states move this one too.
"""
)

# %% [markdown]
# How much the clip can do also depends on the old probability. No probability is above one, so a
# ratio cannot be above one divided by the old probability.

# %%
reach = pd.DataFrame({"old π": [0.1, 0.5, 0.9]})
reach["highest ratio possible"] = 1 / reach["old π"]
reach["can reach the clip"] = reach["highest ratio possible"] > 1 + EPSILON
reach.round(2)

# %% [markdown]
# An action as likely as the one in the last row can never reach the upper end of the range. For it,
# the clip does nothing when the advantage is positive.
#
# ## Advantages: one step, or all of them
#
# REINFORCE compares a return with a baseline. PPO has a value network for that, the *critic*. With
# it, an advantage can look at one step, at all steps, or at something in between. Take the
# temporal-difference error of each step, with the critic's value $V$ (lesson 1):
#
# $$\delta_t = r_t + \gamma V(s_{t+1}) - V(s_t)$$
#
# It says how much better one step went than expected. *Generalized advantage estimation*, GAE for
# short, adds up this error and those to come. Each step of waiting multiplies an error by
# $\gamma \lambda$, as it multiplied a reward by $\gamma$ in lesson 1. So the short formula is the same:
#
# $$A_t = \delta_t + \gamma \lambda A_{t+1}$$
#
# Here is an example with numbers. The critic thinks that three states are worth `1`, `2` and `100`.
# Two steps lead through them, and bring no reward.
#
# > **Guess first.** Which of the two steps has the higher advantage?

# %%
GAMMA, LAMBDA = 0.99, 0.95
values, rewards = [1.0, 2.0, 100.0], [0.0, 0.0]
following = 0.0
by_hand = [0.0, 0.0]
for t in (1, 0):
    delta = rewards[t] + GAMMA * values[t + 1] - values[t]
    by_hand[t] = delta + GAMMA * LAMBDA * following
    print(f"delta{t} = {rewards[t]} + {GAMMA} * {values[t + 1]} - {values[t]} = {delta:.2f}")
    print(f"A{t} = {delta:.2f} + {GAMMA} * {LAMBDA} * {following:.4f} = {by_hand[t]:.4f}")
    following = by_hand[t]

# %% [markdown]
# The second step found something: it led to a state that is worth far more than expected. The
# first step led there, and $\lambda$ says how much of that it gets. TF-Agents has a function for
# GAE. Does it agree?

# %%
from tf_agents.utils import value_ops

as_rows = [tf.constant([row]) for row in (values[:2], [GAMMA] * 2, rewards)]
by_library = value_ops.generalized_advantage_estimation(
    values=as_rows[0],
    final_value=tf.constant(values[2:]),
    discounts=as_rows[1],
    rewards=as_rows[2],
    td_lambda=LAMBDA,
    time_major=False,
).numpy()[0]
largest = np.abs(by_library - by_hand).max()

# %%
say(
    f"""
By hand the advantages are {by_hand[0]:.4f} and {by_hand[1]:.4f}. By TF-Agents' function they are
{by_library[0]:.4f} and {by_library[1]:.4f}. The largest difference is {largest:.0e}, which is
rounding.
"""
)

# %% [markdown]
# The two ends of $\lambda$ are methods that you know.

# %%
deltas = np.array([GAMMA * values[1] - values[0], GAMMA * values[2] - values[1]])
lambdas = pd.DataFrame({"λ": [0.0, 0.5, 0.95, 1.0]})
lambdas["A of the first step"] = deltas[0] + GAMMA * lambdas["λ"] * deltas[1]
lambdas.round(2)

# %%
(least, one_step), (most, to_the_end) = lambdas.iloc[[0, -1]].to_numpy()

# %%
say(
    f"""
With λ = {least:.0f} it is the error of a single step, {one_step:.2f}: all that comes later is left
to the critic. With λ = {most:.0f} it is {to_the_end:.2f}: the discounted rewards and the last value,
minus V of the first state. The value in between cancels. If the episode ends with the rollout, there
is no last value: that is REINFORCE with a baseline. The first is wrong if the critic is wrong. The
second is noisy.
"""
)

# %% [markdown]
# ## Exercise: GAE
#
# Write it for a rollout. `values` has one more entry than `rewards`: the value of the state in which
# the rollout was cut off. Where `ends[t]` is true, the pole fell with step `t`: then neither the next
# value nor the next advantage counts. No episode of the exercise ends because its time is up. There
# the next value would count, and the next advantage would not.


# %% tags=["exercise"]
def advantages(rewards, values, ends, gamma, lam):
    # Go backwards, as in lesson 1. result.insert(0, x) puts x in front of a list.
    ...


# %%
ppo.advantages(advantages)


# %% tags=["solution"]
def advantages(rewards, values, ends, gamma, lam):
    result, following = [], 0.0
    for t in reversed(range(len(rewards))):
        factor = 0.0 if ends[t] else gamma
        delta = rewards[t] + factor * values[t + 1] - values[t]
        following = delta + factor * lam * following
        result.insert(0, following)
    return result


ppo.advantages(advantages)

# %% [markdown]
# ## Four faults of a library
#
# TF-Agents has a PPO agent, `PPOClipAgent`. Calculations such as those above show four faults in it.
# The project's agent is a subclass that corrects them. We make one of each, and compare.

# %%
import tf_keras as keras
from tf_agents.agents.ppo.ppo_clip_agent import PPOClipAgent
from tf_agents.networks.actor_distribution_network import ActorDistributionNetwork
from tf_agents.networks.value_network import ValueNetwork
from tf_agents.trajectories import time_step as ts

from tfrl.environments import CartPole
from tfrl.pipelines.ppo import CorrectedPPOClipAgent

# %%
environment = CartPole()
observation, action = environment.observation_spec(), environment.action_spec()


def make(agent_class, **settings):
    networks = ActorDistributionNetwork(observation, action), ValueNetwork(observation)
    optimizer = keras.optimizers.Adam()
    settings |= {"discount_factor": GAMMA, "lambda_value": LAMBDA, "normalize_rewards": False}
    settings |= {"importance_ratio_clipping": EPSILON}
    specs = environment.time_step_spec(), action
    return agent_class(*specs, optimizer, *networks, use_gae=True, **settings)


agents = {"TF-Agents": make(PPOClipAgent), "corrected": make(CorrectedPPOClipAgent)}

# %% [markdown]
# The objective is right in both. We give it the two actions from the beginning of this lesson.

# %%
from tensorflow_probability import distributions

clipped = np.clip(new / old, 1 - EPSILON, 1 + EPSILON)
by_hand_loss = -np.minimum(new / old * advantage, clipped * advantage).mean()
arguments = (
    ts.restart(tf.zeros([2, 4]), batch_size=2),
    tf.constant([0, 1], tf.int64),
    tf.constant(np.log(old), tf.float32),
    tf.constant(advantage, tf.float32),
    distributions.Categorical(probs=tf.constant([new, new], tf.float32)),
    tf.ones([2]),  # weights
)
loss_of = {name: float(agent.policy_gradient_loss(*arguments)) for name, agent in agents.items()}

# %%
say(
    f"""
The loss is the mean of −L. By hand it is {by_hand_loss:.3f}. TF-Agents' agent says
{loss_of["TF-Agents"]:.3f}, and the corrected one {loss_of["corrected"]:.3f}. So the faults are
elsewhere.
"""
)

# %% [markdown]
# **First fault: the end of a rollout.** A rollout is cut off somewhere, mostly in the middle of an
# episode. The last error needs the value of the state after it. We give both agents the example
# above.

# %%
FIRST, MID, LAST = ts.StepType.FIRST, ts.StepType.MID, ts.StepType.LAST


def compare(step_types, rewards, discounts, values):
    rows = [tf.constant([row]) for row in (step_types, rewards, discounts)]
    after = ts.TimeStep(*rows, observation=tf.zeros([1, len(rewards), 4]))
    found = {
        name: agent.compute_return_and_advantage(after, tf.constant([values]))[1].numpy()[0]
        for name, agent in agents.items()
    }
    return pd.DataFrame(found).T.rename(columns=lambda t: f"A{t}")


cut_off = compare([MID, MID], rewards, [1.0, 1.0], values)
cut_off.map("{:.2f}".format)

# %%
say(
    f"""
By hand the last advantage is {by_hand[1]:.2f}. The corrected agent has {cut_off.loc["corrected", "A1"]:.2f}.
TF-Agents' agent has {cut_off.loc["TF-Agents", "A1"]:.2f}: it takes the value of the state before,
{values[1]:.0f}, in the place of {values[2]:.0f}. The best step of all looks worthless.
"""
)

# %% [markdown]
# **Second fault: a time limit.** Lesson 2 has shown that an episode can end because its time is up,
# and that its discount is then `1`. The state still has a value. Here it is `8`. The state before is
# worth `5`, and the step has a reward of `1`.

# %%
# The second step is the reset that follows.
time_limit = compare([LAST, FIRST], [1.0, 0.0], [1.0, 1.0], [5.0, 8.0, 3.0])
time_limit[["A0"]].round(2)

# %%
right = 1.0 + GAMMA * 8.0 - 5.0

# %%
say(
    f"""
Right is {1.0} + {GAMMA} · {8.0} − {5.0} = {right:.2f}. TF-Agents' agent has
{time_limit.loc["TF-Agents", "A0"]:.2f}, as if the pole had fallen. In CartPole this happens to the
best episodes only: those that last until the limit.
"""
)

# %% [markdown]
# **Third fault: frames of a reset.** The frame after an episode's last one resets the environment.
# No action of the agent did anything there, so nothing can be learned from it. Advantages are
# normalized before an update, as the returns of lesson 3. TF-Agents' agent includes such frames in
# the mean and the deviation. Here are three steps and a reset, with advantages that are made up.

# %%
from tf_agents.agents.ppo import ppo_agent

from tfrl.components.losses import masked_normalize

raw = tf.constant([[1.0, 2.0, 3.0, -30.0]])
is_step = tf.constant([[1.0, 1.0, 1.0, 0.0]])
normalized = pd.DataFrame(
    {
        "advantage": raw[0],
        "TF-Agents": ppo_agent._normalize_advantages(raw)[0],
        "corrected": masked_normalize(raw, is_step)[0],
    },
    index=["step", "step", "step", "reset"],
)
normalized.round(2) + 0.0

# %%
bad = normalized.iloc[0]

# %%
say(
    f"""
The first step is the worst of the three. TF-Agents' agent gives it {bad["TF-Agents"]:.2f}, so it
makes the action more likely. The corrected agent gives it {bad["corrected"]:.2f}. Both leave the
reset itself out of the loss. But TF-Agents' agent has let it shift all others.
"""
)

# %% [markdown]
# **Fourth fault: the order of a sum.** With a penalty on the weights, the agent adds up a term for
# each layer. TF-Agents' agent adds them in the order of a Python set of objects, and that order
# differs from process to process. On a computer, the order of a sum matters.

# %%
from itertools import permutations

terms = np.random.default_rng(0).random(6).astype(np.float32)
sums = {float(sum(order, start=np.float32(0))) for order in permutations(terms)}
orders = len(list(permutations(terms)))

# %%
say(
    f"""
We add the same {len(terms)} numbers in all {orders} orders. There are {len(sums)} different sums. They
differ in the last digits only. But training makes small differences large, so the same seed can give
another run.
"""
)

# %% [markdown]
# The first fault is [reported](https://github.com/tensorflow/agents/issues/953). A common mistake is
# to trust a library because many use it. An agent with such faults may still learn, and then its
# curve does not give them away. A calculation by hand does.
#
# ## Do the faults matter?
#
# We train both agents, with all else equal. There is no penalty on the weights, so the fourth fault
# plays no part. As in lesson 2, the score of a seed is its mean return over the second half of
# training.
#
# > **Guess first.** How often does a seed of the corrected agent beat one of TF-Agents' own?

# %%
STEPS = 20_000
runs = {
    "corrected": train_runs("ppo", seeds=SEEDS, steps=STEPS),
    "TF-Agents": train_runs("ppo", seeds=SEEDS, steps=STEPS, stock_agent=True),
}


def scores(name):
    returns = runs[name].greedy()
    half = returns[returns["step"] > STEPS / 2]
    return half.groupby("seed")["return"].mean().to_numpy()


# %%
def draw(axes, name, colour):
    for _, run in runs[name].greedy().groupby("seed"):
        axes.plot(run["step"], run["return"], color=colour, linewidth=0.9, alpha=0.8)
    axes.set(title=name, ylim=(0, 520), xlabel="environment steps")


figure, grid = plt.subplots(1, 2, figsize=(7.2, 3.2), sharey=True)
draw(grid[0], "corrected", "#E69F00")
draw(grid[1], "TF-Agents", "#555555")
grid[0].set(ylabel="return")
figure.suptitle("PPO with and without the corrections: every seed")
plt.show()

# %%
from tfrl.analysis import sign_test


def wins(name, other, questions=1):
    differences = sign_test.Differences.between(scores(name), scores(other))
    low, high = differences.share_interval(1 - sign_test.ALPHA / questions)
    answer = f"The {len(SEEDS)} seeds cannot tell which is better."
    if low > 0.5 or high < 0.5:
        answer = f"The better one is “{name if low > 0.5 else other}”."
    share = f"{differences.share:.0%} of all pairs ({low:.0%} to {high:.0%})"
    return f"“{name}” wins against “{other}” in {share}. {answer}"


# %%
say(
    f"""
{wins("corrected", "TF-Agents")}
"""
)

# %% [markdown]
# A common mistake is to conclude that a fault does no harm because one task does not show it. The
# opposite is a mistake too: a corrected agent need not be better in every task. The reason to correct
# a fault is that the program should do what its equations say.
#
# ## Epochs and minibatches
#
# Now what PPO is made for: more than one update from the same data. A rollout here has `256`
# frames. An *epoch* is one pass over it. A *minibatch* is the part of it that makes one update.
#
# | | Epochs | Frames in a minibatch | Updates from a rollout |
# |---|---|---|---|
# | one update | `1` | `256` | `1` |
# | epochs | `20` | `256` | `20` |
# | epochs and minibatches | `20` | `32` | `160` |
# | the same, no clip | `20` | `32` | `160` |
#
# All four see the same number of environment steps. The second one is the default. The learning rate
# is the same for all, and it was chosen for the default. Another one may change the order.
#
# > **Guess first.** Which one has the highest score, and which the lowest? What does it cost to leave
# > out the clip?

# %%
settings = {
    "one update": {"num_epochs": 1},
    "epochs and minibatches": {"minibatch_size": 32},
    "the same, no clip": {"minibatch_size": 32, "importance_ratio_clipping": 1e6},
}
runs["epochs"] = runs["corrected"]
for name, changed in settings.items():
    runs[name] = train_runs("ppo", seeds=SEEDS, steps=STEPS, **changed)

# %%
COLOURS = {
    "one update": "#56B4E9",
    "epochs": "#E69F00",
    "epochs and minibatches": "#D55E00",
    "the same, no clip": "#332288",
}
figure, grid = plt.subplots(2, 2, figsize=(7.2, 5.2), sharex=True, sharey=True)
for axes, (name, colour) in zip(grid.flat, COLOURS.items(), strict=True):
    draw(axes, name, colour)
for axes in grid[0]:
    axes.set(xlabel="")
for axes in grid[:, 0]:
    axes.set(ylabel="return")
figure.suptitle("Updates from a rollout: every seed")
plt.show()


# %%
def mean_of(name, loss):
    losses = runs[name].losses
    return losses[losses["name"] == loss].groupby("seed")["value"].mean().median()


summary = pd.DataFrame(index=list(COLOURS))
summary["median score"] = [f"{np.median(scores(name)):.0f}" for name in COLOURS]
summary["KL (nats)"] = [f"{mean_of(name, 'kl_divergence'):.1g}" for name in COLOURS]
summary["ratios outside"] = [f"{mean_of(name, 'clip_fraction'):.1%}" for name in COLOURS]
summary.loc["the same, no clip", "ratios outside"] = "–"
summary

# %% [markdown]
# The *KL divergence* measures how far the policy has moved from the one that collected the rollout.
# Its unit is the nat; lesson 5 has its formula. The last column is the share of frames whose ratio
# was outside of the clip's range, over all updates. Without the clip there is no range. Both columns
# are means over training, and medians over seeds.

# %%
say(
    f"""
- {wins("epochs", "one update", 3)}
- {wins("epochs and minibatches", "epochs", 3)}
- {wins("epochs and minibatches", "the same, no clip", 3)}
"""
)

# %% [markdown]
# A common mistake is to think that more updates cost nothing but time. Each moves the policy further
# from the one that the rollout belongs to: see the KL divergence in the table. The further it moves,
# the noisier the correction gets. How many updates are worth it, you have to measure in your task.
#
# ## The whole loss
#
# What the project minimizes has three parts: the objective $L$, the error $E$ of the critic, and a
# bonus for a policy that stays uncertain.
#
# $$-\text{mean}\, L + c_V\, \text{mean}\, E^2 - c_H\, \text{mean}\, H$$
#
# The critic has a target, as in lesson 2: the value before the updates plus the advantage from GAE.
# So its error is $E = V(s) - [V_{\text{old}}(s) + A]$, with the advantage before it is normalized.
#
# $H$ is the entropy of the policy's probabilities. It is zero if one action is sure, and highest if
# all actions are equally likely. The weights $c_V$ and $c_H$ are settings of the pipeline:
# `value_pred_loss_coef`, and `entropy_regularization`, which is `0` here. You find all of PPO in a
# single file of plain TensorFlow in [ppo_from_scratch.py](../examples/ppo_from_scratch.py).
#
# ## What you have seen
#
# - A ratio turns actions of the old policy into an estimate for the new one. The further the two are
#   apart, the noisier it gets.
# - The clip takes the gradient away where the policy has moved far enough in the right direction. It
#   does not keep the ratio in its range, and it does not stop a move back.
# - GAE adds up temporal-difference errors. The last one needs the value of the state after the rollout.
# - A library can be wrong in a way that its learning curves do not show.
#
# Next: [lesson 5](05_apo.ipynb), where PPO becomes an agent of your own.
