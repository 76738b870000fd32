/* SPDX-License-Identifier: MIT */
/*
 * keygen — a new pair of certificates: NAME.secret for its owner, NAME.pub for whoever
 * has to know it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/command.h"
#include "proto/curve.h"
#include "proto/options.h"

#define PATH_SIZE 512u

/* What is behind the last slash. */
static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Both files, or neither. */
static enum rt_err
write_pair(const char *path, struct rt_cert *c, struct rt_diag *d)
{
	char secret[PATH_SIZE + 8], public[PATH_SIZE + 8];
	enum rt_err err;

	snprintf(secret, sizeof(secret), "%s.secret", path);
	snprintf(public, sizeof(public), "%s.pub", path);
	err = rt_cert_write(secret, c, RT_CERT_SECRET, d);
	if (err != RT_OK)
		return err;
	err = rt_cert_write(public, c, RT_CERT_PUBLIC, d);
	if (err != RT_OK)
		unlink(secret);
	else
		printf("%s\n%s\n", secret, public);
	return err;
}

static int
generate(const char *path)
{
	const char *name = base_name(path);
	struct rt_diag d = {{0}, {0}};
	struct rt_cert c = {.name = ""};
	enum rt_err err;

	if (strlen(path) > PATH_SIZE ||
	    !rt_cert_name_is_valid(rt_str_of(name)) || name[0] == '.') {
		rt_diag_set(&d, NULL,
		    "a name has 1 to %u printable ASCII characters and does "
		    "not begin with a dot",
		    RT_CERT_NAME_MAX);
		return rt_options_fail("keygen", &d, RT_EXIT_USAGE);
	}
	memcpy(c.name, name, strlen(name) + 1);
	err = rt_curve_generate(&c);
	if (err != RT_OK)
		rt_diag_set(&d, NULL, "this libzmq cannot make CURVE keys");
	else
		err = write_pair(path, &c, &d);
	rt_cert_wipe(&c);
	return err == RT_OK ? RT_EXIT_OK
			    : rt_options_fail("keygen", &d, RT_EXIT_IO);
}

int
rt_cmd_keygen(int argc, char **argv)
{
	const struct rt_options o = {"keygen", "NAME",
	    "Writes NAME.secret, for its owner only, and NAME.pub; replaces "
	    "no file.",
	    NULL, 0};
	struct rt_diag d = {{0}, {0}};
	int code = rt_options_parse(&o, &argc, argv);

	if (code != RT_OPTIONS_GO)
		return code;
	if (argc == 2)
		return generate(argv[1]);
	rt_diag_set(&d, NULL, "needs one NAME");
	return rt_options_fail("keygen", &d, RT_EXIT_USAGE);
}
