"""The self-test of arithmetic: the same bits on any processor, and named where they are not."""

import json
import platform
import sys

import pytest

from tests.engine import caches
from tfrl.components import networks
from tfrl.harness.engine import Engine
from tfrl.runtime import arithmetic


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the bits are published for x86-64")
def test_this_processor_computes_the_published_bits():
    assert arithmetic.differing(Engine().arithmetic()) == []


@pytest.fixture(scope="module")
def in_chunks():
    return digests_by_cache()


on_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="the sizes are found by /proc/self/maps"
)


def digests_by_cache():
    with caches.each_size() as pretend:
        found = []
        for sizes in caches.SIZES.values():
            pretend(sizes)
            found.append(arithmetic.digests())
    return found


@on_linux
def test_no_operation_depends_on_the_cache(in_chunks):
    assert in_chunks[0] == in_chunks[1] == in_chunks[2]
    assert len(in_chunks[0]) == len(set(in_chunks[0])) > 100


@on_linux
def test_a_sum_that_depends_on_the_cache_is_named(monkeypatch, in_chunks):
    monkeypatch.setattr(networks, "MAX_ROWS", 4096)
    monkeypatch.setattr(networks.transposed_product, "__defaults__", (4096,))
    first, *others = digests_by_cache()
    differing = {name for other in others for name in first if first[name] != other[name]}
    assert differing
    rows = {name.removeprefix("gradient of kernel ").split()[0] for name in differing}
    assert rows <= {"1024", "4096"}


def test_what_differs_is_named_and_other_architectures_are_not_compared():
    published = json.loads(arithmetic.PUBLISHED.read_bytes())
    other = {**published, "digests": {**published["digests"], "exp": "0" * 12}}
    assert arithmetic.differing(published) == []
    assert arithmetic.differing(other) == ["exp"]
    with pytest.raises(LookupError, match="published bits are of x86_64, this is riscv64"):
        arithmetic.differing({**published, "architecture": "riscv64"})
