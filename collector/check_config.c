/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "collector/command.h"
#include "collector/config.h"
#include "proto/options.h"

int
rt_cmd_check_config(int argc, char **argv)
{
	const char *path = NULL;
	const struct rt_option rows[] = {
	    RT_OPTION_TEXT(0, "config", &path, "FILE",
		"this file instead of the usual places"),
	};
	const struct rt_options o = {"check-config", NULL,
	    "Reads the configuration and prints every value, where it came "
	    "from, and the memory it costs.",
	    rows, RT_COUNT_OF(rows)};
	struct rt_config c;
	struct rt_diag d = {{0}, {0}};
	struct rt_buf b;
	enum rt_err err;
	int code = rt_options_parse(&o, &argc, argv);

	if (code != RT_OPTIONS_GO)
		return code;
	err = rt_config_read(&c, path, &d);
	if (err != RT_OK)
		return rt_options_fail("check-config", &d, rt_config_exit(err));
	rt_buf_init(&b, 1u << 20);
	rt_config_print(&b, &c);
	fwrite(b.p, 1, b.len, stdout);
	rt_buf_fini(&b);
	return fflush(stdout) == 0 ? RT_EXIT_OK : RT_EXIT_IO;
}
