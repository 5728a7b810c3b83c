#!/bin/sh
# Makes .venv hold exactly what the lock says, and this clone as an editable package. Does nothing
# where that is so already; starts anew where a set-up was broken off, the clone moved or Python went.
#
# PYTHON: the interpreter to use (default: the first of python3, python3.13, ... that will do).
set -eu
cd "$(dirname "$0")/.."

complete=.venv/complete # written last, so that a set-up broken off is not taken for a whole one

fail() {
    echo "tfrl: $*" >&2
    exit 1
}

minor_version() { # 3.12, say; nothing if that interpreter does not run
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

will_do() {
    case "$(minor_version "$1")" in
        3.11 | 3.12 | 3.13) return 0 ;;
        *) return 1 ;;
    esac
}

choose() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if will_do "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    wanted=${PYTHON:-python3}
    found=$(minor_version "$wanted")
    if [ -z "$found" ]; then
        found="there is no $wanted that runs here"
    else
        found="$wanted is $found"
    fi
    fail "needs Python 3.11, 3.12 or 3.13, and $found. Install one of them (Debian:" \
        "apt install python3 python3-venv), or name one: make PYTHON=/path/to/python3.12 setup"
}

make_environment() {
    python=$(choose)
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python cannot make virtual environments: its venv module is missing" \
            "(Debian: apt install python$(minor_version "$python")-venv). Then run make again."
    "$python" -m venv --clear .venv
}

exec 9<setup.cfg
if command -v flock >/dev/null; then # a second make waits for the first
    flock 9
else # as on macOS
    python3 -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)' 2>/dev/null || true
fi

present=$(minor_version .venv/bin/python)
wanted=$present
if [ -n "${PYTHON:-}" ]; then
    python=$(choose)
    wanted=$(minor_version "$python")
fi
place="$PWD with Python $wanted"
contents=$(cat setup.cfg pyproject.toml requirements/bootstrap.txt requirements/lock.txt | cksum)
was=$(cat $complete 2>/dev/null || true)
if [ "$present" = "$wanted" ] && [ "$was" = "$place: $contents" ]; then
    exit
fi

echo "Setting up .venv from requirements/lock.txt: once, and some minutes if all has to be downloaded."
rm -f $complete
case "$present: $was" in
    "$wanted: $place: "*) ;; # whole, but made from an older lock
    *) make_environment ;;
esac
.venv/bin/python -m pip install -qq --require-hashes --no-deps -r requirements/bootstrap.txt
# Compiled once here, or each process would where Python is not to write bytecode: 10 s for TensorFlow.
.venv/bin/uv pip sync -q --python .venv/bin/python --require-hashes --no-build-isolation \
    --compile-bytecode requirements/lock.txt
.venv/bin/uv pip install -q --python .venv/bin/python --no-deps --no-build-isolation --editable .
echo "$PWD with Python $(minor_version .venv/bin/python): $contents" >$complete
