/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tui/input.h"
#include "tui/term.h"

static const struct {
	const char *bytes;
	int keys[4]; /* up to the first 0 */
} rows[] = {
    {"q", {'q'}},
    {"ab", {'a', 'b'}},
    {"\033[A", {RT_KEY_UP}},
    {"\033OB", {RT_KEY_DOWN}},
    {"\033[1;5C\033[D", {RT_KEY_RIGHT, RT_KEY_LEFT}},
    {"\033[5~\033[6~", {RT_KEY_PAGE_UP, RT_KEY_PAGE_DOWN}},
    {"\033[1~\033OH\033[7~", {RT_KEY_HOME, RT_KEY_HOME, RT_KEY_HOME}},
    {"\033[4~\033[F\033[8~", {RT_KEY_END, RT_KEY_END, RT_KEY_END}},
    {"\033[3;2~", {RT_KEY_DELETE}},
    {"\033OP\033[11~\033[[A", {RT_KEY_F1, RT_KEY_F1, RT_KEY_F1}},
    {"\033[Z\t", {RT_KEY_BACKTAB, RT_KEY_TAB}},
    {"\r\n\033OM", {RT_KEY_ENTER, RT_KEY_ENTER, RT_KEY_ENTER}},
    {"\b\177", {RT_KEY_BACKSPACE, RT_KEY_BACKSPACE}},
    {"\x0c\x15", {0x0c, 0x15}},
    {"\033", {RT_KEY_ESC}},
    {"\033q", {RT_KEY_ESC, 'q'}},
    {"\033\033[A", {RT_KEY_ESC, RT_KEY_UP}},
    {"\xc3\xa9\xf0\x9f\x94\xa5", {0xe9, 0x1f525}},
    {"\xff\xc3q", {'q'}},
    {"\033[?62;4cq", {'q'}},
    {"\033[<0;10;10Aq", {'q'}},
    {"\033[<0;10;3Mq", {RT_KEY_MOUSE | 2 << 12 | 9, 'q'}},
    {"\033[<0;10;3mq", {'q'}}, /* released */
    {"\033[<64;1;1M\033[<81;1000;999M",
	{RT_KEY_MOUSE | RT_MOUSE_UP << 24,
	    RT_KEY_MOUSE | RT_MOUSE_DOWN << 24 | 998 << 12 | 999}},
    {"\033[<2;1;1M\033[<32;1;1M\033[<0;0;1M\033[<0;1M\033[<0;1;1;1Mq", {'q'}},
    {"\033[<0;99999999;1M\033[<;;Mq", {'q'}},
    {"\033[999~q", {'q'}},
    {"\033[12\033[A", {RT_KEY_UP}},
    {"\033[1;", {0}},
    {"\033O", {0}},
    {"\xc3", {0}},
};

static void
keys_are_the_same_however_the_bytes_are_split(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RT_COUNT_OF(rows); i++) {
		size_t len = strlen(rows[i].bytes);

		for (size_t split = 0; split <= len; split++) {
			struct rt_input in = {0};
			int keys[5] = {0};
			unsigned n = 0;

			print_message("row %u split at %zu\n", i, split);
			rt_input_add(&in, rows[i].bytes, split);
			while (n < 4 && (keys[n] = rt_input_next(&in, false)))
				n++;
			rt_input_add(&in, rows[i].bytes + split, len - split);
			while (n < 4 && (keys[n] = rt_input_next(&in, false)))
				n++;
			while (n < 4 && (keys[n] = rt_input_next(&in, true)))
				n++;
			assert_memory_equal(
			    keys, rows[i].keys, sizeof rows[i].keys);
			assert_int_equal(in.len, 0);
		}
	}
}

static void
typing_ahead_is_bounded_and_never_stuck(void **state)
{
	struct rt_input in = {0};
	char many[2 * RT_INPUT_SIZE];

	(void)state;
	memset(many, '1', sizeof many);
	many[0] = '\033';
	many[1] = '[';
	rt_input_add(&in, many, sizeof many);
	assert_int_equal(in.len, RT_INPUT_SIZE);
	assert_int_equal(rt_input_next(&in, false), RT_KEY_NONE);
	assert_int_equal(in.len, 0);
	rt_input_add(&in, "q", 1);
	assert_int_equal(rt_input_next(&in, false), 'q');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_are_the_same_however_the_bytes_are_split),
	    cmocka_unit_test(typing_ahead_is_bounded_and_never_stuck),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
