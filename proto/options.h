/* SPDX-License-Identifier: MIT */
/*
 * options — what a command takes on its command line, as one table.
 *
 * What    The same rows are the parser, the checks and `--help`.
 * Use     Fill variables with their defaults, point a row at each, parse:
 *
 *	struct rt_endpoint at = {RT_ENDPOINT_QUERY};
 *	int64_t timeout_ms = 2000;
 *	bool as_json = false;
 *	const struct rt_option rows[] = {
 *		RT_OPTION_COLLECTOR('c', "collector", &at, "the collector to ask"),
 *		RT_OPTION_DURATION(0, "timeout", &timeout_ms, 1, 60000, "how long"),
 *		RT_OPTION_FLAG(0, "json", &as_json, "as JSON"),
 *	};
 *	const struct rt_options o = {"report", NULL, "about", rows,
 *	    RT_COUNT_OF(rows)};
 *	int code = rt_options_parse(&o, &argc, argv);
 *	if (code != RT_OPTIONS_GO)
 *		return code;
 *
 * Grammar --name VALUE, --name=VALUE, -x VALUE, -xVALUE; flags take no value; `--` ends
 *         options, `-` is an operand; options and operands may be mixed.  The last of
 *         a repeated option wins, but for LIST.  --help and -h are in every table.
 * Life    Texts point into argv.  Nothing is allocated.
 */
#ifndef RT_OPTIONS_H
#define RT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/diag.h"
#include "proto/err.h"

#define RT_ENDPOINT_SIZE 128u
#define RT_OPTION_LIST_MAX 64u

#define RT_PORT_EVENTS 7780
#define RT_PORT_INTAKE 7781
#define RT_PORT_QUERY 7782
#define RT_PORT_HTTP 7783
#define RT_ENDPOINT_QUERY "tcp://127.0.0.1:7782"

/* A ZeroMQ endpoint, complete: "tcp://127.0.0.1:7782", "ipc:///run/x", "off". */
struct rt_endpoint {
	char text[RT_ENDPOINT_SIZE];
};

/* Every value of a repeated option, in order. */
struct rt_option_list {
	const char *items[RT_OPTION_LIST_MAX]; /* borrowed from argv */
	unsigned count;
};

enum rt_option_type {
	RT_OPTION_TYPE_FLAG,     /* bool: set to true */
	RT_OPTION_TYPE_TEXT,     /* const char * */
	RT_OPTION_TYPE_COUNT,    /* int64_t, min..max */
	RT_OPTION_TYPE_DURATION, /* int64_t in ms, min..max; bare numbers: s */
	RT_OPTION_TYPE_CHOICE,   /* unsigned: place in `value`, "json|text" */
	RT_OPTION_TYPE_ENDPOINT, /* struct rt_endpoint; min: default port */
	RT_OPTION_TYPE_LIST,     /* struct rt_option_list */
};

struct rt_option {
	char letter; /* 0: none */
	const char *name;
	enum rt_option_type type;
	void *into;        /* borrowed */
	const char *value; /* how help calls it; NULL for a flag */
	int64_t min, max;
	const char *help;
};

/* clang-format off */
#define RT_OPTION_FLAG(letter, name, into, help) \
	{letter, name, RT_OPTION_TYPE_FLAG, into, NULL, 0, 0, help}
#define RT_OPTION_TEXT(letter, name, into, value, help) \
	{letter, name, RT_OPTION_TYPE_TEXT, into, value, 0, 0, help}
#define RT_OPTION_COUNT_OF(letter, name, into, min, max, help) \
	{letter, name, RT_OPTION_TYPE_COUNT, into, "N", min, max, help}
#define RT_OPTION_DURATION(letter, name, into, min_ms, max_ms, help) \
	{letter, name, RT_OPTION_TYPE_DURATION, into, "S", min_ms, max_ms, help}
#define RT_OPTION_CHOICE(letter, name, into, choices, help) \
	{letter, name, RT_OPTION_TYPE_CHOICE, into, choices, 0, 0, help}
#define RT_OPTION_ENDPOINT(letter, name, into, port, help) \
	{letter, name, RT_OPTION_TYPE_ENDPOINT, into, "ENDPOINT", port, 0, help}
#define RT_OPTION_COLLECTOR(letter, name, into, help) \
	{letter, name, RT_OPTION_TYPE_ENDPOINT, into, "HOST[:PORT]|ENDPOINT", \
	    RT_PORT_QUERY, 0, help}
#define RT_OPTION_LIST(letter, name, into, value, help) \
	{letter, name, RT_OPTION_TYPE_LIST, into, value, 0, 0, help}
/* The two rows of a command that talks to a collector: struct rt_curve_paths *p. */
#define RT_OPTIONS_CERTS(p) \
	RT_OPTION_TEXT(0, "cert", &(p)->cert, "FILE", \
	    "own secret certificate, where the collector wants keys"), \
	RT_OPTION_TEXT(0, "server-cert", &(p)->server_cert, "FILE", \
	    "the collector's public certificate")
/* clang-format on */

struct rt_options {
	const char *command;  /* "report" */
	const char *operands; /* "FILE..."; NULL: takes none */
	const char *about;    /* one sentence for --help */
	const struct rt_option *rows;
	size_t count;
};

#define RT_OPTIONS_GO (-1)

/*
 * Parse and print what has to be said: RT_OPTIONS_GO, or the exit code (0 after
 * --help on stdout, RT_EXIT_USAGE after one line on stderr).  Operands are moved to
 * argv[1 .. *argc - 1].
 */
int rt_options_parse(const struct rt_options *o, int *argc, char **argv);

/* The same without printing; *wants_help is only ever set to true. */
RT_NODISCARD enum rt_err rt_options_read(const struct rt_options *o, int *argc,
    char **argv, bool *wants_help, struct rt_diag *d);

/* Text of --help. */
void rt_options_help(struct rt_buf *b, const struct rt_options *o);

/* One line on stderr, "retrytop COMMAND: WHERE: WHAT"; returns `code`. */
int rt_options_fail(
    const char *command, const struct rt_diag *d, enum rt_exit code);

/*
 * "HOST[:PORT]", "[::1]:7782", ":7782", a path beginning with / or ., or an endpoint
 * with its scheme, to a complete endpoint.  "off" stays "off".  RT_E_USAGE otherwise.
 */
RT_NODISCARD enum rt_err rt_endpoint_from(struct rt_endpoint *out,
    const char *text, int default_port, struct rt_diag *d);

/* Is it ipc, inproc or a loopback address?  The data cannot leave the machine. */
bool rt_endpoint_is_local(const char *endpoint);

/* "120", "120s", "1.5s", "250ms", "2m", "1h" to milliseconds.  RT_E_FIELD. */
RT_NODISCARD enum rt_err rt_duration_from(const char *text, int64_t min_ms,
    int64_t max_ms, int64_t *out_ms, struct rt_diag *d);

/* A decimal integer, nothing before or after.  RT_E_FIELD. */
RT_NODISCARD enum rt_err rt_count_from(const char *text, int64_t min,
    int64_t max, int64_t *out, struct rt_diag *d);

#endif
