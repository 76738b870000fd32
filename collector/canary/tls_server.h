/* SPDX-License-Identifier: MIT */
/*
 * tls_server — certificates that are wrong on purpose, made and served by openssl(1).
 *
 * Made at run time in a folder of its own, which goes with it: nothing with a key in it
 * is kept in the repository, and no certificate can expire on its own.  Where the
 * command is not installed, prepare says so and the rows are skipped.
 */
#ifndef RT_TLS_SERVER_H
#define RT_TLS_SERVER_H

#include "collector/canary/spawn.h"

struct rt_tls_server {
	char dir[64]; /* empty: not prepared */
	struct rt_spawn server;
};

/* Makes the certificates; false where openssl(1) cannot. */
bool rt_tls_server_prepare(struct rt_tls_server *t);

/* `name`: expired, wrong_host or good; url[64] is where it is served. */
bool rt_tls_server_start(
    struct rt_tls_server *t, const char *name, char url[64]);
void rt_tls_server_stop(struct rt_tls_server *t);

/* The authority that signed them, to be trusted; path[128]. */
void rt_tls_server_ca(const struct rt_tls_server *t, char path[128]);

/* Stops, and removes the folder. */
void rt_tls_server_fini(struct rt_tls_server *t);

#endif
