#!/usr/bin/env bash
# Builds dist/tieline and uses it as a board would: no Deno on PATH, hardly an environment, start and stop, two at
# once, folders that cannot be written. Ends with `N passed, N failed`. Usage: package.sh [--no-build]
set -uo pipefail
cd "$(dirname "$0")/../.."
export NO_COLOR=1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

pass() { passed=$((passed + 1)); }
fail() {
  failed=$((failed + 1))
  echo "FAILED: $1"
}
# check NAME COMMAND...: passes if the command does.
check() {
  local name=$1
  shift
  if "$@" >"$work/out" 2>&1; then pass; else
    fail "$name"
    tail -n 20 "$work/out"
  fi
}

[ "${1:-}" = --no-build ] || check build deno run -A deploy/build.ts
tieline=$PWD/dist/tieline
[ -x "$tieline" ] || { fail "dist/tieline is there"; echo "$passed passed, $failed failed"; exit 1; }

# What a bare board has: the tools that the launcher needs, and no Deno.
mkdir "$work/bin"
for tool in sh env tar gzip mktemp tail find sync mv rm mkdir chmod id; do
  ln -s "$(command -v $tool)" "$work/bin/$tool"
done
# (Not to be put in the background: the process id would be that of a shell around it.)
bare() { env -i PATH="$work/bin" "$@"; }

version=$(sed -n 's/.*VERSION = "\(.*\)".*/\1/p' mod/core/version.ts)
prints_version() { [ "$("$@" 2>"$work/err")" = "$version" ] || { cat "$work/err"; return 1; }; }
refuses() { ! "$@"; }

check "version without Deno on PATH" prints_version bare TIELINE_UNPACK_DIR="$work/unpack" "$tieline" --version
check "second start uses what is unpacked" prints_version bare TIELINE_UNPACK_DIR="$work/unpack" "$tieline" --version
check "by a relative path and a link" sh -c "ln -s '$tieline' '$work/link' && cd '$work' && TIELINE_UNPACK_DIR=unpack2 ./link --version"
for command in run capture check demo watch decode sim "sim pmu" "sim sv" cert "cert new" "cert pin" bench; do
  # The name of a command is one or two words.
  # shellcheck disable=SC2086
  check "$command --help" bare TIELINE_UNPACK_DIR="$work/unpack" "$tieline" $command --help
done
for example in config/*.toml; do
  check "check $example" bare TIELINE_UNPACK_DIR="$work/unpack" "$tieline" check "$example"
done
check "a bad configuration ends with 1" sh -c "printf '[gateway]\nnmae = 1\n' >'$work/bad.toml'
  TIELINE_UNPACK_DIR='$work/unpack' '$tieline' check '$work/bad.toml' 2>'$work/bad'; [ \$? -eq 1 ] && grep -q '2:1: gateway.nmae' '$work/bad'"

if [ "$(head -c 9 "$tieline")" = "#!/bin/sh" ]; then
  folder_count() { [ "$(find "$1" -maxdepth 1 -name "$2" | wc -l)" -eq "$3" ]; }

  mkdir "$work/two"
  env -i PATH="$work/bin" TIELINE_UNPACK_DIR="$work/two" "$tieline" --version >"$work/two.a" 2>&1 &
  first=$!
  env -i PATH="$work/bin" TIELINE_UNPACK_DIR="$work/two" "$tieline" --version >"$work/two.b" 2>&1 &
  second=$!
  wait $first && wait $second && [ "$(cat "$work/two.a" "$work/two.b" | sort -u)" = "$version" ] &&
    pass || fail "two first starts at once"
  check "two at once leave one folder" folder_count "$work/two" 'tieline-*' 1
  check "two at once leave no part" folder_count "$work/two" '.tieline-part.*' 0

  mkdir -p "$work/two/tieline-0.0.0-old" "$work/two/tieline-notes-keep"
  touch "$work/two/tieline-0.0.0-old/tieline.js"
  mv "$work/two/tieline-$version-"* "$work/gone"
  check "an upgrade unpacks anew" prints_version bare TIELINE_UNPACK_DIR="$work/two" "$tieline" --version
  check "an upgrade removes the old version" folder_count "$work/two" 'tieline-0.0.0-old' 0
  check "an upgrade leaves other folders alone" folder_count "$work/two" 'tieline-notes-keep' 1

  # A file where a folder is needed stands for one that cannot be written: root may write anywhere else.
  touch "$work/file"
  check "TIELINE_UNPACK_DIR that cannot be used is refused" refuses bare TIELINE_UNPACK_DIR="$work/file/x" "$tieline" --version
  check "the refusal says what to do" sh -c "env -i PATH='$work/bin' TIELINE_UNPACK_DIR='$work/file/x' '$tieline' --version 2>&1 | grep -q 'TIELINE_UNPACK_DIR'"
  check "HOME that cannot be written" prints_version bare HOME="$work/file" "$tieline" --version
  check "no HOME at all" prints_version bare "$tieline" --version
  check "HOME is used" sh -c "mkdir '$work/home' && env -i PATH='$work/bin' HOME='$work/home' '$tieline' --version && [ -d '$work/home/.cache/tieline' ]"
  rm -rf "$work/home" "$work/two" "$work/gone" "$work/unpack2"
else
  echo "skipped: the launcher's tests: dist/tieline was made by deno compile"
fi

# run: gets ready, answers, ends with 0 on SIGTERM, keeps its identity.
sed -e "s#/var/lib/tieline#$work/state#" -e 's/0\.0\.0\.0:7165/127.0.0.1:0/' -e 's/192\.0\.2\.10/127.0.0.1/' \
  config/one_pmu.toml >"$work/site.toml"
port=$(deno eval --ext=ts 'import { freePort } from "./tests/support/ports.ts"; console.log(freePort())')
printf '\n[admin]\nlisten = "127.0.0.1:%s"\n' "$port" >>"$work/site.toml"
now() { date +%s%3N; }
run_once() {
  local began ready=no
  began=$(now)
  env -i PATH="$work/bin" TIELINE_UNPACK_DIR="$work/unpack" "$tieline" run "$work/site.toml" >"$work/run" 2>&1 &
  local pid=$!
  while [ $(($(now) - began)) -lt 60000 ]; do
    if curl --max-time 10 -skf "https://127.0.0.1:$port/readyz" >/dev/null; then
      ready=$(($(now) - began))
      break
    fi
    sleep 0.05
  done
  sleep 2
  local rss
  rss=$(awk '/VmRSS/ { print int($2 / 1024) }' "/proc/$pid/status")
  local threads
  threads=$(awk '/Threads/ { print $2 }' "/proc/$pid/status")
  kill -TERM $pid
  wait $pid
  local status=$?
  echo "run: ready after $ready ms, $rss MB resident, $threads threads, exit $status"
  [ "$ready" != no ] && [ $status -eq 0 ] || { cat "$work/run"; return 1; }
  [ "$rss" -lt 150 ]
}
if run_once; then pass; else fail "run, ready, SIGTERM"; fi
pin=$(sed -n 's/.*own pin //p' "$work/run")
if run_once; then pass; else fail "run again"; fi
check "the identity is kept" grep -q "own pin $pin" "$work/run"
check "cert pin prints it too" sh -c "TIELINE_UNPACK_DIR='$work/unpack' '$tieline' cert pin '$work/state/identity/cert.pem' | grep -qx '$pin'"
check "the state folder is private" sh -c "[ \$(stat -c %a '$work/state') = 700 ] && [ \$(stat -c %a '$work/state/identity/key.pem') = 600 ]"
check "demo" sh -c "TIELINE_UNPACK_DIR='$work/unpack' '$tieline' demo --for 3 --json | tail -n 1 | grep -q '\"measurementsReceived\":[1-9]'"

# Capture Workers begin from the one file: a capture file as input.
check "sim sv writes a capture file" bare TIELINE_UNPACK_DIR="$work/unpack" "$tieline" sim sv --pcap "$work/sv.pcap" --for 3 \
  --profile 9-2LE --sv-id BAY
sed -e '/^\[clock/,/^$/d' -e "s#/var/lib/tieline#$work/state-sv#" -e 's/0\.0\.0\.0:7165/127.0.0.1:0/' -e 's/192\.0\.2\.10/127.0.0.1/' \
  -e "s#^interface = .*#pcap = { file = \"$work/sv.pcap\", speed = \"fast\" }#" -e 's/appid = 0x4001/appid = 0x4000/' \
  config/process_bus.toml >"$work/sv.toml"
# A user of the admin API; the token of the system tests will do.
deno eval --ext=ts 'import { ADMIN_TOML, AS_ROOT } from "./tests/system/site.ts"; console.log(ADMIN_TOML); console.log("# " + AS_ROOT.Authorization)' |
  sed "s/127.0.0.1:0/127.0.0.1:$port/" >"$work/admin.toml"
cat "$work/admin.toml" >>"$work/sv.toml"
authorization="Authorization: $(sed -n 's/^# //p' "$work/admin.toml")"
capture_once() {
  env -i PATH="$work/bin" TIELINE_UNPACK_DIR="$work/unpack" "$tieline" run "$work/sv.toml" >"$work/run" 2>&1 &
  local pid=$! found=no
  for _ in $(seq 600); do
    curl --max-time 10 -s -H "$authorization" "http://127.0.0.1:$port/metrics" | grep -q 'sv_samples_total{.*outcome="accepted".* 12000$' && found=yes && break
    sleep 0.1
  done
  curl --max-time 10 -s -H "$authorization" "http://127.0.0.1:$port/metrics" | grep sv_samples_total
  kill -TERM $pid
  wait $pid
  [ $found = yes ] || { cat "$work/run"; return 1; }
}
check "capture Workers of the one file take all samples of a capture file" capture_once

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
