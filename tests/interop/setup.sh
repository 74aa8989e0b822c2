#!/bin/sh
# Installs the third-party peers of tests/interop into tests/interop/.cache, each with its own package manager.
# May be run again at any time: what is already there and unchanged is left alone. A peer that cannot be had is
# reported and leaves a file NAME.unavailable with the reason, which the tests print when they skip.
# With --strict, a missing peer makes the exit status 1; with --require "NAME ...", one of those that are named.
set -u
usage() {
  printf 'Usage: setup.sh [--strict | --require "NAME ..."], NAME of: tshark openssl ptp4l chronyd sttp synchrophasor comtrade cbor2 open61850 goapi slipstream\n' >&2
  exit 2
}
known="tshark openssl ptp4l chronyd sttp synchrophasor comtrade cbor2 open61850 goapi slipstream"
required=""
case "${1:-}" in
  "") [ $# = 0 ] || usage ;;
  --strict) [ $# = 1 ] || usage; required=$known ;;
  --require)
    [ $# = 2 ] || usage
    required=$2
    for name in $required; do
      case " $known " in *" $name "*) ;; *) usage ;; esac
    done
    ;;
  *) usage ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
cache="$here/.cache"
mkdir -p "$cache/bin"
missing=""

unavailable() { # NAME REASON
  printf '%s\n' "$2" > "$cache/$1.unavailable"
  printf 'interop: %s unavailable: %s\n' "$1" "$2"
  missing="$missing $1"
}

ready() { # NAME VERSION
  rm -f "$cache/$1.unavailable"
  printf 'interop: %s ready: %s\n' "$1" "$2"
}

# Runs a command that fetches something, three times at most: a mirror may fail once.
again() {
  for pause in 5 20 0; do
    "$@" && return 0
    sleep $pause
  done
  return 1
}

# Debian packages: tshark (the oracle for C37.118 frames and PTP), openssl (certificates, s_client), linuxptp.
debian() { # COMMAND PACKAGE
  command -v "$1" > /dev/null 2>&1 || sh "$here/../support/apt.sh" "$2" > "$cache/$1.log" 2>&1
  if command -v "$1" > /dev/null 2>&1; then
    ready "$1" "$("$1" "$3" 2> /dev/null | head -n 1)"
  else
    unavailable "$1" "no $1 on PATH and the Debian package $2 could not be installed"
  fi
}
debian tshark tshark --version
debian openssl openssl version
debian ptp4l linuxptp -v
debian chronyd chrony -v

# PyPI: sttpapi, synchrophasor, comtrade, cbor2 and open61850, in a virtual environment.
wanted=$(cat "$here/python/requirements.txt")
if [ ! -x "$cache/venv/bin/python" ] || [ "$(cat "$cache/venv/installed.txt" 2> /dev/null)" != "$wanted" ]; then
  if python3 -m venv "$cache/venv" > "$cache/python.log" 2>&1 &&
    again "$cache/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/python/requirements.txt" >> "$cache/python.log" 2>&1; then
    printf '%s\n' "$wanted" > "$cache/venv/installed.txt"
  fi
fi
for package in sttp synchrophasor comtrade cbor2 open61850; do
  if "$cache/venv/bin/python" -c "import $package" 2> /dev/null; then
    ready "$package" "$(grep "^$package" "$here/python/requirements.txt")"
  else
    unavailable "$package" "$(tail -n 1 "$cache/python.log" 2> /dev/null || echo 'python3 is missing')"
  fi
done

# Go module proxy: each peer is built into one program from a folder of its own.
go_program() { # NAME FOLDER PROGRAM MODULE
  version=$(grep -o "$4 .*" "$here/$2/go.mod" | sed 's/.*\///')
  sources=$(cat "$here/$2/go.mod" "$here/$2/main.go" | cksum)
  if ! command -v go > /dev/null 2>&1; then
    unavailable "$1" "no go on PATH"
  elif [ -x "$cache/bin/$3" ] && [ "$(cat "$cache/bin/$3.sum" 2> /dev/null)" = "$sources" ]; then
    ready "$1" "$version"
  else
    rm -rf "$cache/$2" && mkdir -p "$cache/$2" && cp "$here/$2/go.mod" "$here/$2/main.go" "$cache/$2/"
    if (cd "$cache/$2" && { go mod tidy || { sleep 5 && go mod tidy; }; } && go build -o "$cache/bin/$3" .) > "$cache/$1.log" 2>&1; then
      printf '%s\n' "$sources" > "$cache/bin/$3.sum"
      ready "$1" "$version"
    else
      unavailable "$1" "$(grep -v '^go: downloading' "$cache/$1.log" | head -n 2 | tr '\n\t' '  ')"
    fi
  fi
}
go_program goapi go go_sttp_client github.com/sttp/goapi
go_program slipstream go_slipstream go_slipstream github.com/synaptecltd/slipstream

status=0
for name in $required; do
  case " $missing " in
    *" $name "*)
      printf 'interop: %s is required and missing\n' "$name" >&2
      status=1
      ;;
  esac
done
exit $status
