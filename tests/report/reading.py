"""A parser of report pages, and checks that several tests share."""

import re
from html.parser import HTMLParser

import numpy as np
from matplotlib.colors import to_rgb


class Page(HTMLParser):
    """Attributes and text of a page; fails on tags that do not nest."""

    void = frozenset({"meta", "link", "img", "source"})

    def __init__(self, path):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(path.read_text(encoding="utf-8"))
        assert not self.open
        self.text = " ".join(" ".join(self.words).split())

    @property
    def fetched(self):
        """The addresses that a browser would load in addition to the page."""
        links = [
            attributes[name]
            for tag, attributes in self.tags
            for name in ("src", "srcset", *(("href",) if tag == "link" else ()))
            if name in attributes
        ]
        return [link for link in links if not link.startswith("data:")]

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)


def no_nan(index):
    """Returns the text of a page, after checking that it has no NaN and that its files exist."""
    text = Page(index).text
    named = re.findall(
        r"\]\(((?:tables|figures)/[^)]+)\)", (index.parent / "README.md").read_text()
    )
    assert all((index.parent / file).is_file() for file in named)
    assert not re.search(r"\b(nan|NaN|inf|None|NaT)\b", text)
    assert not re.search(r"\b(nan|NaN|inf|None)\b", (index.parent / "README.md").read_text())
    return text


def contrast(one, other):
    """WCAG 2's ratio of the luminances of two colours, as Matplotlib takes them."""

    def luminance(colour):
        channels = np.array(to_rgb(colour))
        linear = np.where(
            channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
        )
        return linear @ [0.2126, 0.7152, 0.0722]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
