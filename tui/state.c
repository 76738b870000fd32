/* SPDX-License-Identifier: MIT */
#include "tui/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID_CHARS 48u
#define TRIES 100u /* exports of one operation in one second */

static enum rt_err
fail(struct rt_diag *d, const char *path, const char *what)
{
	rt_diag_set(d, path, "%s: %s", what, strerror(errno));
	return RT_E_IO;
}

/* Every folder on the way; a file in the way is found out when it is written. */
static enum rt_err
make_folders(char *path, struct rt_diag *d)
{
	for (char *p = path + 1;; p++) {
		char was = *p;

		if (was != '/' && was != '\0')
			continue;
		*p = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return fail(d, path, "cannot make this folder");
		*p = was;
		if (was == '\0')
			return RT_OK;
	}
}

static enum rt_err
name_folder(char out[RT_STATE_PATH], struct rt_diag *d)
{
	const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n;

	if (base && base[0] == '/')
		n = snprintf(out, RT_STATE_PATH, "%s/retrytop", base);
	else if (home && home[0] == '/')
		n = snprintf(
		    out, RT_STATE_PATH, "%s/.local/state/retrytop", home);
	else
		n = -1;
	if (n >= 0 && (unsigned)n < RT_STATE_PATH - 128)
		return RT_OK;
	rt_diag_set(d, NULL,
	    "neither XDG_STATE_HOME nor HOME names a folder to write to");
	return RT_E_IO;
}

static enum rt_err
find_folder(char out[RT_STATE_PATH], struct rt_diag *d)
{
	enum rt_err err = name_folder(out, d);

	return err == RT_OK ? make_folders(out, d) : err;
}

static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

static void
clean_id(char out[ID_CHARS + 1], const char *id)
{
	size_t n = 0;

	for (; *id && n < ID_CHARS; id++)
		if (is_plain(*id))
			out[n++] = *id;
	out[n] = '\0';
}

/* "2026-06-13T09:00:00.242Z" to "20260613T090000Z" */
static void
stamp(char out[20], rt_wall_t now)
{
	char time[32];
	size_t n = 0;

	rt_text_from_time(time, now.us);
	for (const char *p = time; *p && *p != '.' && n < 18; p++)
		if (*p != '-' && *p != ':')
			out[n++] = *p;
	out[n++] = 'Z';
	out[n] = '\0';
}

static int
create(
    const char *folder, const char *id, rt_wall_t now, char path[RT_STATE_PATH])
{
	char name[ID_CHARS + 1], time[20], more[16] = "";
	int fd = -1;

	clean_id(name, id);
	stamp(time, now);
	for (unsigned i = 1; i <= TRIES && fd < 0; i++) {
		if (i > 1)
			snprintf(more, sizeof(more), "-%u", i);
		if (snprintf(path, RT_STATE_PATH, "%s/operation-%s-%s%s.jsonl",
			folder, name, time, more) >= (int)RT_STATE_PATH)
			return -1;
		fd = open(path,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0 && errno != EEXIST)
			return -1;
	}
	return fd;
}

static bool
write_all(int fd, struct rt_str s)
{
	while (s.len > 0) {
		ssize_t n = write(fd, s.p, s.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		s.p += n;
		s.len -= (size_t)n;
	}
	return true;
}

enum rt_err
rt_state_export(const char *id, struct rt_str records, rt_wall_t now,
    char path[RT_STATE_PATH], struct rt_diag *d)
{
	char folder[RT_STATE_PATH], file[RT_STATE_PATH];
	enum rt_err err = find_folder(folder, d);
	bool ok;
	int fd;

	if (err != RT_OK)
		return err;
	fd = create(folder, id, now, file);
	if (fd < 0)
		return fail(d, file, "cannot create this file");
	ok = write_all(fd, records);
	ok = close(fd) == 0 && ok;
	if (!ok) {
		err = fail(d, file, "cannot write");
		unlink(file);
		return err;
	}
	memcpy(path, file, sizeof(file));
	return RT_OK;
}

/* ---- choices -------------------------------------------------------------- */

#define NAME_CHARS 64u

static bool
read_all(int fd, struct rt_buf *out)
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

enum rt_err
rt_state_load(const char *name, struct rt_buf *out, struct rt_diag *d)
{
	char path[RT_STATE_PATH], folder[RT_STATE_PATH];
	enum rt_err err = name_folder(folder, d);
	struct stat st;
	bool ok;
	int fd;

	if (err != RT_OK)
		return err;
	snprintf(path, sizeof(path), "%.*s/%.*s",
	    (int)(RT_STATE_PATH - NAME_CHARS - 2), folder, (int)NAME_CHARS,
	    name);
	/* A pipe in its place may not hold the screen up. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR
		    ? RT_OK
		    : fail(d, path, "cannot be read");
	ok = fstat(fd, &st) == 0;
	if (ok && !S_ISREG(st.st_mode)) {
		close(fd);
		rt_diag_set(d, path, "is no plain file");
		return RT_E_IO;
	}
	ok = ok && read_all(fd, out);
	if (!ok)
		err = fail(d, path, "cannot be read");
	close(fd);
	return err;
}

enum rt_err
rt_state_save(const char *name, struct rt_str text, struct rt_diag *d)
{
	char path[RT_STATE_PATH], folder[RT_STATE_PATH],
	    fresh[RT_STATE_PATH + 24];
	enum rt_err err = find_folder(folder, d);
	bool ok;
	int fd;

	if (err != RT_OK)
		return err;
	snprintf(path, sizeof(path), "%.*s/%.*s",
	    (int)(RT_STATE_PATH - NAME_CHARS - 2), folder, (int)NAME_CHARS,
	    name);
	snprintf(fresh, sizeof(fresh), "%s.%ld", path, (long)getpid());
	unlink(fresh); /* of one that was killed and had our number */
	fd = open(
	    fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail(d, fresh, "cannot create this file");
	ok = write_all(fd, text);
	ok = close(fd) == 0 && ok;
	if (ok && rename(fresh, path) == 0)
		return RT_OK;
	err = fail(d, path, "cannot be written");
	unlink(fresh);
	return err;
}
