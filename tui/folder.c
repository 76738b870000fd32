/* SPDX-License-Identifier: MIT */
#include "tui/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RANDOM_CHARS 6u
#define BASE_MAX 60u /* a socket's path has room for 107 bytes */

void
rt_folder_remove(const char *dir)
{
	DIR *handle = opendir(dir);
	struct dirent *e;

	while (handle && (e = readdir(handle)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			(void)unlinkat(dirfd(handle), e->d_name, 0);
	if (handle)
		closedir(handle);
	(void)rmdir(dir);
}

/* The process that made a folder, by what follows the prefix; 0: not one of ours. */
static pid_t
maker_of(const char *rest)
{
	char *end;
	long pid = strtol(rest, &end, 10);

	return pid > 1 && pid <= INT_MAX && *end == '-' &&
		strlen(end + 1) == RANDOM_CHARS
	    ? (pid_t)pid
	    : 0;
}

/* Folders of processes that were killed: ours, and their process is gone. */
static void
remove_leftovers(const char *base, const char *prefix)
{
	DIR *handle = opendir(base);
	struct dirent *e;

	while (handle && (e = readdir(handle)) != NULL) {
		char path[512];
		struct stat st;
		pid_t pid;

		if (strncmp(e->d_name, prefix, strlen(prefix)) != 0)
			continue;
		pid = maker_of(e->d_name + strlen(prefix));
		snprintf(path, sizeof(path), "%s/%s", base, e->d_name);
		if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH &&
		    lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
		    st.st_uid == getuid())
			rt_folder_remove(path);
	}
	if (handle)
		closedir(handle);
}

enum rt_err
rt_folder_make(char *out, size_t size, const char *what, const char *base,
    struct rt_diag *d)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char prefix[64];
	int n;

	if (!base)
		base = runtime && *runtime == '/' &&
			strlen(runtime) <= BASE_MAX &&
			access(runtime, W_OK | X_OK) == 0
		    ? runtime
		    : "/tmp";
	snprintf(prefix, sizeof(prefix), "retrytop-%s-", what);
	remove_leftovers(base, prefix);
	n = snprintf(
	    out, size, "%s/%s%ld-XXXXXX", base, prefix, (long)getpid());
	if (n >= 0 && (size_t)n < size && mkdtemp(out))
		return RT_OK;
	rt_diag_set(d, base, "cannot make a folder there: %s",
	    n >= 0 && (size_t)n < size ? strerror(errno) : "its path is long");
	return RT_E_IO;
}
