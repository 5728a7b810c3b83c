"""Plausible wrong answers to each exercise, with a part of the hint that each has to get.

By lesson and name of the check; a check of several arguments has them as a tuple.
"""

from statistics import fmean

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
}
