# Sourced by demo and test: a Python that is new enough, a virtual environment, ragbot installed in it.

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*"; exit 1; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

# Print the first Python >= 3.11 on the path; fail if there is none.
find_python() {
  local name
  for name in python3 python3.13 python3.12 python3.11 python3.14; do
    if command -v "$name" >/dev/null && new_enough "$name"; then
      command -v "$name"
      return
    fi
  done
  return 1
}

# Debian's Python comes without ensurepip until python3-venv is installed.
can_make_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

# Make the virtual environment $1, unless it is there; add pip where it lacks it.
make_venv() {
  local venv=$1 python
  if [ ! -x "$venv/bin/python" ]; then
    python=$(find_python) || fail "Python 3.11 or newer is needed (Debian 12 and newer: apt-get install python3 python3-venv)"
    can_make_venv "$python" || fail "$python cannot make virtual environments (Debian: apt-get install python3-venv)"
    say "making $venv"
    "$python" -m venv "$venv"
  fi
  new_enough "$venv/bin/python" || fail "$venv has a Python older than 3.11; remove it and start again"
  "$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$venv/bin/python" -m ensurepip >&2 ||
    fail "$venv has no pip; remove it and start again"
}

# Install this checkout into the virtual environment $1 with the extras $2 ('' or '[dev]'), unless the same
# pyproject.toml was installed before.
install_ragbot() {
  local venv=$1 extras=$2 wanted stamp
  stamp="$venv/.ragbot-installed$extras"
  wanted=$("$venv/bin/python" - <<'PY'
import hashlib, pathlib
print(hashlib.sha256(pathlib.Path("pyproject.toml").read_bytes() + str(pathlib.Path.cwd()).encode()).hexdigest())
PY
  )
  [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && return
  say "installing ragbot and what it needs into $venv (the first time, this downloads much and takes minutes)"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable ".$extras" ||
    fail "pip could not install ragbot; its message stands above"
  printf '%s\n' "$wanted" >"$stamp"
  if [ -n "$extras" ]; then printf '%s\n' "$wanted" >"$venv/.ragbot-installed"; fi
}
