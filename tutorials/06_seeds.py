# %% [markdown]
# # Seeds: how many runs make a result
#
# Lesson 0 showed that one seed says little. This lesson asks how many are enough. You will see a
# comparison find a winner where there is none, an interval that misses the truth more often than
# it says, and what changes when a run is made again.

# %%
try:
    from tfrl.tutorials import begin, load_evaluations, say, train_runs
except ModuleNotFoundError:
    raise SystemExit("tfrl is missing: run `make tutorial 06` in a clone of the project") from None

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from tfrl.analysis import evidence, sign_test

begin()

# %% [markdown]
# ## A test with a known answer
#
# How good is your way to compare two agents? You can find out. Compare an agent with itself. Split
# its seeds into two groups at random, and call them A and B. The right answer is known: there is no
# difference. This is an *A/A test*.
#
# We use the stored runs of CartPole at an early step, when the agents are in the middle of
# learning. At the end most seeds reach the highest return, and there is less to see.

# %%
evaluations = load_evaluations("cartpole")
STEP = 20_000
early = evaluations[evaluations["step"] == STEP]
agents = {"ppo": "#E69F00", "apo": "#0072B2", "dqn": "#009E73", "reinforce": "#CC79A7"}
returns = {name: early[early["configuration"] == name]["return"].to_numpy() for name in agents}
ppo = returns["ppo"]

# %% [markdown]
# > **Guess first.** We take five seeds of PPO as A and five others as B. How far apart are the two
# > means, on a task where no return is above `500`?

# %%
GROUPS, SPLITS = (3, 5, 10), 2_000
rng = np.random.default_rng(0)


def split(scores, size):
    order = rng.permutation(scores)
    return order[:size], order[size : 2 * size]


splits = {size: [split(ppo, size) for _ in range(SPLITS)] for size in GROUPS}
apart = {size: [a.mean() - b.mean() for a, b in splits[size]] for size in GROUPS}

# %%
figure, rows = plt.subplots(4, 1, figsize=(7.2, 5.6), gridspec_kw={"hspace": 0.1})
rows[0].plot(ppo, np.zeros(len(ppo)), "o", color=agents["ppo"], alpha=0.6)
rows[0].set(title="PPO: every seed", xlabel="return", yticks=[])
for axes, size in zip(rows[1:], GROUPS, strict=True):
    axes.hist(apart[size], np.arange(-360, 361, 20), color=agents["ppo"], alpha=0.8)
    axes.set(title=f"PPO against PPO, {size} seeds each", ylabel="splits", xlim=(-360, 360))
rows[-1].set(xlabel="mean of A minus mean of B")
plt.show()

# %%
typical = {size: np.median(np.abs(apart[size])) for size in GROUPS}
named = np.mean(np.array(apart[5]) != 0)

# %%
say(
    f"""
With {GROUPS[1]} seeds each, two groups of the same agent typically differ by {typical[5]:.0f}
points. With {GROUPS[2]} each it is still {typical[10]:.0f} points. If the higher mean wins, a
winner is named in {named:.0%} of the splits. Each time it is a wrong one.
"""
)

# %% [markdown]
# Henderson et al. (2018) did this with one split of their runs, and published the two curves. They
# look like the curves of two different agents.
#
# ## Two tests
#
# So a difference needs a yardstick: how large does it get by chance? A statistical test has one.
# Its *p-value* says how often chance alone would make at least such a difference. The usual rule
# calls a p-value below `0.05` significant. Then a test may name a wrong winner in a twentieth of
# all A/A tests, not more.
#
# We try two tests. Welch's test compares means. The *sign test* counts: in how many pairs of a seed
# of A and a seed of B is A higher? It assumes nothing about the shape of their distributions.

# %%
ALPHA = 0.05


def welch_finds_a_winner(a, b):
    low, high = (evidence.welch(a, b).low, evidence.welch(a, b).high)
    return low > 0 or high < 0


def sign_test_finds_a_winner(a, b):
    return sign_test.Differences.between(a, b).p < ALPHA


tests = {"Welch's test": welch_finds_a_winner, "sign test": sign_test_finds_a_winner}

# %%
found = {
    name: [np.mean([test(a, b) for a, b in splits[size]]) for size in GROUPS]
    for name, test in tests.items()
}
table = pd.DataFrame(found, index=pd.Index(GROUPS, name="seeds each")).map("{:.1%}".format)
table

# %%
welch_most = max(found["Welch's test"])
sign_most = max(found["sign test"])

# %%
say(
    f"""
The table shows how often each test names a winner. It should be {ALPHA:.0%} or less. The most for
Welch's test is {welch_most:.1%}, the most for the sign test {sign_most:.1%}. Both are far from the
{named:.0%} of the plain comparison. (A tenth of a percent means little here: it is
{SPLITS / 1000:.0f} of the {SPLITS:,} splits.)

The sign test names nobody at {GROUPS[0]} and {GROUPS[1]} seeds each. A later section shows why.
"""
)

# %% [markdown]
# ## One more seed, until it works
#
# A common mistake goes like this. Run three seeds of each. The test says nothing, so add a seed
# each, and test again. Stop when the result is significant. It looks careful, because seeds are
# added and a test is used. Each study here draws its seeds from the stored ones, with replacement.
#
# > **Guess first.** How often does this find a winner in an A/A test? Remember that a single test
# > may do so in a twentieth of the cases.

# %%
FIRST, LAST, STUDIES = 3, 20, 1_000


def stops_at(test, a, b):
    return next((n for n in range(FIRST, LAST + 1) if test(a[:n], b[:n])), None)


stopped = {name: [] for name in tests}
for a, b in rng.choice(ppo, (STUDIES, 2, LAST)):
    for name, test in tests.items():
        stopped[name].append(stops_at(test, a, b))

# %%
figure, axes = plt.subplots()
counts = np.arange(FIRST, LAST + 1)
for (name, ends), colour in zip(stopped.items(), ("#D55E00", "#0072B2"), strict=True):
    share = [np.mean([end is not None and end <= n for end in ends]) for n in counts]
    axes.plot(counts, share, "o-", color=colour, markersize=4, label=name)
axes.axhline(ALPHA, color="#888888", linestyle=":", label="what one test allows")
axes.set(
    title="PPO against PPO, tested after each new seed",
    xlabel="seeds each, so far",
    xticks=counts[::2],
    ylabel="studies with a wrong winner",
    ylim=(0, None),
)
axes.yaxis.set_major_formatter("{x:.0%}")
axes.legend()
plt.show()

# %%
fooled = {name: np.mean([end is not None for end in ends]) for name, ends in stopped.items()}

# %%
say(
    f"""
With up to {LAST} seeds each, Welch's test names a winner in {fooled["Welch's test"]:.0%} of the
studies, and the sign test in {fooled["sign test"]:.0%}. Each new test is a new chance to be
wrong. Decide on the number of seeds before you look.
"""
)

# %% [markdown]
# The share of the sign test grows too. It only begins lower: the test is more cautious, because it has
# to hold for returns of any distribution. The price is that it needs more seeds.

# %% [markdown]
# ## The wrong winner
#
# Now to agents that do differ. Suppose that the stored seeds were all seeds there are. Then we know
# which agent is better on average, and can count how often a smaller study gets it wrong. A study
# draws some seeds of each agent and compares their means. A tie counts one half.
#
# > **Guess first.** With one seed each, how often does the study name the wrong one of DQN and PPO?
# > And with five?

# %%
pairs = [("dqn", "ppo"), ("ppo", "reinforce"), ("apo", "reinforce")]
SIZES = (1, 2, 3, 5, 10, 20)


def means(name, size):
    return rng.choice(returns[name], (10_000, size)).mean(axis=1)


def wrong_winner(one, other, size):
    sign = np.sign(returns[other].mean() - returns[one].mean())
    lead = sign * (means(other, size) - means(one, size))
    return np.mean(lead < 0) + np.mean(lead == 0) / 2


wrong = {pair: [wrong_winner(*pair, size) for size in SIZES] for pair in pairs}

# %%
gaps = {(a, b): abs(returns[a].mean() - returns[b].mean()) for a, b in pairs}
labels = {(a, b): f"{a.upper()} and {b.upper()}, {gaps[a, b]:.0f} apart" for a, b in pairs}
pair_colours = dict(zip(pairs, ("#009E73", "#E69F00", "#0072B2"), strict=True))
figure, axes = plt.subplots()
for pair, shares in wrong.items():
    axes.plot(SIZES, shares, "o-", color=pair_colours[pair], label=labels[pair])
axes.axhline(0.5, color="#888888", linestyle=":", label="a coin")
axes.set(title="How often the wrong agent wins", xlabel="seeds each", xticks=SIZES, ylim=(0, 0.55))
axes.set_ylabel("studies with a wrong winner")
axes.yaxis.set_major_formatter("{x:.0%}")
axes.legend(loc="upper right", bbox_to_anchor=(1, 0.54))
plt.show()


# %%
def of(pair, size):
    return wrong[pair][SIZES.index(size)]


# %%
say(
    f"""
With {SIZES[0]} seed each, DQN and PPO come out in the wrong order in {of(pairs[0], 1):.0%} of the
studies. With {SIZES[3]} it is {of(pairs[0], 5):.0%}. APO and REINFORCE are so near to each other that
{SIZES[-1]} seeds are wrong in {of(pairs[2], 20):.0%} of the studies.
"""
)

# %% [markdown]
# There is no number of seeds that is enough for everything. It depends on how far apart the agents
# are, compared with how much their seeds differ.
#
# With one seed, the share of wrong winners can even be above one half, as the blue curve shows.
# Then the agent with the lower mean wins most single comparisons. "Better on average" and "better
# in a typical seed" are two questions, and their answers can differ.
#
# ## The sign test by hand
#
# Say that two settings are run with the same seeds. One of them is higher in every seed. Could
# that be chance? If the settings were equally good, each seed would be like a coin. So `n` seeds
# all agree in one direction with a probability of $(1/2)^n$. And chance could also have favoured
# the other side, so we count both:
#
# $$p = 2 \cdot (1/2)^n$$

# %%
for n in range(3, 8):
    p = 2 * 0.5**n
    print(f"{n} of {n} seeds: p = 2 * 0.5**{n} = {p:.4f}", "significant" if p < ALPHA else "")

# %%
say(
    f"""
A sign test needs at least {sign_test.least_seeds(ALPHA)} seeds. With fewer, it cannot decide even
if all seeds agree.
"""
)

# %% [markdown]
# If not all seeds agree, the p-value is the probability of a result that is at least as uneven: of
# `wins` heads or more in `n` tosses, and the same for the other side. The number of ways to get
# exactly $i$ heads is $\binom{n}{i}$, and there are $2^n$ ways in all.
#
# ## Exercise: a p-value
#
# Write the two-sided p-value of a sign test. A p-value is never above one.


# %% tags=["exercise"]
def p_value(wins, n):
    # math.comb(n, i) is the number of ways to choose i of n. wins may be below n / 2.
    ...


# %%
from tfrl.tutorials.checks import seeds

seeds.p_value(p_value)

# %% tags=["solution"]
import math


def p_value(wins, n):
    most = max(wins, n - wins)
    tail = sum(math.comb(n, i) for i in range(most, n + 1)) / 2**n
    return min(1.0, 2 * tail)


seeds.p_value(p_value)

# %% [markdown]
# Here each seed was run in two ways. Two different agents make different choices even with the same
# seed. So the project does not pair their seeds. It compares every seed of A with every seed of B,
# and counts the share that A wins. These pairs overlap. So the test counts only as many trials as
# the smaller side has seeds. `docs/verdicts.md` has the reason, and measures how often its verdicts
# are wrong.
#
# ## How many seeds does a comparison need?
#
# The *power* of a test is how often it finds a difference that is there. We can simulate it: draw
# studies from the stored seeds, as above, and count those with a significant result. The sign test
# asks who wins more pairs, and not whose mean is higher.
#
# > **Guess first.** PPO and DQN were in the right order with few seeds. How many does the test need
# > to be sure of it in most studies?

# %%
COUNTS = (4, 6, 8, 10, 15, 20, 30, 50, 75, 100)


def power(one, other, size):
    a = rng.choice(returns[one], (1_000, size))
    b = rng.choice(returns[other], (1_000, size))
    return np.mean(sign_test.p_values(a, b) < ALPHA)


powers = {pair: [power(*pair, size) for size in COUNTS] for pair in pairs}
needed = {(a, b): sign_test.seeds_needed(returns[a], returns[b], ALPHA, "lesson") for a, b in pairs}

# %%
figure, axes = plt.subplots()
for pair, shares in powers.items():
    axes.plot(COUNTS, shares, "o-", color=pair_colours[pair], label=labels[pair])
axes.axhline(sign_test.POWER, color="#888888", linestyle=":", label="usual aim")
axes.set(title="How often the difference is found", xlabel="seeds each", ylim=(-0.03, 1.03))
axes.set_ylabel("studies with a verdict")
axes.yaxis.set_major_formatter("{x:.0%}")
axes.legend(loc="center right")
plt.show()


# %%
def seeds_for(pair):
    most = f"more than {sign_test.MOST_SEEDS:,}"
    return most if np.isinf(needed[pair]) else f"{needed[pair]:.0f}"


# %%
say(
    f"""
To find the difference in {sign_test.POWER:.0%} of the studies, DQN and PPO need
{seeds_for(pairs[0])} seeds each. PPO and REINFORCE need {seeds_for(pairs[1])}, APO and REINFORCE
{seeds_for(pairs[2])}.
"""
)

# %% [markdown]
# A curve can dip and then jump, where the test begins to allow a seed that disagrees. Compare
# `p_value(7, 8)` with `p_value(8, 9)`.
#
# A common mistake is to read a missing verdict as "the agents are equal". With few seeds a test
# finds nothing even where there is a lot to find. The reports say "undecided" then, and how many
# seeds would probably decide.
#
# ## Intervals
#
# A number without an interval hides all this. But is an interval what it says? An interval has a
# *confidence*, here `0.95`. In such a share of all studies it should hold the true value. The share
# in which it does is its *coverage*. On real data it cannot be measured, because nobody knows the
# true value. So we invent returns, and know everything.
#
# Our invented agents return about `480`, give or take a few points. In the first world that is all.
# In the second, a few seeds *collapse*: they unlearn what they knew, and lose most of their return.

# %%
NEAR, SPREAD, LOSS = 480.0, 10.0, 400.0
worlds = {"No seed collapses": 0.0, "A twentieth of the seeds collapse": 0.05}
true_mean = {name: NEAR - LOSS * share for name, share in worlds.items()}


def draw(world, shape):
    collapsed = rng.random(shape) < worlds[world]
    return rng.normal(NEAR, SPREAD, shape) - LOSS * collapsed


# %%
STUDY_SIZES, REPEATS = (6, 10, 20, 50), 1_000
studies = {(world, n): draw(world, (REPEATS, n)) for world in worlds for n in STUDY_SIZES}


def coverage(intervals, truth):
    low, high = np.transpose(intervals)
    return np.mean((low <= truth) & (truth <= high))


# %% [markdown]
# The usual interval is the mean plus and minus about two standard errors. The *standard error* of a
# mean is the standard deviation of the scores (NumPy's, with `ddof=1`) divided by $\sqrt{n}$.
# Student's interval is the same with a factor that is larger for few seeds.
#
# A third way needs no formula, the *bootstrap*. Draw `n` of the `n` scores with replacement, and take
# the mean. Repeat this often. The interval leaves out the lowest and the highest `0.025` of these
# means.
#
# ## Exercise: a bootstrap interval
#
# Write it. The draws are made already: each row of `picks` has the positions of one draw.


# %% tags=["exercise"]
def bootstrap_interval(scores, picks):
    # scores is an array [n], picks an integer array [draws, n]. Return (low, high).
    ...


# %%
seeds.bootstrap_interval(bootstrap_interval)


# %% tags=["solution"]
def bootstrap_interval(scores, picks):
    means = scores[picks].mean(axis=1)
    return np.quantile(means, 0.025), np.quantile(means, 0.975)


seeds.bootstrap_interval(bootstrap_interval)


# %% [markdown]
# > **Guess first.** What is the coverage of the three intervals in the second world, with `10` seeds?


# %%
def usual_interval(scores):
    half = 1.96 * scores.std(ddof=1) / np.sqrt(len(scores))
    return scores.mean() - half, scores.mean() + half


def bootstrapped(scores):
    means = scores[rng.integers(len(scores), size=(1_000, len(scores)))].mean(axis=1)
    return np.quantile(means, [0.025, 0.975])


intervals_of_mean = {
    "two standard errors": (usual_interval, "#E69F00", "o-"),
    "Student": (evidence.t_interval, "#009E73", "s--"),
    "bootstrap": (bootstrapped, "#CC79A7", "^:"),
}

# %%
covered = {
    (world, name): [
        coverage([interval(scores) for scores in studies[world, n]], true_mean[world])
        for n in STUDY_SIZES
    ]
    for world in worlds
    for name, (interval, *_) in intervals_of_mean.items()
}

# %%
figure, rows = plt.subplots(2, 1, figsize=(7.2, 5.4), sharex=True)
for axes, world in zip(rows, worlds, strict=True):
    for name, (_, colour, style) in intervals_of_mean.items():
        axes.plot(STUDY_SIZES, covered[world, name], style, color=colour, label=name)
    axes.axhline(0.95, color="#888888", linewidth=0.8, label="what it says")
    axes.set(title=world, ylabel="coverage", ylim=(0, 1.03))
    axes.yaxis.set_major_formatter("{x:.0%}")
rows[0].legend(loc="lower right", ncols=2)
rows[1].set(xlabel="seeds", xticks=STUDY_SIZES)
plt.show()

# %%
calm, rough = worlds
at_ten = STUDY_SIZES.index(10)
student = {world: covered[world, "Student"][at_ten] for world in worlds}
boot = {world: covered[world, "bootstrap"][at_ten] for world in worlds}
unseen = np.mean(studies[rough, 10].min(axis=1) > NEAR - LOSS / 2)

# %%
say(
    f"""
Without collapses, Student's interval of {STUDY_SIZES[at_ten]} seeds holds the true mean in
{student[calm]:.0%} of the studies. With collapses it does in {student[rough]:.0%}, and the
bootstrap in {boot[rough]:.0%}. The reason is simple: {unseen:.0%} of these studies have no
collapsed seed at all.
"""
)

# %% [markdown]
# A common mistake is to think that the bootstrap needs no assumptions. It draws from the scores
# that you have. If the study has met no collapse, no bootstrap of it has.
#
# There are intervals of the mean that hold for any return between zero and a limit. They are so
# wide that they say little: `docs/verdicts.md` has an example.
#
# ## An interval of the median
#
# The median has half of all scores below it and half above it. So each score is above the true
# median or below it like a coin. That turns the sign test into an interval. Take any value, and
# count how many scores are above it. If the test calls that too uneven, the value is rejected. The
# interval holds the values that are not.

# %%
from scipy import stats

# Half of all scores are below it, and those that collapsed are among them.
true_median = {
    world: stats.norm.ppf((0.5 - share) / (1 - share), NEAR, SPREAD)
    for world, share in worlds.items()
}


def sign_interval(scores):
    return sign_test.Differences.within(scores).interval()


signed = {
    world: [
        coverage([sign_interval(scores) for scores in studies[world, n]], true_median[world])
        for n in STUDY_SIZES
    ]
    for world in worlds
}

# %% [markdown]
# > **Guess first.** Is the coverage of this interval lower in the second world?

# %%
shown = range(60)
sides = {
    "Mean, Student's interval": (evidence.t_interval, true_mean[rough]),
    "Median, interval of the sign test": (sign_interval, true_median[rough]),
}
figure, rows = plt.subplots(2, 1, figsize=(7.2, 5.6), sharex=True)
for axes, (name, (interval, truth)) in zip(rows, sides.items(), strict=True):
    for study in shown:
        low, high = interval(studies[rough, 10][study])
        colour = "#0072B2" if low <= truth <= high else "#D55E00"
        axes.plot([study, study], [low, high], color=colour, linewidth=2)
    axes.axhline(truth, color="black", linewidth=0.8)
    axes.set(title=f"{name}: orange misses the truth", ylabel="return")
rows[1].set(xlabel="study, of 10 seeds each")
plt.show()

# %%
lowest = {world: min(shares) for world, shares in signed.items()}
kept = "does" if min(lowest.values()) > 0.93 else "does not do"  # simulated, so not exactly
NONE_OF = 20
rare = evidence.wilson_interval(np.array(0), NONE_OF)[1]

# %%
say(
    f"""
The lowest coverage of the sign test's interval, over all sizes, is {lowest[calm]:.0%} without
collapses and {lowest[rough]:.0%} with them. It {kept} what it says in both worlds.
"""
)

# %% [markdown]
# It can do so because it answers another question than an interval of the mean. The median says
# what a typical seed does. It is blind to a few seeds that fail. So the reports count those by
# themselves, with an interval too.

# %%
say(
    f"""
And seeing no failure does not mean that there are none: if none of {NONE_OF} seeds fails, the share
that fails can still be up to {rare:.0%}.
"""
)

# %% [markdown]
# ## Episodes are not seeds
#
# So far a score was one number a seed. That number is itself a mean, over many test episodes. A
# common mistake is to compute the interval over these episodes. There are so many of them that the
# interval becomes very narrow.
#
# To see what such an interval is worth, we train. PPO learns CartPole for a short time, once for
# each seed. Each seed is then tested on many episodes.

# %%
STEPS, SEEDS = 10_000, range(10)
budget = {"steps": STEPS, "every": STEPS, "episodes": 50}


def final_returns(runs):
    table = runs.evaluations
    chosen = (table["policy"] == "greedy") & (table["split"] == "held-out")
    last = table[chosen & (table["step"] == table["step"].max())]
    return last.pivot(index="seed", columns="episode", values="return").to_numpy()


first = train_runs("ppo", seeds=SEEDS, **budget)
episodes = final_returns(first)  # a row for each seed

# %% [markdown]
# > **Guess first.** Suppose that we read the interval over the episodes of one seed as an interval of
# > the agent. How many of the `10` intervals hold the mean over all seeds?

# %%
over_episodes = np.array([evidence.t_interval(row) for row in episodes])
low, high = evidence.t_interval(episodes.mean(axis=1))
mean = episodes.mean()

figure, axes = plt.subplots()
for seed, (start, end) in enumerate(over_episodes):
    axes.plot([start, end], [seed, seed], color=agents["ppo"], linewidth=3)
    axes.plot(episodes[seed].mean(), seed, "o", color=agents["ppo"])
axes.plot([low, high], [-1.5, -1.5], color="black", linewidth=3)
axes.plot(mean, -1.5, "o", color="black")
axes.axvline(mean, color="black", linewidth=0.8, linestyle=":")
axes.set(title="PPO: intervals over episodes (orange) and over seeds (black)", xlabel="return")
axes.set(yticks=[-1.5, *SEEDS], yticklabels=["all", *SEEDS], ylabel="seed")
plt.show()

# %%
hold = int(((over_episodes[:, 0] <= mean) & (mean <= over_episodes[:, 1])).sum())
width = np.nanmedian(np.diff(over_episodes))

# %%
say(
    f"""
Of {len(episodes)} intervals over episodes, the mean over all seeds is in {hold}. Typically they are
{width:.0f} points wide. The interval over seeds is {high - low:.0f} points wide.
"""
)

# %% [markdown]
# Episodes of one seed share one network. They tell you about this network. What you want to know
# about is the agent, which makes a new network in every run.
#
# ## Exercise: the standard error of an agent
#
# Compute the standard error of the mean return of an agent, from a table with a row for each seed
# and a column for each episode.


# %% tags=["exercise"]
def standard_error(returns):
    # returns is an array [seeds, episodes]. Which numbers are independent of each other?
    ...


# %%
seeds.standard_error(standard_error)


# %% tags=["solution"]
def standard_error(returns):
    scores = returns.mean(axis=1)
    return scores.std(ddof=1) / np.sqrt(len(scores))


seeds.standard_error(standard_error)

# %% [markdown]
# ## The same run again
#
# All chance in a run follows from its seed. So the same seed should give the same run: not a
# similar curve, but the same bits. We compile the training once more, and repeat some seeds. A
# fingerprint, a hash of all final weights, shows whether a single bit differs.
#
# > **Guess first.** How many of the `3` fingerprints agree?

# %%
again = train_runs("ppo", seeds=SEEDS[:3], **budget).weights
for seed, fingerprint in again.items():
    print(f"seed {seed}: {first.weights[seed][:12]} and {fingerprint[:12]}")
same = sum(first.weights[seed] == fingerprint for seed, fingerprint in again.items())

# %%
say(
    f"""
Of {len(again)} runs that were made twice, {same} have the same bits.
"""
)

# %% [markdown]
# A common mistake is to conclude that a fixed seed makes a result reliable. It makes a run
# repeatable. The next seed can still turn the result round.
#
# ## Why the runs of others differ
#
# Run the same code with the same seed on another computer, or with another library version. Often
# you get another curve. Nobody made a mistake. Computers round, and they do not always round in the
# same order. Three causes are common.
#
# **The order of a sum.** With rounding, brackets matter.

# %%
print((0.1 + 0.2) + 0.3)
print(0.1 + (0.2 + 0.3))

# %% [markdown]
# **Caches.** A long sum is cut into blocks that fit into the processor's fast memory, its cache.
# Each block is summed, and then the blocks. Another cache means other blocks, and so another order.

# %%
gradients = np.random.default_rng(0).normal(size=6_144).astype(np.float32)
for block in (512, 1_024, 1_536):
    total = np.float32(0)
    for part in gradients.reshape(-1, block):
        total += np.cumsum(part)[-1]  # one number after the other
    print(f"blocks of {block:5,}: {total!s}")

# %% [markdown]
# **Fused multiply-add.** To compute $a \cdot b + c$, a processor can round after the product and
# again after the sum. Most new ones can also do both in one instruction that rounds once. Take the
# number $a = 1 + 2^{-12}$. Its square is $1 + 2^{-11} + 2^{-24}$. A 32-bit number near one cannot
# keep the last part. Add $c = -(1 + 2^{-11})$, and that part is all that should be left.

# %%
a = np.float32(1 + 2**-12)
c = np.float32(-(1 + 2**-11))
rounded_twice = a * a + c
rounded_once = np.float32(np.float64(a) * np.float64(a) + np.float64(c))
print(f"rounded twice: {rounded_twice}\nrounded once:  {rounded_once}  (2**-24 = {2**-24})")

# %% [markdown]
# The project fixes the order of sums, the size of blocks and the instructions. So its runs should
# have the same bits on all x86-64 processors. `docs/reproducibility.md` lists what it does for
# that, what was tested, and what it does not promise. `tfrl verify` compares your runs with the
# published ones.
#
# ## Does the last bit matter?
#
# We change one number by the smallest step there is: the learning rate becomes the next larger
# 32-bit number. No one would call this another agent.
#
# > **Guess first.** Do the returns change? By less than a point, or by as much as between seeds?

# %%
rate = np.float32(0.001)  # the default of PPO
next_rate = np.nextafter(rate, np.float32(1))
print(f"{rate:.12f}\n{next_rate:.12f}")

second = train_runs("ppo", seeds=SEEDS, learning_rate=float(next_rate), **budget)
mine, other = episodes.mean(axis=1), final_returns(second).mean(axis=1)

# %%
figure, axes = plt.subplots(figsize=(4.6, 4.4))
axes.plot(mine, other, "o", color=agents["ppo"])
ends = [min(*mine, *other) - 10, max(*mine, *other) + 10]
axes.plot(ends, ends, color="#888888", linestyle=":", label="no change")
axes.set(
    title="The next larger learning rate: every seed",
    xlabel="return of a seed",
    ylabel="return of the same seed, rate changed",
)
axes.legend()
plt.show()


# %%
both = first.episodes.merge(second.episodes, on=["seed", "episode"])
differ = both[both["return_x"] != both["return_y"]].groupby("seed")["step_x"].min()
parts = differ.reindex(SEEDS, fill_value=STEPS).median()
changed = int((mine != other).sum())
moved = np.median(np.abs(mine - other))
between_seeds = np.median([abs(x - y) for i, x in enumerate(mine) for y in mine[i + 1 :]])
comparison = sign_test.Differences.between(other, mine)
low, high = comparison.share_interval()
verdict = "cannot tell them apart" if low <= 0.5 <= high else "can tell them apart"

# %%
say(
    f"""
At first, the training episodes are the same. After {parts:,.0f} steps, the typical seed plays the
first one that is not. After training, {changed} of {len(mine)} seeds have another return. A seed
typically moves by {moved:.0f} points. Two different seeds typically differ by {between_seeds:.0f}.

Compared as two agents, the changed one wins {comparison.share:.0%} of the pairs ({low:.0%} to
{high:.0%}): the seeds {verdict}.
"""
)

# %% [markdown]
# Training feeds back. At some point a tiny change of the weights changes an action. The next episode
# is then another one, and the agent learns from it. So on another machine, do not expect the same
# curve from the same seed. What should come back there is the distribution over seeds. If you want to
# repeat a result of others, compare distributions, and use enough seeds of your own.
#
# ## What you have seen
#
# - Compare an agent with itself first. A rule that often finds a winner there is useless.
# - The number of seeds that you need depends on the difference. Fix it before you look, and read a
#   missing verdict as "undecided".
# - An interval keeps its word under assumptions. Where some seeds collapse, intervals of the mean
#   from few seeds do not. Report what a typical seed does, and count the seeds that fail.
# - The unit is the seed, not the episode. The same seed gives the same bits only if every sum is
#   done in the same order.
#
# Next: [lesson 7](07_instability.ipynb), where seeds that had learned the task lose it again.
