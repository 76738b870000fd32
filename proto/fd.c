/* SPDX-License-Identifier: MIT */
#include "proto/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

bool
rt_fd_write_all(int fd, struct rt_str bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.p, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes.p += n;
		bytes.len -= (size_t)n;
	}
	return true;
}

bool
rt_fd_read_all(int fd, struct rt_buf *out)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		rt_buf_add(out, chunk, (size_t)n);
		if (out->overflow) {
			errno = EFBIG;
			return false;
		}
	}
	return true;
}

bool
rt_fd_replace(const char *path, const char *beside, struct rt_str bytes)
{
	int fd, why;
	bool ok;

	(void)unlink(beside); /* of one that was killed meanwhile */
	fd = open(
	    beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	ok = rt_fd_write_all(fd, bytes);
	why = errno;
	if (close(fd) != 0 && ok) {
		ok = false;
		why = errno;
	}
	if (ok && rename(beside, path) == 0)
		return true;
	if (ok)
		why = errno;
	(void)unlink(beside);
	errno = why;
	return false;
}
