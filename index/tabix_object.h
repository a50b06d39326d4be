/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Does a .tbi or .csi belong to an object? Two reads answer: the object's head, where the header
 * must end exactly at the first record that the index knows, and its tail, which must hold no
 * record behind the last one. (Whatever lies between is seen when it is fetched.) */

#ifndef DP_INDEX_TABIX_OBJECT_H
#define DP_INDEX_TABIX_OBJECT_H

#include "index/format/format.h"
#include "index/tabix.h"

struct dp_tabix_object {
    const struct dp_format *format;
    struct dp_array header;  /* bytes, uncompressed */
    bool end_is_number;      /* as a filter of VCF needs it */
    struct dp_array names;   /* char: of BCF's contigs, by number, each ends in a NUL; an empty one
                              * is of a number that no contig has. Nothing for VCF */
};

/* DP_STALE_INDEX when it does not, DP_UNSUPPORTED when the object is no BGZF of VCF or BCF. The
 * caller closes *facts after success. */
int dp_tabix_object_open(const struct dp_tabix *tabix, struct dp_object *object,
                         struct dp_tabix_object *facts, struct dp_error *err);
/* The number of the contig of that name in the index; SIZE_MAX when there is none. */
size_t dp_tabix_object_contig(const struct dp_tabix *tabix, const struct dp_tabix_object *facts,
                              const char *name);
void dp_tabix_object_close(struct dp_tabix_object *facts);

#endif
