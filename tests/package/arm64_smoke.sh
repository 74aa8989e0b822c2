#!/usr/bin/env bash
# Runs dist/tieline-aarch64 (deno task build aarch64) under user-mode emulation: version, check, demo.
# Installs qemu-user-static and the Arm C library with apt-get where it may; otherwise says so and ends with 0.
# Emulation shows that the program is whole. It says nothing of speed, and has no arrival stamps of the kernel.
set -uo pipefail
cd "$(dirname "$0")/../.."
tieline=$PWD/dist/tieline-aarch64
libraries=/usr/aarch64-linux-gnu

skip() {
  echo "skipped: arm64: $1"
  exit 0
}
[ "$(uname -m)" = x86_64 ] || skip "this machine is $(uname -m); run dist/tieline itself"
[ -x "$tieline" ] || skip "dist/tieline-aarch64 is not there; make it with: deno task build aarch64"
if ! command -v qemu-aarch64-static >/dev/null || [ ! -e $libraries/lib/libgcc_s.so.1 ]; then
  sh tests/support/apt.sh qemu-user-static libc6-arm64-cross libgcc-s1-arm64-cross >/dev/null 2>&1 ||
    skip "qemu-user-static, libc6-arm64-cross and libgcc-s1-arm64-cross cannot be installed"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ "$(head -c 9 "$tieline")" = "#!/bin/sh" ] || skip "dist/tieline-aarch64 was made by deno compile, which has no header to put the emulator into"
# The very launcher, but what it starts at the end is started by the emulator.
sed "s#^exec \"#exec qemu-aarch64-static -L $libraries \"#" "$tieline" >"$work/tieline"
chmod 755 "$work/tieline"
export TIELINE_UNPACK_DIR="$work/unpack" NO_COLOR=1

passed=0 failed=0
check() {
  local name=$1 began
  began=$(date +%s%3N)
  shift
  if "$@" >"$work/out" 2>&1; then
    passed=$((passed + 1))
    echo "$name: $(($(date +%s%3N) - began)) ms"
  else
    failed=$((failed + 1))
    echo "FAILED: $name"
    tail -n 20 "$work/out"
  fi
}
check version "$work/tieline" --version
check "it is an Arm program" sh -c "od -An -tx1 -j18 -N2 '$work'/unpack/tieline-*/deno | grep -q 'b7 00'"
# Each kind of input and output; all samples are checked without an emulator, which takes many seconds for each.
for example in config/{chained_control_center,fault_recorder,local_pdc}.toml; do
  check "check $example" "$work/tieline" check "$example"
done
# Emulated, the first seconds go by before TLS stands.
check demo sh -c "'$work/tieline' demo --for 15 --json | tail -n 1 | tee '$work/summary' | grep -q '\"measurementsReceived\":[1-9]'"
cat "$work/summary"

# A capture file through a capture Worker: decoding, sample clock and estimator are the same code there.
"$work/tieline" sim sv --pcap "$work/sv.pcap" --for 2 --profile 9-2LE --sv-id BAY >"$work/out" 2>&1
sed -e '/^\[clock/,/^$/d' -e "s#/var/lib/tieline#$work/state#" -e 's/0\.0\.0\.0:7165/127.0.0.1:0/' -e 's/192\.0\.2\.10/127.0.0.1/' \
  -e "s#^interface = .*#pcap = { file = \"$work/sv.pcap\", speed = \"fast\" }#" -e 's/appid = 0x4001/appid = 0x4000/' \
  config/process_bus.toml >"$work/sv.toml"
port=$(deno eval --ext=ts 'import { freePort } from "./tests/support/ports.ts"; console.log(freePort())')
printf '\n[admin]\nlisten = "127.0.0.1:%s"\ninsecure = true\nmetrics = "open"\n' "$port" >>"$work/sv.toml"
replayed() {
  "$work/tieline" run "$work/sv.toml" &
  local pid=$! found=no
  for _ in $(seq 1200); do
    curl --max-time 10 -s "http://127.0.0.1:$port/metrics" | grep -q 'sv_samples_total{.*outcome="accepted".* 8000$' && found=yes && break
    sleep 0.1
  done
  kill -TERM $pid
  wait $pid
  [ $found = yes ]
}
check "all samples of a capture file" replayed
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
