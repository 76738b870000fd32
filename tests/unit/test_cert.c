/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/curve.h"
#include "tests/unit/util.h"

/* Of RFC 26's test certificates: these guard nothing. */
#define PUBLIC "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define SECRET "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
#define CURVE_PUBLIC "curve\n    public-key = \"" PUBLIC "\"\n"
#define CURVE_SECRET CURVE_PUBLIC "    secret-key = \"" SECRET "\"\n"

static void
reads_what_czmq_writes(void **state)
{
	static const char text[] =
	    "#   ****  Generated on 2013-02-28 by CZMQ  ****\n"
	    "#   ZeroMQ CURVE **Secret** Certificate\n"
	    "\n"
	    "metadata\n"
	    "    name = \"Pieter Hintjens\"\n"
	    "    email = \"ph@example.org\"\n"
	    "curve\n"
	    "    public-key = \"" PUBLIC "\"\n"
	    "    secret-key = \"" SECRET "\"\n";
	struct rt_cert c;

	(void)state;
	assert_int_equal(
	    rt_cert_parse(&c, RT_CERT_SECRET, rt_str_of(text), NULL), RT_OK);
	assert_string_equal(c.name, "Pieter Hintjens");
	assert_string_equal(c.public_key, PUBLIC);
	assert_string_equal(c.secret_key, SECRET);
}

static void
takes_every_way_to_write_it(void **state)
{
	static const char *const texts[] = {
	    CURVE_PUBLIC,
	    "curve\r\n\tpublic-key='" PUBLIC "'\r\n",
	    "metadata # who\n  x = 'a=b'\ncurve\n public-key = \"" PUBLIC
	    "\" # that one",
	    "curve\n    public-key = \"" PUBLIC "\"\nmetadata\n",
	};
	struct rt_cert c;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(texts); i++) {
		if (rt_cert_parse(
			&c, RT_CERT_PUBLIC, rt_str_of(texts[i]), NULL) != RT_OK)
			fail_msg("refused: %s", texts[i]);
		assert_string_equal(c.public_key, PUBLIC);
		assert_string_equal(c.name, "");
	}
}

static void
refuses_what_is_no_certificate_and_says_where(void **state)
{
	static const struct {
		enum rt_cert_kind kind;
		const char *text, *where, *what;
		enum rt_err err;
	} rows[] = {
	    {RT_CERT_PUBLIC, "", "line 1", "no public-key", RT_E_FIELD},
	    {RT_CERT_PUBLIC, "# only\n", "line 1", "no public-key", RT_E_FIELD},
	    {RT_CERT_PUBLIC, "keys\n", "line 1", "unknown section",
		RT_E_SYNTAX},
	    {RT_CERT_PUBLIC, "curves\n", "line 1", "unknown section",
		RT_E_SYNTAX},
	    {RT_CERT_PUBLIC, "curve x\n", "line 1", "nothing may follow",
		RT_E_SYNTAX},
	    {RT_CERT_PUBLIC, "curve\ncurve\n", "line 2", "there twice",
		RT_E_SYNTAX},
	    {RT_CERT_PUBLIC, "  public-key = \"" PUBLIC "\"\n", "line 1",
		"before the first section", RT_E_SYNTAX},
	    {RT_CERT_PUBLIC, "curve\n  public-key\n", "line 2",
		"key = ", RT_E_SYNTAX},
	    {RT_CERT_PUBLIC, "curve\n  = \"x\"\n", "line 2",
		"key = ", RT_E_SYNTAX},
	    {RT_CERT_PUBLIC, "curve\n  public-key =\n", "line 2",
		"key = ", RT_E_SYNTAX},
	    {RT_CERT_PUBLIC, "curve\n  public-key = " PUBLIC "\n", "line 2",
		"key = ", RT_E_SYNTAX},
	    {RT_CERT_PUBLIC, "curve\n  public-key = \"" PUBLIC "\n", "line 2",
		"key = ", RT_E_SYNTAX},
	    {RT_CERT_PUBLIC, "curve\n  public-key = \"" PUBLIC "\" x\n",
		"line 2", "key = ", RT_E_SYNTAX},
	    {RT_CERT_PUBLIC, "curve\n  public-key = \"\"\n", "line 2",
		"40 characters", RT_E_SYNTAX},
	    {RT_CERT_PUBLIC, "curve\n  public-key = \"" PUBLIC "0\"\n",
		"line 2", "40 characters", RT_E_SYNTAX},
	    {RT_CERT_PUBLIC,
		"curve\n  public-key = \"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{"
		"hI~\"\n",
		"line 2", "40 characters", RT_E_SYNTAX},
	    {RT_CERT_PUBLIC,
		"curve\n  public-key = \"##########################"
		"##############\"\n",
		"line 2", "40 characters", RT_E_SYNTAX},
	    {RT_CERT_PUBLIC, CURVE_PUBLIC "  public-key = \"" PUBLIC "\"\n",
		"line 3", "given twice", RT_E_SYNTAX},
	    {RT_CERT_PUBLIC, "curve\n  key = \"x\"\n", "line 2", "unknown key",
		RT_E_SYNTAX},
	    {RT_CERT_PUBLIC, "metadata\n  name = \"\"\n", "line 2",
		"name needs", RT_E_SYNTAX},
	    {RT_CERT_PUBLIC, "metadata\n  name = \"a\x1b\"\n", "line 2",
		"name needs", RT_E_SYNTAX},
	    {RT_CERT_PUBLIC, "metadata\n  name = 'a'\n  name = 'b'\n", "line 3",
		"given twice", RT_E_SYNTAX},
	    {RT_CERT_PUBLIC, CURVE_SECRET, "line 3", "holds a secret-key",
		RT_E_FIELD},
	    {RT_CERT_SECRET, CURVE_PUBLIC, "line 2", "no secret-key",
		RT_E_FIELD},
	    {RT_CERT_SECRET, CURVE_PUBLIC "  secret-key = \"" SECRET "0\"\n",
		"line 3", "40 characters", RT_E_SYNTAX},
	};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_cert c, before;
		struct rt_diag d = {{0}, {0}};
		enum rt_err err;

		memset(&c, 7, sizeof(c));
		before = c;
		err = rt_cert_parse(
		    &c, rows[i].kind, rt_str_of(rows[i].text), &d);
		if (err != rows[i].err || strcmp(d.where, rows[i].where) != 0 ||
		    !strstr(d.what, rows[i].what))
			fail_msg("%zu: %d, %s: %s", i, err, d.where, d.what);
		if (strstr(d.what, "Yne@") || strstr(d.what, "D:)Q"))
			fail_msg("%zu repeats a key: %s", i, d.what);
		assert_memory_equal(&c, &before, sizeof(c));
	}
}

static void
refuses_a_nul_byte(void **state)
{
	static const char text[] = "curve\n    public-key\0 = \"" PUBLIC "\"\n";
	struct rt_cert c;
	struct rt_diag d = {{0}, {0}};

	(void)state;
	assert_int_equal(rt_cert_parse(&c, RT_CERT_PUBLIC,
			     (struct rt_str){text, sizeof(text) - 1}, &d),
	    RT_E_SYNTAX);
	assert_non_null(strstr(d.what, "NUL"));
}

static void
every_cut_of_a_file_is_refused(void **state)
{
	static const char text[] = "metadata\n    name = \"a\"\n" CURVE_SECRET;
	struct rt_cert c;
	size_t len;

	(void)state;
	/* The last newline may be missing. */
	for (len = 0; len < sizeof(text) - 2; len++)
		if (rt_cert_parse(&c, RT_CERT_SECRET,
			(struct rt_str){text, len}, NULL) == RT_OK)
			fail_msg("%zu bytes are enough", len);
}

static void
names_are_short_and_printable(void **state)
{
	static const struct {
		const char *name;
		bool is_valid;
	} rows[] = {
	    {"a", true},
	    {"Pieter Hintjens", true},
	    {"0123456789012345678901234567890123456789012345678901234567890123",
		true},
	    {"0123456789012345678901234567890123456789012345678901234567890123"
	     "4",
		false},
	    {"", false},
	    {"a\"b", false},
	    {"a'b", false},
	    {"a\nb", false},
	    {"\xC3\xA4", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++)
		if (rt_cert_name_is_valid(rt_str_of(rows[i].name)) !=
		    rows[i].is_valid)
			fail_msg("%s", rows[i].name);
}

/* ---- files --------------------------------------------------------------------- */

static char folder[] = "/tmp/rt_cert_XXXXXX";
static char path[64];

static int
make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/it", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void
a_pair_that_was_made_comes_back_from_its_files(void **state)
{
	struct rt_cert made = {.name = "alice"}, back;
	struct stat st;
	struct rt_diag d = {{0}, {0}};

	(void)state;
	assert_int_equal(rt_curve_generate(&made), RT_OK);
	assert_int_equal(rt_cert_write(path, &made, RT_CERT_SECRET, &d), RT_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(rt_curve_cert_read(&back, path, &d), RT_OK);
	assert_memory_equal(&made, &back, sizeof(made));
	assert_int_equal(
	    rt_cert_write(path, &made, RT_CERT_SECRET, &d), RT_E_BUSY);
	assert_int_equal(
	    rt_cert_read(&back, RT_CERT_PUBLIC, path, &d), RT_E_CONFIG);
	unlink(path);
	assert_int_equal(rt_cert_write(path, &made, RT_CERT_PUBLIC, &d), RT_OK);
	assert_int_equal(rt_cert_read(&back, RT_CERT_PUBLIC, path, &d), RT_OK);
	assert_string_equal(back.public_key, made.public_key);
	assert_string_equal(back.secret_key, "");
	unlink(path);
}

static void
put_file(const char *text, size_t len, mode_t mode)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void
a_secret_that_others_may_read_is_refused(void **state)
{
	static const struct {
		mode_t mode;
		enum rt_err err;
	} rows[] = {{0600, RT_OK}, {0400, RT_OK}, {0440, RT_OK},
	    {0620, RT_E_CONFIG}, {0604, RT_E_CONFIG}, {0644, RT_E_CONFIG}};
	struct rt_cert c;
	struct rt_diag d;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		put_file(CURVE_SECRET, strlen(CURVE_SECRET), rows[i].mode);
		if (rt_cert_read(&c, RT_CERT_SECRET, path, &d) != rows[i].err)
			fail_msg("%o: %s", (unsigned)rows[i].mode, d.what);
		unlink(path);
	}
}

static void
what_is_wrong_with_a_file_names_it_and_its_line(void **state)
{
	static char large[RT_CERT_FILE_MAX + 1];
	char where[80];
	struct rt_cert c;
	struct rt_diag d;

	(void)state;
	assert_int_equal(rt_cert_read(&c, RT_CERT_PUBLIC, path, &d), RT_E_IO);
	assert_string_equal(d.where, path);
	assert_int_equal(rt_cert_read(&c, RT_CERT_PUBLIC, folder, &d), RT_E_IO);
	put_file("curve\n  x = \"y\"\n", 16, 0644);
	assert_int_equal(
	    rt_cert_read(&c, RT_CERT_PUBLIC, path, &d), RT_E_CONFIG);
	snprintf(where, sizeof(where), "%s:2", path);
	assert_string_equal(d.where, where);
	memset(large, '\n', sizeof(large));
	put_file(large, sizeof(large), 0644);
	assert_int_equal(
	    rt_cert_read(&c, RT_CERT_PUBLIC, path, &d), RT_E_CONFIG);
	assert_non_null(strstr(d.what, "8192"));
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(rt_cert_read(&c, RT_CERT_PUBLIC, path, &d), RT_E_IO);
	unlink(path);
}

static void
keys_of_two_pairs_do_not_go_together(void **state)
{
	struct rt_cert a = {.name = "a"}, b = {.name = "b"};
	struct rt_diag d = {{0}, {0}};

	(void)state;
	assert_int_equal(rt_curve_generate(&a), RT_OK);
	assert_int_equal(rt_curve_generate(&b), RT_OK);
	memcpy(a.secret_key, b.secret_key, sizeof(a.secret_key));
	assert_int_equal(rt_cert_write(path, &a, RT_CERT_SECRET, &d), RT_OK);
	assert_int_equal(rt_curve_cert_read(&b, path, &d), RT_E_CONFIG);
	assert_non_null(strstr(d.what, "does not belong"));
	unlink(path);
}

static void
a_client_has_both_certificates_or_none(void **state)
{
	const struct rt_curve_paths none = {"", NULL}, own = {"x", NULL},
				    server = {NULL, "x"};
	struct rt_curve_keys k;
	struct rt_diag d = {{0}, {0}};

	(void)state;
	assert_int_equal(rt_curve_keys_read(&k, &none, &d), RT_OK);
	assert_string_equal(k.server_key, "");
	assert_int_equal(rt_curve_keys_read(&k, &own, &d), RT_E_CONFIG);
	assert_non_null(strstr(d.what, "--server-cert"));
	assert_int_equal(rt_curve_keys_read(&k, &server, &d), RT_E_CONFIG);
	assert_non_null(strstr(d.what, "--cert"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_what_czmq_writes),
	    cmocka_unit_test(takes_every_way_to_write_it),
	    cmocka_unit_test(refuses_what_is_no_certificate_and_says_where),
	    cmocka_unit_test(refuses_a_nul_byte),
	    cmocka_unit_test(every_cut_of_a_file_is_refused),
	    cmocka_unit_test(names_are_short_and_printable),
	    cmocka_unit_test(a_pair_that_was_made_comes_back_from_its_files),
	    cmocka_unit_test(a_secret_that_others_may_read_is_refused),
	    cmocka_unit_test(what_is_wrong_with_a_file_names_it_and_its_line),
	    cmocka_unit_test(keys_of_two_pairs_do_not_go_together),
	    cmocka_unit_test(a_client_has_both_certificates_or_none),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
