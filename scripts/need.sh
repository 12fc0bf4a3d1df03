#!/bin/sh
# need.sh COMMAND=PACKAGE...: makes sure that the commands are there. Installs the Debian or Ubuntu
# packages of those that are not, if it may; otherwise says what is missing, and fails.
set -eu
missing=''
PATH="$PATH:/usr/sbin:/sbin"
for pair in "$@"; do
  command -v "${pair%%=*}" >/dev/null 2>&1 || missing="$missing ${pair#*=}"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing$missing"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086  # split on purpose
  { apt-get install -qq -y --no-install-recommends $missing ||
    { apt-get update -qq && apt-get install -qq -y --no-install-recommends $missing; }; } \
    >/dev/null && exit 0
fi
echo "missing packages:$missing (as root: apt-get install$missing)" >&2
exit 1
