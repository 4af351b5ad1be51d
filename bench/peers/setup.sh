#!/bin/sh
# Makes the virtual environment of the peers (PyTorch and what the checks of formats need) beside this file. Only for
# comparisons: neither the product nor its tests use Python. PEERS_VENV names another place for it, or one that is there.
# Usage: setup.sh [REQUIREMENTS], by default requirements.txt; formats-requirements.txt is small and needs no PyTorch.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${PEERS_VENV:-$here/.venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --requirement "$here/${1:-requirements.txt}"
"$venv/bin/pip" list --format=freeze | grep -iE '^(torch|gfloat|ml_dtypes)=='
