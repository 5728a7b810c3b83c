#!/bin/sh
# Makes .venv-arm, which holds Debian's Python for ARM and the wheels of requirements/lock.txt for it;
# nothing if it is there. QEMU runs it: qemu-aarch64 -L .venv-arm .venv-arm/usr/bin/python3
set -eu
cd "$(dirname "$0")/../.."

lock=requirements/lock.txt
exec 9<$lock
python3 -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)' # a second test waits for the first
complete=.venv-arm/complete # written last, so that a set-up broken off is not taken for a whole one
stamp=$(cat "$0" $lock | cksum)
if [ "$(cat $complete 2>/dev/null || true)" = "$stamp" ]; then
    exit
fi

if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    echo "tfrl: Python for ARM comes from Debian: apt-get and dpkg-deb are needed" >&2
    exit 1
fi

rm -rf .venv-arm
mkdir -p .venv-arm/usr/lib .venv-arm/apt/lists/partial .venv-arm/apt/archives/partial
ln -s usr/lib .venv-arm/lib # where programs look for the loader, in every release of Debian

apt() { # the system's sources, but lists and packages of its own: the system stays as it is
    apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Sandbox::User=root \
        -o Dir::State="$PWD/.venv-arm/apt" -o Dir::State::status="$PWD/.venv-arm/apt/status" \
        -o Dir::Cache="$PWD/.venv-arm/apt" "$@" >/dev/null
}
: >.venv-arm/apt/status # nothing is installed, so all that Python needs is fetched
apt update
apt install --yes --download-only --no-install-recommends python3 libstdc++6
for package in .venv-arm/apt/archives/*.deb; do
    dpkg-deb -x "$package" .venv-arm
done
rm -r .venv-arm/apt

python=$(readlink .venv-arm/usr/bin/python3) # python3.11, say
printf '%s\n' mypy pytest pytest-xdist ruff | # which no run needs
    .venv/bin/uv pip install -q --python .venv/bin/python --require-hashes --no-deps \
        --no-build-isolation --compile-bytecode --excludes /dev/stdin \
        --python-platform aarch64-manylinux_2_28 --python-version "${python#python}" \
        --target ".venv-arm/usr/local/lib/$python/dist-packages" -r $lock
echo "$stamp" >$complete
