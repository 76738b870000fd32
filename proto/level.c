/* SPDX-License-Identifier: MIT */
#include "proto/level.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A child may have the variable and another standard error. */
static bool
is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) != 0)
		return false;
	snprintf(ours, sizeof(ours), "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
	return strcmp(stream, ours) == 0;
}

const char *
rt_level_prefix(enum rt_level level)
{
	if (!is_journal())
		return "";
	switch (level) {
	case RT_LEVEL_ERROR: return "<3>";
	case RT_LEVEL_WARNING: return "<4>";
	case RT_LEVEL_INFO: break;
	}
	return "<6>";
}
