/* SPDX-License-Identifier: MIT */
/*
 * command — one row a command: main dispatches on it, help prints it, completion and
 * man page are checked against it.
 *
 * `run` gets argv[0] = the command's name and returns the exit code.  Every command
 * answers --help.  Implementations live with what they do (collector/, tui/).
 */
#ifndef RT_COMMAND_H
#define RT_COMMAND_H

/* X(function, name, synopsis, one sentence) */
#define RT_COMMANDS(X)                                                         \
	X(rt_cmd_watch, "watch",                                               \
	    "[-c ENDPOINT] [--window W] [--filter F] [--once|--json] "         \
	    "[--low-bandwidth] [--ascii] [--theme T]",                         \
	    "the dashboard, on a running collector or a private one (the "     \
	    "default command)")                                                \
	X(rt_cmd_demo, "demo", "[--seconds N]",                                \
	    "the dashboard over real traffic on loopback: a fault gateway, "   \
	    "three clients, a canary")                                         \
	X(rt_cmd_collect, "collect",                                           \
	    "[--events E] [--intake E] [--query E] [--config FILE]",           \
	    "the collector, headless")                                         \
	X(rt_cmd_report, "report",                                             \
	    "[-c ENDPOINT] [--window W] [--operation ID] [--format "           \
	    "json|text]",                                                      \
	    "one report from a running collector")                             \
	X(rt_cmd_replay, "replay",                                             \
	    "[--speed N|max] [--report json|text|markdown] FILE...",           \
	    "the dashboard on recorded logs, or a report of them")             \
	X(rt_cmd_tail, "tail", "[-c ENDPOINT] [--json]",                       \
	    "accepted events as they come")                                    \
	X(rt_cmd_emit, "emit", "[--intake ENDPOINT] [FILE...]",                \
	    "publishes records of standard input or of logs")                  \
	X(rt_cmd_canary, "canary",                                             \
	    "--url URL --model M [--interval S] [--once]",                     \
	    "sends a minimal chat request now and then and publishes what "    \
	    "happened")                                                        \
	X(rt_cmd_suite, "suite", "--sim|--live [--row ID]...",                 \
	    "induces faults and says whether the client does what it should")  \
	X(rt_cmd_ledger, "ledger", "show|diff|export FILE [--target NAME]",    \
	    "prints what the suite found out, run by run")                     \
	X(rt_cmd_gateway, "gateway", "[--listen HOST:PORT] [--fault RULE]...", \
	    "a fault gateway on loopback: point your client at it")            \
	X(rt_cmd_check_config, "check-config", "[--config FILE]",              \
	    "reads the configuration and prints every value and the memory "   \
	    "it costs")                                                        \
	X(rt_cmd_keygen, "keygen", "NAME",                                     \
	    "a new pair of certificates: NAME.secret and NAME.pub")            \
	X(rt_cmd_version, "version", "",                                       \
	    "prints the version and those of its libraries")                   \
	X(rt_cmd_help, "help", "[COMMAND]",                                    \
	    "prints this, or the help of a command")

#define X(function, name, synopsis, about) int function(int argc, char **argv);
RT_COMMANDS(X)
#undef X

#endif
