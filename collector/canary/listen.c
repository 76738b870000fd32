/* SPDX-License-Identifier: MIT */
#include "collector/canary/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
is_loopback(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET)
		return ((const unsigned char *)&(
			   (const struct sockaddr_in *)(const void *)sa)
			       ->sin_addr)[0] == 127;
	return sa->sa_family == AF_INET6 &&
	    IN6_IS_ADDR_LOOPBACK(
		&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
}

/* HOST:PORT or [HOST]:PORT, numbers but for localhost. */
static enum rt_err
resolve(const char *text, struct addrinfo **out, struct rt_diag *d)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
	const char *colon = strrchr(text, ':');
	char host[64];
	size_t n = colon ? (size_t)(colon - text) : 0;

	if (n > 1 && text[0] == '[' && text[n - 1] == ']') {
		text++;
		n -= 2;
	}
	if (n == 0 || n >= sizeof(host))
		goto bad;
	memcpy(host, text, n);
	host[n] = '\0';
	if (getaddrinfo(strcmp(host, "localhost") == 0 ? "127.0.0.1" : host,
		colon + 1, &hints, out) == 0)
		return RT_OK;
bad:
	rt_diag_set(d, "--listen",
	    "needs ADDRESS:PORT, such as 127.0.0.1:8099; port 0 is any");
	return RT_E_USAGE;
}

static int
listen_on(const struct addrinfo *at, struct rt_diag *d)
{
	int one = 1;
	int fd = socket(
	    at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, 128) == 0)
		return fd;
	rt_diag_set(d, "--listen", "cannot listen there: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

enum rt_err
rt_listen_on(
    const char *text, bool allows_others, int *out_fd, struct rt_diag *d)
{
	struct addrinfo *at = NULL;
	enum rt_err err = resolve(text, &at, d);
	int fd;

	if (err != RT_OK)
		return err;
	if (!is_loopback(at->ai_addr) && !allows_others) {
		rt_diag_set(d, "--listen",
		    "%s is not loopback; say --insecure to serve it anyway",
		    text);
		freeaddrinfo(at);
		return RT_E_USAGE;
	}
	fd = listen_on(at, d);
	freeaddrinfo(at);
	if (fd < 0)
		return RT_E_IO;
	*out_fd = fd;
	return RT_OK;
}

void
rt_listen_print_url(int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	char host[64], port[8];

	if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0 ||
	    getnameinfo((struct sockaddr *)&sa, len, host, sizeof(host), port,
		sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	printf(strchr(host, ':') ? "http://[%s]:%s\n" : "http://%s:%s\n", host,
	    port);
	fflush(stdout);
}
