import pytest

from tfrl.report import render

from . import synthetic


@pytest.fixture(scope="session")
def results():
    return synthetic.results()


@pytest.fixture(scope="session")
def report(results, tmp_path_factory):
    return render(results, tmp_path_factory.mktemp("reports") / "cartpole")
