import pytest

from tests.harness import fake
from tfrl.harness.execution.plan import Task
from tfrl.harness.execution.schedule import Running, Schedule
from tfrl.harness.studies import study
from tfrl.harness.studies.study import Group

ONE, TWO = Group("Line-v0", 0, "one"), Group("Line-v0", 0, "two")


@pytest.fixture
def tasks(project):
    return [Task(run, {}, {}) for run in study.load(project.file).runs()]


def begin(schedule, compiled, *others):
    task = schedule.next(compiled, [Running(group, 0.0, 0.0) for group in others])
    return task and (task.run.group, task.run.seed)


def test_a_worker_stays_with_what_it_has_compiled(tasks):
    schedule = Schedule(tasks)
    assert begin(schedule, None) == (ONE, 0)
    assert begin(schedule, None, ONE) == (TWO, 0)
    assert begin(schedule, TWO, ONE) == (TWO, 1)
    assert begin(schedule, ONE, TWO) == (ONE, 1)
    assert len(schedule) == 4


def test_a_worker_goes_on_with_other_environments_that_share_what_it_has_compiled(project, changed):
    project.write(changed('[environments]\nline = "Line-v0"\n', fake.VARIED))
    schedule = Schedule(Task(run, {}, {}) for run in study.load(project.file).runs())
    compiled, order = None, []
    while task := schedule.next(compiled, []):
        compiled = task.run.group
        order.append((task.run.environment.name, task.run.configuration.name))
    assert list(dict.fromkeys(order)) == [
        *[("D", "one"), ("R", "one"), ("D", "two"), ("R", "two")],
        *[("plain", "one"), ("plain", "two")],
    ]


def test_groups_that_nobody_works_on_come_first_and_the_longest_of_them_before(tasks):
    schedule = Schedule(tasks[:2] + tasks[4:])  # two of `one`, four of `two`
    assert begin(schedule, None) == (TWO, 0)
    assert begin(schedule, None, TWO) == (ONE, 0)


def test_a_second_worker_joins_only_where_that_saves_time(tasks):
    schedule = Schedule(tasks[:4])  # four runs of one group
    assert begin(schedule, None) == (ONE, 0)
    schedule.record(ONE, compiling=10.0, seconds=14.0)  # 4 s for each further run
    # Alone, the one just begun and the three left take 16 s; one more worker ends a run in 14 s.
    assert begin(schedule, None, ONE) == (ONE, 1)
    # Two left and two at work are done in 8 s: less than the 14 s of another worker.
    assert begin(schedule, None, ONE, ONE) is None
    assert begin(schedule, ONE, ONE) == (ONE, 2)


def test_what_could_not_be_begun_comes_next(tasks):
    schedule = Schedule(tasks)
    first = schedule.next(None, [])
    schedule.put_back(first)
    assert schedule.next(None, []) is first


def test_the_time_left_follows_from_runs_done_and_at_work(tasks):
    schedule = Schedule(tasks)
    assert schedule.seconds_left([], workers=2) is None
    first = schedule.next(None, [])
    # A quarter in 5 s: 20 s a run, so 15 s of this one and 7 x 20 s, on two workers.
    at_work = Running(first.run.group, 5.0, 0.25)
    assert schedule.seconds_left([at_work], workers=2) == pytest.approx((15 + 140) / 2)
    schedule.record(ONE, compiling=6.0, seconds=16.0)
    # 3 x 10 s of `one`; of `two` nothing is known but the compilation: 4 x 10 s + 6 s.
    assert schedule.seconds_left([], workers=2) == pytest.approx((36 + 46) / 2)


def test_the_time_left_is_at_least_that_of_the_longest_run(tasks):
    schedule = Schedule(tasks[:1])
    schedule.next(None, [])
    assert schedule.seconds_left([Running(ONE, 10.0, 0.5)], workers=8) == pytest.approx(10)


def test_what_a_configuration_takes_elsewhere_is_guessed_from_where_it_is_known(project, changed):
    project.write(changed('[environments]\nline = "Line-v0"\n', fake.VARIED))
    schedule = Schedule(Task(run, {}, {}) for run in study.load(project.file).runs())
    one, two = (Group("CartPole-v0", 2, name) for name in ("one", "two"))
    for _ in range(8):  # all of `one` on D and R
        assert begin(schedule, one)[0] == one
    schedule.record(one, compiling=0.0, seconds=100.0)
    # Left are eight of `two` there and four of each on the other environment, all taken for `one`.
    assert schedule.seconds_left([], workers=1) == pytest.approx(16 * 100)
    assert begin(schedule, two)[0] == two
    schedule.record(two, compiling=0.0, seconds=2.0)
    assert schedule.seconds_left([], workers=1) == pytest.approx(4 * 100 + (7 + 4) * 2)
