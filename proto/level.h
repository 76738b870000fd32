/* SPDX-License-Identifier: MIT */
/*
 * level — what a line on standard error weighs, for the journal of systemd.
 *
 * What    Where standard error is a stream of that journal ($JOURNAL_STREAM names its
 *         device and inode), a line begins with the "<N>" of sd-daemon(3), which the
 *         journal takes off and keeps as the line's priority.  Elsewhere with nothing.
 * Cost    One fstat a line, and only under systemd.
 */
#ifndef RT_LEVEL_H
#define RT_LEVEL_H

/* Numbers of syslog(3). */
enum rt_level {
	RT_LEVEL_ERROR = 3,   /* the program ends for it */
	RT_LEVEL_WARNING = 4, /* it goes on without something */
	RT_LEVEL_INFO = 6,
};

/* "<4>", or "". */
const char *rt_level_prefix(enum rt_level level);

#endif
