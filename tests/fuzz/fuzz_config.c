/* SPDX-License-Identifier: MIT */
/*
 * A configuration: it is refused with a place and a reason fit for a terminal, or what is
 * printed of it is a configuration again.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/config.h"

#define PRINTED_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static struct rt_config c, again;
	struct rt_diag d = {{0}, {0}};
	struct rt_buf printed;

	rt_config_init(&c);
	if (rt_config_parse(&c, "fuzz.conf",
		(struct rt_str){(const char *)p, len}, &d) != RT_OK) {
		must(d.what[0] && strncmp(d.where, "fuzz.conf", 9) == 0);
		must(rt_text_is_clean(rt_str_of(d.what)) &&
		    rt_text_is_clean(rt_str_of(d.where)));
		return 0;
	}
	rt_buf_init(&printed, PRINTED_MAX);
	rt_config_print(&printed, &c);
	rt_config_init(&again);
	must(rt_config_parse(&again, "printed",
		 (struct rt_str){printed.p, printed.len}, &d) == RT_OK);
	rt_buf_fini(&printed);
	return 0;
}
