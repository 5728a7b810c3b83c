"""What a manifest must have, also one from a stranger."""

import json
from pathlib import Path

import pytest

from tfrl.harness.errors import DamagedError
from tfrl.harness.store import manifest

STORED = Path(__file__).parent / "stored_by_0_1_0" / "manifest.json"


def test_a_manifest_of_an_earlier_version_is_read():
    assert manifest.read(STORED)["schema"] == 2


def test_a_manifest_is_encoded_as_json_with_a_checksum():
    content = manifest.encode({"seed": 1, "test": ["R"], "levels": None})
    assert content == (
        b'{\n "schema": 3,\n "seed": 1,\n "test": [\n  "R"\n ],\n "levels": null,\n "sha256": '
        b'"7a9c71b5c40b074e91fde4aa07be9b42f5638336173f0ac3e91e90183a71375e"\n}'
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seed": "0"}, "seed must be an integer, got '0'"),
        ({"seed": True}, "seed must be an integer, got true"),
        ({"updates": 1.5}, "updates must be an integer, got 1.5"),
        ({"status": []}, "status must be 'finished' or 'failed', got []"),
        ({"status": "failed"}, "error must be a table, got null"),
        ({"error": "none"}, "error must be null, got 'none'"),
        ({"environment": {}}, "environment.name is missing"),
        ({"timings": {"total": "long"}}, "timings.total must be a number, got 'long'"),
        ({"attempts": "three"}, "attempts must be a list, got 'three'"),
        ({"cores": 2.0}, "cores must be an integer, got 2.0"),
        ({"versions": None}, "versions must be a table, got null"),
    ],
)
def test_a_manifest_that_does_not_fit_is_damaged_in_one_sentence(tmp_path, changes, sentence):
    path = tmp_path / "manifest.json"
    stored = json.loads(STORED.read_bytes())
    del stored["sha256"], stored["schema"]
    path.write_bytes(manifest.encode({**stored, **changes}))
    with pytest.raises(DamagedError) as caught:
        manifest.read(path)
    assert str(caught.value) == f"{path} is damaged: {sentence}"


def test_other_bytes_of_the_same_content_are_damaged(tmp_path):
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(json.loads(STORED.read_bytes())))
    with pytest.raises(DamagedError, match="not in canonical form"):
        manifest.read(path)
