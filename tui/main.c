/* SPDX-License-Identifier: MIT */
/* The commands, by the table of command.h. */
#include <stdio.h>
#include <string.h>

#include "proto/json.h"
#include "tui/command.h"

struct command {
	int (*run)(int argc, char **argv);
	const char *name, *synopsis, *about;
};

static const struct command commands[] = {
#define X(function, name, synopsis, about) {function, name, synopsis, about},
    RT_COMMANDS(X)
#undef X
};

static const struct command *
find(const char *name)
{
	for (size_t i = 0; i < RT_COUNT_OF(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int
run(const struct command *c, int argc, char **argv)
{
	static char name[32];

	snprintf(name, sizeof(name), "%s", c->name);
	argv[0] = name;
	return c->run(argc, argv);
}

static int
refuse(const char *name)
{
	struct rt_diag d;

	rt_diag_set(&d, NULL, "%s", name);
	fprintf(stderr,
	    "retrytop: no command '%s'; `retrytop help` lists them\n", d.what);
	return RT_EXIT_USAGE;
}

static int
print_commands(void)
{
	printf("retrytop - live retry and fallback monitoring of LLM API "
	       "clients\n\nusage: retrytop [OPTIONS]          the dashboard\n"
	       "       retrytop COMMAND [OPTIONS]\n\n");
	for (size_t i = 0; i < RT_COUNT_OF(commands); i++)
		printf("  %-13s %s\n", commands[i].name, commands[i].about);
	printf("\nEach command answers --help; the manual is retrytop(1).\n");
	return fflush(stdout) == 0 ? RT_EXIT_OK : RT_EXIT_IO;
}

int
rt_cmd_help(int argc, char **argv)
{
	static char word[] = "--help";
	char *words[] = {NULL, word, NULL};
	const struct command *c;

	if (argc < 2 || strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0)
		return print_commands();
	c = find(argv[1]);
	if (!c)
		return refuse(argv[1]);
	return c->run == rt_cmd_help ? print_commands() : run(c, 2, words);
}

/* Asked for their versions only: their doors are elsewhere. */
void zmq_version(int *major, int *minor, int *patch);
char *curl_version(void);
const char *MHD_get_version(void);
const char *curses_version(void);

int
rt_cmd_version(int argc, char **argv)
{
	int major, minor, patch;

	if (argc > 1 && strcmp(argv[1], "--help") != 0 &&
	    strcmp(argv[1], "-h") != 0)
		return refuse(argv[1]);
	zmq_version(&major, &minor, &patch);
	printf("retrytop %s\nlibzmq %d.%d.%d\njson-c %s\n%s\n"
	       "libmicrohttpd %s\n%s\n",
	    RT_VERSION_TEXT, major, minor, patch, json_c_version(),
	    curses_version(), MHD_get_version(), curl_version());
	return fflush(stdout) == 0 ? RT_EXIT_OK : RT_EXIT_IO;
}

int
main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	const struct command *c;

	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return print_commands();
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
		return rt_cmd_version(1, argv);
	if (word[0] == '\0' || word[0] == '-')
		return run(find("watch"), argc, argv);
	c = find(word);
	return c ? run(c, argc - 1, argv + 1) : refuse(word);
}
