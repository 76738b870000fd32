#!/bin/sh
# Installs the Debian packages that building and testing need and that are missing.
# Says what it installs; does nothing, and asks no network, where all is there.
set -eu

packages="gcc make pkg-config libc6-dev libncurses-dev libcurl4-openssl-dev libjson-c-dev
libzmq3-dev libcmocka-dev libmicrohttpd-dev libinih-dev libsodium-dev libzstd-dev zlib1g-dev ncurses-term
python3 python3-zmq tmux procps"
[ "${CI:-}" = true ] && packages="$packages clang clang-format libclang-rt-14-dev shellcheck mandoc"

missing=
for p in $packages; do
	dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' ||
		missing="$missing $p"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
	echo "setup: this is no Debian; install the equivalents of:$missing" >&2
	exit 1
fi
as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
echo "setup: installing$missing"
$as_root apt-get update -q
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -q --no-install-recommends $missing
