/* SPDX-License-Identifier: MIT */
/*
 * journal — a folder of a test's own with a journal in it, of records that can be told from
 * each other.
 */
#ifndef RT_TEST_JOURNAL_H
#define RT_TEST_JOURNAL_H

#include "collector/journal.h"
#include "collector/journal_dir.h"
#include "collector/journal_reader.h"
#include "tests/unit/util.h"

#define WAIT_MS 10000
#define DAY_MS INT64_C(86400000)

extern char journal_folder[64];

/* Set up and tear down a test. */
int journal_make_folder(void **state);
int journal_remove_folder(void **state);
#define JOURNAL_TEST(name)               \
	cmocka_unit_test_setup_teardown( \
	    name, journal_make_folder, journal_remove_folder)

/* Never NULL. */
struct rt_journal *journal_open(int64_t segment_bytes);
/* The text of record n, of a length of its own and hard to compress. */
struct rt_str journal_record(unsigned n);
/* Frames of `each` records, handed over one by one. */
void journal_write(
    struct rt_journal *j, unsigned from, unsigned to, unsigned each);

struct journal_result {
	uint64_t records, dropped;
	unsigned damages;
	bool all_in_order; /* every record is one that was written, ascending */
	char first_what[256];
};
struct journal_result journal_read_back(const char *path);

struct rt_journal_list journal_list(void);
void journal_squeeze_all(void);

#endif
