/* SPDX-License-Identifier: MIT */
#include "proto/cert.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "proto/fd.h"

/* ---- values -------------------------------------------------------------------- */

bool
rt_cert_name_is_valid(struct rt_str name)
{
	size_t i;

	for (i = 0; i < name.len; i++)
		if (name.p[i] < ' ' || name.p[i] > '~' || name.p[i] == '"' ||
		    name.p[i] == '\'')
			return false;
	return name.len >= 1 && name.len <= RT_CERT_NAME_MAX;
}

/* Five digits of base 85, the most significant first, have to fit four bytes. */
bool
rt_cert_key_is_valid(struct rt_str key)
{
	static const char digits[] =
	    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    ".-:+=^!/*?&<>()[]{}@%$#";
	uint64_t word = 0;
	size_t i;

	if (key.len != RT_CERT_KEY_CHARS)
		return false;
	for (i = 0; i < key.len; i++) {
		const char *digit =
		    memchr(digits, key.p[i], sizeof(digits) - 1);

		if (!digit)
			return false;
		word = word * 85 + (uint64_t)(digit - digits);
		if (i % 5 < 4)
			continue;
		if (word > UINT32_MAX)
			return false;
		word = 0;
	}
	return true;
}

/* ---- reading ------------------------------------------------------------------- */

enum section { NOWHERE, METADATA, CURVE };

struct parser {
	struct rt_cert cert;
	enum section section;
	bool has_section[3];
	unsigned line;
	const char *why; /* NULL: fine so far */
};

/* Where a value goes; a row that is not here is passed over in metadata only. */
static const struct row {
	enum section section;
	const char *key;
	size_t at;
	bool (*is_valid)(struct rt_str value);
	const char *twice, *bad;
} rows[] = {
    {METADATA, "name", offsetof(struct rt_cert, name), rt_cert_name_is_valid,
	"name is given twice", "name needs 1 to 64 printable ASCII characters"},
    {CURVE, "public-key", offsetof(struct rt_cert, public_key),
	rt_cert_key_is_valid, "public-key is given twice",
	"public-key needs 40 characters of Z85"},
    {CURVE, "secret-key", offsetof(struct rt_cert, secret_key),
	rt_cert_key_is_valid, "secret-key is given twice",
	"secret-key needs 40 characters of Z85"},
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t';
}

static struct rt_str
trim(struct rt_str s)
{
	while (s.len > 0 && is_space(s.p[0]))
		s.p++, s.len--;
	while (s.len > 0 && is_space(s.p[s.len - 1]))
		s.len--;
	return s;
}

static bool
is_blank(struct rt_str s)
{
	s = trim(s);
	return s.len == 0 || s.p[0] == '#';
}

static void
begin_section(struct parser *p, struct rt_str line)
{
	static const struct {
		const char *name;
		enum section section;
	} sections[] = {{"metadata", METADATA}, {"curve", CURVE}};
	size_t len = 0, i;

	while (len < line.len && !is_space(line.p[len]) && line.p[len] != '#')
		len++;
	for (i = 0; i < RT_COUNT_OF(sections); i++) {
		enum section s = sections[i].section;

		if (!rt_str_is((struct rt_str){line.p, len}, sections[i].name))
			continue;
		if (!is_blank((struct rt_str){line.p + len, line.len - len}))
			p->why = "nothing may follow the name of a section";
		else if (p->has_section[s])
			p->why = "the section is there twice";
		p->has_section[s] = true;
		p->section = s;
		return;
	}
	p->why = "unknown section; there are metadata and curve";
}

/* The text between quotes, with nothing but a comment behind. */
static bool
unquote(struct rt_str s, struct rt_str *out)
{
	const char *end;
	size_t used;

	if (s.len < 2 || (s.p[0] != '"' && s.p[0] != '\''))
		return false;
	end = memchr(s.p + 1, s.p[0], s.len - 1);
	if (!end)
		return false;
	used = (size_t)(end - s.p) + 1;
	if (!is_blank((struct rt_str){s.p + used, s.len - used}))
		return false;
	*out = (struct rt_str){s.p + 1, used - 2};
	return true;
}

static void
set_value(struct parser *p, struct rt_str key, struct rt_str value)
{
	size_t i;
	char *into;

	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		if (rows[i].section != p->section ||
		    !rt_str_is(key, rows[i].key))
			continue;
		into = (char *)&p->cert + rows[i].at;
		if (into[0] != '\0')
			p->why = rows[i].twice;
		else if (!rows[i].is_valid(value))
			p->why = rows[i].bad;
		else
			memcpy(into, value.p, value.len);
		return;
	}
	if (p->section == CURVE)
		p->why = "unknown key; curve has public-key and secret-key";
}

static void
take_pair(struct parser *p, struct rt_str line)
{
	const char *equals = memchr(line.p, '=', line.len);
	size_t len = equals ? (size_t)(equals - line.p) : 0;
	struct rt_str key, value;

	if (p->section == NOWHERE) {
		p->why = "is indented before the first section";
		return;
	}
	key = trim((struct rt_str){line.p, len});
	if (key.len == 0 ||
	    !unquote(
		trim((struct rt_str){line.p + len + 1, line.len - len - 1}),
		&value)) {
		p->why = "needs key = \"value\"";
		return;
	}
	set_value(p, key, value);
}

static void
take_line(struct parser *p, struct rt_str line)
{
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	if (line.len > 0 && memchr(line.p, '\0', line.len))
		p->why = "holds a NUL byte";
	else if (is_blank(line))
		return;
	else if (is_space(line.p[0]))
		take_pair(p, line);
	else
		begin_section(p, line);
}

/* What is missing or too much once all lines are read; NULL: nothing. */
static const char *
judge(const struct rt_cert *c, enum rt_cert_kind kind)
{
	if (c->public_key[0] == '\0')
		return "has no public-key under curve";
	if (kind == RT_CERT_SECRET && c->secret_key[0] == '\0')
		return "has no secret-key: a secret certificate is needed here";
	if (kind == RT_CERT_PUBLIC && c->secret_key[0] != '\0')
		return "holds a secret-key: only public certificates belong "
		       "here";
	return NULL;
}

enum rt_err
rt_cert_parse(struct rt_cert *out, enum rt_cert_kind kind, struct rt_str text,
    struct rt_diag *d)
{
	struct parser p = {.section = NOWHERE};
	enum rt_err err = RT_E_SYNTAX;
	char where[24];

	while (text.len > 0 && !p.why) {
		const char *newline = memchr(text.p, '\n', text.len);
		size_t len = newline ? (size_t)(newline - text.p) : text.len;

		p.line++;
		take_line(&p, (struct rt_str){text.p, len});
		len += newline != NULL;
		text = (struct rt_str){text.p + len, text.len - len};
	}
	if (!p.why) {
		p.why = judge(&p.cert, kind);
		err = p.why ? RT_E_FIELD : RT_OK;
	}
	snprintf(where, sizeof(where), "line %u", p.line ? p.line : 1);
	if (err == RT_OK)
		*out = p.cert;
	else if (d)
		rt_diag_set(d, where, "%s", p.why);
	rt_cert_wipe(&p.cert);
	return err;
}

void
rt_cert_format(
    struct rt_buf *b, const struct rt_cert *c, enum rt_cert_kind kind)
{
	if (kind == RT_CERT_SECRET)
		rt_buf_puts(b,
		    "# ZeroMQ CURVE secret certificate.\n"
		    "# Give it to nobody; keep its permissions as they are.\n");
	else
		rt_buf_puts(b,
		    "# ZeroMQ CURVE public certificate.\n"
		    "# May be given to anybody.\n");
	rt_buf_puts(b, "\nmetadata\n");
	if (c->name[0])
		rt_buf_printf(b, "    name = \"%s\"\n", c->name);
	rt_buf_printf(b, "curve\n    public-key = \"%s\"\n", c->public_key);
	if (kind == RT_CERT_SECRET)
		rt_buf_printf(b, "    secret-key = \"%s\"\n", c->secret_key);
}

void
rt_cert_wipe(struct rt_cert *c)
{
	explicit_bzero(c, sizeof(*c));
}

/* ---- files --------------------------------------------------------------------- */

/* Up to `size` bytes of a file; < 0 with errno. */
static ssize_t
read_up_to(int fd, char *out, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, out + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return n;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static enum rt_err
check_file(int fd, enum rt_cert_kind kind, const char *path, struct rt_diag *d)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		rt_diag_set(d, path, "is not a file");
		return RT_E_IO;
	}
	if (kind == RT_CERT_SECRET && (st.st_mode & 027) != 0) {
		rt_diag_set(d, path,
		    "holds a secret key and is open to others: chmod 600");
		return RT_E_CONFIG;
	}
	return RT_OK;
}

static enum rt_err
parse_file(struct rt_cert *out, enum rt_cert_kind kind, const char *path,
    struct rt_str text, struct rt_diag *d)
{
	struct rt_diag why = {{0}, {0}};
	char where[sizeof(d->where)];
	enum rt_err err = rt_cert_parse(out, kind, text, &why);

	if (err == RT_OK)
		return RT_OK;
	snprintf(where, sizeof(where), "%.*s:%.10s", (int)sizeof(where) - 16,
	    path, why.where + strlen("line "));
	rt_diag_set(d, err == RT_E_SYNTAX ? where : path, "%s", why.what);
	return RT_E_CONFIG;
}

enum rt_err
rt_cert_read(struct rt_cert *out, enum rt_cert_kind kind, const char *path,
    struct rt_diag *d)
{
	char text[RT_CERT_FILE_MAX + 1];
	struct rt_diag nobody;
	enum rt_err err;
	ssize_t len;
	/* A pipe at the path must not make us wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (!d)
		d = &nobody;
	if (fd < 0) {
		rt_diag_set(d, path, "cannot be read: %s", strerror(errno));
		return RT_E_IO;
	}
	err = check_file(fd, kind, path, d);
	if (err != RT_OK)
		goto out;
	len = read_up_to(fd, text, sizeof(text));
	if (len < 0) {
		rt_diag_set(d, path, "cannot be read: %s", strerror(errno));
		err = RT_E_IO;
	} else if ((size_t)len > RT_CERT_FILE_MAX) {
		rt_diag_set(d, path, "a certificate can have %u bytes",
		    RT_CERT_FILE_MAX);
		err = RT_E_CONFIG;
	} else {
		err = parse_file(
		    out, kind, path, (struct rt_str){text, (size_t)len}, d);
	}
	explicit_bzero(text, sizeof(text));
out:
	close(fd);
	return err;
}

enum rt_err
rt_cert_write(const char *path, const struct rt_cert *c, enum rt_cert_kind kind,
    struct rt_diag *d)
{
	char text[1024];
	struct rt_buf b;
	bool is_written;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    kind == RT_CERT_SECRET ? 0600 : 0644);

	if (fd < 0) {
		bool is_there = errno == EEXIST;

		rt_diag_set(d, path, "%s",
		    is_there ? "is there already and is not replaced"
			     : strerror(errno));
		return is_there ? RT_E_BUSY : RT_E_IO;
	}
	rt_buf_init_fixed(&b, text, sizeof(text));
	rt_cert_format(&b, c, kind);
	is_written = !b.overflow &&
	    rt_fd_write_all(fd, (struct rt_str){b.p, b.len}) && fsync(fd) == 0;
	explicit_bzero(text, sizeof(text));
	if (!is_written) {
		rt_diag_set(d, path, "cannot be written: %s", strerror(errno));
		unlink(path);
	}
	close(fd);
	return is_written ? RT_OK : RT_E_IO;
}
