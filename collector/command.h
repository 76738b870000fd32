/* SPDX-License-Identifier: MIT */
/*
 * command — the commands that live with the collector.
 *
 * main's table (tui/command.h) names them with the rest; this room may not look there.
 * Each gets argv[0] = its name and returns an exit code of err.h.
 */
#ifndef RT_COLLECTOR_COMMAND_H
#define RT_COLLECTOR_COMMAND_H

int rt_cmd_collect(int argc, char **argv);
int rt_cmd_emit(int argc, char **argv);
/* `replay` without its screen: --report or --query. */
int rt_cmd_replay_log(int argc, char **argv);
int rt_cmd_report(int argc, char **argv);
int rt_cmd_tail(int argc, char **argv);
int rt_cmd_keygen(int argc, char **argv);
int rt_cmd_check_config(int argc, char **argv);

#endif
