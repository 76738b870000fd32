#!/usr/bin/env bash
# The rules of the house: who may include what, and which file is the door to what.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0
complain() {
	echo "$1"
	bad=1
}

# rule WHY PATTERN ALLOWED(regex of files) FILES...
rule() {
	local why=$1 pattern=$2 allowed=$3 hits
	shift 3
	hits=$(grep -lE "$pattern" "$@" 2>/dev/null | grep -vE "^($allowed)\$")
	[ -z "$hits" ] || complain "$why: $(echo "$hits" | tr '\n' ' ')"
}

mapfile -t all < <(git ls-files --cached --others --exclude-standard 'proto/*.[ch]' 'collector/*.[ch]' 'tui/*.[ch]')
mapfile -t proto < <(printf '%s\n' "${all[@]}" | grep '^proto/')
mapfile -t collector < <(printf '%s\n' "${all[@]}" | grep '^collector/')
mapfile -t tui < <(printf '%s\n' "${all[@]}" | grep '^tui/')
[ ${#all[@]} -gt 0 ] || complain "no sources found"

rule 'proto/ knows neither collector nor screen' '#include "(collector|tui)/' 'none' "${proto[@]}"
rule 'collector/ never draws' '#include "tui/' 'none' "${collector[@]}"
rule 'tui/ learns everything over the wire' '#include "collector/' 'none' "${tui[@]}"
rule 'ncurses has one door' '#include <(n?curses|ncursesw/|term\.h)' 'tui/term\.c' "${all[@]}"
rule 'libcurl has one door' '#include <curl/' 'collector/canary/http_client\.c|collector/notify\.c' "${all[@]}"
rule 'libmicrohttpd has one door' '#include <microhttpd' 'collector/http\.c|collector/canary/gateway\.c' "${all[@]}"
# bus and zap are the two sides of the collector's sockets: what comes in, and who may.
# channel is what emitter's thread speaks through.
# curve sets keys on the sockets of all of them and opens none.
rule 'ZeroMQ has six doors' '#include <zmq' 'proto/(emitter|channel|ask|curve)\.c|collector/(bus|zap)\.c' "${all[@]}"
rule 'the clock has one door' '\b(clock_gettime|gettimeofday|[^_a-z]time)\((CLOCK|NULL|&)' 'proto/clock\.c' "${all[@]}"
rule 'INI texts are read by config and choices' '#include <ini\.h' 'collector/config\.c|tui/choices\.c' "${all[@]}"
rule 'compressed logs have one door' '#include <(zlib|zstd)\.h' 'collector/(inflate|journal|journal_[a-z]+)\.c' "${all[@]}"
rule 'libsodium has one door' '#include <sodium' 'collector/canary/digest\.c' "${all[@]}"
rule 'nothing sleeps' '\b(usleep|nanosleep|sleep)\(' 'none' "${all[@]}"

extra=$(git ls-files | cut -d/ -f1 | sort -u |
	grep -vxE 'tui|collector|proto|tests|contrib|Makefile|README\.md|LICENSE|CHANGES\.md|\..*' | tr '\n' ' ')
[ -z "$extra" ] || complain "the top level holds more than agreed: $extra"
exit $bad
