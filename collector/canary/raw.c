/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* accept4 */
#include "collector/canary/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/canary/listen.h"
#include "proto/clock.h"
#include "proto/macro.h"

/* ---- scripts ----------------------------------------------------------------------- */

enum ending {
	CLOSE,
	HOLD, /* says no more until the client goes */
	DRIP, /* sends `again` every 50 ms */
};

struct script {
	const char *path;
	const char *bytes;
	size_t len; /* 0: a text */
	enum ending ending;
	const char *again;
};

#define STREAM                                                   \
	"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" \
	"Connection: close\r\n\r\n"
#define CHUNK(text)                                                        \
	"data: "                                                           \
	"{\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0," \
	"\"delta\":{\"content\":\"" text "\"},\"finish_reason\":null}]}\n\n"

/* gzip of {"choices":[]}; never unpacked. */
static const char packed[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    "Content-Encoding: gzip\r\nConnection: close\r\n\r\n"
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\x56\x4a\xce\xc8\xcf\x4c"
    "\x4e\x2d\x56\xb2\x8a\x8e\xad\x05\x00\x30\x8f\x57\x95\x0e\x00\x00\x00";

/* clang-format off */
static const struct script scripts[] = {
	{"/redirect", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/elsewhere\r\n"
	    "Content-Length: 0\r\nConnection: close\r\n\r\n", 0, CLOSE, NULL},
	{"/html-404", "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n"
	    "Connection: close\r\n\r\n<html><body>Not Found</body></html>", 0, CLOSE, NULL},
	{"/packed", packed, sizeof(packed) - 1, CLOSE, NULL},
	{"/short-body", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	    "Content-Length: 1000\r\n\r\n{\"choices\":[", 0, CLOSE, NULL},
	{"/bad-chunk", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"cho\r\nnot a size\r\n", 0, CLOSE, NULL},
	{"/not-http", "SSH-2.0-server\r\n", 0, CLOSE, NULL},
	{"/no-event", STREAM, 0, HOLD, NULL},
	{"/drip", STREAM, 0, DRIP, CHUNK("x")},
	{"/error-event", STREAM "event: error\ndata: {\"type\":\"error\",\"error\":"
	    "{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n", 0, CLOSE, NULL},
	{"/error-text", STREAM CHUNK("x") "data: {\"error\":\"upstream went away\"}\n\n", 0, CLOSE, NULL},
	{"/error-object", STREAM CHUNK("x") "data: {\"object\":\"error\",\"message\":"
	    "\"internal\",\"type\":\"InternalServerError\",\"code\":500}\n\n", 0, CLOSE, NULL},
};
/* clang-format on */

/* ---- serving ----------------------------------------------------------------------- */

/*
 * The request's path; false where none came in time.  The body is read too: closing
 * with bytes unread would turn an orderly end into a reset.
 */
static bool
read_path(int fd, char path[64])
{
	char request[8192], rest[4096];
	struct pollfd p = {fd, POLLIN, 0};
	size_t len = 0;
	ssize_t n;

	request[0] = '\0';
	while (len + 1 < sizeof(request) && !strstr(request, "\r\n\r\n")) {
		if (poll(&p, 1, 1000) <= 0)
			return false;
		n = read(fd, request + len, sizeof(request) - 1 - len);
		if (n <= 0)
			return false;
		len += (size_t)n;
		request[len] = '\0';
	}
	while (poll(&p, 1, 20) > 0 && read(fd, rest, sizeof(rest)) > 0)
		continue;
	return sscanf(request, "POST %63s HTTP/1.1", path) == 1;
}

/* False where the client is gone. */
static bool
wait_for_client(int fd, int ms)
{
	struct pollfd p = {fd, POLLIN, 0};
	char byte;

	return poll(&p, 1, ms) <= 0 || read(fd, &byte, 1) > 0;
}

static void
play(int fd, const struct script *s)
{
	size_t len = s->len ? s->len : strlen(s->bytes);

	if (send(fd, s->bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
		return;
	if (s->ending == HOLD)
		wait_for_client(fd, RT_RAW_HOLD_MS);
	for (int i = 0; s->ending == DRIP && i < RT_RAW_HOLD_MS / 50; i++)
		if (send(fd, s->again, strlen(s->again), MSG_NOSIGNAL) < 0 ||
		    !wait_for_client(fd, 50))
			return;
}

int
rt_raw_serve(void *nothing)
{
	struct pollfd p = {-1, POLLIN, 0};
	char path[64];
	int fd;

	(void)nothing;
	if (rt_listen_on("127.0.0.1:0", false, &p.fd, NULL) != RT_OK)
		return 1;
	rt_listen_print_url(p.fd);
	while (poll(&p, 1, -1) > 0) {
		fd = accept4(p.fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		if (read_path(fd, path))
			for (size_t i = 0; i < RT_COUNT_OF(scripts); i++)
				if (strcmp(scripts[i].path, path) == 0)
					play(fd, &scripts[i]);
		shutdown(fd, SHUT_WR);
		close(fd);
	}
	return 1;
}

/* ---- nobody accepts ---------------------------------------------------------------- */

bool
rt_raw_fill(int fds[RT_RAW_FULL_FDS], char url[64])
{
	struct sockaddr_in sa = {
	    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(sa);

	for (int i = 0; i < RT_RAW_FULL_FDS; i++)
		fds[i] = socket(
		    AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fds[0] < 0 ||
	    bind(fds[0], (struct sockaddr *)&sa, sizeof(sa)) != 0 ||
	    listen(fds[0], 0) != 0 ||
	    getsockname(fds[0], (struct sockaddr *)&sa, &len) != 0)
		return false;
	for (int i = 1; i < RT_RAW_FULL_FDS; i++)
		if (fds[i] < 0 ||
		    (connect(fds[i], (struct sockaddr *)&sa, sizeof(sa)) != 0 &&
			errno != EINPROGRESS))
			return false;
	snprintf(url, 64, "http://127.0.0.1:%u", ntohs(sa.sin_port));
	return true;
}
