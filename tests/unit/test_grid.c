/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tui/grid.h"

#define ROWS 2u
#define COLS 12u

struct fixture {
	struct rt_grid grid;
	struct rt_area area;
	struct rt_buf dump;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	if (!f)
		return -1;
	rt_grid_init(&f->grid);
	rt_grid_resize(&f->grid, ROWS, COLS, false);
	f->area = rt_area_all(&f->grid);
	rt_buf_init(&f->dump, 1u << 20);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	rt_grid_fini(&f->grid);
	rt_grid_fini(&f->grid);
	rt_buf_fini(&f->dump);
	free(f);
	return 0;
}

static const char *
dump_of(struct fixture *f)
{
	rt_buf_reset(&f->dump);
	rt_grid_dump(&f->dump, &f->grid);
	assert_false(f->dump.overflow);
	return f->dump.p;
}

static const struct {
	const char *why, *text, *utf8, *ascii;
} hostile[] = {
    {"an escape sequence", "\x1b[2Jab", "\xef\xbf\xbd[2Jab", "?[2Jab"},
    {"an operating system command",
	"\x1b]0;x\x07"
	"b",
	"\xef\xbf\xbd]0;x\xef\xbf\xbd"
	"b",
	"?]0;x?b"},
    {"C1 as UTF-8",
	"a\xc2\x9b"
	"31m",
	"a\xef\xbf\xbd"
	"31m",
	"a?31m"},
    {"line feed, return, tab, backspace", "a\n\r\t\bz",
	"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz", "a????z"},
    {"delete",
	"a\x7f"
	"b",
	"a\xef\xbf\xbd"
	"b",
	"a?b"},
    {"a right-to-left override",
	"a\xe2\x80\xae"
	"b",
	"a\xef\xbf\xbd"
	"b",
	"a?b"},
    {"a right-to-left letter",
	"1\xd7\x90"
	"2",
	"1\xef\xbf\xbd"
	"2",
	"1?2"},
    {"arabic digits",
	"1\xd9\xa3"
	"2",
	"1\xef\xbf\xbd"
	"2",
	"1?2"},
    {"zero width space",
	"a\xe2\x80\x8b"
	"b",
	"a\xef\xbf\xbd"
	"b",
	"a?b"},
    {"zero width joiner",
	"a\xe2\x80\x8d"
	"b",
	"a\xef\xbf\xbd"
	"b",
	"a?b"},
    {"a combining mark is dropped",
	"e\xcc\x81"
	"e",
	"ee", "ee"},
    {"fifty combining marks",
	"e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81"
	"\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81"
	"e",
	"ee", "ee"},
    {"wide characters take two", "\xe6\xbc\xa2z", "\xe6\xbc\xa2z", "??z"},
    {"a wide emoji", "\xf0\x9f\x94\xa5z", "\xf0\x9f\x94\xa5z", "??z"},
    {"a skin tone would join", "\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbdz",
	"\xf0\x9f\x91\x8d\xef\xbf\xbdz", "???z"},
    {"a flag would join", "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaaz",
	"\xef\xbf\xbd\xef\xbf\xbdz", "??z"},
    {"a tag character",
	"a\xf3\xa0\x81\x81"
	"b",
	"a\xef\xbf\xbd"
	"b",
	"a?b"},
    {"a lone continuation byte",
	"a\x80"
	"b",
	"a\xef\xbf\xbd"
	"b",
	"a?b"},
    {"an overlong slash",
	"\xc0\xaf"
	"b",
	"\xef\xbf\xbd\xef\xbf\xbd"
	"b",
	"??b"},
    {"a surrogate",
	"\xed\xa0\x80"
	"b",
	"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
	"b",
	"???b"},
    {"beyond Unicode",
	"\xf4\x90\x80\x80"
	"b",
	"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
	"b",
	"????b"},
    {"cut in mid character", "a\xf0\x9f\x94", "a\xef\xbf\xbd", "a?"},
    {"accents stay", "caf\xc3\xa9", "caf\xc3\xa9", "caf?"},
    {"our own dashes and arrows",
	"a\xe2\x86\x92"
	"b\xe2\x94\x80",
	"a\xe2\x86\x92"
	"b\xe2\x94\x80",
	"a>b-"},
};

static void
hostile_text_moves_no_cell(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < RT_COUNT_OF(hostile); i++)
		for (unsigned ascii = 0; ascii < 2; ascii++) {
			char want[256];
			unsigned cols = rt_text_cols(hostile[i].text);
			unsigned end;

			print_message("%s\n", hostile[i].why);
			rt_grid_resize(&f->grid, 1, COLS, ascii);
			f->area = rt_area_all(&f->grid);
			end = rt_area_put(
			    f->area, 0, 0, RT_ROLE_TEXT, hostile[i].text);
			assert_int_equal(end, cols);
			rt_area_put(f->area, 0, COLS - 1, RT_ROLE_TEXT, "|");
			snprintf(want, sizeof want, "%s%*s|\n",
			    ascii ? hostile[i].ascii : hostile[i].utf8,
			    (int)(COLS - 1 - cols), "");
			assert_string_equal(dump_of(f), want);
			assert_int_equal(f->grid.cells[COLS - 1].ch, '|');
		}
}

static void
every_character_keeps_to_its_columns(void **state)
{
	struct fixture *f = *state;
	char z[8];

	for (uint32_t ch = 1; ch < 0x110000; ch++) {
		unsigned end;

		if (ch >= 0xd800 && ch <= 0xdfff)
			continue;
		z[rt_text_put(z, ch)] = '\0';
		rt_grid_clear(&f->grid);
		end = rt_area_put(f->area, 0, 0, RT_ROLE_TEXT, z);
		if (end > 2 || end != rt_text_cols(z))
			fail_msg("U+%04X takes %u columns", ch, end);
		if (end > 0 && f->grid.cells[end].ch != ' ')
			fail_msg("U+%04X spills", ch);
		if (end > 0 && f->grid.cells[0].ch < ' ')
			fail_msg("U+%04X is put as it is", ch);
		if (end == 2 && f->grid.cells[1].ch != 0)
			fail_msg("U+%04X has no right half", ch);
	}
}

static void
long_text_is_cut_at_the_area(void **state)
{
	struct fixture *f = *state;
	char z[201];

	memset(z, 'x', 200);
	z[200] = '\0';
	assert_int_equal(
	    rt_area_put(f->area, 0, 3, RT_ROLE_TEXT, z), (int)COLS);
	assert_string_equal(dump_of(f), "   xxxxxxxx~\n\n");
	assert_int_equal(f->grid.cells[COLS].ch, ' ');
}

static void
wide_character_at_the_margin_becomes_a_mark(void **state)
{
	struct fixture *f = *state;
	struct rt_area left = rt_area_sub(f->area, 0, 0, 1, 4);

	assert_int_equal(
	    rt_area_put(left, 0, 0, RT_ROLE_TEXT, "abc\xe6\xbc\xa2"), 4);
	assert_string_equal(dump_of(f), "abc>\n\n");
	assert_int_equal(rt_area_put(left, 0, 2, RT_ROLE_TEXT,
			     "\xe6\xbc\xa2"
			     "z"),
	    4);
	assert_string_equal(dump_of(f), "ab ~\n\n");
	assert_int_equal(
	    rt_area_put(left, 0, 2, RT_ROLE_TEXT, "\xe6\xbc\xa2   "), 4);
	assert_string_equal(dump_of(f), "ab\xe6\xbc\xa2\n\n");
}

static void
half_of_a_wide_character_never_stays(void **state)
{
	struct fixture *f = *state;

	rt_area_put(f->area, 0, 0, RT_ROLE_TEXT, "\xe6\xbc\xa2\xe6\xbc\xa2");
	rt_area_put(f->area, 0, 1, RT_ROLE_TEXT, "x");
	assert_string_equal(dump_of(f), " x\xe6\xbc\xa2\n\n");
	rt_area_put(f->area, 0, 2, RT_ROLE_TEXT, "y");
	assert_string_equal(dump_of(f), " xy\n\n");
	rt_area_put(f->area, 0, 0, RT_ROLE_TEXT, "\xe6\xbc\xa2\xe6\xbc\xa2");
	rt_area_put(f->area, 0, 1, RT_ROLE_TEXT, "\xe6\xbc\xa2");
	assert_string_equal(dump_of(f), " \xe6\xbc\xa2\n\n");
	rt_area_put(f->area, 1, 0, RT_ROLE_TEXT, "\xe6\xbc\xa2|");
	rt_area_put(f->area, 1, 0, RT_ROLE_TEXT, "x");
	assert_string_equal(dump_of(f), " \xe6\xbc\xa2\nx |\n");
}

static const struct {
	const char *why, *text;
	unsigned width;
	bool right;
	const char *want;
} fields[] = {
    {"fills on the right", "ab", 4, false, "ab  |"},
    {"fills on the left", "ab", 4, true, "  ab|"},
    {"fits exactly", "abcd", 4, false, "abcd|"},
    {"one too many is cut with a mark", "abcde", 4, false, "abc~|"},
    {"right-aligned is cut the same", "abcde", 4, true, "abc~|"},
    {"a wide character cut in half", "ab\xe6\xbc\xa2z", 4, false, "ab~ |"},
    {"wide characters that fit", "ab\xe6\xbc\xa2", 4, true, "ab\xe6\xbc\xa2|"},
    {"one column", "ab", 1, false, "~|"},
    {"no column", "ab", 0, false, "|"},
    {"empty text", "", 3, true, "   |"},
    {"escape bytes count as one column each", "\x1b[m", 3, false,
	"\xef\xbf\xbd[m|"},
};

static void
field_is_exactly_as_wide_as_said(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < RT_COUNT_OF(fields); i++) {
		char want[64];
		unsigned end;

		print_message("%s\n", fields[i].why);
		rt_grid_clear(&f->grid);
		rt_area_fill(f->area, 0, 0, COLS, RT_ROLE_TEXT, '.');
		end = rt_area_field(f->area, 0, 0, fields[i].width,
		    fields[i].right, RT_ROLE_TEXT, fields[i].text);
		assert_int_equal(end, fields[i].width);
		rt_area_put(f->area, 0, end, RT_ROLE_TEXT, "|");
		snprintf(want, sizeof want, "%s%.*s\n\n", fields[i].want,
		    (int)(COLS - 1 - end), "...........");
		assert_string_equal(dump_of(f), want);
	}
}

static void
nothing_is_drawn_outside_an_area(void **state)
{
	struct fixture *f = *state;
	struct rt_area mid = rt_area_sub(f->area, 1, 2, 9, 3);

	assert_int_equal(mid.rows, 1);
	rt_area_put(mid, 1, 0, RT_ROLE_TEXT, "below");
	rt_area_put(mid, 7, 0, RT_ROLE_TEXT, "far below");
	rt_area_put(mid, 0, 9, RT_ROLE_TEXT, "right");
	rt_area_fill(mid, 0, 0, 99, RT_ROLE_TEXT, '#');
	rt_area_fill(mid, 0, 99, 1, RT_ROLE_TEXT, '!');
	rt_area_fill(mid, 99, 0, 1, RT_ROLE_TEXT, '!');
	rt_area_select(mid, 5);
	assert_string_equal(dump_of(f), "\n  ###\n");
	mid = rt_area_sub(mid, 9, 9, 9, 9);
	assert_int_equal(mid.rows, 0);
	assert_int_equal(mid.cols, 0);
	rt_area_put(mid, 0, 0, RT_ROLE_TEXT, "x");
	rt_area_field(mid, 0, 0, 5, true, RT_ROLE_TEXT, "x");
	assert_string_equal(dump_of(f), "\n  ###\n");
}

static void
area_of_before_a_resize_draws_nothing_outside(void **state)
{
	struct fixture *f = *state;
	struct rt_area before = f->area;

	rt_grid_resize(&f->grid, 1, 1, false);
	rt_area_put(before, 1, 0, RT_ROLE_TEXT, "abc");
	rt_area_put(before, 0, 0, RT_ROLE_TEXT, "abc");
	rt_area_fill(before, 0, 5, 5, RT_ROLE_TEXT, 'x');
	assert_string_equal(dump_of(f), "\n");
}

static void
selection_covers_the_areas_row_and_survives_drawing(void **state)
{
	struct fixture *f = *state;

	rt_area_select(rt_area_sub(f->area, 0, 2, 2, 3), 1);
	rt_area_put(f->area, 1, 0, RT_ROLE_BAD, "abcdefg");
	for (unsigned col = 0; col < COLS; col++) {
		assert_int_equal(
		    f->grid.cells[COLS + col].cursor, col >= 2 && col < 5);
		assert_false(f->grid.cells[col].cursor);
	}
	assert_int_equal(f->grid.cells[COLS].role, RT_ROLE_BAD);
	assert_int_equal(f->grid.cells[COLS + 7].role, RT_ROLE_TEXT);
}

static void
sizes_are_clamped(void **state)
{
	struct fixture *f = *state;

	rt_grid_resize(&f->grid, 0, 0, false);
	assert_int_equal(f->grid.rows, 1);
	assert_int_equal(f->grid.cols, 1);
	rt_grid_resize(&f->grid, 100000, 1001, false);
	assert_int_equal(f->grid.rows, 1000);
	assert_int_equal(f->grid.cols, 1000);
	rt_grid_resize(&f->grid, 3, 1, false);
	assert_string_equal(dump_of(f), "\n\n\n");
}

static void
printf_draws_what_it_formats(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
	    rt_area_printf(f->area, 0, 1, RT_ROLE_TEXT, "%d %s", 42, "\x1b!"),
	    6);
	assert_string_equal(dump_of(f), " 42 \xef\xbf\xbd!\n\n");
}

static void
fill_takes_only_what_is_one_column_wide(void **state)
{
	struct fixture *f = *state;

	rt_area_fill(f->area, 0, 0, 1, RT_ROLE_TEXT, 0x6f22);
	rt_area_fill(f->area, 0, 1, 1, RT_ROLE_TEXT, 0x1b);
	rt_area_fill(f->area, 0, 2, 1, RT_ROLE_TEXT, 0);
	rt_area_fill(f->area, 0, 3, 1, RT_ROLE_TEXT, 0x2588);
	assert_string_equal(
	    dump_of(f), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xe2\x96\x88\n\n");
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(hostile_text_moves_no_cell),
	    T(every_character_keeps_to_its_columns),
	    T(long_text_is_cut_at_the_area),
	    T(wide_character_at_the_margin_becomes_a_mark),
	    T(half_of_a_wide_character_never_stays),
	    T(field_is_exactly_as_wide_as_said),
	    T(nothing_is_drawn_outside_an_area),
	    T(area_of_before_a_resize_draws_nothing_outside),
	    T(selection_covers_the_areas_row_and_survives_drawing),
	    T(sizes_are_clamped),
	    T(printf_draws_what_it_formats),
	    T(fill_takes_only_what_is_one_column_wide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
