"""How the tests read a page."""

import re
from html.parser import HTMLParser


class Page(HTMLParser):
    """Attributes and text of a page; fails on tags that do not nest."""

    void = frozenset({"meta", "link", "img", "source"})

    def __init__(self, path):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(path.read_text(encoding="utf-8"))
        assert not self.open
        self.text = " ".join(" ".join(self.words).split())

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
    text = Page(index).text
    assert not re.search(r"\b(nan|NaN|inf|None|NaT)\b", text)
    assert not re.search(r"\b(nan|NaN|inf|None)\b", (index.parent / "README.md").read_text())
    return text
