#!/bin/sh
# Installs Debian packages, for the scripts of the tests. Usage: apt.sh PACKAGE... Ends with 1 where that is not for us.
# Another program may hold apt's locks for a while, and a mirror may fail once: it tries three times.
set -u
[ "$(id -u)" = 0 ] && command -v apt-get > /dev/null || exit 1
export DEBIAN_FRONTEND=noninteractive
options="-qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3"
for pause in 10 30 0; do
  # One source of many that fails does not matter, unless it has the packages.
  # shellcheck disable=SC2086
  apt-get $options update
  # shellcheck disable=SC2086
  apt-get $options install -y --no-install-recommends "$@" && exit 0
  sleep $pause
done
exit 1
