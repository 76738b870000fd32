#!/usr/bin/env bash
# Runs the tests of one build: run.sh unit|all|chaos|threads BUILD_DIR.  Ends with a line of
# counts; `threads` are the tests with more than one thread, and what ThreadSanitizer said.
set -u
cd "$(dirname "$0")/.." || exit 1
what=$1
export RT_BUILD=$PWD/$2 RT_PROGRAM=$PWD/$2/retrytop
export LC_ALL=C.UTF-8 TZ=UTC
unset XDG_CONFIG_HOME RETRYTOP_INTAKE RETRYTOP_SPOOL NO_COLOR
passed=0 failed=0 skipped=0
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
# What whoever runs this chose on the screen is none of the tests' business, nor theirs of his.
export XDG_STATE_HOME=$logs/state

# run NAME SECONDS COMMAND...: exit 77 means skipped, with its reason on the last line.
run() {
	local name=$1 limit=$2 log status from=$SECONDS took
	shift 2
	log=$logs/${name//\//_}
	timeout -k 5 "$limit" "$@" >"$log" 2>&1 </dev/null
	status=$?
	took=$((SECONDS - from))
	[ $took -ge 5 ] && name="$name ($took s)"
	case $status in
	0) passed=$((passed + 1)); echo "ok    $name" ;;
	77) skipped=$((skipped + 1)); echo "skip  $name: $(tail -n 1 "$log")" ;;
	*) failed=$((failed + 1)); echo "FAIL  $name (exit $status)"; tail -n 60 "$log" | sed 's/^/      /' ;;
	esac
}

# Each program writes what it is reported for to a file of its own, whatever it is ended by.
if [ "$what" = threads ]; then
	mkdir "$logs/tsan"
	export TSAN_OPTIONS="${TSAN_OPTIONS:-} log_path=$logs/tsan/of"
	for t in "$2"/unit/test_*; do
		case $t in *.[od]) continue ;; esac
		[ -x "$t" ] && run "unit/${t##*/}" 600 "$t"
	done
	for name in collect answers viewers http keys journal restart limits hostile spool alerts \
		past player gateway suite canary_hostile canary_tls canary_soak own_client sdnotify \
		same_numbers watch; do
		run "e2e/test_$name.py" 1200 "tests/e2e/test_$name.py"
	done
	for t in tests/chaos/test_*.py; do
		run "${t#tests/}" 1200 "$t"
	done
	: >"$logs/tsan/of"
	reports=$(cat "$logs"/tsan/* | grep -c '^WARNING: ThreadSanitizer')
	cat "$logs"/tsan/* | grep '^SUMMARY: ThreadSanitizer' | sort | uniq -c
	echo "$passed passed, $failed failed, $skipped skipped, $reports reports"
	[ "$failed" -eq 0 ] && [ "$reports" -eq 0 ] && [ "$passed" -gt 0 ]
	exit
fi
if [ "$what" = chaos ]; then
	for t in tests/chaos/test_*.py; do
		run "${t#tests/}" 14400 "$t"
	done
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
	exit
fi
run rooms 30 tests/check-rooms.sh
for t in "$2"/unit/test_*; do
	case $t in *.[od]) continue ;; esac
	[ -x "$t" ] && run "unit/${t##*/}" 120 "$t"
done
for t in "$2"/fuzz/fuzz_*; do
	[ -x "$t" ] || continue
	name=${t##*/fuzz_}
	run "fuzz/$name" 120 "$t" tests/fuzz/corpus/"$name"/*
done
if [ "$what" = all ]; then
	most=300
	[ "${RT_FULL:-}" != 1 ] || most=1800
	for t in tests/e2e/*.sh tests/e2e/test_*.py tests/pty/*.sh tests/pty/test_*.py tests/chaos/test_*.py; do
		[ -x "$t" ] && run "${t#tests/}" "$most" "$t"
	done
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
