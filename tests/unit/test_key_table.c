/* SPDX-License-Identifier: MIT */
/* The table of keys: one meaning each, and all of them in the manual page. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/screen.h"
#include "tui/command.h"

static void
no_key_has_two_meanings(void **state)
{
	unsigned count;
	const struct rt_key_row *rows = rt_keys(&count);

	(void)state;
	for (unsigned i = 0; i < count; i++)
		for (unsigned k = 0; k < RT_KEY_CODES; k++)
			if (rows[i].codes[k] != 0)
				assert_ptr_equal(
				    rt_keys_at(rows[i].codes[k]), &rows[i]);
}

static void
keys_that_multiplexers_take_do_nothing(void **state)
{
	static const int taken[] = {'s' & 31, 'q' & 31, 'a' & 31, 'b' & 31, 28};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(taken); i++)
		assert_null(rt_keys_at(taken[i]));
}

static void
the_window_key_goes_round_and_plus_stops_at_the_end(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	(void)world_press(&w, 24, 80, 'w');
	assert_int_equal(w.m->window_s, 900);
	(void)world_press(&w, 24, 80, '+');
	(void)world_press(&w, 24, 80, '+');
	assert_int_equal(w.m->window_s, 3600);
	(void)world_press(&w, 24, 80, 'w');
	assert_int_equal(w.m->window_s, 60);
	(void)world_press(&w, 24, 80, '-');
	assert_int_equal(w.m->window_s, 60);
	world_close(&w);
}

static void
the_manual_page_lists_every_key(void **state)
{
	size_t len;
	unsigned count;
	char *page = util_read_file("tui/retrytop.1", &len);
	const struct rt_key_row *rows = rt_keys(&count);

	(void)state;
	for (unsigned i = 0; i < count; i++)
		if (!strstr(page, rows[i].help))
			fail_msg("retrytop.1 lacks: %s", rows[i].help);
	free(page);
}

static void
the_manual_page_lists_every_command(void **state)
{
	static const struct {
		const char *name, *about;
	} commands[] = {
#define X(function, name, synopsis, about) {name, about},
	    RT_COMMANDS(X)
#undef X
	};
	size_t len;
	char *page = util_read_file("tui/retrytop.1", &len), item[64];

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(commands); i++) {
		snprintf(item, sizeof(item), ".It Cm %s\n", commands[i].name);
		if (!strstr(page, item) || !strstr(page, commands[i].about))
			fail_msg("retrytop.1 lacks: %s, %s", commands[i].name,
			    commands[i].about);
	}
	free(page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_key_has_two_meanings),
	    cmocka_unit_test(keys_that_multiplexers_take_do_nothing),
	    cmocka_unit_test(
		the_window_key_goes_round_and_plus_stops_at_the_end),
	    cmocka_unit_test(the_manual_page_lists_every_key),
	    cmocka_unit_test(the_manual_page_lists_every_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
