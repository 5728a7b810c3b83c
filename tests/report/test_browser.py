"""The page in a real browser: headless Chromium, without which there is nothing to test."""

import html
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from tests.lacking import lacking

pytestmark = pytest.mark.slow  # starts a browser for each page
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


@pytest.fixture(autouse=True)
def chromium():
    if not CHROMIUM:
        lacking("Debian's chromium is not installed")


# Measures a page when it has loaded. The page's own policy blocks scripts, so a copy without that
# policy is measured, in a frame, because Chromium's window is at least 500 pixels wide.
PROBE = """
<script>
addEventListener("load", () => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const wide = document.documentElement.clientWidth;
  const high = (image) => image.naturalWidth && image.getBoundingClientRect().height > 50;
  const beyond = (part) => !part.closest(".table") && part.getBoundingClientRect().right > wide + 1;
  const bottom = (part) => part.getBoundingClientRect().bottom;
  const target = (link) => document.getElementById(link.getAttribute("href").slice(1));
  parent.postMessage(JSON.stringify({
    wide: wide,
    first: Math.max(...all(".first li, .first img").map((part) => bottom(part))),
    scroll: document.documentElement.scrollWidth,
    beyond: all("body *").filter(beyond).map((part) => part.outerHTML.slice(0, 80)),
    figures: all("img").length,
    hidden: all("img").filter((image) => !high(image)).map((image) => image.alt),
    links: all("a[href^='#']").length,
    lost: all("a[href^='#']").filter((link) => !target(link)).map((link) => link.href),
    fetched: performance.getEntriesByType("resource").map((entry) => entry.name)
      .filter((name) => !name.startsWith("data:")),
  }), "*");
});
</script>
"""
FRAME = """
<!DOCTYPE html><title>nothing</title>
<script>addEventListener("message", (event) => { document.title = event.data; });</script>
<iframe src="inner.html" width="WIDTH" height="900" style="border: 0"></iframe>
"""


def browse(page, profile, *options):
    """The document after loading, and what the browser logged."""
    command = [
        *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"),
        *(f"--user-data-dir={profile}", "--window-size=1400,900", "--virtual-time-budget=4000"),
        *(
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--hide-scrollbars",
            "--dump-dom",
            *options,
            page.as_uri(),
        ),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, done.stderr


def measured(report, folder, width):
    """Returns the measurements of `PROBE` at a width in pixels."""
    policy = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
    source, count = policy.subn("", report.read_text(encoding="utf-8"))
    assert count == 1
    source = source.replace("</head>", f"{PROBE}</head>")
    (folder / "inner.html").write_text(source, encoding="utf-8")
    outer = folder / "outer.html"
    outer.write_text(FRAME.replace("WIDTH", str(width)))
    document, _ = browse(outer, folder / "profile")
    return json.loads(html.unescape(re.search("<title>(.*?)</title>", document)[1]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_renders_without_console_messages(report, tmp_path, scheme):
    dark = [] if scheme == "light" else ["--blink-settings=preferredColorScheme=0"]
    document, log = browse(report, tmp_path / "profile", *dark)
    assert "How much do the seeds decide?" in document
    assert "CONSOLE" not in log


@pytest.mark.parametrize(("scheme", "bright"), [("light", True), ("dark", False)])
def test_figures_follow_the_readers_scheme(report, tmp_path, scheme, bright):
    dark = [] if scheme == "light" else ["--blink-settings=preferredColorScheme=0"]
    picture = tmp_path / "page.png"
    browse(report, tmp_path / "profile", f"--screenshot={picture}", *dark)
    pixels = np.asarray(Image.open(picture).convert("L"))
    ground = (pixels > 200) if bright else (pixels < 60)
    assert ground.mean() > 0.85


@pytest.mark.parametrize("width", [1280, 390])
def test_every_figure_and_link_is_there_and_nothing_is_wider_than_the_page(report, tmp_path, width):
    found = measured(report, tmp_path, width)
    assert found["wide"] == found["scroll"] == width and found["beyond"] == []
    assert found["figures"] >= 8 and found["hidden"] == []
    assert found["links"] >= 9 and found["lost"] == []
    assert found["fetched"] == []


def test_the_first_screen_holds_the_verdicts_and_every_seed(report, tmp_path):
    assert measured(report, tmp_path, 1280)["first"] < 800
