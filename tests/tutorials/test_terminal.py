"""Commands of `tfrl` in a lesson."""

import pytest

import tfrl
from tfrl.tutorials import Terminal
from tfrl.tutorials.terminal import without_times

_TABLE = """\
4 planned = 4 finished in runs/x, 2 min 31 s
configuration      planned    seconds
---------------  ---------  ---------
ppo                      2      110.8
dqn                      2        9.0
2 runs took 1 h 3 min, 12 s and 0.5 s of 4"""


def test_a_command_and_its_output_are_printed(capsys):
    Terminal()("tfrl --version")
    assert capsys.readouterr().out == f"$ tfrl --version\ntfrl {tfrl.__version__}\n"


def test_commands_share_a_folder_that_goes_with_the_terminal(capsys):
    terminal = Terminal()
    terminal("tfrl new mine.py --from dqn")
    assert "class MinePipeline" in (terminal.folder / "mine.py").read_text()
    with pytest.raises(RuntimeError, match=r"exited with 2: tfrl: mine.py already exists"):
        terminal("tfrl new mine.py")
    capsys.readouterr()
    terminal("tfrl new mine.py", expect=2)
    assert "already exists" in capsys.readouterr().out
    terminal("tfrl new mine.py", expect=None)
    assert terminal.status == 2
    folder = terminal.folder
    del terminal
    assert not folder.exists()


def test_other_programs_are_not_run():
    with pytest.raises(ValueError, match="expected a command of tfrl"):
        Terminal()("ls")


def test_times_are_left_out_and_nothing_else():
    assert (
        without_times(_TABLE)
        == """\
4 planned = 4 finished in runs/x, … s
configuration      planned    seconds
---------------  ---------  ---------
ppo                      2          …
dqn                      2          …
2 runs took … s, … s and … s of 4"""
    )
