/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Which fold each sample tests in (MDR.md): dealt out from a seed, or taken from a file. Both fill
 * `fold` and `fold_count` of a cohort. */

#ifndef DP_MDR_FOLDS_H
#define DP_MDR_FOLDS_H

#include "mdr/cohort.h"
#include "mdr/genotypes.h"
#include "mdr/lines.h"

enum { DP_MDR_MIN_FOLDS = 2 };

/* Deals the cohort's samples out to `fold_count` folds. DP_INVALID for a count out of bounds,
 * DP_DATA when a class has fewer samples than there are folds. */
int dp_mdr_folds_deal(const struct dp_mdr_genotypes *genotypes, struct dp_mdr_cohort *cohort,
                      unsigned fold_count, uint64_t seed, struct dp_error *err);

/* The same for samples whose order by ID is known. */
int dp_mdr_folds_deal_order(const uint32_t *by_id, struct dp_mdr_cohort *cohort,
                            unsigned fold_count, uint64_t seed, struct dp_error *err);
/* Deals them out so that each fold gets as many cases and controls as it has in `like`, a cohort
 * with as many of either. Where the folds of `like` were dealt out, this is dp_mdr_folds_deal(). */
int dp_mdr_folds_deal_like(const uint32_t *by_id, const struct dp_mdr_cohort *like,
                           struct dp_mdr_cohort *cohort, uint64_t seed, struct dp_error *err);
/* That order: numbers of samples of the cohort, which the caller frees. */
int dp_mdr_folds_order(const struct dp_mdr_genotypes *genotypes, const struct dp_mdr_cohort *cohort,
                       uint32_t **by_id, struct dp_error *err);

/* Takes folds from the text `uri`: lines of an ID, a TAB and a fold from 1 (a header, #IID, is
 * passed over). Every sample of the cohort must have one, and every fold up to the greatest
 * one a case and a control. IDs of nobody are ignored and counted in *unknown; *identity is
 * of the text. Both may be NULL. */
int dp_mdr_folds_read(struct dp_context *context, const char *uri,
                      const struct dp_mdr_genotypes *genotypes, struct dp_mdr_cohort *cohort,
                      uint64_t *unknown, struct dp_mdr_text_identity *identity,
                      struct dp_error *err);

/* The cohort's folds as such a text, sorted by ID; *length bytes, which the caller frees. It does
 * not depend on the order of samples. */
int dp_mdr_folds_format(const struct dp_mdr_genotypes *genotypes,
                        const struct dp_mdr_cohort *cohort, char **text, size_t *length,
                        struct dp_error *err);

#endif
