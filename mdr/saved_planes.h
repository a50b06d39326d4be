/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Genotypes kept in a file (DPG.md), so that the next search need not read the VCF again. */

#ifndef DP_MDR_SAVED_PLANES_H
#define DP_MDR_SAVED_PLANES_H

#include "mdr/origin.h"

/* Writes all of `genotypes` to `uri` (a path, s3://...), whole or not at all. */
int dp_mdr_saved_planes_write(struct dp_context *context, const char *uri,
                              const struct dp_mdr_genotypes *genotypes,
                              const struct dp_mdr_origin *origin,
                              const struct dp_mdr_ingest_counts *counts, struct dp_error *err);

/* Reads the file at `uri`. DP_STALE_INDEX when `origin` is not NULL and another than the file's,
 * DP_BAD_INDEX for anything damaged or foreign. `counts` gets those of the ingest, `saved` (free it
 * with dp_mdr_origin_free) the file's origin; both may be NULL. */
int dp_mdr_saved_planes_read(struct dp_context *context, const char *uri,
                             const struct dp_mdr_origin *origin,
                             struct dp_mdr_genotypes **genotypes,
                             struct dp_mdr_ingest_counts *counts, struct dp_mdr_origin *saved,
                             struct dp_error *err);

#endif
