/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A VCF or BCF that is not cut: read once from its begin to its end, decoded by threads. */

#ifndef DP_MDR_INGEST_STREAM_H
#define DP_MDR_INGEST_STREAM_H

#include "mdr/ingest.h"

/* `index` may be NULL; with one threads also share the decompression of plain gzip. With
 * `header_only` the genotypes get the samples, but no variant. */
int dp_mdr_ingest_stream(struct dp_context *context, struct dp_object *object,
                         struct dp_index *index, bool header_only,
                         const struct dp_mdr_ingest_options *options,
                         struct dp_mdr_genotypes **genotypes, struct dp_mdr_ingest_counts *counts,
                         struct dp_error *err);

#endif
