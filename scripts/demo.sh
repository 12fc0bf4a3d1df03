#!/bin/sh
# Runs the demo in namespaces of its own (network, mounts, processes): the machine's own interfaces,
# files and processes are not touched, and all that was made is gone when it ends, however it ends.
set -eu
cd "$(dirname "$0")/.."
PATH="$PATH:/usr/sbin:/sbin"
scripts/need.sh ip=iproute2 ping=iputils-ping nft=nftables unshare=util-linux mount=mount
if [ -n "${VPP_PREFIX:-}" ] || command -v vpp >/dev/null; then scripts/need.sh ethtool=ethtool; fi
own='--net --mount --pid --fork --kill-child --mount-proc'
if [ "$(id -u)" != 0 ]; then
  own="--user --map-root-user $own"
  # shellcheck disable=SC2086  # split on purpose
  unshare $own true 2>/dev/null || {
    echo 'demo: missing: root, or user namespaces for everybody' \
      '(sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)' >&2
    exit 1
  }
fi
# shellcheck disable=SC2086
exec unshare $own "$(command -v node)" dist/demo/main.js "$@"
