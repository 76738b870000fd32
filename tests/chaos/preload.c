/* SPDX-License-Identifier: MIT */
/*
 * Loaded before libc into a program under test: makes calls fail and clocks jump.
 *
 * RT_CHAOS_FAIL   "NAME:FIRST:COUNT:ERRNO": calls FIRST to FIRST + COUNT - 1 of NAME on a
 *                 regular file or a folder fail with that number.
 * RT_CHAOS_CALLS  a file that the number of calls of NAME is written to at the end of each
 * RT_CHAOS_CLOCK  a file of eight bytes: microseconds that the wall clock is off, read at
 *                 each call
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static struct {
	char name[16];
	long first, count;
	int error;
} plan;
static atomic_long *calls;
static const volatile int64_t *offset_us;

static void *
map(const char *variable, int flags, int protection)
{
	const char *path = getenv(variable);
	int fd = path ? open(path, flags | O_CLOEXEC) : -1;
	void *p;

	if (fd < 0)
		return NULL;
	p = mmap(NULL, sizeof(int64_t), protection, MAP_SHARED, fd, 0);
	close(fd);
	return p == MAP_FAILED ? NULL : p;
}

static void __attribute__((constructor)) begin(void)
{
	const char *fail = getenv("RT_CHAOS_FAIL");

	calls = map("RT_CHAOS_CALLS", O_RDWR, PROT_READ | PROT_WRITE);
	offset_us = map("RT_CHAOS_CLOCK", O_RDONLY, PROT_READ);
	if (fail)
		(void)sscanf(fail, "%15[a-z]:%ld:%ld:%d", plan.name,
		    &plan.first, &plan.count, &plan.error);
}

static int
fails(const char *name, int fd)
{
	struct stat st;
	long n;

	if (strcmp(name, plan.name) != 0 || !calls || fstat(fd, &st) != 0 ||
	    (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return 0;
	n = atomic_fetch_add(calls, 1) + 1;
	if (n < plan.first || n >= plan.first + plan.count)
		return 0;
	errno = plan.error;
	return 1;
}

EXPORT ssize_t
write(int fd, const void *p, size_t n)
{
	return fails("write", fd) ? -1 : syscall(SYS_write, fd, p, n);
}

EXPORT ssize_t
pwrite(int fd, const void *p, size_t n, off_t at)
{
	return fails("pwrite", fd) ? -1 : syscall(SYS_pwrite64, fd, p, n, at);
}

EXPORT int
fsync(int fd)
{
	return fails("fsync", fd) ? -1 : (int)syscall(SYS_fsync, fd);
}

EXPORT int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return fails("renameat", from_fd)
	    ? -1
	    : (int)syscall(SYS_renameat, from_fd, from, to_fd, to);
}

/* Only where a file may come to be. */
EXPORT int
openat(int fd, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & O_CREAT)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return flags & O_CREAT && fails("openat", fd)
	    ? -1
	    : (int)syscall(SYS_openat, fd, path, flags, mode);
}

EXPORT int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int64_t us = id == CLOCK_REALTIME && offset_us ? *offset_us : 0;
	int err = (int)syscall(SYS_clock_gettime, id, ts);

	if (err == 0 && us != 0) {
		us += ts->tv_nsec / 1000;
		ts->tv_sec += us / 1000000 - (us % 1000000 < 0);
		us = us % 1000000 + (us % 1000000 < 0 ? 1000000 : 0);
		ts->tv_nsec = us * 1000 + ts->tv_nsec % 1000;
	}
	return err;
}
