"""Plausible wrong answers to each exercise, with a part of the hint that each has to get.

By lesson and name of the check; a check of several arguments has them as a tuple.
"""

from statistics import fmean


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


WRONG = {
    "first_look": {
        "probability_of_improvement": [
            (lambda a, b: sum(x < y for x in a for y in b) / (len(a) * len(b)), "swap"),
            (lambda a, b: sum(x > y for x in a for y in b), "Divide"),
            (lambda a, b: sum(x >= y for x in a for y in b) / (len(a) * len(b)), "one half"),
            (lambda a, b: sum(x > y for x in a for y in b) / (len(a) * len(b)), "one half"),
            (lambda a, b: float(fmean(a) > fmean(b)) + 0.5 * (fmean(a) == fmean(b)), "means"),
            (lambda a, b: print(), "Nothing to check yet"),
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
}
