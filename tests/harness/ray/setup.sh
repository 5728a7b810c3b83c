#!/bin/sh
# Makes .venv-ray, where Ray runs beside all that .venv holds, from requirements/ray.txt; nothing if
# it is there.
set -eu
cd "$(dirname "$0")/../../.."

lock=requirements/ray.txt
complete=.venv-ray/complete # written last, so that a set-up broken off is not taken for a whole one
stamp="$PWD: $(.venv/bin/python --version): $(cksum <$lock)"
if [ "$(cat $complete 2>/dev/null || true)" = "$stamp" ]; then
    exit
fi

.venv/bin/python -m venv --clear --without-pip .venv-ray
packages() {
    "$1" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'
}
there=$(packages .venv/bin/python)
echo "import site; site.addsitedir('$there')" >"$(packages .venv-ray/bin/python)/venv.pth"
.venv/bin/uv pip install -q --python .venv-ray/bin/python --require-hashes --no-deps --compile-bytecode \
    -r $lock
echo "$stamp" >$complete
