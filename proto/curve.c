/* SPDX-License-Identifier: MIT */
#include "proto/curve.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

/* Declared among the drafts, but in every libzmq since 4.3.0. */
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif

#define KEY_SIZE (RT_CERT_KEY_CHARS + 1)

void
rt_curve_paths_from_env(struct rt_curve_paths *p)
{
	if (!p->cert)
		p->cert = getenv("RETRYTOP_CERT");
	if (!p->server_cert)
		p->server_cert = getenv("RETRYTOP_SERVER_CERT");
}

enum rt_err
rt_curve_cert_read(struct rt_cert *out, const char *path, struct rt_diag *d)
{
	struct rt_cert c;
	char public_key[KEY_SIZE];
	enum rt_err err = rt_cert_read(&c, RT_CERT_SECRET, path, d);

	if (err != RT_OK)
		return err;
	if (zmq_curve_public(public_key, c.secret_key) != 0 ||
	    strcmp(public_key, c.public_key) != 0) {
		rt_diag_set(d, path,
		    "its public-key does not belong to its secret-key");
		err = RT_E_CONFIG;
	} else {
		*out = c;
	}
	rt_cert_wipe(&c);
	return err;
}

enum rt_err
rt_curve_keys_read(struct rt_curve_keys *out, const struct rt_curve_paths *p,
    struct rt_diag *d)
{
	bool has_own = p->cert && p->cert[0];
	bool has_server = p->server_cert && p->server_cert[0];
	struct rt_cert own, server;
	enum rt_err err;

	if (!has_own && !has_server) {
		*out = (struct rt_curve_keys){.server_key = ""};
		return RT_OK;
	}
	if (!has_own || !has_server) {
		rt_diag_set(d, NULL,
		    "an own certificate and the collector's go together: %s "
		    "is missing",
		    has_own ? "the collector's (--server-cert or "
			      "RETRYTOP_SERVER_CERT)"
			    : "the own one (--cert or RETRYTOP_CERT)");
		return RT_E_CONFIG;
	}
	err = rt_cert_read(&server, RT_CERT_PUBLIC, p->server_cert, d);
	if (err == RT_OK)
		err = rt_curve_cert_read(&own, p->cert, d);
	if (err != RT_OK)
		return err;
	memcpy(out->server_key, server.public_key, KEY_SIZE);
	memcpy(out->public_key, own.public_key, KEY_SIZE);
	memcpy(out->secret_key, own.secret_key, KEY_SIZE);
	rt_cert_wipe(&own);
	return RT_OK;
}

void
rt_curve_keys_wipe(struct rt_curve_keys *k)
{
	explicit_bzero(k, sizeof(*k));
}

enum rt_err
rt_curve_generate(struct rt_cert *out)
{
	char public_key[KEY_SIZE], secret_key[KEY_SIZE];

	if (zmq_curve_keypair(public_key, secret_key) != 0)
		return RT_E_IO;
	memcpy(out->public_key, public_key, KEY_SIZE);
	memcpy(out->secret_key, secret_key, KEY_SIZE);
	explicit_bzero(secret_key, sizeof(secret_key));
	return RT_OK;
}

void
rt_curve_text(char out[RT_CERT_KEY_CHARS + 1], const unsigned char key[32])
{
	zmq_z85_encode(out, key, 32);
}

/* ---- sockets ------------------------------------------------------------------- */

static bool
set_key(void *socket, int option, const char *key)
{
	return zmq_setsockopt(socket, option, key, KEY_SIZE) == 0;
}

static bool
set_int(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof(value)) == 0;
}

bool
rt_curve_set_client(void *socket, const struct rt_curve_keys *k)
{
	return k->server_key[0] == '\0' ||
	    (set_key(socket, ZMQ_CURVE_SERVERKEY, k->server_key) &&
		set_key(socket, ZMQ_CURVE_PUBLICKEY, k->public_key) &&
		set_key(socket, ZMQ_CURVE_SECRETKEY, k->secret_key));
}

bool
rt_curve_set_server(
    void *socket, const struct rt_cert *server, const char *domain)
{
	return set_int(socket, ZMQ_CURVE_SERVER, 1) &&
	    set_key(socket, ZMQ_CURVE_SECRETKEY, server->secret_key) &&
	    zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, domain, strlen(domain)) ==
	    0 &&
	    set_int(socket, ZMQ_ZAP_ENFORCE_DOMAIN, 1);
}
