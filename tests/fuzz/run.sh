#!/usr/bin/env bash
# Runs every fuzz target for SECONDS under clang's libFuzzer.  New inputs stay in build/fuzz;
# what crashes is left there too: put it into the corpus, named by its cause.
set -u
cd "$(dirname "$0")/../.." || exit 1
seconds=${1:-30}
if ! command -v clang >/dev/null 2>&1; then
	echo "skip: clang is not installed, so there is no fuzzer"
	exit 0
fi
flags='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -O1'
bad=0
make -s -j2 CC=clang O=build/fuzz FLAVOUR_CFLAGS="$flags" build/fuzz/librooms.a >/dev/null || exit 1
for target in tests/fuzz/fuzz_*.c; do
	name=${target##*/fuzz_}
	name=${name%.c}
	work=build/fuzz/$name
	mkdir -p "$work/new"
	objects=(build/fuzz/tests/fuzz/fuzz_"$name".o)
	for shared in tests/unit/*.c; do
		case $shared in */test_*) continue ;; esac
		objects+=("build/fuzz/${shared%.c}.o")
	done
	make -s -j2 CC=clang O=build/fuzz FLAVOUR_CFLAGS="$flags" "${objects[@]}" >/dev/null || exit 1
	# shellcheck disable=SC2046
	clang -fsanitize=fuzzer,address,undefined -o "$work/fuzz" "${objects[@]}" build/fuzz/librooms.a \
		$(pkg-config --libs cmocka json-c libzmq libcurl libmicrohttpd inih ncursesw libsodium libzstd zlib) -lm -pthread || exit 1
	dict=()
	[ -e "tests/fuzz/$name.dict" ] && dict=(-dict="tests/fuzz/$name.dict")
	echo "== $name, $seconds s"
	"$work/fuzz" -max_total_time="$seconds" -timeout=10 -max_len=16384 -print_final_stats=1 \
		-artifact_prefix="$work/" "${dict[@]}" "$work/new" "tests/fuzz/corpus/$name" 2>&1 |
		grep -E '^(stat::number_of_executed|stat::new_units|SUMMARY|fuzz_|==.*ERROR|artifact)' || true
	[ "${PIPESTATUS[0]}" -eq 0 ] || bad=1
done
exit $bad
