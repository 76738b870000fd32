#!/usr/bin/env bash
# Runs every benchmark of one build: run.sh BUILD_DIR.  Prints name, value, unit: parted by
# tabs, or in columns on a terminal.  Judges no figure; fails where a benchmark does.
set -u
cd "$(dirname "$0")/../.." || exit 1
if [ $# -ne 1 ] || [ ! -d "$1/bench" ]; then
	echo "usage: $0 BUILD_DIR, after make bench built it" >&2
	exit 64
fi
dir=$(cd "$1" && pwd)
export RT_BUILD=$dir RT_PROGRAM=$dir/retrytop
export LC_ALL=C.UTF-8 TZ=UTC
unset XDG_CONFIG_HOME RETRYTOP_INTAKE NO_COLOR
export XDG_STATE_HOME=/dev/null # nothing that was chosen on a screen
failed=0 ran=0

columns() {
	if [ -t 1 ]; then
		awk -F '\t' '{ printf "%-44s %14s  %s\n", $1, $2, $3; fflush() }'
	else
		cat
	fi
}

for b in "$dir"/bench/bench_* tests/bench/bench_*.sh tests/bench/bench_*.py; do
	if [ ! -f "$b" ] || [ ! -x "$b" ]; then continue; fi
	ran=$((ran + 1))
	"$b" </dev/null | columns
	status=${PIPESTATUS[0]}
	if [ "$status" -ne 0 ] && [ "$status" -ne 77 ]; then
		echo "${b##*/} failed (exit $status)" >&2
		failed=1
	fi
done
[ "$ran" -gt 0 ] && [ "$failed" -eq 0 ]
