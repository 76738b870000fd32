/* SPDX-License-Identifier: MIT */
#include "collector/canary/tls_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/macro.h"

static const struct {
	const char *name, *alt_name, *days;
} certificates[] = {
    {"expired", "subjectAltName=IP:127.0.0.1", "-1"},
    {"wrong_host", "subjectAltName=DNS:elsewhere.example", "2"},
    {"good", "subjectAltName=IP:127.0.0.1", "2"},
};

static const char *const endings[] = {".key", ".pem", ".csr", ".ext"};

static bool
run(const char *const *argv)
{
	struct rt_spawn s;

	return rt_spawn_program(&s, argv) && rt_spawn_wait(&s) == 0;
}

static void
path_of(const struct rt_tls_server *t, const char *name, const char *ending,
    char path[128])
{
	snprintf(path, 128, "%s/%s%s", t->dir, name, ending);
}

static bool
make_ca(const struct rt_tls_server *t)
{
	char key[128], pem[128];
	const char *argv[] = {"openssl", "req", "-x509", "-newkey", "ec",
	    "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
	    key, "-out", pem, "-days", "2", "-subj", "/CN=retrytop suite",
	    NULL};

	path_of(t, "ca", ".key", key);
	path_of(t, "ca", ".pem", pem);
	return run(argv);
}

static bool
make_certificate(const struct rt_tls_server *t, size_t i)
{
	const char *name = certificates[i].name;
	char key[128], pem[128], csr[128], ext[128], ca[128], ca_key[128];
	const char *request[] = {"openssl", "req", "-newkey", "ec", "-pkeyopt",
	    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
	    csr, "-subj", "/CN=retrytop", NULL};
	const char *sign[] = {"openssl", "x509", "-req", "-in", csr, "-CA", ca,
	    "-CAkey", ca_key, "-set_serial", "1", "-out", pem, "-days",
	    certificates[i].days, "-extfile", ext, NULL};
	FILE *f;

	path_of(t, name, ".key", key);
	path_of(t, name, ".pem", pem);
	path_of(t, name, ".csr", csr);
	path_of(t, name, ".ext", ext);
	path_of(t, "ca", ".pem", ca);
	path_of(t, "ca", ".key", ca_key);
	f = fopen(ext, "we");
	if (!f)
		return false;
	fprintf(f, "%s\n", certificates[i].alt_name);
	return fclose(f) == 0 && run(request) && run(sign);
}

bool
rt_tls_server_prepare(struct rt_tls_server *t)
{
	bool is_made;

	*t = (struct rt_tls_server){
	    .dir = "/tmp/retrytop-suite-XXXXXX", .server = {0, -1}};
	if (!mkdtemp(t->dir)) {
		t->dir[0] = '\0';
		return false;
	}
	is_made = make_ca(t);
	for (size_t i = 0; is_made && i < RT_COUNT_OF(certificates); i++)
		is_made = make_certificate(t, i);
	if (!is_made)
		rt_tls_server_fini(t);
	return is_made;
}

bool
rt_tls_server_start(struct rt_tls_server *t, const char *name, char url[64])
{
	char key[128], pem[128], line[128];
	const char *argv[] = {"openssl", "s_server", "-accept", "127.0.0.1:0",
	    "-cert", pem, "-key", key, "-www", NULL};
	unsigned port;

	path_of(t, name, ".key", key);
	path_of(t, name, ".pem", pem);
	if (!rt_spawn_program(&t->server, argv))
		return false;
	while (rt_spawn_line(&t->server, line, sizeof(line), 5000))
		if (sscanf(line, "ACCEPT 127.0.0.1:%u", &port) == 1) {
			snprintf(url, 64, "https://127.0.0.1:%u", port);
			return true;
		}
	rt_tls_server_stop(t);
	return false;
}

void
rt_tls_server_stop(struct rt_tls_server *t)
{
	rt_spawn_stop(&t->server);
}

void
rt_tls_server_ca(const struct rt_tls_server *t, char path[128])
{
	path_of(t, "ca", ".pem", path);
}

void
rt_tls_server_fini(struct rt_tls_server *t)
{
	char path[128];

	rt_tls_server_stop(t);
	if (!t->dir[0])
		return;
	for (size_t e = 0; e < RT_COUNT_OF(endings); e++) {
		path_of(t, "ca", endings[e], path);
		unlink(path);
		for (size_t i = 0; i < RT_COUNT_OF(certificates); i++) {
			path_of(t, certificates[i].name, endings[e], path);
			unlink(path);
		}
	}
	rmdir(t->dir);
	t->dir[0] = '\0';
}
