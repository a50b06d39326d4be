/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Who is a case and who a control, as a text of PLINK's or two columns say it. Which kind of text
 * it is, is found by its first line (those that begin with "##" are passed over):
 *
 *   #FID ..., #IID ..., FID ..., IID ...  a header: .psam, .pheno. IDs are the column IID; the
 *                                         phenotype is the column asked for by name, else the first
 *                                         one that is none of FID, IID, SID, PAT, MAT, SEX
 *   six columns, no header                .fam: IDs in column 2, phenotypes in column 6
 *   two columns                           ID and phenotype; the line is a header when its second
 *                                         column is no phenotype and begins with a letter or _
 *
 * Columns are parted by single TABs where the first line has one (a column may then be empty),
 * else by runs of blanks. A phenotype is 1 (control) or 2 (case), or 0 and 1 when that is asked
 * for; -9, 0 (unless it means control), NA, nan, "." and nothing are missing; anything else is an
 * error. An ID may stand there once only. */

#ifndef DP_MDR_PHENOTYPE_H
#define DP_MDR_PHENOTYPE_H

#include "base/error.h"
#include "mdr/lines.h"

#include <stdbool.h>

struct dp_mdr_phenotypes;

enum dp_mdr_class { DP_MDR_CONTROL = 0, DP_MDR_CASE = 1, DP_MDR_UNKNOWN = 2 };

struct dp_mdr_phenotype_options {
    const char *column; /* NULL: the first; needs a text with a header */
    bool zero_one;      /* 0 control, 1 case, instead of 1 and 2 */
};

/* Reads the object `uri` (file, http, s3; gzip as well). `options` may be NULL. */
int dp_mdr_phenotype_read(struct dp_context *context, const char *uri,
                          const struct dp_mdr_phenotype_options *options,
                          struct dp_mdr_phenotypes **phenotypes, struct dp_error *err);
/* The same from `length` bytes at `text`; `name` stands in messages. */
int dp_mdr_phenotype_parse(const char *text, size_t length, const char *name,
                           const struct dp_mdr_phenotype_options *options,
                           struct dp_mdr_phenotypes **phenotypes, struct dp_error *err);

size_t dp_mdr_phenotype_count(const struct dp_mdr_phenotypes *phenotypes);
/* In the order of the IDs' bytes. Texts live as long as the phenotypes. */
const char *dp_mdr_phenotype_id(const struct dp_mdr_phenotypes *phenotypes, size_t number);
enum dp_mdr_class dp_mdr_phenotype_class(const struct dp_mdr_phenotypes *phenotypes, size_t number);
/* The number of `id`; false when it is not there. */
bool dp_mdr_phenotype_find(const struct dp_mdr_phenotypes *phenotypes, const char *id,
                           size_t *number);
/* What it was read from, and the name of the column ("" where it has none). */
const char *dp_mdr_phenotype_source(const struct dp_mdr_phenotypes *phenotypes);
const char *dp_mdr_phenotype_column(const struct dp_mdr_phenotypes *phenotypes);
/* How many columns of a header could have been the phenotype when none was asked for by name; else
 * 1. */
size_t dp_mdr_phenotype_choices(const struct dp_mdr_phenotypes *phenotypes);
/* Was a 0 taken as missing? */
bool dp_mdr_phenotype_has_zeros(const struct dp_mdr_phenotypes *phenotypes);
/* Of the text it was read from. Lives as long as the phenotypes. */
const struct dp_mdr_text_identity *
dp_mdr_phenotype_identity(const struct dp_mdr_phenotypes *phenotypes);
void dp_mdr_phenotype_free(struct dp_mdr_phenotypes *phenotypes);

#endif
