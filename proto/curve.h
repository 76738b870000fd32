/* SPDX-License-Identifier: MIT */
/*
 * curve — keys on ZeroMQ sockets: who may talk to a collector, and that it is that one.
 *
 * A client needs two files: its own secret certificate and the collector's public one
 * (proto/cert.h; `retrytop keygen` makes both).  No key ever appears in a message.
 */
#ifndef RT_CURVE_H
#define RT_CURVE_H

#include "proto/cert.h"

/* Paths; NULL or "": none. */
struct rt_curve_paths {
	const char *cert;        /* own, secret */
	const char *server_cert; /* the collector's, public */
};

/* What a client's socket needs; server_key empty: no keys at all. */
struct rt_curve_keys {
	char server_key[RT_CERT_KEY_CHARS + 1];
	char public_key[RT_CERT_KEY_CHARS + 1];
	char secret_key[RT_CERT_KEY_CHARS + 1];
};

/*
 * Members that are NULL from $RETRYTOP_CERT and $RETRYTOP_SERVER_CERT; "" stays as it is.
 * Borrowed from the environment.
 */
void rt_curve_paths_from_env(struct rt_curve_paths *p);

/*
 * Both files or none (then *out is zeroed).  RT_E_CONFIG where only one is named or one
 * does not hold what it should, RT_E_IO where it cannot be read.
 */
RT_NODISCARD enum rt_err rt_curve_keys_read(struct rt_curve_keys *out,
    const struct rt_curve_paths *p, struct rt_diag *d);
void rt_curve_keys_wipe(struct rt_curve_keys *k);

/* A secret certificate, its two keys checked against each other. */
RT_NODISCARD enum rt_err rt_curve_cert_read(
    struct rt_cert *out, const char *path, struct rt_diag *d);

/* A new pair; the name is left alone.  RT_E_IO: libzmq has no CURVE. */
RT_NODISCARD enum rt_err rt_curve_generate(struct rt_cert *out);

/* 32 bytes to 40 characters and a NUL. */
void rt_curve_text(
    char out[RT_CERT_KEY_CHARS + 1], const unsigned char key[32]);

/*
 * Before connect or bind.  Without keys a client stays as it is.  A server asks the
 * handler of `domain`, and lets nobody in where there is none.  False with errno.
 */
bool rt_curve_set_client(void *socket, const struct rt_curve_keys *k);
bool rt_curve_set_server(
    void *socket, const struct rt_cert *server, const char *domain);

#endif
