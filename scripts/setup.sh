#!/bin/sh
# Makes the virtual environment .venv with everything that demo and tests need; quick and silent when nothing changed.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

fail() {
    echo "$*" >&2
    exit 1
}

bytecode() { # commands start in half the time, also where PYTHONDONTWRITEBYTECODE keeps them from writing it
    .venv/bin/python -m compileall -q activities trunkline workers workflows
}

weights() {
    .venv/bin/python scripts/whisper_weights.py
}

key="$(cat pyproject.toml constraints.txt | cksum) $(pwd) $python"
if [ "$(cat .venv/.set-up 2>/dev/null)" = "$key" ] && [ -x .venv/bin/python ]; then
    bytecode
    weights
    exit 0
fi

command -v "$python" >/dev/null ||
    fail "Trunkline needs Python 3.11 or newer, and there is no $python here. Debian, Ubuntu: apt install python3 python3-venv"
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Trunkline needs Python 3.11 or newer; $python is $version. Another one: make setup PYTHON=python3.12"
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python cannot make virtual environments. Debian, Ubuntu: apt install python$version-venv"

[ -x .venv/bin/python ] && .venv/bin/python -c 'import pip' 2>/dev/null || "$python" -m venv --clear .venv
rm -f .venv/.set-up

echo "Setting up .venv with $python $version: about $(grep -c == constraints.txt) packages, a minute or two the first time."
log=.venv/setup.log
{
    # The variables pin what the package itself is built with, too.
    PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
        .venv/bin/python -m pip --disable-pip-version-check --no-input install --progress-bar off \
        --editable '.[whisper,language,dev]' 2>&1 || echo "pip failed"
} | tee "$log" | awk '
    /^ *Collecting|^Requirement already satisfied/ { if (++n % 25 == 0) { print "  " n " packages found"; fflush() } }
    /^ *Downloading .*\([0-9][0-9][0-9.]* MB\)/ { print "  " $2, $3, $4; fflush() }
    /^Installing collected/ { print "  installing"; fflush() }'
if [ "$(tail -n 1 "$log")" = "pip failed" ]; then
    tail -n 20 "$log" >&2
    fail "The packages could not be installed; $log has the whole story."
fi
bytecode
weights
echo "$key" >.venv/.set-up
