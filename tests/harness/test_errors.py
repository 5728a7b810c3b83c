import pytest

from tfrl.harness.store import manifest

GRAPH = """\
Graph execution error:

Detected at node GatherV2 defined at (most recent call last):
  File "pipeline.py", line 14, in <module>

  File "pipeline.py", line 13, in learn

indices = 7 is not in [0, 3)
\t [[{{node GatherV2}}]]
Hint: If you want to see more, ask. [Op:__inference_g_56]"""


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("no 8 GiB left", "RuntimeError: no 8 GiB left"),
        ("the first line\nand a second", "RuntimeError: the first line"),
        ("\n  \n  then words\n", "RuntimeError: then words"),
        ("", "RuntimeError"),
        (" \n", "RuntimeError"),
        (GRAPH, "RuntimeError: indices = 7 is not in [0, 3) (pipeline.py, line 13)"),
        ("Graph execution error:\n\nthe loss is NaN", "RuntimeError: the loss is NaN"),
        ("Graph execution error:", "RuntimeError: Graph execution error:"),
    ],
)
def test_an_error_is_told_in_one_line_that_says_something(message, sentence):
    assert manifest.sentence(manifest.failed(RuntimeError(message))["error"]) == sentence
