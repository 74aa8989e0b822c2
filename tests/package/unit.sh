#!/usr/bin/env bash
# Checks the units in deploy/: systemd's own verdict, dist/tieline under the system call filter of its unit, and both
# processes together with the users and capabilities of their units, on a wire.
# Needs systemd-analyze, python3-seccomp, setpriv, ip and root; says so and ends with 0 where they are missing and
# cannot be installed.
set -uo pipefail
cd "$(dirname "$0")/../.."
unit=deploy/tieline.service
capture=deploy/tieline-capture.service

if ! { command -v systemd-analyze && /usr/bin/python3 -c 'import seccomp'; } >/dev/null 2>&1; then
  sh tests/support/apt.sh systemd python3-seccomp >/dev/null 2>&1
fi
command -v systemd-analyze >/dev/null || { echo "skipped: unit: systemd-analyze is not installed"; exit 0; }
work=$(mktemp -d)
# The two ends of a wire; names of its own, since what was killed leaves them behind.
near=tl-ua$$ far=tl-ub$$
trap 'rm -rf "$work"; ip link del $near 2>/dev/null' EXIT
passed=0 failed=0
result() {
  if [ "$2" -eq 0 ]; then passed=$((passed + 1)); else
    failed=$((failed + 1))
    echo "FAILED: $1"
    tail -n 20 "$work/out"
  fi
}

# The paths of the program are those of the board; here something stands in for it.
for file in $unit $capture; do
  name=$(basename "$file")
  sed "s#/usr/local/bin/tieline#/bin/true#" "$file" >"$work/$name"
  systemd-analyze verify --man=no "$work/$name" >"$work/out" 2>&1 && [ ! -s "$work/out" ]
  result "$name: systemd-analyze verify" $?
  systemd-analyze security --offline=true --no-pager --threshold=15 "$work/$name" >"$work/out" 2>&1
  result "$name: systemd-analyze security: exposure of 1.5 at most" $?
  grep -E 'Overall' "$work/out" | sed 's/[^ -~]//g'
done
# The credentials that the unit shows how to load.
sed -e 's/^#LoadCredential/LoadCredential/' "$work/tieline.service" >"$work/tieline-secrets.service"
[ "$(grep -c '^LoadCredential' "$work/tieline-secrets.service")" -eq 2 ] &&
  systemd-analyze verify --man=no "$work/tieline-secrets.service" >"$work/out" 2>&1 && [ ! -s "$work/out" ]
result "tieline.service: credentials" $?
for service in ptp4l phc2sys; do
  sed "s#/usr/sbin/[a-z0-9]*#/bin/true#" "deploy/ptp/tieline-$service@.service" >"$work/tieline-$service@.service"
done
for name in tieline tieline-capture; do
  mkdir -p "$work/$name.service.d" && cp deploy/ptp/clock.conf "$work/$name.service.d/"
done
(cd "$work" && systemd-analyze verify --man=no ./tieline-ptp4l@.service ./tieline-phc2sys@.service ./tieline.service \
  ./tieline-capture.service) \
  >"$work/out" 2>&1 && [ ! -s "$work/out" ]
result "deploy/ptp: systemd-analyze verify" $?
rm -r "$work/tieline.service.d" "$work/tieline-capture.service.d"

if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null && /usr/bin/python3 -c 'import seccomp' 2>/dev/null &&
  [ -x dist/tieline ]; then
  chmod 755 "$work"
  install -d -o nobody -m 700 "$work/own"
  sed -e "s#/var/lib/tieline#$work/own/state#" -e 's/0\.0\.0\.0:7165/127.0.0.1:0/' -e 's/192\.0\.2\.10/127.0.0.1/' \
    config/one_pmu.toml >"$work/site.toml"
  printf '\n[admin]\nlisten = "127.0.0.1:0"\n' >>"$work/site.toml"
  chmod 644 "$work/site.toml"
  install -m 755 dist/tieline "$work/tieline"
  install -m 644 $unit tests/package/syscall_filter.py "$work/"
  # Without [clock] the program asks the kernel of its clock once, and does without an answer.
  filtered() {
    cd / && exec setpriv --reuid=nobody --clear-groups --no-new-privs --bounding-set=-all \
      env -i PATH=/usr/bin:/bin TIELINE_UNPACK_DIR="$work/own/cache" \
      /usr/bin/python3 "$work/syscall_filter.py" --refuse clock_adjtime "$work/tieline.service" "$work/tieline" "$@"
  }
  (filtered check "$work/site.toml") >"$work/out" 2>&1
  result "check under the filter" $?
  (filtered run "$work/site.toml") >"$work/out" 2>&1 &
  pid=$!
  for _ in $(seq 600); do
    grep -q 'Admin API' "$work/out" && break
    sleep 0.1
  done
  sleep 2
  kill -TERM $pid
  wait $pid && grep -q 'Nobody watches the clock' "$work/out"
  result "run under the filter, exit 0 on SIGTERM" $?
else
  echo "skipped: system call filter: needs root, setpriv, python3-seccomp and dist/tieline"
fi

# Both processes as their units start them: other users, one group, CAP_NET_RAW for one of them alone.
two_processes() {
  local port pid_capture pid_gateway pid_sim state=none
  chmod 755 "$work"
  install -d -o nobody -g nogroup -m 750 "$work/run"
  install -d -o nobody -m 700 "$work/cache-capture"
  install -d -o daemon -m 700 "$work/gateway"
  install -m 755 dist/tieline "$work/tieline"
  port=$(deno eval --ext=ts 'import { freePort } from "./tests/support/ports.ts"; console.log(freePort())')
  sed -e "s#/var/lib/tieline#$work/gateway/state#" -e 's/0\.0\.0\.0:7165/127.0.0.1:0/' -e "s/\"eth1\"/\"$near\"/" \
    -e "s#/run/tieline#$work/run#" config/process_bus.toml >"$work/bus.toml"
  # A user of the admin API; the token of the system tests will do.
  deno eval --ext=ts 'import { ADMIN_TOML, AS_ROOT } from "./tests/system/site.ts"; console.log(ADMIN_TOML); console.log("# " + AS_ROOT.Authorization)' |
    sed "s/127.0.0.1:0/127.0.0.1:$port/" >>"$work/bus.toml"
  local authorization
  authorization="Authorization: $(sed -n 's/^# Bearer/Bearer/p' "$work/bus.toml")"
  chmod 644 "$work/bus.toml"
  local group
  group=$(id -g nobody)
  # shellcheck disable=SC2086
  (cd / && umask 0007 && exec setpriv --reuid=nobody --regid="$group" --clear-groups --no-new-privs \
    --inh-caps=-all,+net_raw --ambient-caps=-all,+net_raw --bounding-set=-all,+net_raw \
    env -i PATH=/usr/bin:/bin TIELINE_UNPACK_DIR="$work/cache-capture" $1 \
    "$work/tieline" capture --socket "$work/run/capture.sock" --interface $near) >"$work/capture.out" 2>&1 &
  pid_capture=$!
  for _ in $(seq 600); do [ -S "$work/run/capture.sock" ] && break || sleep 0.1; done
  # shellcheck disable=SC2086
  (cd / && umask 0077 && exec setpriv --reuid=daemon --regid="$group" --clear-groups --no-new-privs --bounding-set=-all \
    env -i PATH=/usr/bin:/bin TIELINE_UNPACK_DIR="$work/gateway/cache" $2 \
    "$work/tieline" run "$work/bus.toml") >"$work/gateway.out" 2>&1 &
  pid_gateway=$!
  dist/tieline sim sv --interface $far --count 2 --profile 9-2LE --nominal 50 --sv-id BAY --appid 0x4001 \
    >"$work/sim.out" 2>&1 &
  pid_sim=$!
  for _ in $(seq 600); do
    state=$(curl --max-time 10 -s -H "$authorization" "http://127.0.0.1:$port/api/status" | grep -o '"input.process_bus":{"state":"[a-z]*"')
    [ "${state##*:}" = '"running"' ] && break
    sleep 0.1
  done
  curl --max-time 10 -s -H "$authorization" "http://127.0.0.1:$port/api/status" | grep -o '"rights":{[^}]*}' >"$work/rights"
  # The clock as the gateway knows it by capture: PTP is heard, and the kernel tells a frequency.
  for _ in $(seq 600); do
    curl --max-time 10 -s -H "$authorization" "http://127.0.0.1:$port/api/clock" >"$work/clock"
    grep -q '"problems":\[\]' "$work/clock" && grep -q '"frequencyPpm":' "$work/clock" && break
    sleep 0.1
  done
  kill -TERM $pid_sim $pid_gateway
  wait $pid_gateway
  local ended=$?
  kill -TERM $pid_capture
  wait $pid_capture || ended=1
  wait $pid_sim
  cat "$work/capture.out" "$work/gateway.out" "$work/sim.out" "$work/clock" >"$work/out"
  grep -q '"problems":\[\]' "$work/clock" && grep -q '"frequencyPpm":' "$work/clock" || ended=1
  [ "${state##*:}" = '"running"' ] && grep -q '"ffi":false' "$work/rights" && [ $ended -eq 0 ]
}
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null && [ -x dist/tieline ] &&
  ip link add $near type veth peer name $far 2>/dev/null; then
  ip link set $near up && ip link set $far up
  filter_a= filter_b=
  if /usr/bin/python3 -c 'import seccomp' 2>/dev/null; then
    install -m 644 $unit $capture tests/package/syscall_filter.py "$work/"
    cat deploy/ptp/clock.conf >>"$work/tieline-capture.service"
    filter_a="/usr/bin/python3 $work/syscall_filter.py $work/tieline-capture.service"
    filter_b="/usr/bin/python3 $work/syscall_filter.py $work/tieline.service"
  else
    echo "skipped: system call filters of the two processes: needs python3-seccomp"
  fi
  two_processes "$filter_a" "$filter_b"
  result "two processes: samples of a wire reach the gateway, which holds neither FFI nor CAP_NET_RAW" $?
else
  echo "skipped: two processes: needs root, setpriv, dist/tieline and virtual Ethernet"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
