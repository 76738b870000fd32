/* SPDX-License-Identifier: MIT */
/*
 * column — text in columns of a known width, for what is printed.
 */
#ifndef RT_COLUMN_H
#define RT_COLUMN_H

#include "proto/buf.h"

/*
 * Text of at most `cols` columns, padded with blanks; two points where it was cut.  What
 * is not ASCII may come out short, never long.
 */
void rt_column_put(struct rt_buf *b, const char *z, unsigned cols);

/* End of line, without the blanks that pad its last column. */
void rt_column_end(struct rt_buf *b);

#endif
