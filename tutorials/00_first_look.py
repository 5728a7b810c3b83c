# %% [markdown]
# # First look: which agent is better?
#
# You need some Python, and you should know what a mean is. Nothing else is assumed.
#
# An *agent* is a program that learns by trial and error. Here agents learn CartPole: a cart moves
# left or right, and has to keep a pole upright. Each step with the pole up earns one point. A game,
# called an *episode*, ends when the pole falls, or at the time limit. The points of an episode are
# its *return*. More is better.

# %%
try:
    from tfrl.tutorials import begin, load_evaluations, say
except ModuleNotFoundError:
    raise SystemExit("tfrl is missing: run `make tutorial 00` in a clone of the project") from None

import pandas as pd
from matplotlib import pyplot as plt

begin(tensorflow=False)

# %% [markdown]
# ## Two agents
#
# The project trained agents on CartPole, and tested each now and then during training. A test is the
# mean return of many episodes. These tests are stored, so nothing has to be trained in this lesson.
# A run is one training from start to end. We take two runs, and call them A and B.

# %%
evaluations = load_evaluations("cartpole")
one_agent = evaluations[evaluations["configuration"] == "dqn"]
a = one_agent[one_agent["seed"] == 0]
b = one_agent[one_agent["seed"] == 1]

# %%
figure, axes = plt.subplots()
for name, run in {"A": a, "B": b}.items():
    axes.plot(run["step"], run["return"], label=name)
axes.set(title="Two runs", xlabel="environment steps of training", ylabel="return")
axes.legend()
plt.show()

# %% [markdown]
# > **Guess first.** Which one would you use? How sure are you that it is the better agent?

# %%
final_a, final_b = a["return"].iloc[-1], b["return"].iloc[-1]
highest = evaluations["return"].max()

# %%
say(
    f"""
At the end A returns {final_a:.0f} points and B returns {final_b:.0f}. No agent can return more
than {highest:.0f}, because the time limit ends an episode there. Many papers and blog posts stop
here: two curves, and a winner.
"""
)

# %% [markdown]
# ## The same agent twice
#
# Look at the code above once more. A and B are the same agent, with the same settings. The one
# difference is the *seed*: the number from which all chance in a run follows, such as the random
# numbers that an agent starts with and its random actions during training.
#
# So the figure compared an agent with itself. Here are all the seeds that were run.

# %%
figure, axes = plt.subplots()
for _, run in one_agent.groupby("seed"):
    axes.plot(run["step"], run["return"], color="#009E73", linewidth=0.8, alpha=0.7)
axes.set(
    title="One agent, DQN: every seed", xlabel="environment steps of training", ylabel="return"
)
plt.show()

# %%
final = one_agent[one_agent["step"] == one_agent["step"].max()]
num_seeds = len(final)
num_perfect = int((final["return"] == highest).sum())
best_reached = one_agent.groupby("seed")["return"].max()
SOLVED = 475  # CartPole usually counts as solved from here on
num_lost = int(((best_reached == highest).to_numpy() & (final["return"] < SOLVED).to_numpy()).sum())

# %%
say(
    f"""
Of {num_seeds} seeds, {num_perfect} end with the highest return. CartPole usually counts as solved
from {SOLVED} points on. And {num_lost} seeds end below that, although they had reached the highest
return earlier. Which of these you see depends on which seed you happen to run.
"""
)

# %% [markdown]
# ## How often would you crown the wrong winner?
#
# Let us count. We take two different seeds of this one agent, and call the one with the higher
# return the winner. Every winner is a wrong one, because the agents are the same.

# %%
returns = final["return"].to_numpy()
pairs = [(x, y) for i, x in enumerate(returns) for y in returns[i + 1 :]]
different = sum(x != y for x, y in pairs) / len(pairs)

# %%
say(
    f"""
In {different:.0%} of all pairs of seeds there is a winner, although there should be none.
"""
)

# %% [markdown]
# ## Two agents that do differ
#
# Now compare DQN, the agent above, with PPO, another one. Lessons 2 and 4 explain them. Each dot is
# a seed. Its height within the row means nothing: it only keeps equal seeds apart. Most dots overlap
# at the highest return.

# %%
names = {"dqn": "DQN", "ppo": "PPO"}
colours = {"dqn": "#009E73", "ppo": "#E69F00"}
last = evaluations[evaluations["step"] == evaluations["step"].max()]
figure, axes = plt.subplots(figsize=(7.2, 2.2))
for row, configuration in enumerate(names):
    dots = last[last["configuration"] == configuration].sort_values("return")
    spread = pd.Series(range(len(dots))) / len(dots) * 0.5 - 0.25
    axes.plot(dots["return"], row + spread, "o", color=colours[configuration], alpha=0.7)
axes.set(
    title="Return at the end of training, every seed",
    xlabel="return",
    yticks=range(len(names)),
    yticklabels=names.values(),
    ylim=(-0.6, len(names) - 0.4),
)
plt.show()

# %%
ends = {name: last[last["configuration"] == name]["return"].to_numpy() for name in names}
ppo_wins = sum(p > d for p in ends["ppo"] for d in ends["dqn"])
ties = sum(p == d for p in ends["ppo"] for d in ends["dqn"])
all_pairs = len(ends["ppo"]) * len(ends["dqn"])
share = (ppo_wins + ties / 2) / all_pairs

# %%
say(
    f"""
A seed of PPO beats a seed of DQN in {ppo_wins / all_pairs:.0%} of all pairs. It ties in
{ties / all_pairs:.0%}. It loses the rest, because PPO's lowest seed returns
{ends["ppo"].min():.2f}. If a tie counts one half, PPO's share is {share:.0%}.
"""
)

# %% [markdown]
# Of two equal agents, each would have a share of about one half. Is PPO's share more than chance?
# The project asks this of every pair of agents, and gives an *interval* with the answer: the shares
# that the seeds are compatible with. More seeds make it narrower. One half in the interval means
# that chance may have decided.

# %%
from tfrl.analysis import sign_test

comparison = sign_test.Differences.between(ends["ppo"], ends["dqn"])
low, high = comparison.share_interval()
if low <= 0.5 <= high:
    verdict = f"It holds one half: {num_seeds} seeds cannot tell which agent ends better."
else:
    verdict = f"It does not hold one half: {num_seeds} seeds are enough to tell which is better."

# %%
say(
    f"""
The interval of PPO's share is {low:.0%} to {high:.0%}. {verdict}
"""
)

# %% [markdown]
# ## How to read a report
#
# Open [the report on CartPole](../reports/cartpole/README.md). Most of its answers have three parts.
#
# 1. A sentence that answers a question. "Cannot tell" is an answer too.
# 2. A line of evidence: a number, its interval and the number of seeds.
# 3. A figure, often with a mark for every seed.
#
# Its interval for DQN and PPO is wider than ours. The report asks about all pairs at once, so it is
# stricter. Lesson 2 explains why.
#
# A common mistake is to look at the mean alone. The mean of DQN's seeds is the score of none of
# them: most are at the top, and a few are far below.
#
# ## Exercise
#
# Write a function that returns the share of all pairs in which a seed of `a` beats a seed of `b`.
# Here `a` and `b` are lists of returns, one for each seed. A tie counts one half.


# %% tags=["exercise"]
def probability_of_improvement(a, b):
    # Go through all pairs of a value of a and a value of b.
    ...


# %%
from tfrl.tutorials.checks import first_look

first_look.probability_of_improvement(probability_of_improvement)


# %% tags=["solution"]
def probability_of_improvement(a, b):
    wins = sum(x > y for x in a for y in b)
    ties = sum(x == y for x in a for y in b)
    return (wins + ties / 2) / (len(a) * len(b))


first_look.probability_of_improvement(probability_of_improvement)

# %% [markdown]
# ## What you have seen
#
# - One run of an agent says little about the agent. Another seed can turn the order round.
# - Look at every seed before you look at a mean.
# - An answer without an interval and a number of seeds is not an answer yet.
#
# Next: [lesson 1](01_returns_to_bellman.ipynb), where we compute a return by hand, and find out what
# an agent learns.
