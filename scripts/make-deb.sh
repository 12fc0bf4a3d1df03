#!/bin/sh
# make-deb.sh [DIRECTORY]: packs what is built (make build) as DIRECTORY/nfvd_VERSION_ARCH.deb, and prints its
# path. Built twice from one commit it is the same, byte for byte. NFVD_DEB_VERSION is its version; without
# that it is package.json's, with the commit where that is not the release.
set -eu
cd "$(dirname "$0")/.."
out=${1:-dist}
here=deploy/deb
for program in dpkg dpkg-deb gzip node; do
  command -v "$program" >/dev/null || { echo "make-deb.sh: $program is missing" >&2; exit 1; }
done

release=$(node -p 'require("./package.json").version')
commit=$(git rev-parse --short=9 HEAD 2>/dev/null || true)
if [ -n "$commit" ]; then
  : "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct)}"
  [ "$(git tag --points-at HEAD)" = "v$release" ] ||
    release="$release~git$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M).$commit"
fi
: "${SOURCE_DATE_EPOCH:=$(stat -c %Y package.json)}"
export SOURCE_DATE_EPOCH
version=${NFVD_DEB_VERSION:-$release}
arch=$(dpkg --print-architecture)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022
root=$work/root
lib=$root/usr/lib/nfvd
share=$root/usr/share
doc=$share/doc/nfvd
mkdir -p "$root/DEBIAN" "$lib/dist" "$doc/examples"

# The programs
cp -R proto package.json "$lib/"
# Of each source there is now: the compiler leaves what it made of those that are gone.
find src -name '*.ts' ! -name '*.d.ts' ! -path 'src/rpc/gen/*' | sed 's/\.ts$/.js/' |
  tar -c -C dist -T - | tar -x -C "$lib/dist"
cp "$here/copyright" "$doc/copyright"
node scripts/deb-modules.mjs "$lib" "$doc/copyright"
find "$lib" -type f -exec chmod 0644 {} +
install -D -m 0755 -t "$root/usr/bin" "$here/nfvd" "$here/nfvctl"

# For systemd and udev
install -D -m 0644 -t "$root/usr/lib/systemd/system" deploy/systemd/*.service deploy/systemd/*.timer
install -D -m 0644 -t "$root/usr/lib/udev/rules.d" deploy/systemd/90-nfvd.rules
install -D -m 0644 deploy/systemd/nfvd.tmpfiles.conf "$root/usr/lib/tmpfiles.d/nfvd.conf"
install -D -m 0644 deploy/systemd/nfvd.sysusers.conf "$root/usr/lib/sysusers.d/nfvd.conf"
install -D -m 0644 -t "$root/etc/nfvd" deploy/config/*.yaml

# For people
nfvctl() { node dist/src/main/nfvctl.js "$@"; }
mkdir -p "$share/bash-completion/completions" "$share/zsh/vendor-completions" "$share/fish/vendor_completions.d"
nfvctl completion bash >"$share/bash-completion/completions/nfvctl"
nfvctl completion zsh >"$share/zsh/vendor-completions/_nfvctl"
nfvctl completion fish >"$share/fish/vendor_completions.d/nfvctl.fish"
cp -R deploy/profiles deploy/lab "$doc/examples/"
# Those that the pages and the help of nfvctl apply.
cp examples/*.yaml "$doc/examples/"
cp -R docs "$doc/"
gzip -9nc CHANGELOG.md >"$doc/changelog.gz"

# For dpkg
size=$(du -k -s --apparent-size "$root" | cut -f1)
sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$arch/" -e "s/@SIZE@/$size/" "$here/control.in" >"$root/DEBIAN/control"
install -m 0644 -t "$root/DEBIAN" "$here/conffiles"
install -m 0755 -t "$root/DEBIAN" "$here/postinst" "$here/prerm" "$here/postrm"
(cd "$root" && find . -path ./DEBIAN -prune -o -type f ! -path './etc/*' -printf '%P\0' | LC_ALL=C sort -z | xargs -0 md5sum) \
  >"$work/md5sums"
install -m 0644 -t "$root/DEBIAN" "$work/md5sums"

mkdir -p "$out"
file=$out/nfvd_${version}_$arch.deb
# Level 6 would make it a fifth smaller, and take more than three times as long.
dpkg-deb --root-owner-group -Zxz -z2 --build "$root" "$file" >/dev/null
echo "$file"
