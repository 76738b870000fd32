/* SPDX-License-Identifier: MIT */
/* A folder of one's own, and those that dead processes left. */
#include "tui/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/util.h"

static char base[64];

static bool
is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

/* A folder with a file in it. */
static void
put(char *out, size_t size, const char *name)
{
	char file[256];
	FILE *f;

	snprintf(out, size, "%.48s/%.60s", base, name);
	assert_int_equal(mkdir(out, 0700), 0);
	snprintf(file, sizeof(file), "%.120s/query", out);
	f = fopen(file, "w");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
}

/* A number that was a process and is none any more. */
static long
dead_process(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return (long)pid;
}

static void
only_what_dead_processes_left_is_removed(void **state)
{
	char names[5][64], paths[5][128], dir[128];
	struct rt_diag d = {{0}, {0}};
	struct stat st;
	long dead = dead_process();

	(void)state;
	snprintf(names[0], 64, "retrytop-x-%ld-Ab12Cd", dead);
	snprintf(names[1], 64, "retrytop-x-%ld-Ab12Cd", (long)getppid());
	snprintf(names[2], 64, "retrytop-y-%ld-Ab12Cd", dead);
	/* Others use such names, too. */
	snprintf(names[3], 64, "retrytop-x-%ldabcdef", dead);
	snprintf(names[4], 64, "retrytop-x-%ld-notes", dead);
	for (unsigned i = 0; i < 5; i++)
		put(paths[i], sizeof(paths[i]), names[i]);
	assert_int_equal(
	    rt_folder_make(dir, sizeof(dir), "x", base, &d), RT_OK);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_false(is_there(paths[0]));
	for (unsigned i = 1; i < 5; i++) {
		if (!is_there(paths[i]))
			fail_msg("%s is gone", names[i]);
		rt_folder_remove(paths[i]);
	}
	rt_folder_remove(dir);
	assert_false(is_there(dir));
}

static void
what_cannot_be_made_says_why(void **state)
{
	char dir[128], small[8];
	struct rt_diag d = {{0}, {0}};

	(void)state;
	assert_int_equal(
	    rt_folder_make(dir, sizeof(dir), "x", "/nowhere", &d), RT_E_IO);
	assert_string_equal(d.where, "/nowhere");
	assert_int_equal(
	    rt_folder_make(small, sizeof(small), "x", base, &d), RT_E_IO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_what_dead_processes_left_is_removed),
	    cmocka_unit_test(what_cannot_be_made_says_why),
	};
	int failed;

	snprintf(base, sizeof(base), "/tmp/rt_folder_XXXXXX");
	if (!mkdtemp(base))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rt_folder_remove(base);
	return failed;
}
