"""Plausible wrong answers to each exercise, with a part of the hint that each has to get.

By lesson and name of the check; a check of several arguments has them as a tuple.
"""

import math
from itertools import pairwise
from statistics import fmean

import numpy as np
from scipy.special import softmax


def returns_from(rewards, gamma):
    """The return of each step."""
    return [
        sum(gamma**k * reward for k, reward in enumerate(rewards[step:]))
        for step in range(len(rewards))
    ]


def backups(rewards, values, ends, gamma):
    """Of each action, its reward and the discounted value that follows."""
    return [
        reward + (0.0 if end else gamma * value)
        for reward, value, end in zip(rewards, values, ends, strict=True)
    ]


def taken(q, actions):
    """Q of the action that was taken, in each row."""
    return q[np.arange(len(q)), actions]


def normalized(advantages):
    """Advantages with mean 0 and deviation 1."""
    return (np.array(advantages) - np.mean(advantages)) / np.std(advantages)


def best(scores, by=fmean):
    """The configuration whose scores are best."""
    return max(scores, key=lambda name: by(scores[name]))


STUDY = """
title = "Epochs"
seeds = "10-19"
steps = 20_000
evaluation = {every = 2_000, episodes = 20}
environments = {cartpole = "CartPole-v1"}

[configurations.optimist]
pipeline = "optimist:OptimistPipeline"

[configurations.few]
pipeline = "optimist:OptimistPipeline"
num_epochs = 5
"""


def slopes(logits, action):
    """The derivative of the log-probability of an action by each logit."""
    return np.eye(len(logits))[action] - softmax(logits)


def summed(logits, actions, weights):
    """The sum over steps of a weight times that derivative."""
    return sum(weight * slopes(logits, a) for weight, a in zip(weights, actions, strict=False))


def draws(scores, picks, statistic, tail=0.025, axis=1):
    """The ends of a bootstrap interval."""
    return np.quantile(statistic(scores[picks], axis=axis), [tail, 1 - tail])


def tail_of(wins, n):
    """How likely a coin shows at least so many heads."""
    return sum(math.comb(n, i) for i in range(wins, n + 1)) / 2**n


def kaplan_meier(times, solved, running=lambda t, now: (t >= now).sum(), events=None):
    """The share of runs that solved it in the end; `running` counts those at risk."""
    times, solved, left = np.array(times), np.array(solved), 1.0
    counted = solved if events is None else np.array(events(times, solved))
    for time in np.unique(times[counted]):
        left *= 1 - (times[counted] == time).sum() / max(running(times, time), 1)
    return 1 - left


def discounted(rewards, gamma, first=0):
    """The sum of rewards, each discounted once more than the one before it."""
    return sum(gamma ** (k + first) * reward for k, reward in enumerate(rewards))


def divergence(p, q):
    """The KL divergence of q from p."""
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def clip(ratio, epsilon):
    """The ratio within the range of PPO."""
    return min(max(ratio, 1 - epsilon), 1 + epsilon)


def one_later_error(rewards, values, ends, gamma, lam):
    """GAE without the recursion: each error plus the next one."""
    errors = gae(rewards, values, ends, gamma, 0.0)
    return [
        error + gamma * lam * (1 - end) * following
        for error, end, following in zip(errors, ends, [*errors[1:], 0.0], strict=True)
    ]


def gae(rewards, values, ends, gamma, lam, masks_value=True, masks_next=True):
    """Generalized advantage estimation, unless a mask of ended episodes is left out."""
    result, following = [], 0.0
    for t in reversed(range(len(rewards))):
        of_value = 0.0 if ends[t] and masks_value else gamma
        of_next = 0.0 if ends[t] and masks_next else gamma
        following = rewards[t] + of_value * values[t + 1] - values[t] + of_next * lam * following
        result.insert(0, following)
    return result


WRONG = {
    "first_look": {
        "probability_of_improvement": [
            (lambda a, b: sum(x < y for x in a for y in b) / (len(a) * len(b)), "swap"),
            (lambda a, b: sum(x > y for x in a for y in b), "Divide"),
            (lambda a, b: sum(x >= y for x in a for y in b) / (len(a) * len(b)), "one half"),
            (lambda a, b: sum(x > y for x in a for y in b) / (len(a) * len(b)), "one half"),
            (lambda a, b: float(fmean(a) > fmean(b)) + 0.5 * (fmean(a) == fmean(b)), "means"),
            (lambda a, b: print(), "a value is returned"),
            (lambda a, b: a.wins(b), "AttributeError"),
        ],
    },
    "returns_to_bellman": {
        "discounted_returns": [
            (lambda r, g: sum(g**t * x for t, x in enumerate(r)), "a list"),
            (lambda r, g: [sum(g**t * x for t, x in enumerate(r))], "Three rewards"),
            (lambda r, g: returns_from(r, g)[::-1], "wrong order"),
            (lambda r, g: [sum(r[i:]) for i in range(len(r))], "Nothing is discounted"),
            (
                lambda r, g: [sum(g**t * x for t, x in enumerate(r[: i + 1])) for i in range(3)],
                "still to come",
            ),
            (
                lambda r, g: [sum(g**t * r[t] for t in range(i, len(r))) for i in range(len(r))],
                "not from the start",
            ),
            (lambda r, g: [g * x for x in returns_from(r, g)], "only what follows it"),
            (lambda r, g: [x + g * y for x, y in zip(r, [*r[1:], 0], strict=True)], "whole return"),
            (lambda r, g: [1.5, 1.0, 2.0], "gamma = 0 every"),
        ],
        "backup": [
            (lambda r, v, e, g: fmean(backups(r, v, e, g)), "mean"),
            (lambda r, v, e, g: backups(r, v, e, g).index(max(backups(r, v, e, g))), "its number"),
            (lambda r, v, e, g: max(backups(r, v, e, 1.0)), "discounted"),
            (lambda r, v, e, g: max(r) + g * max(v), "best sum"),
            (lambda r, v, e, g: max(backups(r, v, [False] * len(r), g)), "counts as 0"),
            (lambda r, v, e, g: max(0.0, *backups(r, v, e, g)), "negative"),
            (lambda r, v, e, g: max(backups(r[:2], v[:2], e[:2], g)), "more than two"),
            (lambda r, v, e, g: max(g * (x + y) for x, y in zip(r, v, strict=True)), "max(5, 3)"),
            (lambda r, v, e, g: backups(r, v, e, g), "Expected a number"),
        ],
        "updated": [
            (lambda q, r, n, e, a, g: a * q + (1 - a) * (r + g * max(n)), "1 - alpha"),
            (lambda q, r, n, e, a, g: q + a * (r + g * max(n)), "part of the error"),
            (lambda q, r, n, e, a, g: q - a * (r + g * max(n) - q), "sign"),
            (lambda q, r, n, e, a, g: q + a * (r + g * fmean(n) - q), "mean"),
            (lambda q, r, n, e, a, g: q + a * (r + max(n) - q), "discounted by gamma"),
            (lambda q, r, n, e, a, g: r + g * max(n), "part alpha"),
            (lambda q, r, n, e, a, g: q + a * (r + g * max(n) - q), "reward alone"),
            (
                lambda q, r, n, e, a, g: q + a * (r + (0 if e else g * max(0, *n)) - q),
                "can be negative",
            ),
            (lambda q, r, n, e, a, g: q + a * (g * max(n) - q), "begins with the reward"),
            (lambda q, r, n, e, a, g: q + a * g * max(n), "the new value 3.75"),
        ],
    },
    "dqn": {
        "usable": [
            (lambda kinds: list(range(len(kinds) - 1)), "leave it out"),
            (
                lambda kinds: [t for t in range(len(kinds) - 1) if kinds[t + 1] != "LAST"],
                "has the end in it",
            ),
            (lambda kinds: [t for t, kind in enumerate(kinds) if kind != "LAST"], "no next frame"),
            (
                lambda kinds: [
                    t for t in range(len(kinds) - 1) if "LAST" not in (kinds[t], kinds[t + 1])
                ],
                "One that ends in it counts",
            ),
            (lambda kinds: [t for t, kind in enumerate(kinds) if kind == "MID"][:-1], "keep it"),
            (lambda kinds: [kind != "LAST" for kind in kinds], "positions themselves"),
            (lambda kinds: [kind for kind in kinds[:-1] if kind != "LAST"], "not the step types"),
            (lambda kinds: len(kinds) - 2, "a list of positions"),
            (lambda kinds: [0, 1, 3], "there is one pair"),
            (lambda kinds: [t for t in (0, 1, 3) if t < len(kinds) - 1], "a single step"),
        ],
        "targets": [
            (lambda r, d, q, g: r + g * q.max(axis=1), "its discount"),
            (lambda r, d, q, g: r + d * q.max(axis=1), "by gamma too"),
            (lambda r, d, q, g: r + g * d * q.mean(axis=1), "not the mean"),
            (lambda r, d, q, g: r + g * d * q.argmax(axis=1), "argmax"),
            (lambda r, d, q, g: g * d * q.max(axis=1), "begins with the reward"),
            (lambda r, d, q, g: g * d * (r + q.max(axis=1)), "itself is not discounted"),
            (lambda r, d, q, g: d * (r + g * q.max(axis=1)), "itself is not discounted"),
            (lambda r, d, q, g: r + g * d * q.max(), "of each row"),
            (lambda r, d, q, g: r[:, None] + g * d[:, None] * q, "axis=1"),
            (lambda r, d, q, g: r + g * d * np.maximum(q.max(axis=1), 0), "can be negative"),
            (lambda r, d, q, g: r + g * d * q[:, 0], "1 + 3"),
        ],
        "loss": [
            (lambda q, a, y: np.mean((y - q.max(axis=1)) ** 2), "highest Q"),
            (lambda q, a, y: np.mean((y[:, None] - q) ** 2), "others are left out"),
            (lambda q, a, y: np.mean((y - q[:, a]) ** 2), "whole columns"),
            (lambda q, a, y: np.sum((y - taken(q, a)) ** 2), "Divide by N"),
            (lambda q, a, y: np.mean(np.abs(y - taken(q, a))), "Square the errors"),
            (lambda q, a, y: np.mean(y - taken(q, a)) ** 2, "Square first"),
            (lambda q, a, y: np.mean((y - taken(q, a)) ** 2) / 2, "one half"),
            (lambda q, a, y: (y - taken(q, a)) ** 2, "one number"),
            (lambda q, a, y: np.mean((y - taken(q, [1, 0])) ** 2), "For other actions"),
        ],
    },
    "sample_efficiency": {
        "share_solved": [
            (lambda t, s: sum(s) / len(s), "plain share"),
            (lambda t, s: 1 - kaplan_meier(t, s), "Subtract it"),
            (lambda t, s: float(any(s)), "does not count as solved"),
            (
                lambda t, s: kaplan_meier(t, s, events=lambda t, s: t > 0),
                "does not count as solved",
            ),
            (
                lambda t, s: (
                    1
                    - np.prod(
                        [
                            1 - 1 / sum(x >= y for x in t)
                            for y in {x for x, z in zip(t, s, strict=True) if z}
                        ]
                    )
                ),
                "Count both",
            ),
            (lambda t, s: kaplan_meier(t, s, lambda t, now: len(t)), "0.792"),
            (lambda t, s: 19 / 24, "1 of 3"),
            (lambda t, s: {6: 19 / 24, 3: 1 / 3}.get(len(t), 0.5), "the share is 0"),
            (lambda t, s: "0.79", "Expected a number"),
            (lambda t, s: [0.5, 0.79], "Expected a number"),
        ],
        "double_target": [
            (lambda r, q, t, g: r + g * max(t), "Choose it by Q"),
            (lambda r, q, t, g: r + g * max(q), "Q itself"),
            (lambda r, q, t, g: r + g * q[int(np.argmax(t))], "turned round"),
            (lambda r, q, t, g: r + t[int(np.argmax(q))], "discounted by gamma"),
            (lambda r, q, t, g: g * t[int(np.argmax(q))], "Add the reward"),
            (lambda r, q, t, g: r + g * fmean(t), "Its target value is 2"),
            (lambda r, q, t, g: r + g * max(0.0, t[int(np.argmax(q))]), "can be negative"),
        ],
        "n_step_target": [
            (lambda r, d, q, g: discounted(r, g) + g ** (len(r) - 1) * q, "three times"),
            (lambda r, d, q, g: r[0] + g * d[0] * q, "one step"),
            (lambda r, d, q, g: sum(r) + g ** len(r) * q, "discounted too"),
            (lambda r, d, q, g: discounted(r, g), "the next state"),
            (lambda r, d, q, g: discounted(r, g) + q, "for each step"),
            (lambda r, d, q, g: discounted(r, g, 1) + g ** len(r) * q, "not discounted"),
            (lambda r, d, q, g: discounted(r[::-1], g) + g ** len(r) * q, "0.125 * 24"),
            (lambda r, d, q, g: discounted(r, g) + g ** len(r) * q, "says so"),
            (
                lambda r, d, q, g: discounted(r, g) + g ** len(r) * np.prod(d) * q,
                "later rewards",
            ),
            (
                lambda r, d, q, g: (
                    discounted(np.multiply(r, np.cumprod(d)), g) + g ** len(r) * np.prod(d) * q
                ),
                "that ends the episode counts",
            ),
            (
                lambda r, d, q, g: (
                    discounted(np.multiply(r, np.cumprod([1, *d[:-1]])), g)
                    + g ** len(r) * np.prod(d[:-1]) * q
                ),
                "is 0",
            ),
        ],
    },
    "your_agent": {
        "optimistic": [
            (lambda a: np.maximum(a, 0.0), "not normalized"),
            (lambda a: np.maximum(np.array(a) / np.std(a), 0.0), "Subtract the mean"),
            (lambda a: np.maximum(np.array(a) - np.mean(a), 0.0), "np.std"),
            (lambda a: np.abs(normalized(a)), "good news"),
            (lambda a: np.minimum(normalized(a), 0.0), "keeps the bad news"),
            (lambda a: [x for x in normalized(a) if x > 0], "as many numbers"),
            (lambda a: normalized(a), "A negative number is left"),
            (lambda a: normalized(np.maximum(a, 0.0)), "A negative number is left"),
            (lambda a: np.maximum(normalized(np.maximum(a, 0.0)), 0.0), "as they come"),
            (lambda a: np.sign(np.maximum(normalized(a), 0.0)), "0, 0, 0, 1.60"),
        ],
        "study": [
            (STUDY.replace('"10-19"', "..."), "Replace each"),
            (STUDY.replace("10-19", "0-9"), "were used above"),
            (STUDY.replace("10-19", "9-18"), "were used above"),
            (STUDY.replace("10-19", "10-20"), "yours are 11"),
            (STUDY.replace('"10-19"', "10-19"), "tfrl says: invalid TOML"),
            (STUDY.replace('"10-19"', "10"), "seeds must be"),
            (STUDY.replace("20_000", "40_000"), "another budget"),
            (STUDY.replace("configurations.few", "configurations.5"), "yours are optimist, 5"),
            (STUDY.replace("num_epochs", "epochs"), "is called"),
            (STUDY.replace("num_epochs = 5", ""), "is called"),
            (STUDY.replace("= 5", "= 10"), "have five"),
            (STUDY + "learning_rate = 1e-4", "Only the number of epochs"),
            (STUDY.replace("few]", "few]\nlearning_rate = 0.01"), "Only the number of epochs"),
            (
                STUDY.replace("optimist]", "optimist]\ngradient_clipping = 0.1", 1),
                "Only the number of epochs",
            ),
            (STUDY.replace("CartPole-v1", "Acrobot-v1"), "in another task"),
            (STUDY.replace("few]\npipeline = ", 'few]\npipeline = "ppo" # '), "Both are"),
            (10, "a text"),
        ],
        "honest_score": [
            (lambda t, o: fmean(o[best(o)]), "must not choose"),
            (lambda t, o: fmean(t[best(t)]), "chose it"),
            (lambda t, o: fmean(o[best(t, max)]), "their best seeds"),
            (lambda t, o: fmean(t[best(t)] + o[best(t)]), "out of the score"),
            (lambda t, o: fmean(o[min(t, key=lambda name: fmean(t[name]))]), "lowest mean"),
            (lambda t, o: best(t), "Return its score"),
            (lambda t, o: o[best(t)], "Return the mean"),
            (lambda t, o: max(o[best(t)]), "Return the mean"),
            (lambda t, o: 4.0, "Report what you find"),
        ],
    },
    "reinforce": {
        "log_probability_gradient": [
            (lambda logits, a: 1 - softmax(logits)[a], "one number"),
            (lambda logits, a: softmax(logits) - np.eye(len(logits))[a], "sign"),
            (lambda logits, a: 1 - softmax(logits), "go down"),
            (lambda logits, a: np.eye(len(logits))[a], "all actions"),
            (lambda logits, a: np.eye(len(logits))[a] / softmax(logits), "all actions"),
            (lambda logits, a: softmax(logits)[a] * slopes(logits, a), "Divide"),
            (lambda logits, a: np.eye(len(logits))[a] * (1 - softmax(logits)), "other logits"),
            (lambda logits, a: np.eye(len(logits))[a] - logits, "not the logits"),
            (lambda logits, a: slopes(logits, 0), "action 1"),
            (lambda logits, a: np.array([1.0, -1.0]) * (1 - softmax(logits)[a]), "action 1"),
            (lambda logits, a: slopes(logits, a)[:2], "more than two"),
        ],
        "episode_gradient": [
            (lambda logits, a, r, g: summed(logits, a, returns_from(r, g))[0], "one number"),
            (
                lambda logits, a, r, g: [
                    x * slopes(logits, b) for b, x in zip(a, returns_from(r, g), strict=True)
                ],
                "the sum has one entry",
            ),
            (lambda logits, a, r, g: summed(logits, a, r), "not with its reward"),
            (lambda logits, a, r, g: summed(logits, a, returns_from(r, 1.0)), "Discount"),
            (
                lambda logits, a, r, g: summed(logits, a, [returns_from(r, g)[0]] * len(a)),
                "has its own",
            ),
            (lambda logits, a, r, g: summed(logits, a, np.cumsum(r)), "came before"),
            (
                lambda logits, a, r, g: summed(logits, a, np.cumsum(r * g ** np.arange(len(r)))),
                "came before",
            ),
            (
                lambda logits, a, r, g: summed(
                    logits, a, g ** np.arange(len(r)) * returns_from(r, g)
                ),
                "from its own step",
            ),
            (
                lambda logits, a, r, g: summed(logits, a, returns_from(r, g)) / len(a),
                "without averaging",
            ),
            (lambda logits, a, r, g: -summed(logits, a, returns_from(r, g)), "sign"),
            (lambda logits, a, r, g: summed(logits, a[:2], returns_from(r, g)[:2]), "any number"),
        ],
        "leave_one_out": [
            (lambda x: x - x.mean(), "episode's own"),
            (lambda x: (x - x.mean()) / x.std(), "normalized"),
            (lambda x: (x.sum() - x) / (len(x) - 1), "Subtract them"),
            (lambda x: (x.sum() - x) / (len(x) - 1) - x, "sign"),
            (lambda x: x - (x.sum() - x), "not their sum"),
            (lambda x: x - (x.sum() - x) / len(x), "only len(returns) - 1"),
            (lambda x: (x - x.mean()).sum(), "an advantage for each"),
            (lambda x: x - (x.sum() - x) / 2, "any number"),
            (lambda x: x - np.median(x), "4, 3.5, 1.5"),
        ],
    },
    "seeds": {
        "p_value": [
            (lambda w, n: tail_of(max(w, n - w), n), "one side only"),
            (lambda w, n: 2 * math.comb(n, w) / 2**n, "not only exactly"),
            (lambda w, n: min(1.0, 2 * tail_of(max(w, n - w) + 1, n)), "check the range"),
            (lambda w, n: 2 * sum(math.comb(n, i) for i in range(w, n + 1)), "Divide"),
            (
                lambda w, n: min(1, 2 * sum(math.comb(n, i) for i in range(w + 1)) / 2**n),
                "not those with `wins` or fewer",
            ),
            (
                lambda w, n: 2 * sum(math.comb(n, i) for i in range(w + 1)) / 2**n,
                "not those with `wins` or fewer",
            ),
            (lambda w, n: min(1.0, 2 * tail_of(w, n)), "as uneven"),
            (lambda w, n: 2 * tail_of(max(w, n - w), n), "1 at most"),
            (lambda w, n: 2 * 0.5**n, "0.109"),
            (lambda w, n: str(w), "Expected a number"),
        ],
        "bootstrap_interval": [
            (lambda s, p: np.quantile(s, [0.025, 0.975]), "middle of the scores"),
            (lambda s, p: np.quantile(s[p], [0.025, 0.975]), "mean of each row"),
            (lambda s, p: draws(s, p, np.mean, axis=0), "axis=1"),
            (lambda s, p: draws(s, p, np.median), "median"),
            (lambda s, p: draws(p, np.arange(len(p)), np.mean), "positions"),
            (lambda s, p: draws(s, p, np.mean, tail=0), "not all of them"),
            (lambda s, p: draws(s, p, np.mean, tail=0.05), "on each side"),
            (lambda s, p: draws(s, p, np.mean)[::-1], "comes first"),
            (
                lambda s, p: s.mean() + np.array([-2, 2]) * s[p].mean(axis=1).std(),
                "No formula",
            ),
            (lambda s, p: s[p].mean(axis=1), "two numbers"),
        ],
        "standard_error": [
            (lambda r: r.mean(axis=1).std(ddof=1), "Divide by the root"),
            (lambda r: r.mean(axis=1).std() / len(r) ** 0.5, "ddof=1"),
            (lambda r: r.std(ddof=1) / r.size**0.5, "average first"),
            (lambda r: r.std() / r.size**0.5, "average first"),
            (lambda r: r.mean(axis=1).std(ddof=1) / r.size**0.5, "not of episodes"),
            (lambda r: (r.std(axis=1, ddof=1) / r.shape[1] ** 0.5).mean(), "do the seeds differ"),
            (lambda r: r.mean(axis=1).std(ddof=1) / len(r), "root of the number"),
            (lambda r: r.mean(axis=0).std(ddof=1) / r.shape[1] ** 0.5, "A row is a seed"),
            (lambda r: r.mean(axis=1), "Expected a number"),
        ],
    },
    "instability": {
        "drawdown": [
            (lambda r: max(r) - min(r), "no fall"),
            (lambda r: max(r) - r[-1], "come back"),
            (lambda r: min(x - max(r[: i + 1]) for i, x in enumerate(r)), "positive number"),
            (lambda r: max(0.0, *(x - y for x, y in pairwise(r))), "just before"),
            (lambda r: max(r) - min(r[r.index(max(r)) :]), "highest peak"),
            (lambda r: max(max([0.0, *r[: i + 1]]) - x for i, x in enumerate(r)), "negative"),
            (lambda r: [max(r[: i + 1]) - x for i, x in enumerate(r)], "alone"),
            (lambda r: max(max(r[:i]) - x for i, x in enumerate(r) if i), "only rises"),
        ],
        "has_forgotten": [
            (lambda r, t, low: r[-1] < low, "nothing to forget"),
            (lambda r, t, low: max(r) >= t, "came back"),
            (lambda r, t, low: max(r) >= t and min(r[r.index(max(r)) :]) < low, "came back"),
            (lambda r, t, low: max(r) >= t and r[-1] < t, "limit of 384"),
            (lambda r, t, low: max(r) > t and r[-1] < low, "exactly"),
            (lambda r, t, low: max(r) >= t and r[-1] < max(r), "below the limit"),
            (lambda r, t, low: not (max(r) >= t and r[-1] < low), "it forgot"),
        ],
        "score_of_best": [
            (lambda c, j: max(c), "with its luck"),
            (lambda c, j: max(j), "judge choose"),
            (lambda c, j: j[-1], "last checkpoint"),
            (lambda c, j: c.index(max(c)), "not its number"),
            (lambda c, j: (max(c) + j[c.index(max(c))]) / 2, "half of the luck"),
            (lambda c, j: j[1], "first checkpoint"),
            (lambda c, j: fmean(j[i] for i in range(len(c)) if c[i] >= 150), "in the middle"),
        ],
    },
    "more_machines": {
        "wall_time": [
            (lambda n, c, s: n * s / c, "cannot be divided"),
            (lambda n, c, s: n * s, "on one core"),
            (lambda n, c, s: n // c * s, "second round"),
            (lambda n, c, s: -(-n // c), "number of rounds"),
            (lambda n, c, s: (n // c + 1) * s, "no core is idle"),
            (lambda n, c, s: max(2, -(-n // c)) * s, "one round is enough"),
            (lambda n, c, s: (1 if n == c else max(2, -(-n // c))) * s, "as long as one run"),
            (lambda n, c, s: (2 if n > c else 1) * s, "three rounds"),
            (lambda n, c, s: round(n / c + 0.5) * s, "one round is enough"),
            (lambda n, c, s: -(-c // n) * s, "second round"),
            (lambda n, c, s: (s, s), "Expected a number"),
        ],
        "first_difference": [
            (lambda m, t: next(i for i in range(len(m)) if m[i] != t[i]), "place in the list"),
            (lambda m, t: sum(x != y for x, y in zip(m, t, strict=True)), "a count"),
            (lambda m, t: [x for x, y in zip(m, t, strict=True) if x == y][-1][0], "the next one"),
            (lambda m, t: [x for x, y in zip(m, t, strict=True) if x != y][-1][0], "the first"),
            (
                lambda m, t: next(x for x, y in zip(m, t, strict=True) if x == y)[0],
                "Look for digests",
            ),
            (lambda m, t: next(x for x, y in zip(m, t, strict=True) if x != y), "step alone"),
            (lambda m, t: -1, "do differ"),
            (lambda m, t: next(x for x, y in zip(m, t, strict=True) if x != y)[0], "Return -1"),
            (
                lambda m, t: next((x[0] for x, y in zip(m, t, strict=True) if x != y), None),
                "Return -1",
            ),
            (lambda m, t: 1500 if m != t else -1, "the answer is 0"),
            (
                lambda m, t: next((x[0] for x, y in zip(m, t, strict=True) if x != y), 0) or -1,
                "the answer is 0",
            ),
        ],
        "runs_to_check": [
            (lambda q, p: np.log(1 - p) / np.log(1 - q), "round up"),
            (lambda q, p: int(np.log(1 - p) / np.log(1 - q)), "not enough"),
            (lambda q, p: 1, "One run"),
            (lambda q, p: int(np.log(1 - p) / np.log(1 - q)) + 2, "is enough"),
            (lambda q, p: int(np.ceil(np.log(1 - p) / np.log(q))), "is right with 1 - share"),
            (lambda q, p: next(k for k in range(1, 99) if 1 - (1 - q) ** k > p), "exactly"),
            (lambda q, p: next(k for k in range(1, 99) if 1 - (1 - q) ** k >= p) + 3, "0.9375"),
            (lambda q, p: "four", "Expected a number"),
        ],
    },
    "overfitting": {
        "gap_of_each_seed": [
            (lambda s, u, t: (s >= t).mean() - (u >= t).mean(), "one number for all"),
            (lambda s, u, t: (s >= t).mean(0) - (u >= t).mean(0), "axis=1"),
            (lambda s, u, t: [0.5], "the shape"),
            (lambda s, u, t: (u >= t).mean(1) - (s >= t).mean(1), "turned round"),
            (lambda s, u, t: abs((s >= t).mean(1) - (u >= t).mean(1)), "Keep the sign"),
            (lambda s, u, t: (s > t).mean(1) - (u > t).mean(1), "equal to the threshold"),
            (lambda s, u, t: s.mean(1) - u.mean(1), "gap in return"),
            (lambda s, u, t: (s >= t).sum(1) - (u >= t).sum(1), "counts episodes"),
            (lambda s, u, t: (s.mean(1) >= t) * 1.0 - (u.mean(1) >= t), "before you take the mean"),
            (lambda s, u, t: ((s >= t) * 1.0 - (u >= t)).mean(1), "ValueError"),
            (lambda s, u, t: (s >= t).mean(1), "it is 0.5"),
        ],
        "drop_of": [
            (lambda s, a, b: s[a][a] - s[a][b], "plain difference"),
            (lambda s, a, b: s[a][b] - s[b][b], "turned round"),
            (lambda s, a, b: s[a][a] - s[b][a], "other direction"),
            (lambda s, a, b: s[a][a] - s[b][b], "how much harder"),
            (lambda s, a, b: s[b][a] - s[b][b], "Test two agents"),
            (lambda s, a, b: s[b][a] - s[a][b], "first key"),
            (lambda s, a, b: s["E"]["E"] - s["D"]["E"], "not the names"),
            (lambda s, a, b: max(0.0, s[b][b] - s[a][b]), "below zero"),
            (lambda s, a, b: s[b][b], "the drop is 0.2"),
        ],
        "typical_change": [
            (lambda a, b: np.median(b) - np.median(a), "change of the medians"),
            (lambda a, b: np.mean(b - a), "That is the mean"),
            (lambda a, b: np.median(a - b), "turned round"),
            (lambda a, b: np.median(abs(b - a)), "Keep the sign"),
            (lambda a, b: np.median(np.sort(b) - np.sort(a)), "Do not sort"),
            (lambda a, b: np.median((b - a) / a), "not a part"),
            (lambda a, b: b - a, "one number"),
            (lambda a, b: np.median(b), "seed by seed"),
        ],
    },
    "ppo": {
        "objective": [
            (lambda r, a, e: r * a, "Nothing is clipped"),
            (lambda r, a, e: clip(r, e), "by the advantage"),
            (lambda r, a, e: min(max(r, 0), e) * a, "1 - epsilon to 1 + epsilon"),
            (lambda r, a, e: -min(r * a, clip(r, e) * a), "sign"),
            (lambda r, a, e: max(r * a, clip(r, e) * a), "the smaller one"),
            (lambda r, a, e: clip(r, e) * a, "only then take the minimum"),
            (lambda r, a, e: min(r, clip(r, e)) * a, "only then take the minimum"),
            (lambda r, a, e: min(r * a, min(r, 1 + e) * a), "a lower end"),
            (lambda r, a, e: min(r * a, clip(r, e) * a) if a < 0 else clip(r, e) * a, "min(1.5"),
        ],
        "has_gradient": [
            (lambda r, a, e: 1 - e < r < 1 + e, "sign of the advantage"),
            (lambda r, a, e: r > 1 - e if a > 0 else r < 1 + e, "two signs are swapped"),
            (lambda r, a, e: r < 1 + e, "taken back"),
            (lambda r, a, e: r >= 1 + e if a > 0 else r <= 1 - e, "True and False are swapped"),
            (lambda r, a, e: True, "no gradient left"),
            (lambda r, a, e: a > 0, "Look at the table"),
            (lambda r, a, e: r < 1.2 if a > 0 else r > 0.8, "depends on epsilon"),
            (lambda r, a, e: r * a, "True or False"),
        ],
        "advantages": [
            (lambda r, v, e, g, lam: gae(r, v, e, g, lam)[::-1], "order"),
            (lambda r, v, e, g, lam: gae(r, v, e, g, 0.0), "errors alone"),
            (lambda r, v, e, g, lam: gae(r, [*v[:-1], v[-2]], e, g, lam), "after the rollout"),
            (lambda r, v, e, g, lam: gae(r, [*v[:-1], 0.0], e, g, lam), "cut off, not ended"),
            (lambda r, v, e, g, lam: gae(r, v, e, g, 1.0), "by gamma and by lambda"),
            (lambda r, v, e, g, lam: gae(r, v, [False] * len(e), g, lam), "does not count"),
            (lambda r, v, e, g, lam: gae(r, v, e, g, lam, masks_next=False), "another episode"),
            (lambda r, v, e, g, lam: gae(r, v, e, g, lam, masks_value=False), "does not count"),
            (lambda r, v, e, g, lam: gae(r, v, [*e[:-1], False], g, lam), "can end an episode"),
            (lambda r, v, e, g, lam: sum(gae(r, v, e, g, lam)), "two advantages"),
            (lambda r, v, e, g, lam: gae(r, v, e, lam, g), "adds up all later errors"),
            (lambda r, v, e, g, lam: gae(r, v, e, g, g), "adds up all later errors"),
            (lambda r, v, e, g, lam: gae(r, v, e, lam, lam), "adds up all later errors"),
            (lambda r, v, e, g, lam: gae(r, v, e, g, 0.25 / g), "adds up all later errors"),
            (one_later_error, "adds up all later errors"),
        ],
    },
    "apo": {
        "kl": [
            (lambda p, q: divergence(q, p), "other direction"),
            (lambda p, q: -divergence(p, q), "sign"),
            (lambda p, q: sum(math.log(a / b) for a, b in zip(p, q, strict=True)), "Weigh"),
            (lambda p, q: divergence(p, q) / math.log(2), "bits"),
            (lambda p, q: divergence(p, q) / len(p), "no mean"),
            (lambda p, q: -sum(a * math.log(b) for a, b in zip(p, q, strict=True)), "cross"),
            (lambda p, q: sum(abs(a - b) for a, b in zip(p, q, strict=True)), "it is 0.2231"),
            (
                lambda p, q: sum(a * math.log(a / b) for a, b in zip(p, q, strict=True)),
                "ValueError",
            ),
            (lambda p, q: divergence(p[:2], q[:2]) + 1 - sum(p[:2]), "more than two"),
        ],
        "anchor_gradient": [
            (lambda p, z: (np.array(p) - softmax(z)).tolist(), "sign"),
            (lambda p, z: [b - a for a, b in zip(p, z, strict=True)], "Turn the logits"),
            (lambda p, z: softmax(z).tolist(), "Subtract p"),
            (lambda p, z: (np.exp(z) - p).tolist(), "Divide the powers"),
            (lambda p, z: divergence(p, softmax(z)), "a number for each logit"),
            (lambda p, z: (p * (1 - np.array(p) / softmax(z))).tolist(), "without a factor"),
            (lambda p, z: (softmax(z[:2]) - p[:2]).tolist(), "more than two"),
        ],
        "kept": [
            (lambda r, k: sorted(r)[-k:], "Return the positions"),
            (lambda r, k: list(range(len(r)))[-k:], "last episodes"),
            (lambda r, k: sorted(range(len(r)), key=lambda i: r[i])[:k], "worst"),
            (lambda r, k: r.index(max(r)), "a list of positions"),
            (lambda r, k: [r.index(max(r))], "two episodes"),
            (lambda r, k: sorted(range(len(r)), key=lambda i: -r[i])[:k], "newer"),
            (lambda r, k: [max((x, i) for i, x in enumerate(r))[1]] * k, "1 and 3"),
            (
                lambda r, k: sorted(range(len(r)), key=lambda i: (r[i], i))[-k:] if k < 3 else [0],
                "fewer than k",
            ),
        ],
    },
}
