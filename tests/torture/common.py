"""Studies, comparisons and waiting that several tests share."""

import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.harness import fake
from tests.harness.conftest import Project
from tfrl.harness.store import stored_results

# Keys of a manifest that are equal each time that the run is repeated.
LASTING = (
    "schema",
    "study",
    "environment",
    "configuration",
    "seed",
    "steps",
    "evaluation",
    "code",
    "versions",
    "status",
    "error",
    "updates",
    "weights_sha256",
    "fingerprint",
    "tables_sha256",
)


def study(seeds: str, **hyperparameters: object) -> str:
    """Returns the fake study with these seeds and hyperparameters, whose starts `made` counts."""
    settings = "".join(f"{key} = {json.dumps(value)}\n" for key, value in hyperparameters.items())
    head = fake.STUDY[: fake.STUDY.index("[configurations.one]")].replace('"0-3"', f'"{seeds}"')
    return f"""{head}
[configurations]
pipeline = "fake"
{settings}
[configurations.one]
file = "made-one"

[configurations.two]
file = "made-two"
learning_rate = 0.5
"""


def made() -> Counter[str]:
    """Counts the starts of each run of such a study."""
    return Counter(
        f"line/{name}/seed-{seed}"
        for name in ("one", "two")
        if (file := Path(f"made-{name}")).exists()
        for seed in file.read_text().split()
    )


def wait_until(condition: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not in {seconds:.0f} s"
        time.sleep(0.01)


def assert_same(project: Project, root: str, reference: str) -> None:
    """Asserts that two roots have the same runs and nothing else, equal except for times."""
    here, there = (
        {path.relative_to(root): path for path in Path(root).glob("fake/[!.]*/*/*")}
        for root in (root, reference)
    )
    assert sorted(here) == sorted(there)
    for place, folder in there.items():
        for file in folder.glob("*.parquet"):
            assert file.read_bytes() == (here[place] / file.name).read_bytes()
        texts = [(path / "manifest.json").read_bytes() for path in (folder, here[place])]
        expected, found = map(json.loads, texts)
        assert {key: found[key] for key in LASTING} == {key: expected[key] for key in LASTING}
    results = [stored_results.load(project.store.study, Path(name)) for name in (root, reference)]
    assert results[0].episodes.equals(results[1].episodes)
    assert results[0].evaluations.equals(results[1].evaluations)
    assert not results[0].runs.duplicated(["environment", "configuration", "seed"]).any()
