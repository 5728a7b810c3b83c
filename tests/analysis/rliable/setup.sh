#!/bin/sh
# Makes .venv-rliable, where rliable runs, from requirements/rliable.txt; nothing if it is there.
set -eu
cd "$(dirname "$0")/../../.."

lock=requirements/rliable.txt
complete=.venv-rliable/complete # written last, so that a set-up broken off is not taken for a whole one
stamp="$PWD: $(.venv/bin/python --version): $(cksum <$lock)"
if [ "$(cat $complete 2>/dev/null || true)" = "$stamp" ]; then
    exit
fi

.venv/bin/python -m venv --clear .venv-rliable
install() {
    .venv/bin/uv pip install -q --python .venv-rliable/bin/python --require-hashes --no-deps \
        --no-build-isolation -r "$1"
}
install requirements/bootstrap.txt # what builds rliable, of which there is no wheel
install $lock
echo "$stamp" >$complete
