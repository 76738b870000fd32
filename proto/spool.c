/* SPDX-License-Identifier: MIT */
#include "proto/spool.h"

#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/clock.h"

#define SUFFIX ".ring"
#define NEW_SUFFIX ".new"
#define NEW_DEAD_S 60
#define FILE_BYTES_MAX ((off_t)RT_RING_BYTES_MAX + RT_RING_HEADER_BYTES)

/* ---- files held by this process ------------------------------------------- */

/* A lock belongs to the open file, which a child of fork() has too. */
static pthread_mutex_t held_lock = PTHREAD_MUTEX_INITIALIZER;
static struct rt_spool_file *held;

static void
before_fork(void)
{
	pthread_mutex_lock(&held_lock);
}

static void
after_fork(void)
{
	pthread_mutex_unlock(&held_lock);
}

static void
in_child(void)
{
	for (; held; held = held->after) {
		close(held->fd);
		held->fd = -1;
	}
	pthread_mutex_init(&held_lock, NULL);
}

static void
watch_forks(void)
{
	(void)pthread_atfork(before_fork, after_fork, in_child);
}

/* Open and locked in one step as far as fork() can see. */
static int
open_locked(struct rt_spool_file *f, int flags)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int why = 0;

	pthread_once(&once, watch_forks);
	pthread_mutex_lock(&held_lock);
	f->fd = open(f->path,
	    flags | O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
	    0600);
	if (f->fd < 0 || flock(f->fd, LOCK_EX | LOCK_NB) != 0) {
		why = errno;
		if (f->fd >= 0)
			close(f->fd);
		f->fd = -1;
	} else {
		f->before = NULL;
		f->after = held;
		if (held)
			held->before = f;
		held = f;
	}
	pthread_mutex_unlock(&held_lock);
	return why;
}

void
rt_spool_close(struct rt_spool_file *f)
{
	if (f->fd < 0)
		return;
	pthread_mutex_lock(&held_lock);
	if (f->before)
		f->before->after = f->after;
	else
		held = f->after;
	if (f->after)
		f->after->before = f->before;
	close(f->fd);
	f->fd = -1;
	pthread_mutex_unlock(&held_lock);
}

void
rt_spool_remove(struct rt_spool_file *f)
{
	if (f->fd < 0)
		return;
	/* While it is locked: whoever waits for it then sees that it is gone. */
	unlink(f->path);
	rt_spool_close(f);
}

/* ---- left-overs ----------------------------------------------------------- */

static bool
ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && strcmp(name + n - m, suffix) == 0;
}

static bool
join(char out[RT_SPOOL_PATH_SIZE], const char *dir, const char *name)
{
	int n = snprintf(out, RT_SPOOL_PATH_SIZE, "%s/%s", dir, name);

	if (n > 0 && n < (int)RT_SPOOL_PATH_SIZE)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

/* What a kill left of making a ring. */
static void
sweep(const char *dir, const char *name)
{
	struct rt_spool_file f = {.fd = -1};
	struct stat st;

	if (!join(f.path, dir, name) || open_locked(&f, 0) != 0)
		return;
	if (fstat(f.fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_mtime + NEW_DEAD_S < rt_clock_wall().us / 1000000)
		rt_spool_remove(&f);
	else
		rt_spool_close(&f);
}

/* The first name behind `last`; how many rings there are.  False: none. */
static bool
next_name(const char *dir, const char *last, char out[256], unsigned *count)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	out[0] = '\0';
	*count = 0;
	while (d && (entry = readdir(d)) != NULL) {
		const char *name = entry->d_name;

		if (name[0] == '.' && ends_in(name, NEW_SUFFIX))
			sweep(dir, name);
		if (name[0] == '.' || !ends_in(name, SUFFIX))
			continue;
		(*count)++;
		if (strcmp(name, last) > 0 &&
		    (!out[0] || strcmp(name, out) < 0))
			snprintf(out, 256, "%s", name);
	}
	if (d)
		closedir(d);
	return out[0] != '\0';
}

/* 0, ENOENT for one that somebody has just emptied, or why it is not touched. */
static int
judge(const struct rt_spool_file *f, struct stat *st)
{
	if (fstat(f->fd, st) != 0)
		return errno;
	if (!S_ISREG(st->st_mode))
		return EINVAL;
	if (st->st_nlink == 0)
		return ENOENT;
	if (st->st_uid != geteuid() || st->st_nlink > 1 ||
	    (st->st_mode & (S_IWGRP | S_IWOTH)))
		return EPERM;
	return st->st_size > FILE_BYTES_MAX ? EFBIG : 0;
}

static int
read_all(int fd, char *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, bytes + done, size - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0)
			break; /* cut short meanwhile: the rest is zero */
		done += (size_t)n;
	}
	return 0;
}

static void
put_found(void *arg, struct rt_str record)
{
	(void)rt_ring_put(arg, record.p, record.len);
}

/* 0 or an errno. */
static int
salvage(const char *bytes, size_t size, struct rt_ring *ring,
    struct rt_ring_wreck *w)
{
	size_t need;

	if (rt_ring_recover(bytes, size, NULL, NULL, w) != RT_OK)
		return EBADMSG;
	need = w->ring_bytes > RT_RING_BYTES_MIN ? w->ring_bytes
						 : RT_RING_BYTES_MIN;
	if (rt_ring_init(ring, need) != RT_OK)
		return ENOMEM;
	rt_ring_count_offered(ring, w->offered);
	rt_ring_count_dropped(ring, w->dropped);
	if (rt_ring_recover(bytes, size, put_found, ring, w) == RT_OK)
		return 0;
	rt_ring_fini(ring);
	return EBADMSG;
}

static int
read_file(
    struct rt_spool_file *f, struct rt_ring *ring, struct rt_ring_wreck *w)
{
	struct stat st;
	int why = judge(f, &st);
	size_t size;
	char *bytes;

	if (why != 0)
		return why;
	if (st.st_size < (off_t)RT_RING_HEADER_BYTES)
		return EBADMSG;
	size = (size_t)st.st_size;
	bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bytes == MAP_FAILED)
		return ENOMEM;
	why = read_all(f->fd, bytes, size);
	if (why == 0)
		why = salvage(bytes, size, ring, w);
	munmap(bytes, size);
	return why;
}

/* 0, or why not: EWOULDBLOCK where a living process holds it. */
static int
take_over(
    struct rt_spool_file *f, struct rt_ring *ring, struct rt_ring_wreck *w)
{
	int why = open_locked(f, 0);

	if (why != 0)
		return why;
	why = read_file(f, ring, w);
	if (why != 0)
		rt_spool_close(f);
	return why;
}

enum rt_err
rt_spool_scan(struct rt_spool_scan *s, const char *path)
{
	struct rt_spool_scan fresh = {.held = 0};
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(fresh.path)) {
		errno = len ? ENAMETOOLONG : ENOENT;
		return RT_E_IO;
	}
	memcpy(fresh.path, path, len + 1);
	if (access(path, F_OK) != 0)
		return RT_E_IO;
	*s = fresh;
	return RT_OK;
}

/* The path of the next candidate. */
static bool
next_path(struct rt_spool_scan *s, char out[RT_SPOOL_PATH_SIZE])
{
	char name[256];
	struct stat st;
	unsigned count;

	if (stat(s->path, &st) == 0 && !S_ISDIR(st.st_mode)) {
		if (s->last[0])
			return false;
		s->last[0] = '/';
		memcpy(out, s->path, sizeof(s->path));
		return true;
	}
	if (!next_name(s->path, s->last, name, &count))
		return false;
	memcpy(s->last, name, sizeof(s->last));
	return join(out, s->path, name);
}

enum rt_err
rt_spool_next(struct rt_spool_scan *s, struct rt_spool_file *f,
    struct rt_ring *ring, struct rt_ring_wreck *w)
{
	while (next_path(s, f->path)) {
		int why = take_over(f, ring, w);

		if (why == 0)
			return RT_OK;
		if (why == ENOENT)
			continue;
		if (why == EWOULDBLOCK) {
			s->held++;
			continue;
		}
		s->refused++;
		s->why = why;
	}
	return RT_E_EMPTY;
}

bool
rt_spool_acked(struct rt_spool_file *f, uint64_t acked)
{
	static const size_t at = offsetof(struct rt_ring_header, checkpoints),
			    len = sizeof(struct rt_ring_checkpoint);
	_Alignas(64) struct rt_ring_header h;
	char *bytes = (char *)&h;
	size_t i;

	if (f->fd < 0 || read_all(f->fd, bytes, sizeof(h)) != 0)
		return false;
	rt_ring_wreck_acked(&h, acked);
	for (i = at; i < at + 2 * len; i += len)
		if (pwrite(f->fd, bytes + i, len, (off_t)i) != (ssize_t)len)
			return false;
	return true;
}

/* ---- making one ----------------------------------------------------------- */

/* The oldest that nobody holds; how many records that were not acknowledged. */
static bool
drop_oldest(const char *dir, uint64_t *records)
{
	struct rt_spool_scan s = {.held = 0};
	struct rt_spool_file f = {.fd = -1};
	struct rt_ring_wreck w;
	struct rt_ring ring;

	snprintf(s.path, sizeof(s.path), "%s", dir);
	while (next_path(&s, f.path)) {
		if (take_over(&f, &ring, &w) != 0)
			continue;
		*records += w.found + w.damaged;
		rt_ring_fini(&ring);
		rt_spool_remove(&f);
		return true;
	}
	return false;
}

static uint64_t
make_room(const char *dir)
{
	uint64_t records = 0;
	unsigned count;
	char name[256];

	while (next_name(dir, "", name, &count) &&
	    count >= RT_SPOOL_FILES_MAX && drop_oldest(dir, &records))
		;
	return records;
}

static void
read_boot(char out[40])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, out, 39);

	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
}

static enum rt_err
create(struct rt_spool_file *f, const char *made, size_t bytes,
    const struct rt_ring_identity *who, struct rt_ring *ring)
{
	int why = open_locked(f, O_CREAT | O_EXCL);

	if (why == 0 && rt_ring_map(ring, f->fd, bytes, who) != RT_OK) {
		why = errno;
	} else if (why == 0 && rename(f->path, made) != 0) {
		why = errno;
		rt_ring_fini(ring);
	}
	if (why == 0) {
		memcpy(f->path, made, sizeof(f->path));
		return RT_OK;
	}
	rt_spool_remove(f);
	errno = why;
	return RT_E_IO;
}

enum rt_err
rt_spool_create(struct rt_spool_file *f, const char *dir, size_t bytes,
    const char *emitter, uint64_t epoch, struct rt_ring *ring,
    uint64_t *crowded)
{
	char boot[40], name[160], made[RT_SPOOL_PATH_SIZE];
	struct rt_ring_identity who = {
	    .emitter = emitter, .epoch = epoch, .boot = boot};

	f->fd = -1;
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return RT_E_IO;
	if (getrandom(&who.salt, sizeof(who.salt), 0) != sizeof(who.salt))
		return RT_E_IO;
	read_boot(boot);
	snprintf(name, sizeof(name), "%020llu-%s" SUFFIX,
	    (unsigned long long)epoch, emitter);
	if (!join(made, dir, name))
		return RT_E_IO;
	snprintf(name, sizeof(name), ".%020llu-%s" NEW_SUFFIX,
	    (unsigned long long)epoch, emitter);
	if (!join(f->path, dir, name))
		return RT_E_IO;
	*crowded = make_room(dir);
	return create(f, made, bytes, &who, ring);
}
