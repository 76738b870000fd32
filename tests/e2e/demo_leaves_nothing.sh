#!/usr/bin/env bash
# However the demo ends, none of its processes stays behind.
set -u
cd "$(dirname "$0")/../.." || exit 1
command -v tmux >/dev/null || {
	echo 'tmux is not installed'
	exit 77
}
dir=$(mktemp -d)
export XDG_RUNTIME_DIR=$dir XDG_STATE_HOME=$dir/state TERM=xterm-256color
tmux() { command tmux -L "rt-demo-$$" -f /dev/null "$@"; }
trap 'tmux kill-server 2>/dev/null; rm -rf "$dir"' EXIT
fail() {
	echo "FAIL: $1"
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@"
	exit 1
}
# await SECONDS WHAT COMMAND...
await() {
	local until=$((SECONDS + $1)) what=$2
	shift 2
	until "$@"; do
		[ $SECONDS -lt $until ] || fail "gave up waiting for $what" "$(pgrep -af "$dir")"
		read -rt 0.05 <> <(:) || true
	done
}
# Pid and start time name a process for good.
identity() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk -v p="$1" '{print p, $20}'; }
children() { for p in $(pgrep -P "$1"); do identity "$p"; done; }
has_cast() { [ "$(children "$1" | wc -l)" -eq 6 ]; }
# shellcheck disable=SC2317 # called by await
is_gone() {
	local p since
	while read -r p since; do
		[ "$(identity "$p")" != "$p $since" ] || return 1
	done <<<"$cast"
	! pgrep -f "$dir/retrytop-demo-" >/dev/null
}
folders() { find "$dir" -mindepth 1 -maxdepth 1 -name 'retrytop-demo-*'; }

# try HOW COMMAND...: start a demo in a terminal, end it so, see that nothing is left
try() {
	local how=$1
	shift
	tmux new-session -d -s demo -x 120 -y 40 "$RT_PROGRAM" demo --seconds 60
	demo=$(tmux list-panes -t demo -F '#{pane_pid}')
	await 20 "the cast to be on stage ($how)" has_cast "$demo"
	await 10 "the dashboard to draw ($how)" drawn
	cast=$(children "$demo"; identity "$demo")
	"$@"
	await 5 "everything to end ($how)" is_gone
	tmux kill-server 2>/dev/null
	echo "ok $how"
}
# shellcheck disable=SC2317 # called by await
drawn() { tmux capture-pane -p -t demo | grep -q demo; }

try 'q' tmux send-keys -t demo q
[ -z "$(folders)" ] || fail 'q leaves a folder' "$(folders)"
try 'Ctrl-C' tmux send-keys -t demo C-c
[ -z "$(folders)" ] || fail 'Ctrl-C leaves a folder' "$(folders)"
# shellcheck disable=SC2317 # called by try
term() { kill -TERM "$demo"; }
try 'TERM' term
[ -z "$(folders)" ] || fail 'TERM leaves a folder' "$(folders)"
try 'closed terminal' tmux kill-session -t demo
[ -z "$(folders)" ] || fail 'a closed terminal leaves a folder' "$(folders)"
# shellcheck disable=SC2317 # called by try
murder() { kill -KILL "$demo"; }
try 'kill -9' murder
[ -n "$(folders)" ] || fail 'a killed demo cannot have removed its folder; the test is wrong'

# Without a terminal it reports and ends by itself, and removes what the killed one left.
out=$("$RT_PROGRAM" demo --seconds 3 2>&1 </dev/null) || fail "demo without a terminal: exit $?" "$out"
grep -qi 'attempts' <<<"$out" || fail 'no report without a terminal' "$out"
[ -z "$(folders)" ] || fail 'a folder stays' "$(folders)"
echo ok
