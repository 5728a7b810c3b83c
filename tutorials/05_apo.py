# %% [markdown]
# # APO, or how to write an agent of your own
#
# PPO learns from its rollouts, and throws them away. A talk by T. Kakinoue (2025) proposed to keep
# the best episodes, and to hold the policy to what it did in them. The talk calls this Anchored
# Policy Optimization, or APO.
#
# In this lesson you build APO as a TF-Agents agent, in small steps, and test each of them. Then we
# look at the claims of the talk, with every seed.

# %%
try:
    from tfrl.tutorials import begin, load_evaluations, load_table, say, train_runs
except ModuleNotFoundError:
    raise SystemExit("tfrl is missing: run `make tutorial 05` in a clone of the project") from None

import dataclasses
import math

import numpy as np
import pandas as pd
import tensorflow as tf
from matplotlib import pyplot as plt
from tf_agents.trajectories import time_step as ts

begin()

# %% [markdown]
# ## The idea
#
# An *anchor* is a step of one of the best episodes so far. It holds what the agent saw, and the
# probabilities that its action was drawn from. APO adds one term to the whole loss of PPO (the end
# of lesson 4):
#
# $$L_\mathrm{PPO} + \beta \, \mathrm{mean} \, \mathrm{KL}(p \,\|\, q)$$
#
# The mean is over anchors. For each anchor, $p$ are the probabilities that were recorded, and $q$
# are those of the policy now. $\beta$ is a weight. The *KL divergence* says how far $q$ is from $p$:
#
# $$\mathrm{KL}(p \,\|\, q) = \sum_a p(a) \ln \frac{p(a)}{q(a)}$$
#
# By hand, for two actions:

# %%
by_hand = pd.DataFrame({"p": [0.9, 0.1], "q": [0.6, 0.4]}, index=["left", "right"])
by_hand["ln(p/q)"] = np.log(by_hand["p"] / by_hand["q"])
by_hand["product"] = by_hand["p"] * by_hand["ln(p/q)"]
by_hand.round(4)

# %%
say(
    f"""
The products add up to {by_hand["product"].sum():.4f}. One of them is negative, but their sum never
is. It is zero exactly if both are equal.
"""
)

# %% [markdown]
# ## Exercise: the KL divergence
#
# Write it for two lists of probabilities. An action that $p$ never takes adds nothing.


# %% tags=["exercise"]
def kl(p, q):
    # math.log is the natural logarithm.
    ...


# %%
from tfrl.tutorials.checks import apo as check

check.kl(kl)


# %% tags=["solution"]
def kl(p, q):
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


check.kl(kl)

# %% [markdown]
# A common mistake is to take it for a distance. It has a direction: if you swap $p$ and $q$, it
# changes.
#
# > **Guess first.** The best episodes took both actions equally often. The policy now takes the first
# > one nearly always. Which is larger, KL(best ‖ now) or KL(now ‖ best)?

# %%
best, now = [0.5, 0.5], [0.99, 0.01]

# %%
say(
    f"""
KL(best ‖ now) is {kl(best, now):.2f}, and KL(now ‖ best) is {kl(now, best):.2f}. APO uses the first
direction. It grows without limit as the policy drops an action that the best episodes took.
"""
)

# %% [markdown]
# ## Which way does it push?
#
# A network does not give probabilities but logits $z$, as in lesson 3, and $q$ is their softmax.
# Only $-\sum_b p_b \ln q_b$, a part of the divergence, depends on the logits. By lesson 3, the
# derivative of $\ln q_b$ by $z_a$ is $1 - q_a$ if $b$ is $a$, else $-q_a$. The $p_b$ add up to $1$,
# so the derivative of the divergence is
#
# $$\frac{\partial}{\partial z_a} \mathrm{KL}(p \,\|\, q) = q_a - p_a$$
#
# An update goes against the derivative. It raises the logit of an action that is now rarer than it
# was in the anchor, and there is no push where both agree.
#
# ## Exercise: the gradient of an anchor
#
# Return the derivative by each logit.


# %% tags=["exercise"]
def anchor_gradient(p, logits):
    # p is a list of probabilities. Turn the logits into probabilities first, with math.exp.
    ...


# %%
check.anchor_gradient(anchor_gradient)


# %% tags=["solution"]
def anchor_gradient(p, logits):
    powers = [math.exp(z) for z in logits]
    return [power / sum(powers) - a for power, a in zip(powers, p, strict=True)]


check.anchor_gradient(anchor_gradient)

# %% [markdown]
# TensorFlow computes the same derivative from the divergence itself. That is our first test.

# %%
from tensorflow_probability import distributions

logits = tf.Variable([0.3, -0.8, 1.1])
p = [0.2, 0.7, 0.1]
with tf.GradientTape() as tape:
    now = distributions.Categorical(logits=logits)
    divergence = distributions.Categorical(probs=p).kl_divergence(now)
theirs = tape.gradient(divergence, logits).numpy()
difference = np.abs(theirs - anchor_gradient(p, logits.numpy().tolist())).max()

# %%
say(
    f"""
The largest difference is {difference:.0e}, which is rounding.
"""
)

# %% [markdown]
# ## First step: remember
#
# First the agent needs its best episodes. It keeps a few of them. A new episode takes the place of
# the worst of these, if it returns at least as much. So of equal episodes the newer one stays. It is
# nearer to the policy of today.
#
# ## Exercise: which episodes are kept?
#
# For the returns of all episodes, oldest first, return the positions of the `k` that are kept, in
# any order.


# %% tags=["exercise"]
def kept(returns, k):
    # sorted(range(len(returns)), key=...) sorts positions. A key can be a pair.
    ...


# %%
check.kept(kept)


# %% tags=["solution"]
def kept(returns, k):
    return sorted(range(len(returns)), key=lambda i: (returns[i], i))[-k:]


check.kept(kept)

# %% [markdown]
# The project has a memory that does this in compiled code, `AnchorMemory`. It is an observer, as in
# lesson 2: it is shown every frame, and keeps those of the best episodes. So a first agent of our
# own is PPO with a memory. It inherits from the project's PPO, which inherits from TF-Agents'.

# %%
from tfrl.components.anchor_memory import AnchorMemory
from tfrl.pipelines.ppo import CorrectedPPOClipAgent, PpoConfig, PpoPipeline

EPISODES = 4


class RememberingAgent(CorrectedPPOClipAgent):
    def __init__(self, *args, environments, time_limit, **kwargs):
        super().__init__(*args, **kwargs)
        self.memory = AnchorMemory(self.collect_data_spec, EPISODES, environments, time_limit)


# %% [markdown]
# An agent does not act by itself. The project calls what surrounds it a *pipeline*: it makes the
# environment, the agent and what collects experience. Ours differs from PPO's in two places. It
# makes another agent, and it shows the frames to the memory too.


# %%
class RememberingPipeline(PpoPipeline):
    agent_class = RememberingAgent

    def make_agent(self):
        return self.make_ppo_agent(
            self.agent_class,
            environments=self.config.num_environments,
            time_limit=self.environment.time_limit,
        )

    @property
    def observers(self):
        return [*super().observers, self.agent.memory.observe]


# %% [markdown]
# Does it remember the right episodes? We let it play a little, without learning, and compare its
# memory with the list of all episodes and your function.

# %%
from tfrl import environments


def played(kind, seed):
    # What makes an environment, the settings, and the steps of training.
    pipeline = kind(
        lambda size: environments.load("CartPole-v1", batch_size=size), kind.Config(), 10_000
    )
    pipeline.initialize(seed)
    collect = tf.function(pipeline.collector.collect, autograph=False)
    for _ in range(10):
        collect()
    return pipeline, pipeline.episode_log.take()["return"].tolist()


# %%
right, num_episodes = 0, 0
for seed in range(3):
    pipeline, returns = played(RememberingPipeline, seed)
    num_episodes += len(returns)
    expected = sorted(returns[i] for i in kept(returns, EPISODES))
    right += sorted(pipeline.agent.memory.scores.numpy()) == expected

# %%
say(
    f"""
With {right} of {seed + 1} seeds the returns in the memory are the right ones, of {num_episodes}
episodes in all. Those of the last seed are {", ".join(f"{value:.0f}" for value in expected)}.
"""
)

# %% [markdown]
# ## Second step: the loss
#
# PPO's `train` calls `get_loss` for a minibatch, and follows the gradient of what it returns. So
# this is the method to extend. We ask PPO for its loss, and add ours. In each update we draw some
# anchors at random.


# %%
class AnchoredAgent(RememberingAgent):
    beta = 1.0

    def divergence(self, anchors):
        best = distributions.Categorical(logits=anchors.dist_params["logits"])
        # The weights add up to one, so this is a mean.
        return tf.reduce_sum(anchors.weight * best.kl_divergence(self.policy_at(anchors)))

    def policy_at(self, anchors):
        time_step = ts.restart(anchors.observation, batch_size=anchors.weight.shape[0])
        return self.collect_policy.distribution(time_step).action

    def get_loss(self, *args, **kwargs):
        info = super().get_loss(*args, **kwargs)
        anchors = self.memory.sample(64)
        return info._replace(loss=info.loss + self.beta * self.divergence(anchors))


# %% [markdown]
# The weight $\beta$ is a setting of the agent. In the project, each field of a pipeline's config is
# a setting.


# %%
@dataclasses.dataclass(frozen=True)
class AnchoredConfig(PpoConfig):
    beta: float = 1.0  # weight of the anchors


class AnchoredPipeline(RememberingPipeline):
    Config = AnchoredConfig
    agent_class = AnchoredAgent

    def make_agent(self):
        agent = super().make_agent()
        agent.beta = self.config.beta
        return agent


# %% [markdown]
# That is all of APO. Before it is trained, we test the loss where we know the answer. The project
# has an APO of its own, and both must agree with your function `kl`.
#
# > **Guess first.** The policy has just played, and no update was made yet. How large is the
# > divergence?

# %%
from tfrl.pipelines.apo import ApoPipeline

mine, theirs = (played(kind, seed=0)[0].agent for kind in (AnchoredPipeline, ApoPipeline))
original = [weight.numpy() for weight in mine.actor_net.trainable_weights]


def three_ways(factor):
    for agent in (mine, theirs):
        for weight, value in zip(agent.actor_net.trainable_weights, original, strict=True):
            weight.assign(factor * value)
    anchors = mine.memory.sample(64)
    p = tf.nn.softmax(anchors.dist_params["logits"]).numpy().tolist()
    q = tf.nn.softmax(mine.policy_at(anchors).logits_parameter()).numpy().tolist()
    by_hand = np.mean([kl(*probabilities) for probabilities in zip(p, q, strict=True)])
    # Its memory has the same seed, so it draws the same anchors.
    return [by_hand, float(mine.divergence(anchors)), float(theirs.anchor_loss())]


# %% [markdown]
# Then we disturb the policy: all its weights are multiplied by a factor.

# %%
table = pd.DataFrame(
    {factor: three_ways(factor) for factor in (1.0, 1.5, 3.0)},
    index=["by hand", "our agent", "the project's"],
).T
(table.round(6) + 0.0).map("{:.6f}".format).rename_axis("weights times")

# %%
largest = np.ptp(table.to_numpy(), axis=1).max()
unchanged = table.loc[1.0].abs().max()

# %%
say(
    f"""
The three ways to compute it differ by {largest:.0e} at most. For the policy that has not changed, it
is {unchanged:.6f}: the anchors hold the probabilities of this very policy.
"""
)

# %% [markdown]
# ## Third step: train
#
# Two more tests have a known answer. With $\beta = 0$ our agent must be PPO, to the last bit. With
# $\beta = 1$ it must be the project's APO.
#
# A common mistake is to skip such tests, and to look at the learning curve instead. An agent that
# never sees its anchors is PPO, and its curve looks fine.

# %%
SEEDS, STEPS = range(10), 30_000


def run(kind, seeds=SEEDS, **settings):
    return train_runs(kind, seeds=seeds, steps=STEPS, every=1_500, **settings)


ppo = run("ppo")

# %%
ours = run(AnchoredPipeline)

# %%
without = run(AnchoredPipeline, seeds=SEEDS[:2], beta=0.0)
projects = run("apo", seeds=SEEDS[:2])

# %%
pairs = {"β = 0 and PPO": (without, ppo), "β = 1 and the project's APO": (projects, ours)}
for name, (one, other) in pairs.items():
    same = sum(one.weights[seed] == other.weights[seed] for seed in one.weights)
    print(f"{name}:\n  same weights, bit for bit, in {same} of {len(one.weights)} seeds")

# %% [markdown]
# ## The talk's figure
#
# The talk showed the return in training by episode, as the mean of the last `100` episodes. It made
# two claims: at first APO rises more slowly than PPO, and later it is steadier.
#
# Here is one run of our agent, and one run of PPO.

# %%
from tfrl.analysis import returns

COLOURS = {"ppo": "#E69F00", "apo": "#0072B2"}
LABELS = {"ppo": "PPO", "apo": "APO"}
training = pd.concat(
    runs.episodes.assign(environment="CartPole-v1", configuration=name)
    for name, runs in {"ppo": ppo, "apo": ours}.items()
)
averages = returns.moving_average(training)


def draw(axes, seeds):
    for name, colour in COLOURS.items():
        chosen = averages[(averages["configuration"] == name) & averages["seed"].isin(seeds)]
        for _, run in chosen.groupby("seed"):
            axes.plot(run["ordinal"], run["average"], color=colour, linewidth=1, alpha=0.8)
        axes.plot([], [], color=colour, label=LABELS[name])
    axes.set(xlabel="episode", ylabel="mean return of 100 episodes")
    axes.legend(loc="upper left")


# %%
figure, axes = plt.subplots()
draw(axes, seeds=[0])
axes.set(title="APO and PPO: one seed of each")
plt.show()

# %% [markdown]
# > **Guess first.** Do the claims hold in this figure? Will they hold with the other seeds?

# %%
figure, axes = plt.subplots()
draw(axes, seeds=SEEDS)
axes.set(title="APO and PPO: every seed")
plt.show()

# %% [markdown]
# The runs have equal numbers of steps. A run that balances the pole for long has few episodes. So
# the lines that reach furthest to the right are those of the weaker runs. A common mistake is to
# read the right end of such a figure as the better end. Our runs are short, too, so they show the first
# claim only.
#
# With one seed, the line of APO rises first, so the first claim does not hold there. With every seed,
# some runs of PPO rise before most runs of APO, and others do not. By eye you cannot tell.
#
# ## Two stories from one study
#
# The project has trained both agents for longer and with more seeds. [The
# report](../reports/cartpole/README.md) has the talk's figure for all of them. Several numbers are
# stored for each run. Two of them are how much the greedy policy returned in the first fifth of
# training, and how much the returns in training spread later.

# %%
published = load_evaluations("cartpole")
values = load_table("cartpole", "cartpole-does_the_talk_hold-runs")
early = values.set_index(["configuration", "seed"])["early_return"]

stories = {
    "APO rises more slowly": (early["apo"].idxmin(), early["ppo"].idxmax()),
    "APO rises faster": (early["apo"].idxmax(), early["ppo"].idxmin()),
}

# %% [markdown]
# For each of two stories, we search the published seeds for the pair that tells it best.
#
# > **Guess first.** Are there seeds for both stories?


# %%
def curve(name, seed):
    run = published[(published["configuration"] == name) & (published["seed"] == seed)]
    return run["step"], run["return"]


figure, grid = plt.subplots(2, 1, figsize=(7.2, 5.0), sharex=True)
for axes, (story, seeds) in zip(grid, stories.items(), strict=True):
    for name, seed in zip(("apo", "ppo"), seeds, strict=True):
        axes.plot(*curve(name, seed), color=COLOURS[name], label=f"{LABELS[name]}, seed {seed}")
    axes.set(title=f"“{story}”", ylabel="return", ylim=(0, 510))
    axes.legend(loc="lower right")
grid[1].set_xlabel("environment steps of training")
plt.show()

# %%
slower = sum(a < p for a in early["apo"] for p in early["ppo"])
pairs = len(early["apo"]) * len(early["ppo"])

# %%
say(
    f"""
Both pairs are real runs. There are {pairs} pairs of a run of each, and in {slower / pairs:.0%} of
them APO returns less at first. Whoever shows one run of each can tell either story, without a lie
in any number.
"""
)

# %% [markdown]
# ## All seeds

# %%
figure, axes = plt.subplots(figsize=(7.2, 3.6))
for name, colour in COLOURS.items():
    table = published[published["configuration"] == name].pivot(
        index="step", columns="seed", values="return"
    )
    axes.plot(table, color=colour, linewidth=0.6, alpha=0.4)
    axes.plot(table.median(axis=1), color=colour, linewidth=3, label=f"{LABELS[name]}, median")
axes.set(
    title="APO and PPO: every published seed",
    xlabel="environment steps of training",
    ylabel="return of the greedy policy",
)
axes.legend(loc="lower right")
plt.show()

# %% [markdown]
# A claim is tested as a question about pairs of runs. Does APO have the lower number in more than
# half of them? A tie counts one half. "At first" is the first fifth of training. This share was fixed
# before any result was known. But the runs were made shorter when results of longer ones were known.
# The return at first is that of the greedy policy. The talk's figure has the return in training: see
# below.
# "Steadier" has two meanings: fewer seeds that lose what they had learned, and a smaller spread of
# the returns in the second half of training. In the table, the seeds that lost it are counted, so they
# have no share of pairs. The other numbers are means over seeds.
#
# > **Guess first.** You have seen all seeds now. What became of the claims?

# %%
from tfrl.analysis import apo as claims

NUMBERS = {"a": "return at first", "b1": "seeds that lost it", "b2": "spread later"}
tested = claims.compare(values, "apo", "ppo").set_index("claim")
is_count = tested.index == "b1"
shown = pd.DataFrame(
    {
        label: np.where(is_count, tested[f"{name}_nonzero"], tested[f"{name}_mean"].round(1))
        for name, label in LABELS.items()
    },
    index=tested.index.map(NUMBERS),
)
shown["APO is lower"] = [
    "" if np.isnan(share) else f"{share:.0%} ({low:.0%} to {high:.0%})"
    for share, low, high in zip(
        tested["lower"], tested["lower_low"], tested["lower_high"], strict=True
    )
]
shown.rename_axis("").map(lambda value: f"{value:g}" if isinstance(value, float) else value)

# %%
first = tested.loc["a", "verdict"]
second = claims.combine(list(tested.loc[["b1", "b2"], "verdict"]))
WORDS = {"supported": "supported", "not supported": "contradicted", "undecided": "undecided"}
num_seeds = int(tested["apo_n"].min())
num_flat = int((values["late_spread"] == 0).sum())

# %%
say(
    f"""
With {num_seeds} seeds of each,

- that APO rises more slowly at first is **{WORDS[first]}**;
- that it is steadier later is **{WORDS[second]}**.

In {num_flat} of the {len(values)} runs the spread later is zero. Where both runs of a pair have none,
they tie.
"""
)

# %% [markdown]
# ## What "at first" means
#
# The talk did not say what "at first" means. Here is the first claim for three other shares of
# training, which were added later. In the last row, the return is that in training.

# %%
judged = published.rename(columns={"return": "average"})
meanings = claims.beginnings(judged, values, int(published["step"].max()), "apo", "ppo")
pd.DataFrame(
    {
        "APO returns less": [
            f"{row.lower:.0%} ({row.lower_low:.0%} to {row.lower_high:.0%})"
            for row in meanings.itertuples()
        ],
        "the claim is": meanings["verdict"].map(WORDS).to_numpy(),
    },
    index=[
        f"first {row.share:.0%}" + (", return in training" if row.returns == "training" else "")
        for row in meanings.itertuples()
    ],
)

# %% [markdown]
# "Contradicted" says that the interval is below one half. The intervals of all claims and all
# meanings are wide enough to hold together. Without that, asking often enough would find a meaning
# that suits.
#
# But the last row is a warning. The project first asked about the return in training, as in the
# talk's figure, and tested means. Then the claim was supported. Both were changed when the results
# were known: a policy is judged by what it does when it does not explore, and a test of means finds
# too many winners (lesson 6). Whatever the reason, we chose after we had seen. So read both rows, and
# believe neither until other seeds have answered the same questions.
#
# ## Is it the best episodes?
#
# APO has many parts. The idea of the talk is that the anchors come from the best episodes. So we need a
# control: an agent that keeps random episodes instead, with all settings equal. Its episodes are also
# older, because of equal ones APO keeps the newest. A second study of the project has it, on two
# environments ([the report](../reports/apo/README.md)). Its learning rate is constant, so a policy can
# still change late in training. In the first study it falls to zero.
#
# The second environment is MountainCar: a car has to get up a hill, and each step costs a point. A
# return of `-200` means that it has not arrived within the time limit.
#
# > **Guess first.** How much of APO is left with random episodes?

# %%
parts = load_evaluations("apo").rename(columns={"return": "average"})
area = returns.area_scores(parts, int(parts["step"].max()))
area = area.set_index(["environment", "configuration", "seed"])["score"]
ROWS = {"ppo": "PPO", "apo": "APO", "random": "random anchors"}
SHADES = COLOURS | {"random": "#56B4E9"}

TASKS = {"cartpole": "CartPole-v1", "mountaincar": "MountainCar-v0"}

# %%
figure, grid = plt.subplots(2, 1, figsize=(7.2, 4.2))
for axes, (environment, title) in zip(grid, TASKS.items(), strict=True):
    for row, name in enumerate(ROWS):
        dots = np.sort(area[environment, name])
        axes.plot(dots, row + np.linspace(-0.2, 0.2, len(dots)), "o", color=SHADES[name], alpha=0.7)
    axes.set(
        title=title,
        yticks=range(len(ROWS)),
        yticklabels=ROWS.values(),
        ylim=(len(ROWS) - 0.5, -0.5),
    )
grid[1].set_xlabel("mean return over all of training, a dot for each seed")
plt.show()

# %%
from tfrl.analysis import sign_test

QUESTIONS = (("apo", "ppo"), ("random", "ppo"), ("apo", "random"))
NUM_SEEDS = len(area["cartpole", "apo"])


def answer(environment, a, b, num_seeds=NUM_SEEDS):
    sides = (area[environment, name].to_numpy()[:num_seeds] for name in (a, b))
    differences = sign_test.Differences.between(*sides)
    low, high = differences.share_interval(1 - sign_test.ALPHA / (2 * len(QUESTIONS)))
    sure = "sure" if low > 0.5 or high < 0.5 else "cannot tell"
    return f"{differences.share:.0%} ({low:.0%} to {high:.0%}): {sure}"


pd.DataFrame(
    {
        title: [answer(environment, *question) for question in QUESTIONS]
        for environment, title in TASKS.items()
    },
    index=[f"{ROWS[a]} above {ROWS[b]}" for a, b in QUESTIONS],
)

# %%
KNOWN = 10  # seeds whose results were known when the others were added
asked = [(environment, *question) for environment in TASKS for question in QUESTIONS]
sure = [one for one in asked if answer(*one).endswith("sure")]
sure_before = [one for one in sure if answer(*one, KNOWN).endswith("sure")]

# %%
say(
    f"""
Each number is the share of pairs of seeds in which the first agent returns more over training. There
are {NUM_SEEDS} seeds of each agent. All intervals would hold together if this number had been fixed
beforehand. But {NUM_SEEDS - KNOWN} seeds were added when the results of the others were known. Of the
answers that are sure, {len(sure_before)} of {len(sure)} were sure before that.
"""
)

# %% [markdown]
# The second line says what is left of APO with random episodes. Read the last line with care. If it
# says "cannot tell", the study does not show that the choice of the best episodes matters. It does
# not show either that it makes no difference.
#
# A common mistake is to stop after the first line. If an agent with a new part beats one without it,
# the idea behind the part need not be the reason. Only the comparison with the control is about the
# idea. Any anchor holds a policy back, and that alone may help.
#
# All this is about our settings. The talk gave no values for $\beta$ and for the number of episodes.
# The project fixed its own before any reported seed was run, and did not tune them.
#
# ## What you have seen
#
# - An agent of your own is a subclass. Change one method, and inherit the rest.
# - Test each step where the answer is known: against a formula, against the parent, against another
#   program. A learning curve is no such test.
# - One run of each agent can tell any story. All seeds tell one, and it may be "undecided".
# - A new part needs a control, in which all is the same but the idea.
#
# Next: [lesson 6](06_seeds.ipynb), which asks how many seeds it takes to tell.
