# %% [markdown]
# # Your agent, your study
#
# So far the agents were given. Now you make one of your own, ask a question about it, and answer
# the question with a study. Then we look at tuning. An author who tunes on the seeds of the report
# is fooled, and does not notice.

# %%
try:
    from tfrl.tutorials import Terminal, begin, say
except ModuleNotFoundError:
    raise SystemExit("tfrl is missing: run `make tutorial 10` in a clone of the project") from None

import difflib

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from scipy import stats

import tfrl
from tfrl.analysis import returns, selection, sign_test

begin(tensorflow=False)
terminal = Terminal()

# %% [markdown]
# `terminal` runs commands in a temporary folder, and prints what they print. You can type the same
# commands into a shell. Only times are left out here, because they differ each time.
#
# ## An idea of one line
#
# PPO makes an action more likely if its advantage is above zero, and less likely if it is below.
# Here is an idea: learn from good news only. Where the advantage is below zero, leave the policy as
# it is. We call this agent the optimist.
#
# > **Guess first.** Does the optimist learn faster than PPO, slower, or as fast?
#
# `tfrl new` copies an agent of the project under a name of your own.

# %%
terminal("tfrl new optimist.py --from ppo")

# %% [markdown]
# The copy is complete: the hyperparameters, the loss, and the training. All of it is yours to
# change. We change the one place where advantages enter the loss. `masked_normalize` gives them
# mean zero and standard deviation one in a minibatch. `tf.nn.relu` then sets to zero what is below
# zero. So bad news is what is worse than the mean.

# %%
before = "masked_normalize(normalized_advantages, tf.cast(weights > 0, tf.float32))"
after = f"tf.nn.relu({before})"

agent = terminal.folder / "optimist.py"
copied = agent.read_text()
changed = copied.replace(before, after)
agent.write_text(changed)

lines = [text.splitlines() for text in (copied, changed)]
difference = list(difflib.unified_diff(*lines, n=1, lineterm=""))[3:]
print(*difference, sep="\n")

# %%
num_changed = sum(line.startswith("+") for line in difference)

# %%
say(
    f"""
Of {len(lines[0])} lines, {num_changed} is different. So if the agents differ by more than chance,
we know what made the difference.
"""
)

# %% [markdown]
# A common mistake is to change several things at once: the loss, the network and the learning rate.
# If the new agent is better, nobody can say why. If it is not, a good idea may hide behind a bad
# one.
#
# ## Exercise: the changed line
#
# Write the optimist's line yourself, for a list of advantages. First give them mean zero and
# standard deviation one. Then set the negative ones to zero.


# %% tags=["exercise"]
def optimistic(advantages):
    # Use np.mean, np.std and np.maximum. The list that you return is as long as the one you get.
    ...


# %%
from tfrl.tutorials.checks import your_agent

your_agent.optimistic(optimistic)


# %% tags=["solution"]
def optimistic(advantages):
    normalized = (np.array(advantages) - np.mean(advantages)) / np.std(advantages)
    return np.maximum(normalized, 0.0)


your_agent.optimistic(optimistic)

# %% [markdown]
# ## A question is a study
#
# A *study* is a file that says what to run: seeds, steps, environments, and agents. It is written
# in TOML. Each table `[configurations.NAME]` is a *configuration*, an agent with its settings. For
# an agent of your own, `pipeline` names the file and the class.

# %%
study = """
title = "Does good news suffice?"
seeds = "0-9"
steps = 20_000

[evaluation]
every = 2_000
episodes = 20

[environments]
cartpole = "CartPole-v1"

[configurations.ppo]
pipeline = "ppo"

[configurations.optimist]
pipeline = "optimist:OptimistPipeline"
"""
(terminal.folder / "optimist.toml").write_text(study)
terminal("tfrl run optimist.toml --plan")

# %% [markdown]
# The plan shows what would be trained, before you spend any time. A mistake in a study is answered
# with a sentence. In the first study below, the end of the name of the class is missing. The second
# one has a hyperparameter that does not exist.

# %%
for name, right, wrong in (
    ("class", "OptimistPipeline", "Optimist"),
    ("key", 'pipeline = "ppo"', 'pipeline = "ppo"\nlearning_speed = 0.1'),
):
    (terminal.folder / f"wrong_{name}.toml").write_text(study.replace(right, wrong))
    terminal(f"tfrl run wrong_{name}.toml --plan", expect=2)

# %% [markdown]
# Now the runs. Both agents get the same seeds, so that both start in the same situations. Soon
# their paths part. So the comparison takes all pairs of a seed of one and a seed of the other, as
# in lesson 6.

# %%
terminal("tfrl run optimist.toml")

# %% [markdown]
# The runs are stored in `runs/`. `tfrl run` trains only what is missing: if you stop it, run the
# same command again.
#
# ## What do the seeds say?
#
# `tfrl report` writes a page into the temporary folder, like those in
# [reports](../reports/cartpole/README.md). `tfrl compare` prints the answers about two agents. In
# some questions it also says how many more seeds would probably decide. CartPole-v1 counts as
# solved from a return of `475` on.

# %%
terminal("tfrl report optimist.toml")
terminal("tfrl compare optimist.toml/ppo optimist.toml/optimist")

# %% [markdown]
# We check that with our own eyes, and look at every seed. `tfrl.load_runs` gives the tables.


# %%
def curves(study):
    runs = tfrl.load_runs(str(terminal.folder / study), runs=terminal.folder / "runs")
    means = returns.evaluation_means(runs.evaluations)
    return means.pivot(index=["configuration", "seed"], columns="step", values="score")


points = curves("optimist.toml")

# %%
colours = {"ppo": "#E69F00", "optimist": "#0072B2"}
figure, axes = plt.subplots()
for name, colour in colours.items():
    axes.plot(points.columns, points.loc[name].T, color=colour, linewidth=0.9, alpha=0.8)
    axes.plot([], [], color=colour, label={"ppo": "PPO"}.get(name, name))
axes.set(
    title="One changed line: every seed",
    xlabel="environment steps of training",
    ylabel="return",
)
axes.set(ylim=(-10, 590), yticks=range(0, 501, 100))
axes.legend(loc="upper left", ncols=2)
plt.show()

# %% [markdown]
# Which is better may depend on the question. We ask two: who ends higher, and who is higher over
# all of training. The second one rewards an agent that learns early. Two questions are a family, as
# in lesson 8, so each interval is made wider.


# %%
def answer(scores):
    optimist, ppo = (scores[name].to_numpy() for name in ("optimist", "ppo"))
    against = sign_test.Differences.between(optimist, ppo)
    low, high = against.share_interval(1 - 0.05 / 2)
    wins = "The optimist wins." if low > 0.5 else "PPO wins." if high < 0.5 else "Cannot tell."
    return f"in {against.share:.0%} of all pairs ({low:.0%} to {high:.0%}). {wins}"


last = points[points.columns[-1]]
overall = points.mean(axis=1)

# %%
say(
    f"""
- At the end, a seed of the optimist beats a seed of PPO {answer(last)}
- Over all of training, it does so {answer(overall)}
"""
)

# %% [markdown]
# "Cannot tell" does not mean that the agents are equally good: more seeds may decide. Whatever the
# answer, it holds for this budget and this task. A study of a longer budget is the same file with
# another number.
#
# ## What has to be trained again?
#
# A run belongs to the code that made it. We add a comment to the agent, and then soften the changed
# line: `leaky_relu` lets a fifth of the bad news through.
#
# > **Guess first.** How many of the runs have to be made again after each change?

# %%
agent.write_text(f"{changed}\n# I like this agent.\n")
terminal("tfrl run optimist.toml --plan")

# %%
agent.write_text(changed.replace("tf.nn.relu", "tf.nn.leaky_relu"))
terminal("tfrl run optimist.toml --plan")

# %% [markdown]
# A comment changes no result, so it costs nothing. A changed line costs the runs that go through
# it, and no others. (We leave the runs as they are.) A common mistake is to compare runs of today
# with runs of last week, between which the code has changed.
#
# ## Exercise: a study of your own
#
# PPO goes through each rollout `num_epochs` times. Does the optimist need all of its epochs?
# Complete the study: as many seeds as above, but others, and a second configuration, `few`, with
# five epochs. `tfrl hyperparameters ppo` lists the defaults. The check reads the study, and does
# not run it.

# %% tags=["exercise"]
epochs = """
title = "Does the optimist need all of its epochs?"
seeds = ...
steps = 20_000

[evaluation]
every = 2_000
episodes = 20

[environments]
cartpole = "CartPole-v1"

[configurations.optimist]
pipeline = "optimist:OptimistPipeline"

...
"""

# %%
your_agent.study(epochs)

# %% tags=["solution"]
epochs = """
title = "Does the optimist need all of its epochs?"
seeds = "10-19"
steps = 20_000

[evaluation]
every = 2_000
episodes = 20

[environments]
cartpole = "CartPole-v1"

[configurations.optimist]
pipeline = "optimist:OptimistPipeline"

[configurations.few]
pipeline = "optimist:OptimistPipeline"
num_epochs = 5
"""

your_agent.study(epochs)

# %% [markdown]
# ## An environment of your own
#
# An environment of Gymnasium can be trained in if it has one discrete action, a time limit, and
# observations that are a number or an array. The project has one as an example, a game of catching a
# ball. `tfrl check` plays it twice from the same seed, and compares.

# %%
from pathlib import Path

example = Path(tfrl.__file__).parents[1] / "examples" / "catch.py"
game = terminal.folder / "catch.py"
game.write_text(example.read_text())
terminal("tfrl check gymnasium:catch:Catch-v0")

# %% [markdown]
# Now we break it: the ball begins one column further each time, instead of in a column that the
# seed decides. By playing, that is easy to miss.

# %%
drawn = "int(self.np_random.integers(COLUMNS))"
counted = '(getattr(self, "_column", 0) + 1) % COLUMNS'
game.write_text(example.read_text().replace(drawn, counted))
terminal("tfrl check gymnasium:catch:Catch-v0", expect=2)

# %% [markdown]
# `tfrl run` makes the same check before it trains. More about agents and environments of your own
# is in [adapting](../docs/adapting.md).
#
# ## How tuning fools its author
#
# Suppose that you try several configurations of your agent, each on a few seeds. You keep the best
# one and report its score. All scores are true. What is wrong with that?
#
# We simulate it. Take `k` configurations that are all the same agent, so that none is better. Each
# gets a few seeds, and the score of a seed is drawn from a bell curve. Its true mean is zero, and
# its standard deviation is one.
#
# > **Guess first.** Of eight such configurations with five seeds each, how far above zero is the
# > best mean?

# %%
rng = np.random.default_rng(0)
tried = np.arange(1, 31)


def best_of(k, seeds, studies=4000):
    means = rng.normal(size=(studies, k)) / np.sqrt(seeds)
    return means.max(axis=1).mean()


surplus = {seeds: [best_of(k, seeds) for k in tried] for seeds in (1, 5, 20)}

# %%
figure, axes = plt.subplots()
for (seeds, heights), style in zip(surplus.items(), ("-", "--", ":"), strict=True):
    axes.plot(tried, heights, style, color="#0072B2", label=f"seeds of each: {seeds}")
axes.set(
    title="Best of several equal configurations",
    xlabel="configurations tried",
    ylabel="best mean, in standard\ndeviations of a seed",
)
axes.legend(loc="center right", bbox_to_anchor=(1, 0.6))
plt.show()

# %%
say(
    f"""
The best of eight with five seeds each is {surplus[5][7]:.2f} standard deviations above the truth.
With {seeds} seeds each it is {surplus[20][7]:.2f}. The gain is luck, and it grows with each further
try.
"""
)

# %% [markdown]
# This is the *winner's curse*: what was chosen for its score is, on average, worse than its score.
#
# ## The same with runs
#
# Does this matter for real agents? We train one configuration, PPO with its defaults, and pretend
# that it is many. The first seeds are shared out among eight "configurations", A to H. The others
# are kept, to find out how good the winner really is.

# %%
STEPS = 10_000
SHORT = f"""
title = "A short study"
steps = {STEPS}
evaluation = {{every = {STEPS}, episodes = 20}}
environments = {{cartpole = "CartPole-v1"}}
"""
same = f'{SHORT}seeds = "300-359"\n[configurations.ppo]\npipeline = "ppo"'
(terminal.folder / "same.toml").write_text(same)
terminal("tfrl run same.toml")

# %%
scores = curves("same.toml")[STEPS].to_numpy()
K, SEEDS = 8, 5
pretended, fresh = scores[: K * SEEDS].reshape(K, SEEDS), scores[K * SEEDS :]
winner = int(pretended.mean(axis=1).argmax())

# %% [markdown]
# > **Guess first.** Is the winner's mean above the mean of the fresh seeds? By how many points?

# %%
figure, axes = plt.subplots(figsize=(7.2, 3.4))
for row, group in enumerate([*pretended, fresh]):
    colour = "#D55E00" if row == winner else "#009E73" if row == K else "#999999"
    axes.plot(group, np.full(len(group), row), "o", color=colour, alpha=0.5, markersize=5)
    axes.plot(group.mean(), row, "|", color=colour, markersize=16, markeredgewidth=3)
axes.set(
    title="One configuration under eight names: every seed",
    xlabel="return after training; bar: mean",
    yticks=range(K + 1),
    yticklabels=[*"ABCDEFGH", "fresh"],
)
axes.invert_yaxis()
plt.show()

# %%
chosen, honest = pretended[winner].mean(), fresh.mean()

# %%
say(
    f"""
The winner is {"ABCDEFGH"[winner]}, with a mean of {chosen:.0f} points. The fresh seeds have a mean
of {honest:.0f}. The report of the winner would be {chosen - honest:+.0f} points off. All of them are
the same agent.
"""
)

# %% [markdown]
# That was one study, and it may have been an odd one. So we share the same seeds out again, many
# times.

# %%
gaps = []
for _ in range(2000):
    drawn = rng.permutation(scores)
    groups, others = drawn[: K * SEEDS].reshape(K, SEEDS), drawn[K * SEEDS :]
    gaps.append(groups.mean(axis=1).max() - others.mean())

figure, axes = plt.subplots(figsize=(7.2, 2.6))
axes.hist(gaps, bins=40, color="#0072B2")
axes.axvline(0, color="#222222")
axes.set(
    title="Mean of the winner minus mean of the fresh seeds",
    xlabel="points too many",
    ylabel="number of ways",
)
plt.show()

# %%
too_high = np.mean(np.array(gaps) > 0)
expected = surplus[SEEDS][K - 1] * scores.std()

# %%
say(
    f"""
The winner's report is above the mean of the fresh seeds in {too_high:.0%} of the ways to share the
seeds out. On average it is {np.mean(gaps):.0f} points above. For seeds that spread like these, the
simulation with the bell curve says {expected:.0f}.
"""
)

# %% [markdown]
# A common mistake is to think that only cheaters do this. The author above has dropped no seed of
# the winner. It is enough to look at the scores, and then to choose what to report.
#
# ## A sweep, done honestly
#
# Tuning is not wrong. A *sweep* tries values of a hyperparameter, and in a study each value is a
# configuration. The cure is simple: choose on some seeds, and report others, which were not used to
# choose.

# %%
RATES = {"slow": 5e-4, "default": 1e-3, "fast": 2e-3, "faster": 4e-3}
TUNING, REPORTED = range(100, 105), range(200, 210)
sweep = f'{SHORT}seeds = "100-104,200-209"\n'
for name, rate in RATES.items():
    sweep += f'[configurations.{name}]\npipeline = "ppo"\nlearning_rate = {rate}\n'
(terminal.folder / "sweep.toml").write_text(sweep)
terminal("tfrl run sweep.toml")

# %% [markdown]
# > **Guess first.** Which learning rate wins on the tuning seeds? Is its score on the reported
# > seeds lower or higher?

# %%
rates = curves("sweep.toml")[STEPS].unstack("seed")
tuned = rates[[*TUNING]].mean(axis=1)
reported = rates[[*REPORTED]].mean(axis=1)
best = tuned.idxmax()
table = pd.DataFrame({"rate": RATES, "tuning seeds": tuned, "reported seeds": reported})
table.loc[[*RATES]].round({"tuning seeds": 0, "reported seeds": 0})

# %%
figure, axes = plt.subplots(figsize=(7.2, 2.8))
for row, name in enumerate(RATES):
    for seeds, colour, shift in ((TUNING, "#D55E00", -0.15), (REPORTED, "#009E73", 0.15)):
        axes.plot(
            rates.loc[name, [*seeds]], [row + shift] * len(seeds), "o", color=colour, alpha=0.7
        )
axes.plot([], [], "o", color="#D55E00", label="tuning seeds")
axes.plot([], [], "o", color="#009E73", label="reported seeds")
axes.set(
    title="Learning rates of PPO: every seed",
    xlabel="return after training",
    yticks=range(len(RATES)),
    yticklabels=RATES,
)
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %%
against = sign_test.Differences.between(
    rates.loc[best, [*REPORTED]].to_numpy(), rates.loc["default", [*REPORTED]].to_numpy()
)
low, high = against.share_interval()
if best == "default":
    gain = "That is the default, so tuning has changed nothing."
else:
    sure = "can tell" if low > 0.5 or high < 0.5 else "cannot tell"
    gain = f"""On the reported seeds, it beats the default in {against.share:.0%} of all pairs
({low:.0%} to {high:.0%}): these seeds {sure} whether it is better."""

# %%
say(
    f"""
The tuning seeds choose "{best}", with {tuned[best]:.0f} points. The reported seeds give it
{reported[best]:.0f}. {gain}
"""
)

# %% [markdown]
# Another rate may be higher on the reported seeds. You may not switch to it now: then these seeds
# would have chosen.
#
# Which seeds choose is arbitrary. So the project's reports try all ways. `optimism` takes every set
# of five seeds, lets it choose, and scores the winner on the other seeds. The mean difference of
# its two scores is called the optimism, too.

# %%
all_ways = selection.optimism(rates.to_numpy().T, len(TUNING), rng)

# %%
say(
    f"""
Over {all_ways.splits:,} ways to choose, the winner scores {all_ways.optimism:+.0f} points
({all_ways.low:+.0f} to {all_ways.high:+.0f}) more on the seeds that chose it than on the others. {
        "The interval is above zero."
        if all_ways.low > 0
        else "The interval is not above zero, so this sweep alone cannot tell."
    }
"""
)

# %% [markdown]
# If one configuration is far ahead, every choice finds it, and there is little optimism. The closer
# the configurations are, the more of the winner's lead is luck.
#
# ## Tuning one side
#
# One more trap is common in papers: the authors tune their own agent, and leave the baseline at its
# defaults. We let both be the same agent, and draw all scores from its runs above. A try is `10` of
# these scores. Ours gets several tries and keeps the one with the best mean. The baseline gets one.
#
# A test at the limit `0.05` promises to find a difference in at most `0.05` of such studies. Half
# of that is for our side.
#
# > **Guess first.** So with one try, a win is that rare. How often does our agent win against
# > itself with eight tries?

# %%
tries, n, studies = (1, 2, 4, 8, 16), 10, 2000
wins = {"Welch's t-test": [], "the sign test of this project": []}
for k in tries:
    ours = rng.choice(scores, (studies, k, n))
    ours = ours[np.arange(studies), ours.mean(axis=2).argmax(axis=1)]
    baseline = rng.choice(scores, (studies, n))
    higher = (ours[:, :, None] > baseline[:, None]).mean((1, 2)) > 0.5
    t_test = stats.ttest_ind(ours, baseline, axis=1, equal_var=False).pvalue
    for name, p in zip(wins, (t_test, sign_test.p_values(ours, baseline)), strict=True):
        wins[name].append(np.mean(higher & (p < 0.05)))

# %%
figure, axes = plt.subplots(figsize=(7.2, 3.0))
for (name, shares), colour in zip(wins.items(), ("#D55E00", "#0072B2"), strict=True):
    axes.plot(tries, shares, "o-", color=colour, label=name)
axes.axhline(0.025, color="#222222", linestyle="--", label="the promise of both")
axes.set(
    title="Significant wins of an agent over itself",
    xlabel="tries of our side; the baseline has one",
    ylabel="share of studies",
    ylim=(0, None),
)
axes.legend()
plt.show()

# %%
say(
    f"""
With one try on each side, Welch's t-test finds a win in {wins["Welch's t-test"][0]:.1%} of studies.
With {tries[3]} tries it is {wins["Welch's t-test"][3]:.1%}. The sign test goes from
{wins["the sign test of this project"][0]:.1%} to {wins["the sign test of this project"][3]:.1%}. It
is more careful, but no test knows about the tries that nobody sees.
"""
)

# %% [markdown]
# ## Exercise: report a tuned agent
#
# You get the scores of several configurations on the tuning seeds and on other seeds. Compare by
# means. Return the number that you may report.


# %% tags=["exercise"]
def honest_score(tuning, other):
    # tuning and other are dictionaries: the name of a configuration -> its list of scores.
    ...


# %%
your_agent.honest_score(honest_score)


# %% tags=["solution"]
def honest_score(tuning, other):
    chosen = max(tuning, key=lambda name: np.mean(tuning[name]))
    return np.mean(other[chosen])


your_agent.honest_score(honest_score)

# %% [markdown]
# ## What you have seen
#
# - An agent of your own is a copy with a changed line, and a question is a study file.
# - Change one thing at a time, and let both sides have the same seeds, steps and tries.
# - The best of several equal configurations looks better than it is. More tries make it worse.
# - Choose on some seeds, and report others.
#
# Next: [lesson 11](11_more_machines.ipynb), where one machine is not enough, and where you check
# what a stranger has reported.
