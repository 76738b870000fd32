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

# took COMMAND: milliseconds.
took() {
	local start=$EPOCHREALTIME end
	"$1" || { echo "$1 failed" >&2; cat "$dir/errors" >&2; exit 1; }
	end=$EPOCHREALTIME
	echo $(((${end/./} - ${start/./}) / 1000))
}
median() { sort -n "$dir/$1.ms" | sed -n 3p; }

runs=(replay)
command -v jq >/dev/null 2>&1 && runs+=(filter)
command -v goaccess >/dev/null 2>&1 && runs+=(access)
for _ in 1 2 3 4 5; do
	for run in "${runs[@]}"; do
		ms=$(took "$run") || exit 1
		echo "$ms" >>"$dir/$run.ms"
	done
done
ours=$(median replay)
printf 'replay\t%d\tms for %d records\n' "$ours" "$records"
printf 'replay_rate\t%d\trecords/s\n' $((records * 1000 / ours))
[ -s "$dir/filter.ms" ] && awk -v a="$(median filter)" -v b="$ours" \
	'BEGIN { printf "jq_filter\t%d\tms for the same file\nreplay_vs_jq\t%.1f\ttimes faster\n", a, a / b }'
[ -s "$dir/access.ms" ] && awk -v a="$(median access)" -v b="$ours" \
	'BEGIN { printf "goaccess\t%d\tms for the same attempts\nreplay_vs_goaccess\t%.1f\ttimes faster\n", a, a / b }'
exit 0
