#!/bin/sh
# Prepares a machine: system libraries where the user may install them, a virtual environment in .venv, the product
# and its development tools. Safe to repeat: what is there is left alone. Prints one line per step.
#
#   scripts/setup.sh
#
# AIART_TORCH   cpu (default, the small build) or auto (the build that fits this machine's GPU)
# AIART_NO_APT  set it to leave the system packages alone
# AIART_VENV    another place for the virtual environment
# PYTHON        the interpreter to build it with (3.11 - 3.13)
set -eu
cd "$(dirname "$0")/.."
venv=${AIART_VENV:-.venv}
torch_version=$(sed -n 's/^torch==\([0-9.]*\).*/\1/p' constraints.txt)
say() { printf 'setup: %s\n' "$*" >&2; }

# package:file that shows it is there
system_parts="libfluidsynth3:libfluidsynth.so.3 libportaudio2:libportaudio.so.2 libjack-jackd2-0:libjack.so.0 jackd2:jackd"
missing=
has() { # a library the loader knows, or a program
    command -v "$1" >/dev/null 2>&1 || PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null | grep -q "$1"
}
if [ "$(uname)" = Linux ]; then
    for part in $system_parts; do
        has "${part#*:}" || missing="$missing ${part%%:*}"
    done
fi
if [ -n "$missing" ] && command -v apt-get >/dev/null 2>&1 && [ -z "${AIART_NO_APT:-}" ]; then
    sudo=
    [ "$(id -u)" = 0 ] || sudo="sudo -n"
    if [ -z "$sudo" ] || sudo -n true 2>/dev/null; then
        say "installing$missing"
        log=$(mktemp)
        # shellcheck disable=SC2086 # a list of words on purpose
        if $sudo apt-get update >"$log" 2>&1 &&
            $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >>"$log" 2>&1; then
            missing=
        else
            tail -n 3 "$log" >&2
        fi
        rm -f "$log"
    fi
fi
if [ -n "$missing" ]; then
    say "these system parts are missing, what needs them will say so:$missing"
    say "  Debian/Ubuntu: sudo apt-get install$missing"
    say "  Fedora: sudo dnf install fluidsynth-libs portaudio jack-audio-connection-kit"
elif [ "$(uname)" = Darwin ] && ! command -v fluidsynth >/dev/null 2>&1; then
    say "for sound: brew install fluid-synth portaudio"
fi

if [ ! -x "$venv/bin/python" ]; then
    python=
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            python=$candidate
            break
        fi
    done
    [ -n "$python" ] || { say "needs Python 3.11, 3.12 or 3.13: install one, or name it with PYTHON=..."; exit 1; }
    say "virtual environment in $venv with $("$python" --version)"
    "$python" -m venv "$venv" || {
        say "Python cannot make virtual environments here: sudo apt-get install python3-venv, then again"
        exit 1
    }
fi
stamp=$(cat pyproject.toml constraints.txt scripts/setup.sh | cksum)
if [ "$(cat "$venv/.aiart-setup" 2>/dev/null)" = "$stamp" ]; then
    exit 0
fi
pip="$venv/bin/python -m pip --disable-pip-version-check"
say "installing Python packages (some minutes the first time)"
$pip install -qq --upgrade "pip>=25.1" uv
if ! "$venv/bin/python" -c "import torch; assert torch.__version__.split('+')[0] == '$torch_version'" 2>/dev/null; then
    # uv knows where PyTorch keeps its CPU builds; where that place cannot be reached, pip's own sources decide.
    UV_HTTP_RETRIES=1 "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" \
        --torch-backend "${AIART_TORCH:-cpu}" "torch==$torch_version" 2>/dev/null ||
        $pip install -qq "torch==$torch_version"
fi
$pip install -qq --constraint constraints.txt --editable . --group dev
printf '%s\n' "$stamp" >"$venv/.aiart-setup"
say "done"
