# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of retrytop for bash.  Asks the program itself what it takes, so it cannot
# be out of date: `retrytop help` for commands, `retrytop COMMAND --help` for options.

_retrytop_commands() {
	"$1" help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\)  *.*/\1/p'
}

# A line an option: --name, -letter, how the help calls its value; nothing for a flag.
_retrytop_options() {
	"$1" "$2" --help 2>/dev/null </dev/null |
		sed -nE 's/^  (-(.), |    )--([a-z0-9-]+)( ([^ ]+))?( .*)?$/--\3 -\2 \5/p'
}

_retrytop_offer() {
	mapfile -t COMPREPLY < <(compgen "$@")
}

_retrytop() {
	local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]}
	local before=${COMP_WORDS[COMP_CWORD - 1]} command=watch value
	COMPREPLY=()
	[[ $COMP_CWORD -eq 1 || ${COMP_WORDS[1]} == -* ]] || command=${COMP_WORDS[1]}
	if [[ $COMP_CWORD -eq 1 && $word != -* ]] || [[ $COMP_CWORD -eq 2 && $command == help ]]; then
		_retrytop_offer -W "$(_retrytop_commands "$program")" -- "$word"
		return
	fi
	value=$(_retrytop_options "$program" "$command" |
		awk -v want="$before" '$1 == want || $2 == want { print $3 }')
	case $value in
	'') ;;
	*FILE* | *DIR*) _retrytop_offer -f -- "$word"; return ;;
	*[A-Z]*) return ;; # a number, a duration, an endpoint: nothing to offer
	*) _retrytop_offer -W "${value//|/ }" -- "$word"; return ;;
	esac
	if [[ $word == -* ]]; then
		_retrytop_offer -W "$(_retrytop_options "$program" "$command" | cut -d ' ' -f 1)" -- "$word"
	else
		_retrytop_offer -f -- "$word"
	fi
}

complete -o filenames -F _retrytop retrytop
