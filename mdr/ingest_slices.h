/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A VCF or BCF with an index: slices of variants, decoded by threads. */

#ifndef DP_MDR_INGEST_SLICES_H
#define DP_MDR_INGEST_SLICES_H

#include "mdr/ingest.h"

/* How many slices each share is cut into: as many as keep the threads busy, but each so large that
 * its edges cost little. */
uint64_t dp_mdr_ingest_slices_each(const struct dp_index *index,
                                   const struct dp_mdr_ingest_options *options);

int dp_mdr_ingest_slices(struct dp_context *context, struct dp_object *object,
                         struct dp_index *index, const struct dp_mdr_ingest_options *options,
                         struct dp_mdr_genotypes **genotypes, struct dp_mdr_ingest_counts *counts,
                         struct dp_error *err);

#endif
