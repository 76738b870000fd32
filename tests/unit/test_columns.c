/* SPDX-License-Identifier: MIT */
/* Which columns a table has room for, and what was asked of them. */
#include "tui/columns.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/util.h"

static void
names_of(const struct rt_columns *c, unsigned cols, bool is_wide, char *out)
{
	struct rt_columns_plan p;
	size_t n = 0;

	rt_columns_plan(c, cols, is_wide, &p);
	out[0] = '\0';
	for (unsigned i = 0; i < RT_COLUMN_COUNT; i++)
		if (p.show[c->order[i]])
			n += (size_t)sprintf(out + n, "%s%s", n ? " " : "",
			    rt_column_info((enum rt_column)c->order[i])->name);
}

static void
columns_come_with_room_and_wishes_come_first(void **state)
{
	static const struct {
		const char *why, *wishes;
		unsigned cols;
		bool is_wide;
		const char *want;
	} rows[] = {
	    {"80 columns", "", 80, false,
		"op/s amp 1st fin fbk p95 p99 bud trend"},
	    {"120 columns, left half", "", 76, true,
		"op/s att/s amp 1st fin fbk p95 p99 bud"},
	    {"all there are", "", 139, true,
		"op/s att/s amp 1st fin err rty fbk resc p50 p95 p99 wait bud "
		"n trend"},
	    {"the tightest", "", 40, false, "op/s 1st fin bud"},
	    {"a wish pushes out what is there for the room", "+p50", 80, false,
		"p50 op/s att/s amp 1st fin fbk p95 p99 bud"},
	    {"what is not wanted makes room", "-p95 -p99", 80, false,
		"op/s att/s amp 1st fin rty fbk bud trend"},
	    {"wishes stop before the name is gone",
		"+op/s +att/s +amp +1st +fin +err +rty +fbk +resc +p50 +p95 "
		"+p99 +wait +bud +n +trend",
		80, false,
		"op/s att/s amp 1st fin err rty fbk resc p50 p95 p99"},
	    {"a wish in the tightest", "+p99", 40, false, "p99 op/s 1st fin"},
	    {"nothing wanted",
		"-op/s -att/s -amp -1st -fin -err -rty -fbk -resc -p50 -p95 "
		"-p99 -wait -bud -n -trend",
		200, true, ""},
	    {"order is of the drawing, not of the rank", "trend bud op/s", 80,
		false, "trend bud op/s amp 1st fin fbk p95 p99"},
	    {"tighter still", "", 20, false, "op/s"},
	    {"no room at all", "", 0, false, ""},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_columns c;
		char names[RT_COLUMNS_TEXT];

		assert_true(rt_columns_from(&c, rows[i].wishes));
		names_of(&c, rows[i].cols, rows[i].is_wide, names);
		if (strcmp(names, rows[i].want) != 0)
			fail_msg("%s: \"%s\"", rows[i].why, names);
	}
}

static void
a_column_keeps_its_width_whatever_is_shown(void **state)
{
	(void)state;
	for (unsigned cols = 60; cols < 250; cols++) {
		struct rt_columns_plan p;
		struct rt_columns c;
		unsigned sum = 1;

		rt_columns_init(&c);
		rt_columns_plan(&c, cols, cols > 110, &p);
		for (unsigned i = 0; i < RT_COLUMN_COUNT; i++)
			if (p.show[i])
				sum += rt_column_info((enum rt_column)i)->width;
		assert_true(sum + p.route_cols <= cols);
		for (unsigned i = 0; i < RT_COLUMN_COUNT; i++)
			assert_true(
			    strlen(rt_column_info((enum rt_column)i)->head) <
			    rt_column_info((enum rt_column)i)->width);
	}
}

static void
columns_move_to_the_ends_and_no_further(void **state)
{
	struct rt_columns c;
	unsigned at = RT_COLUMN_P50;

	(void)state;
	rt_columns_init(&c);
	assert_int_equal(rt_columns_move(&c, 0, -1), 0);
	assert_int_equal(
	    rt_columns_move(&c, RT_COLUMN_COUNT - 1, 1), RT_COLUMN_COUNT - 1);
	while (at > 0)
		at = rt_columns_move(&c, at, -1);
	assert_int_equal(c.order[0], RT_COLUMN_P50);
	assert_int_equal(c.order[1], RT_COLUMN_OPS);
	assert_int_equal(c.order[RT_COLUMN_P95], RT_COLUMN_P95);
}

static void
text_says_order_and_wishes_and_is_strict(void **state)
{
	static const char *const bad[] = {
	    "cost", "amp amp", "+amp -amp", "++amp", "+", "amp,bud", "AMP"};
	char text[RT_COLUMNS_TEXT];
	struct rt_columns c, before;

	(void)state;
	assert_true(rt_columns_from(&c, "  trend   +n -op/s "));
	rt_columns_format(text, &c);
	assert_string_equal(text,
	    "trend +n -op/s att/s amp 1st fin err rty fbk resc p50 p95 p99 "
	    "wait bud");
	before = c;
	for (size_t i = 0; i < RT_COUNT_OF(bad); i++) {
		assert_false(rt_columns_from(&c, bad[i]));
		assert_memory_equal(&c, &before, sizeof(c));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(columns_come_with_room_and_wishes_come_first),
	    cmocka_unit_test(a_column_keeps_its_width_whatever_is_shown),
	    cmocka_unit_test(columns_move_to_the_ends_and_no_further),
	    cmocka_unit_test(text_says_order_and_wishes_and_is_strict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
