#!/bin/bash
# packages.sh CACHE: makes sure that CACHE has what the lab's guest is made of: QEMU with all its
# libraries, and a kernel with its modules. They are Debian's packages, checked by apt against
# Debian's keyring and unpacked there; nothing is installed on this machine, and root is not needed.
#
#   CACHE/tools   QEMU, its libraries and firmware, busybox, kmod, mke2fs: a tree of its own
#   CACHE/kernel  boot/vmlinuz, boot/vmlinux where it could be unpacked, lib/modules, version
#
# Exit status 3: this machine cannot have a lab; one line on stderr says why.
set -euo pipefail

SUITE=trixie
MIRROR=${NFVD_LAB_MIRROR:-http://deb.debian.org}
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
TOOLS='qemu-system-x86 qemu-system-common qemu-system-data seabios kmod busybox-static e2fsprogs xz-utils zstd'

cannot() { echo "no lab here: $*" >&2; exit 3; }

for program in apt-get apt-config apt-cache dpkg dpkg-deb tar flock; do
  command -v "$program" > /dev/null || cannot "$program is missing; the lab is made of Debian packages"
done
[ "$(dpkg --print-architecture)" = amd64 ] || cannot 'its guest shares the programs of an amd64 host'
[ -r "$KEYRING" ] || cannot "no Debian keyring; as root: apt-get install debian-archive-keyring"

mkdir -p "$1"
cache=$(cd "$1" && pwd -P)
apt=$cache/apt
# One at a time; who comes later finds the work done.
exec 9> "$cache/lock"
flock 9

# apt with folders of its own and an empty list of installed packages: what it chooses is a complete
# set, C library included, whatever this machine has.
settings() {
  # This machine's ways to download (a proxy) hold here too.
  apt-config dump Acquire
  cat <<END
Dir::Etc "$apt";
Dir::Etc::sourcelist "sources.list";
Dir::Etc::sourceparts "none";
Dir::Etc::parts "none";
Dir::Etc::preferencesparts "none";
Dir::State "$apt";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
Dir::Log "$apt";
APT::Architecture "amd64";
APT::Architectures "amd64";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Retries "3";
END
}

prepare_apt() {
  [ ! -e "$apt/ready" ] || return 0
  rm -rf "$apt"
  mkdir -p "$apt/none" "$apt/lists/partial" "$apt/archives/partial"
  : > "$apt/status"
  local each
  for each in "debian $SUITE" "debian $SUITE-updates" "debian-security $SUITE-security"; do
    echo "deb [signed-by=$KEYRING] $MIRROR/$each main"
  done > "$apt/sources.list"
  settings > "$apt/apt.conf"
  APT_CONFIG=$apt/apt.conf apt-get -qq update > "$cache/log" 2>&1 || unreachable
  touch "$apt/ready"
}

unreachable() { cannot "packages of $MIRROR cannot be had: $(grep '^[EW]:' "$cache/log" | head -1)"; }

unpack() {
  dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --keep-directory-symlink --no-same-owner \
    --exclude='./dev' --exclude='./usr/share/doc' --exclude='./usr/share/man' \
    --exclude='./usr/share/locale' --exclude='*/kernel/sound' --exclude='*/kernel/drivers/gpu' \
    --exclude='*/kernel/drivers/media' --exclude='*/kernel/drivers/staging' \
    --exclude='*/kernel/drivers/net/wireless' --exclude='*/kernel/drivers/infiniband'
}

fetch_tools() {
  local new=$cache/tools.new dir
  echo "lab: fetching QEMU of Debian $SUITE into $cache" >&2
  # shellcheck disable=SC2086  # a list
  APT_CONFIG=$apt/apt.conf apt-get -qq -y --download-only install $TOOLS > "$cache/log" 2>&1 \
    || unreachable
  rm -rf "$new"
  # Debian's merged layout first, so that /lib and /usr/lib are one.
  for dir in bin sbin lib lib64; do
    mkdir -p "$new/usr/$dir"
    ln -s "usr/$dir" "$new/$dir"
  done
  for dir in "$apt"/archives/*.deb; do unpack "$dir" "$new"; done
  rm -f "$apt"/archives/*.deb
  mv "$new" "$cache/tools"
}

# tool NAME ARGUMENT...: a program of that tree, with that tree's loader and libraries.
tool() {
  local name=$1 file
  shift
  file=$(find "$cache/tools/usr/bin" "$cache/tools/usr/sbin" -name "$name" -print -quit)
  # kmod goes by the name it was called by.
  "$cache/tools/lib64/ld-linux-x86-64.so.2" --argv0 "$name" \
    --library-path "$cache/tools/usr/lib/x86_64-linux-gnu" "$(readlink -f "$file")" "$@"
}

fetch_kernel() {
  local new=$cache/kernel.new package version
  package=$(APT_CONFIG=$apt/apt.conf apt-cache depends linux-image-amd64 \
    | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -1)
  [ -n "$package" ] || cannot "$MIRROR knows no kernel for $SUITE"
  version=${package#linux-image-}
  echo "lab: fetching the kernel $version" >&2
  rm -rf "$new"
  mkdir -p "$new/usr/lib"
  ln -s usr/lib "$new/lib"
  (cd "$new" && APT_CONFIG=$apt/apt.conf apt-get -qq download "$package" > "$cache/log" 2>&1) \
    || unreachable
  unpack "$new"/*.deb "$new"
  rm -f "$new"/*.deb
  tool depmod -b "$new" "$version"
  mv "$new/boot/vmlinuz-$version" "$new/boot/vmlinuz"
  # It starts some seconds sooner when the emulated CPU need not unpack it.
  unpack_kernel "$new/boot/vmlinuz" > "$new/boot/vmlinux" || rm -f "$new/boot/vmlinux"
  echo "$version" > "$new/version"
  mv "$new" "$cache/kernel"
}

# The kernel proper inside of a bzImage: Documentation/arch/x86/boot.rst, payload_offset and
# payload_length. Its last four bytes are its size, no part of the compressed stream.
unpack_kernel() {
  local image=$1 at length
  number() { od -An -t "u$2" -j "$1" -N "$2" "$image" | tr -d ' '; }
  at=$((($(number 497 1) + 1) * 512 + $(number 584 4)))
  length=$(($(number 588 4) - 4))
  local stream=(dd if="$image" bs=1M skip="$at" count="$length" iflag=skip_bytes,count_bytes status=none)
  case $(od -An -t x1 -j "$at" -N 4 "$image" | tr -d ' ') in
    fd377a58) "${stream[@]}" | tool xz -dc ;;
    28b52ffd) "${stream[@]}" | tool zstd -dc ;;
    *) return 1 ;;
  esac
}

if [ ! -e "$cache/tools" ]; then
  prepare_apt
  fetch_tools
fi
if [ ! -e "$cache/kernel" ]; then
  prepare_apt
  fetch_kernel
fi
