/* SPDX-License-Identifier: MIT */
#include "proto/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/macro.h"
#include "tests/unit/util.h"

#define LARGE (1u << 20) /* more than a pipe holds */

static char folder[64], path[96], beside[96];

static int
make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/rt_fd_XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/kept", folder);
	snprintf(beside, sizeof(beside), "%s/beside", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	unlink(path);
	unlink(beside);
	return rmdir(folder);
}

struct sending {
	int fd;
	struct rt_str bytes;
	bool ok;
};

static void *
send_all(void *arg)
{
	struct sending *s = arg;

	s->ok = rt_fd_write_all(s->fd, s->bytes);
	close(s->fd);
	return NULL;
}

static void
more_than_one_call_takes_is_written_and_read_whole(void **state)
{
	struct sending s = {.bytes = {malloc(LARGE), LARGE}};
	struct rt_buf got;
	pthread_t thread;
	int fds[2];

	(void)state;
	memset((void *)(uintptr_t)s.bytes.p, 'x', LARGE);
	assert_int_equal(pipe(fds), 0);
	s.fd = fds[1];
	rt_buf_init(&got, LARGE);
	assert_int_equal(pthread_create(&thread, NULL, send_all, &s), 0);
	assert_true(rt_fd_read_all(fds[0], &got));
	pthread_join(thread, NULL);
	assert_true(s.ok);
	assert_int_equal(got.len, LARGE);
	assert_memory_equal(got.p, s.bytes.p, LARGE);
	close(fds[0]);
	rt_buf_fini(&got);
	free((void *)(uintptr_t)s.bytes.p);
}

static void
what_is_too_much_or_cannot_be_is_an_error(void **state)
{
	struct rt_buf got;
	int fds[2];

	(void)state;
	rt_buf_init(&got, 4);
	assert_int_equal(pipe(fds), 0);
	assert_true(rt_fd_write_all(fds[1], rt_str_of("hello")));
	close(fds[1]);
	errno = 0;
	assert_false(rt_fd_read_all(fds[0], &got));
	assert_int_equal(errno, EFBIG);
	close(fds[0]);
	assert_false(rt_fd_read_all(-1, &got));
	assert_int_equal(errno, EBADF);
	assert_false(rt_fd_write_all(-1, rt_str_of("hello")));
	assert_int_equal(errno, EBADF);
	assert_true(rt_fd_write_all(-1, RT_STR_NONE));
	rt_buf_fini(&got);
}

static void
assert_holds(const char *want)
{
	size_t len;
	char *text = util_read_file(path, &len);

	assert_string_equal(text, want);
	free(text);
	assert_int_equal(access(beside, F_OK), -1);
}

static void
a_file_is_replaced_whole_and_is_its_owners_alone(void **state)
{
	struct stat st;

	(void)state;
	assert_true(rt_fd_replace(path, beside, rt_str_of("one")));
	assert_holds("one");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_true(rt_fd_replace(path, beside, rt_str_of("other")));
	assert_holds("other");
	/* Of one that was killed meanwhile; nor is a link followed. */
	assert_int_equal(symlink(path, beside), 0);
	assert_true(rt_fd_replace(path, beside, rt_str_of("third")));
	assert_holds("third");
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void
where_it_cannot_be_replaced_the_old_one_stays_and_nothing_beside_it(
    void **state)
{
	char within[128];

	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(within, sizeof(within), "%s/full", path);
	assert_int_equal(mkdir(within, 0700), 0);
	errno = 0;
	assert_false(rt_fd_replace(path, beside, rt_str_of("one")));
	assert_true(errno == EISDIR || errno == ENOTEMPTY);
	assert_int_equal(access(beside, F_OK), -1);
	assert_int_equal(access(within, F_OK), 0);
	assert_int_equal(rmdir(within), 0);
	assert_int_equal(rmdir(path), 0);
	snprintf(within, sizeof(within), "%s/none/beside", folder);
	assert_false(rt_fd_replace(path, within, rt_str_of("one")));
	assert_int_equal(errno, ENOENT);
}

int
main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		more_than_one_call_takes_is_written_and_read_whole),
	    cmocka_unit_test(what_is_too_much_or_cannot_be_is_an_error),
	    TEST(a_file_is_replaced_whole_and_is_its_owners_alone),
	    TEST(
		where_it_cannot_be_replaced_the_old_one_stays_and_nothing_beside_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
