# shellcheck shell=bash
# shellcheck disable=SC2034 # used by the scripts that read this file
# Shared by the scripts beside it: `. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"`.
# Everything said goes to standard error, so that `--json` on standard output stays clean.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
PYTHON=$ROOT/.venv/bin/python
# An installation's own data: the same folder as in config/settings.py.
VAR=${MUSUBI_VAR:-$ROOT/var}
export PYTHONUNBUFFERED=1

# Started without a standard input (by a service, say), commands are given an empty one.
{ : <&0; } 2>/dev/null || exec </dev/null

say() { printf '%s\n' "$@" >&2; }

loud() {
  local rule='!!!!!!!!!!!!!!!!!!!!'
  say "$rule $* $rule"
}

# die ENGLISH JAPANESE: the two sentences, and the end.
die() {
  say ""
  say "musubi: $1"
  say "musubi: $2"
  exit 1
}

in_ci() { case "${CI:-}" in "" | 0 | false) return 1 ;; *) return 0 ;; esac; }

as_root() { [ "$(id -u)" = 0 ]; }

# Makes sure that .venv is what uv.lock says; quick when it already is.
setup() { "$ROOT/script/setup" --if-needed; }

# True when a SQLite file holds tables: looking into a missing one leaves a file of one page behind.
has_tables() { [ -f "$1" ] && [ "$(wc -c <"$1")" -gt 65536 ]; }

# An address of a SQLite file for DATABASE_URL; the path may hold spaces and Japanese.
sqlite_url() {
  "$PYTHON" -c 'import os, sys, urllib.parse as u; print("sqlite:///" + u.quote(os.path.abspath(sys.argv[1])))' "$1"
}

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

ATTENDED=
# attend COMMAND…: runs it so that INT and TERM reach it at once and its own end is waited for.
# (Bash alone would sit out a foreground command before it looks at a signal.)
attend() {
  local code=0
  # Bash makes background commands deaf to Ctrl-C; the inner trap gives them their hearing back.
  (
    trap - INT TERM HUP
    exec "$@"
  ) <&0 &
  ATTENDED=$!
  wait "$ATTENDED" || code=$?
  while kill -0 "$ATTENDED" 2>/dev/null; do
    code=0
    wait "$ATTENDED" || code=$?
  done
  ATTENDED=
  return "$code"
}

# stop PID [SECONDS]: asks a process started here to end, waits, and insists after SECONDS (15).
stop() {
  local left=$(((${2:-15}) * 10))
  kill -TERM "$1" 2>/dev/null || return 0
  while kill -0 "$1" 2>/dev/null; do
    if [ "$left" -le 0 ]; then
      kill -KILL "$1" 2>/dev/null || true
      break
    fi
    left=$((left - 1))
    sleep 0.1
  done
  wait "$1" 2>/dev/null || true
}

# For the trap of Ctrl-C, which the attended command heard too: leaves it ten seconds for its last words.
hear_out() {
  local left=100
  while [ -n "$ATTENDED" ] && kill -0 "$ATTENDED" 2>/dev/null && [ "$left" -gt 0 ]; do
    left=$((left - 1))
    sleep 0.1
  done
}

# tied COMMAND…: replaces this (sub)shell by COMMAND, which ends with the script even when that is killed outright.
tied() {
  if command -v setpriv >/dev/null 2>&1 && setpriv --pdeathsig TERM true 2>/dev/null; then
    exec setpriv --pdeathsig TERM "$@"
  fi
  exec "$@"
}

# Prints the folder with initdb and postgres of the newest PostgreSQL ≥ 15 on this machine, or fails.
find_postgres() {
  local folder version best="" best_version=14 on_path=""
  if command -v postgres >/dev/null 2>&1; then
    on_path=$(dirname "$(readlink -f "$(command -v postgres)")")
  elif command -v pg_ctl >/dev/null 2>&1; then
    on_path=$(dirname "$(readlink -f "$(command -v pg_ctl)")")
  fi
  for folder in "$on_path" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin; do
    if [ ! -x "$folder/initdb" ] || [ ! -x "$folder/postgres" ]; then continue; fi
    version=$("$folder/postgres" --version 2>/dev/null | sed -E 's/^[^0-9]*([0-9]+).*/\1/') || continue
    if [ "${version:-0}" -gt "$best_version" ]; then
      best=$folder best_version=$version
    fi
  done
  [ -n "$best" ] && printf '%s\n' "$best"
}
