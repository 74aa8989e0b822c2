#!/bin/sh
# Tieline: a shell header, and behind its last line an archive of the Deno binary and one script.
# It is unpacked once per version, to the first of these folders that can hold programs:
# $TIELINE_UNPACK_DIR (then no other), $XDG_CACHE_HOME/tieline, $HOME/.cache/tieline,
# /var/tmp/tieline-UID, /tmp/tieline-UID. /tmp is shared: a folder there must be our own.
set -eu
name=@NAME@

# Unpacks to $1/$name unless it is there. Two that start at once do no harm: the rename decides.
unpack() {
  [ -x "$1/$name/deno" ] && return 0
  mkdir -p -m 700 "$1" 2>/dev/null || return 1
  part=$(mktemp -d "$1/.tieline-part.XXXXXX" 2>/dev/null) || return 1
  trap 'rm -rf "$part"' EXIT
  trap 'exit 143' HUP INT TERM
  done=no
  # What a power cut left of an earlier attempt would never be removed otherwise.
  find "$1" -maxdepth 1 -name '.tieline-part.*' -mmin +60 -exec rm -rf {} + 2>/dev/null || :
  mkdir "$part/$name"
  if tail -n +$((@LINES@ + 1)) "$0" | tar -C "$part/$name" -xzof - && [ -x "$part/$name/deno" ]; then
    sync # a rename that outlives a power cut must not name empty files
    if mv "$part/$name" "$1/" 2>/dev/null; then
      for old in "$1"/tieline-*-*; do
        [ "$old" = "$1/$name" ] || [ ! -f "$old/tieline.js" ] || rm -rf "$old"
      done
    fi
    [ -x "$1/$name/deno" ] && done=yes
  fi
  rm -rf "$part"
  trap - EXIT HUP INT TERM
  [ "$done" = yes ]
}

# Makes $1 our own, or finds that it is.
own() {
  mkdir -m 700 "$1" 2>/dev/null || { [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && chmod 700 "$1"; }
}

base=${TIELINE_UNPACK_DIR:-}
if [ -n "$base" ]; then
  unpack "$base" || base=
else
  for try in "${XDG_CACHE_HOME:-}" "${HOME:+$HOME/.cache}" /var/tmp /tmp; do
    case $try in
      /var/tmp | /tmp) try=$try/tieline-$(id -u) && own "$try" || continue ;;
      /*) try=$try/tieline ;;
      *) continue ;;
    esac
    if unpack "$try"; then
      base=$try
      break
    fi
  done
fi
if [ -z "$base" ]; then
  echo "tieline: cannot unpack: expected a folder with 150 MB free where programs may run;" \
    "name one in TIELINE_UNPACK_DIR${TIELINE_UNPACK_DIR:+ (found $TIELINE_UNPACK_DIR)}" >&2
  exit 1
fi

# Deno reads settings from the home folder, and stops where it may not read that: it gets one of its own.
# Buffers of 64 KiB and more go back to the system when they are free (docs/performance.md, "Memory").
export MALLOC_MMAP_THRESHOLD_=65536
export DENO_NO_UPDATE_CHECK=1 DENO_NO_PACKAGE_JSON=1 DENO_DIR="$base/deno-cache" HOME="$base"
exec "$base/$name/deno" run --quiet --no-config --no-lock --cached-only --unstable-net \
  @FLAGS@ "$base/$name/tieline.js" "$@"
