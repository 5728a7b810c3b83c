#!/bin/sh
# Makes .venv-bench, where Stable-Baselines3 and JAX run, from requirements/bench.txt; nothing if it is there.
set -eu
cd "$(dirname "$0")/.."

lock=requirements/bench.txt
complete=.venv-bench/complete # written last, so that a set-up broken off is not taken for a whole one

fail() {
    echo "tfrl: the environment of Stable-Baselines3 and JAX cannot be made: $*" >&2
    exit 1
}

case "$(uname -sm)" in
    "Linux x86_64") ;;
    *) fail "its lock is for Linux on x86-64, and this is $(uname -sm)" ;;
esac

stamp="$PWD: $(cksum <$lock)"
if [ "$(cat $complete 2>/dev/null || true)" = "$stamp" ]; then
    exit
fi

for python in ${PYTHON:-} .venv/bin/python python3.11 ""; do
    if "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
        break
    fi
done
[ -n "$python" ] || fail "its lock is for Python 3.11. Try make PYTHON=/path/to/python3.11 bench"

echo "Setting up .venv-bench from $lock: once, about 350 MB to download."
"$python" -m venv --clear .venv-bench
.venv-bench/bin/python -m pip install -qq --require-hashes --no-deps -r $lock ||
    fail "see above. If torch was not found: requirements/bench.in says where it is"
echo "$stamp" >$complete
