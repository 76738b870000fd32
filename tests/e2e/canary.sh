#!/usr/bin/env bash
# The canary against the fault gateway: verdicts, exit codes, where the key is not.
set -u
cd "$(dirname "$0")/../.." || exit 1
dir=$(mktemp -d)
gateway='' canary='' collector=''
trap 'kill $gateway $canary $collector 2>/dev/null; wait; rm -rf "$dir"' EXIT
fail() {
	echo "FAIL: $1"
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@"
	exit 1
}
# await WHAT COMMAND...: until it succeeds, ten seconds at most
await() {
	local what=$1 until=$((SECONDS + 10))
	shift
	until "$@"; do
		[ $SECONDS -lt $until ] || fail "gave up waiting for $what"
		read -rt 0.05 <> <(:) || true
	done
}

"$RT_PROGRAM" gateway --listen 127.0.0.1:0 --require-key \
	--fault 'model=down status=503' --fault 'model=reset fault=reset' \
	--fault 'model=slow delay=30s' --fault 'model=cut fault=stream_end' \
	--fault 'model=quiet fault=no_usage' --fault 'model=page fault=html' \
	--fault 'model=late status=429 retry_after=30' >"$dir/url" 2>"$dir/gateway.err" &
gateway=$!
await "the gateway's URL" test -s "$dir/url"
url=$(cat "$dir/url")
export CANARY_KEY=sk-planted-0123456789abcdef
endpoints=()
probe() { "$RT_PROGRAM" canary --url "$url" --key-env CANARY_KEY --intake off --once --timeout 1s "$@"; }

# expect CODE PATTERN OPTION...: a probe ends with CODE and its line matches
expect() {
	local code=$1 pattern=$2 line got
	shift 2
	line=$(probe "$@" 2>&1)
	got=$?
	[ $got -eq "$code" ] || fail "$*: exit $got instead of $code" "$line"
	grep -qE "$pattern" <<<"$line" || fail "$*: does not say $pattern" "$line"
}
expect 0 ' ok +sound 200 ' --model sound
expect 0 ' ok +sound 200 ' --model sound --stream
expect 0 ' degraded quiet 200 .* no usage$' --model quiet
expect 0 ' degraded quiet 200 .* no usage$' --model quiet --stream
expect 1 ' failed +down 503 .* server_error ' --model down
expect 1 ' failed +reset [0-9]+ ms connection \(connection_reset\)$' --model reset
expect 1 ' failed +slow [0-9]+ ms timeout \(timeout_(headers|total)\)$' --model slow
expect 0 ' ok +cut ' --model cut
expect 1 ' failed +cut 200 .* stream_interrupted \(stream_no_terminal\)$' --model cut --stream
expect 1 ' failed +page 200 .* schema \(parse_html\)$' --model page
expect 1 ' failed +late 429 .* rate_limited ' --model late
expect 1 '"verdict":"failed"' --model down --json
expect 0 '"levels":\{"transport":true,"http":true,"body":true,"contract":true,"usable":true\}.*"verdict":"ok"' --model sound --json
expect 0 '"decision":"none".*"final_outcome":"success".*"synthetic":true' --model sound --json
expect 0 '"ttft_ms":[0-9.]+' --model sound --stream --json
CANARY_KEY=invalid expect 1 ' failed +sound 401 .* auth ' --model sound
CANARY_KEY='' expect 78 'CANARY_KEY must hold a key' --model sound
expect 64 'needs --url BASE and --model M' --model ''
expect 64 'begins with https:// or http://' --model sound --url ftp://127.0.0.1
expect 64 'must not hold a user or password' --model sound --url https://u:p@example.com
expect 64 'use https, or say --insecure' --model sound --url http://example.com
expect 1 'connection \(connection_refused\)$' --model sound --url http://127.0.0.1:1

# Published as synthetic, and in none of the rates.
for name in events intake query; do endpoints+=("--$name" "ipc://$dir/$name"); done
"$RT_PROGRAM" collect "${endpoints[@]}" --http off >"$dir/collector.log" 2>&1 &
collector=$!
"$RT_PROGRAM" canary --url "$url" --model sound --key-env CANARY_KEY --interval 1s \
	--intake "ipc://$dir/intake" >"$dir/canary.log" 2>&1 &
canary=$!
ends_well() {
	kill "$1"
	wait "$1" || fail "ended with $? after TERM"
}
report() { "$RT_PROGRAM" report -c "ipc://$dir/query" --format json 2>/dev/null; }
has_synthetic() { report | grep -qE '"synthetic": ?[1-9]'; }
await 'a synthetic event in the report' has_synthetic
report | grep -qE '"total": ?0' || fail 'a probe is in the traffic rates' "$(report)"

# The key is nowhere but in the canary's memory.
leaks=$(grep -las "$CANARY_KEY" "/proc/$canary/cmdline" "/proc/$canary/environ" "/proc/$gateway/cmdline" "$dir"/*.log "$dir"/*.err)
[ -z "$leaks" ] || fail 'the key leaked' "$leaks"

# A 429 pauses for as long as it asks, and a signal still ends it at once.
ends_well "$canary"
"$RT_PROGRAM" canary --url "$url" --model late --key-env CANARY_KEY --interval 1s --intake off \
	>"$dir/late.log" 2>"$dir/late.err" &
canary=$!
await "the pause to be said" grep -qs 'paused for 30 s' "$dir/late.err"
before=$SECONDS
ends_well "$canary"
[ $((SECONDS - before)) -le 1 ] || fail 'took longer than a second to end'
[ "$(wc -l <"$dir/late.log")" -eq 1 ] || fail 'probed while paused' "$(cat "$dir/late.log")"
canary=''

# Phases, budget and pause reach whoever asks the collector.
cat >"$dir/panel.conf" <<END
[canary shown]
base_url = $url
model = late
key_env = CANARY_KEY
interval = 1s
max_per_run = 9
END
"$RT_PROGRAM" canary --config "$dir/panel.conf" --intake "ipc://$dir/intake" >"$dir/panel.log" 2>&1 &
canary=$!
shows() {
	report | tr -d ' \n' | grep -qE '"provider":"shown",.*"first_byte_ms":[0-9].*"requests_left":8,"tokens_left":20000,"pause":"rate_limited","pause_left_ms":[0-9]'
}
await 'a pause in the report' shows
ends_well "$canary"
canary=''
echo ok
