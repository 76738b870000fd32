/* SPDX-License-Identifier: MIT */
#include "collector/sdnotify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/options.h"

#define PLEA_EACH_MS 5000

/* A path, or a name behind an @ in the abstract space. */
static enum rt_err
connect_to(int fd, const char *name, struct rt_diag *d)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const struct timeval patience = {.tv_sec = 1};
	size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || len < 2 ||
	    len >= sizeof(to.sun_path)) {
		rt_diag_set(d, "NOTIFY_SOCKET", "'%s' is no socket", name);
		return RT_E_USAGE;
	}
	memcpy(to.sun_path, name, len);
	if (name[0] == '@')
		to.sun_path[0] = '\0';
	if (connect(fd, (struct sockaddr *)&to,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) !=
		0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
		sizeof(patience)) != 0) {
		rt_diag_set(
		    d, "NOTIFY_SOCKET", "%s: %s", name, strerror(errno));
		return RT_E_IO;
	}
	return RT_OK;
}

/* Half of what the manager allows; 0 where it does not ask, or not us. */
static int64_t
watchdog_interval_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	int64_t us, whom;

	if (!usec || rt_count_from(usec, 1, INT64_MAX, &us, NULL) != RT_OK)
		return 0;
	if (pid &&
	    (rt_count_from(pid, 1, INT32_MAX, &whom, NULL) != RT_OK ||
		whom != getpid()))
		return 0;
	return us / 2000 > 0 ? us / 2000 : 1;
}

enum rt_err
rt_sdnotify_open(struct rt_sdnotify *n, struct rt_diag *d)
{
	const char *name = getenv("NOTIFY_SOCKET");
	enum rt_err err;

	*n = (struct rt_sdnotify){.fd = -1};
	if (!name || name[0] == '\0')
		return RT_OK;
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (n->fd < 0) {
		rt_diag_set(d, "NOTIFY_SOCKET", "%s", strerror(errno));
		return RT_E_IO;
	}
	err = connect_to(n->fd, name, d);
	if (err != RT_OK)
		rt_sdnotify_close(n);
	else
		n->interval_ms = watchdog_interval_ms();
	return err;
}

void
rt_sdnotify_close(struct rt_sdnotify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	*n = (struct rt_sdnotify){.fd = -1};
}

/* Nothing can be done about a manager that does not listen. */
static void
tell(const struct rt_sdnotify *n, const char *text, int flags)
{
	if (n->fd >= 0 &&
	    send(n->fd, text, strlen(text), flags | MSG_NOSIGNAL) < 0)
		errno = 0;
}

void
rt_sdnotify_starting(struct rt_sdnotify *n, rt_mono_t now)
{
	if (n->fd < 0 || rt_mono_ms_between(n->next_plea, now) < 0)
		return;
	n->next_plea = rt_mono_add_ms(now, PLEA_EACH_MS);
	tell(n, "EXTEND_TIMEOUT_USEC=60000000", MSG_DONTWAIT);
}

void
rt_sdnotify_ready(struct rt_sdnotify *n)
{
	tell(n, "READY=1", 0);
}

void
rt_sdnotify_reloading(struct rt_sdnotify *n)
{
	char text[64];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)rt_clock_mono().us);
	tell(n, text, 0);
}

void
rt_sdnotify_stopping(struct rt_sdnotify *n)
{
	tell(n, "STOPPING=1", 0);
}

void
rt_sdnotify_tick(struct rt_sdnotify *n, rt_mono_t now)
{
	if (n->interval_ms == 0 || rt_mono_ms_between(n->next, now) < 0)
		return;
	n->next = rt_mono_add_ms(now, n->interval_ms);
	tell(n, "WATCHDOG=1", MSG_DONTWAIT);
}
