/* SPDX-License-Identifier: MIT */
#include "collector/canary/key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

void
rt_key_protect(void)
{
	const struct rlimit none = {0, 0};
	int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);

	/* Each holds where another does not: no /proc, a debugger of root. */
	if (fd >= 0) {
		(void)!write(fd, "0", 1);
		close(fd);
	}
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0); /* last: it takes /proc/self away */
}

static bool
is_fit(const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
			return false;
	return n > 0;
}

/* The whole of fd without its last newlines; false where it is too long. */
static bool
read_all(int fd, struct rt_key *key)
{
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < sizeof(key->text)) {
		n = read(fd, key->text + len, sizeof(key->text) - len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			len += (size_t)n;
	}
	if (n < 0 || len == sizeof(key->text))
		return false;
	while (len > 0 && strchr("\r\n", key->text[len - 1]))
		len--;
	key->text[len] = '\0';
	return strlen(key->text) == len;
}

static bool
read_file(const char *path, struct rt_key *key)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	bool is_read = fd >= 0 && read_all(fd, key);

	if (fd >= 0)
		close(fd);
	return is_read;
}

static bool
read_env(const char *name, struct rt_key *key)
{
	const char *value = getenv(name);

	if (!value || strlen(value) >= sizeof(key->text))
		return false;
	memcpy(key->text, value, strlen(value) + 1);
	return true;
}

static bool
read_key(const struct rt_target *t, struct rt_key *key)
{
	bool is_read;

	if (t->key_env[0])
		is_read = read_env(t->key_env, key);
	else if (t->key_file[0])
		is_read = read_file(t->key_file, key);
	else if (t->key_fd >= 0)
		is_read = read_all((int)t->key_fd, key);
	else
		return true;
	return is_read && is_fit(key->text);
}

/* Only now: several targets may name the same variable. */
static void
forget_sources(const struct rt_targets *all)
{
	for (unsigned i = 0; i < all->count; i++) {
		const struct rt_target *t = &all->rows[i];
		char *value = t->key_env[0] ? getenv(t->key_env) : NULL;

		if (value) {
			explicit_bzero(value, strlen(value));
			unsetenv(t->key_env);
		}
		if (t->key_fd >= 0)
			close((int)t->key_fd);
	}
}

enum rt_err
rt_key_read_all(
    const struct rt_targets *all, struct rt_key *keys, struct rt_diag *d)
{
	enum rt_err err = RT_OK;
	char name[224];

	for (unsigned i = 0; i < all->count && err == RT_OK; i++) {
		memset(&keys[i], 0, sizeof(keys[i]));
		if (read_key(&all->rows[i], &keys[i]))
			continue;
		rt_target_key_name(&all->rows[i], name);
		rt_diag_set(d, all->rows[i].name,
		    "%s must hold a key of at most %u bytes on one line", name,
		    RT_HTTP_KEY_MAX - 1);
		err = RT_E_CONFIG;
	}
	forget_sources(all);
	if (err != RT_OK)
		rt_key_wipe(keys, all->count);
	return err;
}

void
rt_key_hide(char *text, size_t size, const char *key)
{
	size_t len = key ? strlen(key) : 0, n = strlen(text), run = RT_KEY_RUN;

	if (len < RT_KEY_SHORT)
		return;
	if (run > len)
		run = len;
	for (size_t i = 0; i + run <= n; i++)
		for (size_t k = 0; k + run <= len; k++)
			if (memcmp(text + i, key + k, run) == 0) {
				snprintf(text, size, "%s", RT_KEY_HIDDEN);
				return;
			}
}

void
rt_key_wipe(struct rt_key *keys, unsigned count)
{
	explicit_bzero(keys, count * sizeof(*keys));
}
