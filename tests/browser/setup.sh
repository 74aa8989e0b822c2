#!/bin/sh
# Installs Chromium for tests/browser, from Debian's packages. May be run again at any time. With --require a browser
# that cannot be had makes the exit status 1; without, the tests say that they were skipped.
set -u
case "${1:-}" in
  "" | --require) ;;
  *) printf 'Usage: setup.sh [--require]\n' >&2; exit 2 ;;
esac
find_browser() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
if ! find_browser >/dev/null; then
  sh "$(dirname "$0")/../support/apt.sh" chromium fonts-liberation >/dev/null 2>&1
fi
if browser=$(find_browser); then
  printf 'browser: ready: %s\n' "$("$browser" --version 2>/dev/null)"
else
  printf 'browser: no Chromium could be installed\n'
  [ "${1:-}" != --require ]
fi
