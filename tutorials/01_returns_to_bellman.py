# %% [markdown]
# # From returns to Bellman
#
# Lesson 0 compared agents by their returns. This lesson shows what an agent learns in order to
# raise its return. The task is so small that the right answer is known exactly. So each method is
# checked against the truth, and not only against another method.

# %%
try:
    from tfrl.tutorials import begin, draw_maze, maze_table, say
except ModuleNotFoundError:
    raise SystemExit("tfrl is missing: run `make tutorial 01` in a clone of the project") from None

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

begin()

# %% [markdown]
# ## A return by hand
#
# An agent acts in steps. In each step it sees a *state*, such as its place in a maze, and chooses
# an *action*, such as a move. The environment answers with a *reward*, a number, and with the next
# state. Here are the rewards of an episode of three steps.

# %%
rewards = [1.0, 0.0, 2.0]
gamma = 0.5

# %% [markdown]
# The return adds them up. Often a reward counts less the later it comes: each step of waiting
# multiplies it by the *discount factor* $\gamma$, which is not above one. The return of step $t$ is
#
# $$G_t = r_t + \gamma r_{t+1} + \gamma^2 r_{t+2} + \dots$$
#
# Here $r_t$ is the reward that the action of step $t$ brings. Some books call it $r_{t+1}$.
#
# > **Guess first.** What is the return of the first step? The numbers are small enough to do it in
# > your head.

# %%
by_hand = pd.DataFrame({"reward": rewards}, index=pd.Index(range(3), name="step"))
by_hand["discount"] = gamma**by_hand.index
by_hand["product"] = by_hand["reward"] * by_hand["discount"]
by_hand

# %%
say(
    f"""
The products add up to {by_hand["product"].sum()}. That is the return of step {by_hand.index[0]}.
"""
)

# %% [markdown]
# There is a shorter way. What follows the first reward in $G_t$ is $\gamma$ times the return of the
# next step:
#
# $$G_t = r_t + \gamma G_{t+1}$$
#
# So we begin at the end, where nothing follows, and go backwards. Each line below is one addition.

# %%
following = 0.0
for step in reversed(range(3)):
    total = rewards[step] + gamma * following
    print(f"G{step} = {rewards[step]} + {gamma} * {following} = {total}")
    following = total

# %% [markdown]
# A common mistake is to discount from the start of the episode in every step. The return of a step
# begins with the reward of that step, and this reward is never discounted.
#
# The short formula is the most important one of this lesson. Everything below is made of it.
#
# ## Exercise: all returns of an episode
#
# Write a function that returns the list of $G_0, G_1, \dots$ for a list of rewards.


# %% tags=["exercise"]
def discounted_returns(rewards, gamma):
    # Begin with the last reward. returns.insert(0, x) puts x in front of a list.
    ...


# %%
from tfrl.tutorials.checks import returns_to_bellman

returns_to_bellman.discounted_returns(discounted_returns)


# %% tags=["solution"]
def discounted_returns(rewards, gamma):
    returns, following = [], 0.0
    for reward in reversed(rewards):
        following = reward + gamma * following
        returns.insert(0, following)
    return returns


returns_to_bellman.discounted_returns(discounted_returns)

# %% [markdown]
# ## How far an agent looks
#
# The discount factor sets how far ahead an agent looks. Two common values look almost the same:
# `0.9` and `0.99`. With `1` nothing is discounted.
#
# > **Guess first.** After how many steps of waiting is a reward worth half? Guess for both.

# %%
factors = [0.9, 0.99, 1.0]
waiting = np.arange(101)
half_lives = {factor: np.log(0.5) / np.log(factor) for factor in factors if factor < 1}

figure, axes = plt.subplots()
for factor in factors:
    axes.plot(waiting, factor**waiting, label=f"γ = {factor}")
axes.set(
    title="What a reward of 1 is worth",
    xlabel="steps until it comes",
    ylabel="worth",
    ylim=(0, 1.05),
)
axes.legend(loc="upper right", bbox_to_anchor=(1, 0.93), ncols=3)
plt.show()

# %%
say(
    f"""
With a discount factor of {factors[0]}, a reward is worth half after {half_lives[0.9]:.1f} steps.
With {factors[1]} it takes {half_lives[0.99]:.1f} steps. So the agent looks
{half_lives[0.99] / half_lives[0.9]:.0f} times as far.
"""
)

# %% [markdown]
# ## A maze with a known answer
#
# The project has mazes. We take one of them. The agent starts at S and moves up, right, down or
# left. A move into a wall or off the board leaves it where it is. Reaching G brings a reward of `1`
# and ends the episode. All other rewards are `0`.
#
# The states are the open squares other than G. `maze_table` has asked the environment what each
# action does in each of them. So all that can happen is in three tables, with a row for each square
# and a column for each action, in the order up, right, down, left. Squares are numbered row by row
# from the top left, beginning with `0`. The print shows the row of S: up and right leave the agent
# on S itself.

# %%
GAMMA = 0.9
maze = maze_table(level=31)
start, goal = int(maze.maze.agent), int(maze.maze.goal)
for name in ("next_state", "reward", "terminal"):
    print(f"from S: {name} {getattr(maze, name)[start]}")

figure, axes = plt.subplots(figsize=(3.6, 3.8))
draw_maze(axes, maze.maze)
axes.set_title("The maze")
plt.show()

# %% [markdown]
# An agent that always knows a shortest path gets its reward as early as possible. Its return is
# the most that is possible from a state. We call it $V^*(s)$, the best *value* of the state $s$. A
# path of $d$ steps brings the reward with its last step, so $V^*(s) = \gamma^{d-1}$. The code has
# $d$ in `maze.distance`.
#
# > **Guess first.** S and G are two moves apart in the picture, with a wall between them. Is the
# > value of S one of the highest or one of the lowest?

# %%
best_values = np.where(maze.distance > 0, GAMMA ** (maze.distance - 1), 0.0)

figure, axes = plt.subplots(figsize=(3.8, 4.0))
draw_maze(axes, maze.maze, np.where(maze.distance >= 0, best_values, np.nan))
axes.set_title(f"Best values, γ = {GAMMA}")
plt.show()

# %%
lower = int((best_values[maze.states] < best_values[start]).sum())

# %%
say(
    f"""
From S the goal is {maze.distance[start]:.0f} steps away. Its value is {best_values[start]:.3f}. Of
the {len(maze.states)} states, {lower} have a lower value. What counts is the way that the agent has
to go, not the distance in the picture.
"""
)

# %% [markdown]
# A common mistake is to discount once too often. Next to the goal the value is exactly $1$: the
# reward comes with the next step, and is not discounted.
#
# ## Bellman's equation
#
# The formula of the return says: now, plus $\gamma$ times what follows. The same holds for values.
# Take the best action now, and go on in the best way:
#
# $$V^*(s) = \max_a \left[ r(s, a) + \gamma V^*(s') \right]$$
#
# Here $r(s, a)$ is the reward of action $a$, and $s'$ is the state that it leads to. Where the
# episode ends, nothing follows, and $V^*(s')$ counts as $0$. This is the *Bellman equation*. It turns
# a question about whole episodes into one about single steps.
#
# The next function computes the right-hand side, for all states at once.

# %%
# Walls and the goal are no states: their value stays at zero.
acts = np.isin(np.arange(len(best_values)), maze.states)


def sweep(values, over_actions=np.max):
    # A row for each square, a column for each action. Further below, np.mean replaces np.max.
    following = np.where(maze.terminal, 0.0, values[maze.next_state])
    return np.where(acts, over_actions(maze.reward + GAMMA * following, axis=1), 0.0)


difference = np.abs(sweep(best_values) - best_values).max()

# %%
say(
    f"""
We put the exact values in on the right, and the exact values come out. The largest difference is
{difference:.0e}, which is rounding.
"""
)

# %% [markdown]
# ## Exercise: one state, one backup
#
# Compute the right-hand side for one state. This is called a backup. For each action you get its
# reward, the value of the state that it leads to, and whether the episode ends there.


# %% tags=["exercise"]
def backup(rewards, next_values, ends, gamma):
    # rewards, next_values and ends are lists with one entry for each action.
    ...


# %%
returns_to_bellman.backup(backup)


# %% tags=["solution"]
def backup(rewards, next_values, ends, gamma):
    return max(
        reward + (0.0 if end else gamma * value)
        for reward, value, end in zip(rewards, next_values, ends, strict=True)
    )


returns_to_bellman.backup(backup)

# %% [markdown]
# ## Value iteration
#
# What if the values are not known? Bellman's equation can find them. Start with zeros everywhere,
# and apply the right-hand side again and again. This is *value iteration*, and one application to
# all states is a sweep.
#
# > **Guess first.** How many states have a value above zero after the first sweep? After how many
# > sweeps are all values exact?

# %%
history = [np.zeros_like(best_values)]
for _ in range(20):
    history.append(sweep(history[-1]))

figure, grid = plt.subplots(2, 2, figsize=(5.2, 5.6))
for axes, number in zip(grid.flat, (1, 4, 8, 16), strict=True):
    draw_maze(axes, maze.maze, np.where(maze.distance >= 0, history[number], np.nan), numbers=False)
    axes.set_title(f"sweep {number}")
plt.show()

# %%
above_zero = int((history[1] > 0).sum())
errors = [np.abs(values - best_values).max() for values in history]
exact_after = int(np.argmax(np.array(errors) < 1e-12))

# %%
say(
    f"""
After the first sweep, {above_zero} state has a value above zero. Each sweep carries the reward one
step further from the goal. After {exact_after} sweeps all values are exact, because no state is
further away than {np.nanmax(maze.distance):.0f} steps.
"""
)

# %% [markdown]
# A theorem says how fast the error falls in any task with $\gamma < 1$: each sweep multiplies the
# largest error by $\gamma$ at most. Here it begins at $1$, so the limit is $\gamma^k$ after $k$
# sweeps. The figure shows the measured error and this limit.

# %%
limit = GAMMA ** np.arange(len(errors))
figure, axes = plt.subplots()
axes.plot(limit, color="#cccccc", linewidth=6, label="limit")
axes.plot(errors, "o-", color="#0072B2", markersize=4, label="measured")
axes.set(
    title="Value iteration: largest error after each sweep",
    xlabel="sweep",
    ylabel="largest |V − V*|",
    xticks=range(0, len(errors), 4),
)
axes.legend()
plt.show()

# %%
within = all(error <= GAMMA**k + 1e-12 for k, error in enumerate(errors))
tight = sum(abs(error - GAMMA**k) < 1e-9 for k, error in enumerate(errors))

# %%
say(
    f"""
The error is within the limit in {"every sweep" if within else "not every sweep"}. In {tight} of
{len(errors)} points it is exactly at the limit.
"""
)

# %% [markdown]
# Why exactly? After $k$ sweeps, the largest error is at the squares that the reward reaches next.
# Their value is $\gamma^k$, and the table still holds zero there. When the reward has reached all
# squares, what is left is rounding.
#
# ## A value belongs to a policy
#
# A *policy* says how an agent acts: which action it takes in which state, or with which
# probability. A common mistake is to speak of the value of a state without naming the policy. The
# value is a mean return, and the return depends on how the agent goes on.
#
# Take a policy that moves at random, with the same probability for each action. Its equation has the
# mean over the actions in the place of the maximum. The rest is the same, so we sweep as before.
#
# > **Guess first.** The agent stands two steps from the goal and moves at random. How much of the
# > best value is left?

# %%
random_values = np.zeros_like(best_values)
for _ in range(500):
    random_values = sweep(random_values, over_actions=np.mean)
near = int(np.flatnonzero(maze.distance == 2)[0])  # the square two steps from the goal


# %% [markdown]
# The sweeps give a value. Is it really a mean of returns? We can test it. The next cell plays random
# episodes from that square, and takes the mean of their returns. It does so for each of several
# seeds.


# %%
def random_return(rng):
    state, worth = near, 1.0
    while True:
        action = rng.integers(4)
        if maze.terminal[state, action]:
            return worth * maze.reward[state, action]
        state, worth = maze.next_state[state, action], worth * GAMMA


SEEDS, EPISODES = range(10), 400
generators = [np.random.default_rng(seed) for seed in SEEDS]
means = [np.mean([random_return(rng) for _ in range(EPISODES)]) for rng in generators]

# %%
figure, axes = plt.subplots(figsize=(7.2, 1.9))
axes.plot(means, np.zeros(len(means)), "o", color="#E69F00", alpha=0.7, label="a seed")
axes.axvline(random_values[near], color="#0072B2", label="Bellman's equation")
axes.set(
    title="Value of the random policy, two steps from the goal",
    xlabel=f"mean return of {EPISODES} episodes",
    yticks=[],
    ylim=(-1, 1),
)
axes.legend(loc="upper right", ncols=2)
plt.show()

# %%
say(
    f"""
The equation gives {random_values[near]:.3f}. The means of {len(means)} seeds are between
{min(means):.3f} and {max(means):.3f}. They lie on both sides of the equation's value, and do not
contradict it. Of the best value, {best_values[near]:.1f}, the random policy keeps
{random_values[near] / best_values[near]:.0%}.
"""
)

# %% [markdown]
# ## Q-learning: when the tables are not known
#
# Value iteration reads the tables: it knows where each action leads. An agent does not. It has to
# try, and it sees one step at a time.
#
# For this, values of states are not enough. To choose an action from them, you have to know where it
# leads. So *Q-learning* keeps a number for each state and action: its estimate of the *action value*
# $Q^*(s, a)$. That is the return if you take $a$ now, and act in the best way afterwards. Its
# Bellman equation is
#
# $$Q^*(s, a) = r(s, a) + \gamma \max_{a'} Q^*(s', a')$$
#
# where $a'$ runs through the actions in $s'$. The agent does not know $Q^*$, so it puts its own
# estimates $Q$ on both sides. It takes a step and compares the sides. The right-hand side is the
# *target*. The target minus $Q(s, a)$ is the *temporal-difference error* $\delta$:
#
# $$\delta = r + \gamma \max_{a'} Q(s', a') - Q(s, a)$$
#
# The agent moves $Q(s, a)$ by a part $\alpha$ of that error. This part is the learning rate:
#
# $$Q(s, a) \leftarrow Q(s, a) + \alpha \delta$$
#
# One update by hand: the agent has moved, without a reward, into a state with these four values.

# %%
q, reward, next_q, alpha = 0.2, 0.0, [0.1, 0.6, 0.0, 0.3], 0.5
target = reward + GAMMA * max(next_q)
print(f"target    {reward} + {GAMMA} * {max(next_q)} = {target:.2f}")
print(f"error     {target:.2f} - {q} = {target - q:.2f}")
print(f"new value {q} + {alpha} * {target - q:.2f} = {q + alpha * (target - q):.2f}")


# %% [markdown]
# ## Exercise: the update
#
# Write this update as a function. Mind the end of an episode: nothing follows it.


# %% tags=["exercise"]
def updated(q, reward, next_q, ends, alpha, gamma):
    # next_q is the list of Q(s', a') for all actions a'. Return the new value of q.
    ...


# %%
returns_to_bellman.updated(updated)


# %% tags=["solution"]
def updated(q, reward, next_q, ends, alpha, gamma):
    target = reward if ends else reward + gamma * max(next_q)
    return q + alpha * (target - q)


returns_to_bellman.updated(updated)

# %% [markdown]
# ## Does it find the truth?
#
# The exact action values follow from the exact values. So we can plot the error of Q-learning after
# any number of steps.
#
# The agent must try everything. With a probability `epsilon` it acts at random, else it takes the
# action of the highest Q. This is called *epsilon-greedy*. At first all Q are equal, so ties are
# broken at random.

# %%
best_q = maze.reward + GAMMA * np.where(maze.terminal, 0.0, best_values[maze.next_state])


def choose(values, epsilon, rng):
    if rng.random() < epsilon:
        return rng.integers(4)
    return np.argmax((values == values.max()) * rng.random(4))


# %% [markdown]
# An episode begins in one of the squares `starts`, and ends at the goal. Two settings are for later:
# with `slip` a move goes in a random direction now and then, and with `alpha="1/n"` the learning
# rate falls.

# %%
STEPS, EVERY = 30_000, 500


def q_learning(seed, starts, epsilon, alpha=0.5, slip=0.0, truth=best_q):
    rng = np.random.default_rng(seed)
    q, visits, errors = np.zeros_like(truth), np.zeros_like(truth), []
    state = rng.choice(starts)
    for step in range(STEPS + 1):
        if step % EVERY == 0:  # note the largest error of any state and action
            errors.append(np.abs(q - truth)[maze.states].max())
        action = choose(q[state], epsilon, rng)
        moved = choose(q[state], 1.0, rng) if rng.random() < slip else action
        next_state, ends = maze.next_state[state, moved], maze.terminal[state, moved]
        target = maze.reward[state, moved] + (0.0 if ends else GAMMA * q[next_state].max())
        visits[state, action] += 1
        rate = 1 / visits[state, action] if alpha == "1/n" else alpha
        q[state, action] += rate * (target - q[state, action])  # as in the exercise
        state = rng.choice(starts) if ends else next_state
    return errors, q


# %% [markdown]
# We let the agent act completely at random (`epsilon=1`), from random squares.
#
# > **Guess first.** Its behaviour is bad and stays bad. Does Q come close to the best values, or to
# > the values of the random policy, which are much lower?


# %%
def over_seeds(*settings, **more):
    runs = [q_learning(seed, *settings, **more) for seed in SEEDS]
    return [np.array(part) for part in zip(*runs, strict=True)]


random_errors, _ = over_seeds(maze.states, 1.0)
steps = np.arange(0, STEPS + 1, EVERY)

figure, axes = plt.subplots()
axes.semilogy(steps, random_errors.T, color="#009E73", linewidth=0.9, alpha=0.8)
axes.set(
    title="Q-learning that acts at random: every seed",
    xlabel="steps",
    ylabel="largest |Q − Q*|",
)
plt.show()

# %%
worst = random_errors[:, -1].max()

# %%
say(
    f"""
After {STEPS:,} steps the largest error of any state, action and seed is {worst:.0e}. Q-learning has
{"found" if worst < 0.01 else "not found"} the best values, although it always acted at random.
"""
)

# %% [markdown]
# Why the best values, and not those of the random policy? The target has the maximum of the next Q,
# not the Q of the action that comes next. So Q-learning learns about the best policy while it follows
# another one. Such a method is *off-policy*. It has to try every action in every state, again and
# again, but it need not act well.
#
# ## A table that is wrong, and good enough
#
# Now the agent acts by its Q most of the time (`epsilon=0.1`), and every episode begins at S.
#
# > **Guess first.** Is its error smaller or larger than that of the random agent? Does it find a
# > shortest path?

# %%
greedy_errors, greedy_q = over_seeds([start], 0.1)


def path(q):
    squares = [start]
    while squares[-1] != goal and len(squares) <= 100:
        squares.append(maze.next_state[squares[-1], q[squares[-1]].argmax()])
    return squares


paths = [path(q) for q in greedy_q]

# %%
figure, axes = plt.subplots()
for name, part, colour in (
    ("acts at random, from anywhere", random_errors, "#009E73"),
    ("epsilon-greedy, from S", greedy_errors, "#CC79A7"),
):
    axes.semilogy(steps, part.T, color=colour, linewidth=0.9, alpha=0.8)
    axes.plot([], [], color=colour, label=name)
axes.set(title="Two ways to act and start: every seed", xlabel="steps", ylabel="largest |Q − Q*|")
axes.legend(loc="lower left")
plt.show()

# %%
shortest = sum(len(squares) - 1 == maze.distance[start] for squares in paths)
low, high = greedy_errors[:, -1].min(), greedy_errors[:, -1].max()
on_path = max(
    np.abs(q[squares].max(axis=1) - best_values[squares]).max()
    for q, squares in zip(greedy_q, paths, strict=True)
)

# %%
say(
    f"""
Of {len(paths)} agents, {shortest} know a shortest path from S. Yet the largest errors of their
tables are between {low:.2f} and {high:.2f}. On the paths themselves, the highest Q of a square is
wrong by {on_path:.0e} at most. The large errors are at other squares or other actions.
"""
)

# %% [markdown]
# A common mistake is to take good behaviour for a right table. An agent can act well with large
# errors of Q. In turn, a Q that is right where the agent goes says nothing about the rest. Lesson 8
# puts agents where they have not been.
#
# This agent differs from the random one in two ways: how it acts, and where it starts. The figure
# cannot tell which of them makes its errors large.
#
# ## Which learning rate?
#
# Textbooks prove that Q-learning converges if its learning rate falls in the right way, and if it
# goes on trying everything. The usual example is $1/n$: the n-th visit to a state and action moves Q
# by a part $1/n$. Then Q is the mean of all targets so far. We compare it with two constant rates.
# With a rate of one, Q is the last target.
#
# We do it in two mazes: this one, and a slippery one. In the slippery one, a move goes in a
# random direction with a probability of `SLIP`. To find its exact values, we take the mean over
# where a move may end, and sweep again.

# %%
SLIP = 0.2
slippery_q = np.zeros_like(best_q)
for _ in range(500):
    values = np.where(acts, slippery_q.max(axis=1), 0.0)
    as_meant = maze.reward + GAMMA * np.where(maze.terminal, 0.0, values[maze.next_state])
    slippery_q = (1 - SLIP) * as_meant + SLIP * as_meant.mean(axis=1, keepdims=True)

# %% [markdown]
# > **Guess first.** Which rate is best in the first maze, and which in the slippery one?

# %%
rates = {1.0: "#0072B2", 0.5: "#009E73", "1/n": "#E69F00"}
mazes = {"No chance": (0.0, best_q), f"Slips with {SLIP:.0%}": (SLIP, slippery_q)}
by_rate = {
    (name, rate): over_seeds(maze.states, 1.0, rate, slip, truth)[0]
    for name, (slip, truth) in mazes.items()
    for rate in rates
}

# %%
figure, rows = plt.subplots(2, 1, figsize=(7.2, 5.6), sharex=True)
for axes, name in zip(rows, mazes, strict=True):
    for rate, colour in rates.items():
        axes.semilogy(steps, by_rate[name, rate].T, color=colour, linewidth=0.8, alpha=0.7)
        axes.plot([], [], color=colour, label=f"α = {rate}")
    axes.set(title=f"{name}: every seed", ylabel="largest |Q − Q*|")
rows[0].legend(loc="lower center", bbox_to_anchor=(0.48, 0.1))
rows[1].set(xlabel="steps")
plt.show()

# %%
ends = {key: part[:, -1] for key, part in by_rate.items()}
summary = {key: np.quantile(part, [0, 0.5, 1]) for key, part in ends.items()}
table = pd.DataFrame(summary, index=["least", "median", "largest"]).T.map("{:.1g}".format)
table.index.names = ["maze", "α"]
table

# %% [markdown]
# These are the errors at the end, over all seeds. Is the order of two rates sure? A seed makes the
# same moves with every rate, so we compare two rates seed by seed. We ask three questions, so each
# interval is a little wider: lesson 2 says why.

# %%
from tfrl.analysis import sign_test


def smaller(name, one, other):
    differences = sign_test.Differences.within(ends[name, other] - ends[name, one])
    low, high = differences.share_interval(1 - sign_test.ALPHA / 3)
    sure = "The seeds can tell." if low > 0.5 or high < 0.5 else "The seeds cannot tell."
    share = f"{differences.share:.0%} of the seeds ({low:.0%} to {high:.0%})"
    return f"α = {one} ends nearer to the truth than α = {other} in {share}. {sure}"


# %%
say(
    f"""
- Without chance, {smaller("No chance", 1.0, 0.5)}
- In the slippery maze, {smaller(f"Slips with {SLIP:.0%}", 0.5, 1.0)}
- In the slippery maze, {smaller(f"Slips with {SLIP:.0%}", 0.5, "1/n")}
"""
)

# %% [markdown]
# Without chance, an action always leads to the same square, so a target has no noise. A rate of one
# loses nothing then. Where moves slip, each target is a draw. A constant rate keeps following the
# last draws, so its error stops falling.
#
# The rate $1/n$ averages these draws. But its mean also holds the first targets, which came from a
# table of zeros, and it forgets them slowly. A theorem about the limit does not say
# how an agent does within your budget. You have to measure that.
#
# ## What you have seen
#
# - A return is the reward now plus $\gamma$ times the return that follows. Bellman's equation says
#   the same of values, and repeating it finds them.
# - A value belongs to a state and a policy.
# - Q-learning learns from single steps, and about the best policy while it follows another. It has
#   to try everything often enough.
# - An agent can act well with a table that is wrong where it does not go.
#
# Next: [lesson 2](02_dqn.ipynb), where a network takes the place of the table.
