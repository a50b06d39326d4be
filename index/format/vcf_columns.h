/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Leaves only some of the sample columns in lines of VCF text. The text of a column is copied as it
 * stands; nothing is parsed, recounted or written anew. */

#ifndef DP_FORMAT_VCF_COLUMNS_H
#define DP_FORMAT_VCF_COLUMNS_H

#include "base/array.h"
#include "connectors/context.h"

#include <jansson.h>

/* Columns in front of the samples: CHROM to FORMAT. */
#define DP_VCF_FIXED_COLUMNS 9u

/* No line is longer. */
#define DP_VCF_COLUMNS_LINE_MAX (UINT64_C(1) << 30)

struct dp_vcf_columns;

/* `spec` is a list as sample_ranges.h has it; it is not kept. What makes no sense is DP_BAD_INDEX.
 * `name` is that of the object, for messages. */
int dp_vcf_columns_open(const json_t *spec, const char *name, struct dp_vcf_columns **columns,
                        struct dp_error *err);
/* Takes bytes of text and appends what remains of whole lines to `out`. Lines that begin with "##"
 * pass as they are. A line without the columns that are wanted is DP_DATA. */
int dp_vcf_columns_feed(struct dp_vcf_columns *columns, const uint8_t *bytes, size_t length,
                        struct dp_array *out, struct dp_error *err);
/* The last line may lack its newline. */
int dp_vcf_columns_finish(struct dp_vcf_columns *columns, struct dp_array *out,
                          struct dp_error *err);
void dp_vcf_columns_close(struct dp_vcf_columns *columns);

/* Makes such a list from what a user wants: names separated by newlines, all others with '^' in
 * front of the first. `header` is the line that begins with #CHROM. DP_INVALID names a sample that
 * is not there or is named twice. The caller drops the reference. */
int dp_vcf_columns_choose(const char *header, size_t header_bytes, const char *wanted,
                          const char *name, json_t **spec, struct dp_error *err);

#endif
