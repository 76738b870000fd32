#!/usr/bin/env bash
# Warnings as errors with both compilers, format, shell scripts, man pages.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0
step() {
	local name=$1 out
	shift
	if ! command -v "$1" >/dev/null 2>&1; then
		echo "skip  $name: $1 is not installed"
		return
	fi
	if out=$("$@" 2>&1); then echo "ok    $name"; else
		echo "FAIL  $name"; echo "$out" | tail -n 40; bad=1
	fi
}
mapfile -t sources < <(git ls-files '*.c' '*.h')
mapfile -t scripts < <(git ls-files '*.sh' .ci/run)
mapfile -t pages < <(git ls-files '*.[1-8]')
step 'gcc, warnings as errors' make -j2 CC=gcc CFLAGS=-Werror O=build/lint-gcc all
command -v clang >/dev/null 2>&1 &&
	step 'clang, warnings as errors' make -j2 CC=clang CFLAGS=-Werror O=build/lint-clang all
step 'clang-format' clang-format --dry-run --Werror "${sources[@]}"
[ ${#scripts[@]} -eq 0 ] || step 'shellcheck' shellcheck "${scripts[@]}"
[ ${#pages[@]} -eq 0 ] || step 'mandoc' mandoc -T lint -W warning "${pages[@]}"
exit $bad
