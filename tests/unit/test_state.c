/* SPDX-License-Identifier: MIT */
/* What the dashboard writes for its user: where, with which mode, over nothing. */
#include "tui/state.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/util.h"

#define NOW                               \
	(rt_wall_t)                       \
	{                                 \
		INT64_C(1781341471000000) \
	}
#define FOLDER "/state/retrytop"

static char root[64];

static int
open_root(void **state)
{
	char *made;

	(void)state;
	snprintf(root, sizeof(root), "/tmp/retrytop-state-XXXXXX");
	made = mkdtemp(root);
	return made ? 0 : -1;
}

static void
home_in_root(const char *under)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s", root, under);
	setenv("XDG_STATE_HOME", path, 1);
}

static int
close_root(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static void
evidence_is_for_its_user_only_and_over_no_other(void **state)
{
	static const char lines[] = "{\"a\":1}\n{\"a\":2}\n";
	char first[RT_STATE_PATH], second[RT_STATE_PATH], want[256];
	struct rt_diag d = {{0}, {0}};
	struct stat st;
	size_t len;
	char *read;

	(void)state;
	home_in_root("/state");
	assert_int_equal(rt_state_export("op/../1 \xc3\xa9", "",
			     rt_str_of(lines), NOW, first, &d),
	    RT_OK);
	snprintf(want, sizeof(want),
	    "%s" FOLDER "/operation-op..1-20260613T090431Z.jsonl", root);
	assert_string_equal(first, want);
	assert_int_equal(stat(first, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	read = util_read_file(first, &len);
	assert_string_equal(read, lines);
	free(read);
	assert_int_equal(rt_state_export("op/../1 \xc3\xa9", "", RT_STR_NONE,
			     NOW, second, &d),
	    RT_OK);
	assert_string_not_equal(first, second);
	assert_int_equal(stat(first, &st), 0);
	assert_int_equal(st.st_size, sizeof(lines) - 1);
	snprintf(want, sizeof(want), "%s" FOLDER, root);
	assert_int_equal(stat(want, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void
without_a_folder_it_says_why_and_leaves_the_path(void **state)
{
	char path[RT_STATE_PATH] = "untouched", file[128];
	struct rt_diag d = {{0}, {0}};
	FILE *f;

	(void)state;
	snprintf(file, sizeof(file), "%s/file", root);
	f = fopen(file, "w");
	assert_non_null(f);
	fclose(f);
	home_in_root("/file");
	assert_int_equal(
	    rt_state_export("op", "", RT_STR_NONE, NOW, path, &d), RT_E_IO);
	assert_non_null(strstr(d.what, "cannot make this folder"));
	assert_string_equal(path, "untouched");
	setenv("XDG_STATE_HOME", "not/absolute", 1);
	setenv("HOME", "", 1);
	assert_int_equal(
	    rt_state_export("op", "", RT_STR_NONE, NOW, path, &d), RT_E_IO);
	assert_non_null(strstr(d.what, "neither XDG_STATE_HOME nor HOME"));
}

static void
without_a_state_folder_it_is_under_home(void **state)
{
	char path[RT_STATE_PATH], want[128];

	(void)state;
	unsetenv("XDG_STATE_HOME");
	setenv("HOME", root, 1);
	assert_int_equal(
	    rt_state_export("op", "", RT_STR_NONE, NOW, path, NULL), RT_OK);
	snprintf(want, sizeof(want), "%s/.local/state/retrytop/", root);
	assert_int_equal(strncmp(path, want, strlen(want)), 0);
}

static void
choices_are_replaced_whole_and_for_their_user_only(void **state)
{
	static const char *const texts[] = {"a = 1\n", "", "b = 2\nc = 3\n"};
	char path[256], command[400];
	struct stat st;
	struct rt_buf b;

	(void)state;
	home_in_root("/choices");
	rt_buf_init(&b, 64);
	assert_int_equal(rt_state_load(RT_STATE_CHOICES, &b, NULL), RT_OK);
	assert_int_equal(b.len, 0);
	for (size_t i = 0; i < RT_COUNT_OF(texts); i++) {
		assert_int_equal(
		    rt_state_save(RT_STATE_CHOICES, rt_str_of(texts[i]), NULL),
		    RT_OK);
		rt_buf_reset(&b);
		assert_int_equal(
		    rt_state_load(RT_STATE_CHOICES, &b, NULL), RT_OK);
		assert_int_equal(b.len, strlen(texts[i]));
		assert_memory_equal(b.len ? b.p : "", texts[i], b.len);
	}
	snprintf(
	    path, sizeof(path), "%s/choices/retrytop/" RT_STATE_CHOICES, root);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* Nothing but the file is left. */
	snprintf(command, sizeof(command),
	    "test \"$(ls %s/choices/retrytop)\" = " RT_STATE_CHOICES, root);
	assert_int_equal(system(command), 0);
	rt_buf_fini(&b);
}

static void
what_is_no_readable_plain_file_is_said_and_never_waited_for(void **state)
{
	static const struct {
		const char *folder, *make, *want;
	} rows[] = {
	    {"/pipe", "mkfifo", "is no plain file"},
	    {"/dir", "mkdir", "is no plain file"},
	};
	struct rt_diag d;
	struct rt_buf b;

	(void)state;
	rt_buf_init(&b, 8);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		char command[400];

		home_in_root(rows[i].folder);
		snprintf(command, sizeof(command),
		    "mkdir -p %s%s/retrytop && %s "
		    "%s%s/retrytop/" RT_STATE_CHOICES,
		    root, rows[i].folder, rows[i].make, root, rows[i].folder);
		assert_int_equal(system(command), 0);
		assert_int_equal(
		    rt_state_load(RT_STATE_CHOICES, &b, &d), RT_E_IO);
		assert_string_equal(d.what, rows[i].want);
		assert_int_equal(b.len, 0);
	}
	/* A folder cannot be renamed over: the old one stays, and no part. */
	assert_int_equal(
	    rt_state_save(RT_STATE_CHOICES, rt_str_of("x"), &d), RT_E_IO);
	assert_non_null(strstr(d.what, "cannot be written"));
	home_in_root("/large");
	assert_int_equal(
	    rt_state_save(RT_STATE_CHOICES, rt_str_of("123456789"), &d), RT_OK);
	assert_int_equal(rt_state_load(RT_STATE_CHOICES, &b, &d), RT_E_IO);
	assert_non_null(strstr(d.what, "cannot be read"));
	rt_buf_fini(&b);
}

static void
evidence_goes_where_its_user_says(void **state)
{
	char named[128], want[160], path[RT_STATE_PATH] = "-";
	struct rt_diag d = {{0}, {0}};
	struct rt_state_file f;
	size_t len;
	char *read;

	(void)state;
	snprintf(named, sizeof(named), "%s/there is.jsonl", root);
	assert_int_equal(
	    rt_state_export("op", named, rt_str_of("x\n"), NOW, path, &d),
	    RT_OK);
	assert_string_equal(path, named);
	/* Never over what is there, a link neither. */
	snprintf(path, sizeof(path), "-");
	assert_int_equal(
	    rt_state_export("op", named, RT_STR_NONE, NOW, path, &d), RT_E_IO);
	assert_string_equal(path, "-");
	assert_string_equal(d.where, named);
	snprintf(want, sizeof(want), "%s/link", root);
	assert_int_equal(symlink("/nowhere/at/all", want), 0);
	assert_int_equal(
	    rt_state_begin(&f, "window-5m", want, NOW, &d), RT_E_IO);
	snprintf(want, sizeof(want), "%s/no/such/folder", root);
	assert_int_equal(
	    rt_state_begin(&f, "window-5m", want, NOW, &d), RT_E_IO);
	read = util_read_file(named, &len);
	assert_string_equal(read, "x\n");
	free(read);

	setenv("HOME", root, 1);
	assert_int_equal(
	    rt_state_begin(&f, "window-5m", "~/home.jsonl", NOW, &d), RT_OK);
	snprintf(want, sizeof(want), "%s/home.jsonl", root);
	assert_string_equal(f.path, want);
	rt_state_drop(&f);
	assert_int_equal(access(want, F_OK), -1);
}

static void
a_window_is_written_part_by_part(void **state)
{
	struct rt_diag d = {{0}, {0}};
	struct rt_state_file f;
	char want[160];
	size_t len;
	char *read;

	(void)state;
	home_in_root("/state");
	assert_int_equal(rt_state_begin(&f, "window-5m", "", NOW, &d), RT_OK);
	snprintf(want, sizeof(want),
	    "%s" FOLDER "/window-5m-20260613T090431Z.jsonl", root);
	assert_string_equal(f.path, want);
	assert_int_equal(rt_state_add(&f, rt_str_of("a\n"), &d), RT_OK);
	assert_int_equal(rt_state_add(&f, rt_str_of("b\n"), &d), RT_OK);
	assert_int_equal(rt_state_end(&f, &d), RT_OK);
	read = util_read_file(want, &len);
	assert_string_equal(read, "a\nb\n");
	free(read);
	/* A full disk leaves nothing that could be taken for the whole. */
	snprintf(f.path, sizeof(f.path), "%s/state/full", root);
	assert_int_equal(symlink("/dev/full", f.path), 0);
	f.fd = open("/dev/full", O_WRONLY);
	assert_true(f.fd >= 0);
	assert_int_equal(rt_state_add(&f, rt_str_of("c\n"), &d), RT_E_IO);
	assert_non_null(strstr(d.what, "cannot write"));
	assert_int_equal(access(f.path, F_OK), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(evidence_is_for_its_user_only_and_over_no_other),
	    cmocka_unit_test(evidence_goes_where_its_user_says),
	    cmocka_unit_test(a_window_is_written_part_by_part),
	    cmocka_unit_test(without_a_folder_it_says_why_and_leaves_the_path),
	    cmocka_unit_test(
		choices_are_replaced_whole_and_for_their_user_only),
	    cmocka_unit_test(
		what_is_no_readable_plain_file_is_said_and_never_waited_for),
	    cmocka_unit_test(without_a_state_folder_it_is_under_home),
	};

	return cmocka_run_group_tests(tests, open_root, close_root);
}
