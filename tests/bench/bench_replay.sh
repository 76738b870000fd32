#!/usr/bin/env bash
# How long `retrytop replay --report json` takes for a log of 200 000 records, beside jq
# filtering the same file and goaccess reading the same attempts as an access log, where
# they are installed.  Median of five, taken in turns.
set -u
cd "$(dirname "$0")/../.." || exit 1
program=${RT_PROGRAM:-build/release/retrytop}
rounds=1130 # of 177 records
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

awk -v rounds="$rounds" '
	{ line[NR] = $0; at[NR] = index($0, "\"operation_id\": \"") + 17 }
	END {
		for (r = 0; r < rounds; r++)
			for (i = 1; i <= NR; i++)
				printf "%s%08x%s\n", substr(line[i], 1, at[i] - 1), r,
				    substr(line[i], at[i] + 8)
	}' tests/data/vectors/native.jsonl >"$dir/log.jsonl" || exit 1
records=$(wc -l <"$dir/log.jsonl")

# The attempts as an access log in the common format, a line each.
awk '
	function field(name,    v) {
		if (!match($0, "\"" name "\": \"?[^,\"}]*")) return "-"
		v = substr($0, RSTART, RLENGTH); sub(/^"[^"]*": "?/, "", v); return v
	}
	/llm-attempt/ {
		status = field("http_response_status_code")
		printf "127.0.0.1 - - [13/Jun/2026:09:00:00 +0000] \"POST %s HTTP/1.1\" %s %d\n",
		    field("http_route"), status == "-" ? 499 : status, 1000
	}' "$dir/log.jsonl" >"$dir/access.log" || exit 1

# shellcheck disable=SC2317 # called by name
replay() { "$program" replay --report json "$dir/log.jsonl" >"$dir/report" 2>"$dir/errors"; }
# shellcheck disable=SC2317
filter() { jq -c 'select(.http_response_status_code >= 500) | .operation_id' "$dir/log.jsonl" >"$dir/failed"; }
# shellcheck disable=SC2317
access() { goaccess --no-global-config --log-format=COMMON -o "$dir/access.json" "$dir/access.log" >/dev/null 2>&1; }

# took COMMAND: milliseconds, and those of processors.
TIMEFORMAT='%R %U %S'
took() {
	local spent
	spent=$({ time "$1" >/dev/null 2>&1; } 2>&1) || { echo "$1 failed" >&2; cat "$dir/errors" >&2; exit 1; }
	awk '{ printf "%d %d\n", $1 * 1000, ($2 + $3) * 1000 }' <<<"$spent"
}
# median RUN COLUMN
median() { cut -d ' ' -f "$2" "$dir/$1.ms" | sort -n | sed -n 3p; }

runs=(replay)
command -v jq >/dev/null 2>&1 && runs+=(filter)
command -v goaccess >/dev/null 2>&1 && runs+=(access)
for _ in 1 2 3 4 5; do
	for run in "${runs[@]}"; do
		ms=$(took "$run") || exit 1
		echo "$ms" >>"$dir/$run.ms"
	done
done
# versus RUN NAME: how many times the replay's, in time and in processor time.
versus() {
	[ -s "$dir/$1.ms" ] || return 0
	awk -v name="$2" -v a="$(median "$1" 1)" -v b="$ours" -v ac="$(median "$1" 2)" -v bc="$cpu" 'BEGIN {
		printf "%s\t%d\tms\n", name, a
		printf "%s_cpu\t%d\tms of processors\n", name, ac
		printf "replay_vs_%s\t%.1f\ttimes faster\n", name, a / b
		printf "replay_vs_%s_cpu\t%.1f\ttimes less of processors\n", name, ac / bc
	}'
}
ours=$(median replay 1)
cpu=$(median replay 2)
printf 'replay\t%d\tms for %d records\n' "$ours" "$records"
printf 'replay_cpu\t%d\tms of processors, two threads\n' "$cpu"
printf 'replay_rate\t%d\trecords/s\n' $((records * 1000 / ours))
versus filter jq
versus access goaccess
exit 0
