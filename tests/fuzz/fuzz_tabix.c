/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A .tbi or .csi of any bytes: every answer is in order and inside of what the index says. */

#include "index/tabix.h"

#include <stdint.h>
#include <stdlib.h>

static struct dp_context *context;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static void ask_contig(const struct dp_tabix *tabix, size_t i)
{
    static const uint64_t begins[] = {0, 16383, 100000, UINT64_C(1) << 31, UINT64_C(1) << 61};
    struct dp_tabix_contig contig;
    struct dp_array chunks = {0};
    const struct dp_tabix_chunk *chunk;
    size_t k, n;

    dp_tabix_contig(tabix, i, &contig);
    demand(contig.range.begin <= contig.range.end);
    for (k = 0; k < sizeof(begins) / sizeof(begins[0]); k++) {
        chunks.length = 0;
        demand(dp_tabix_region(tabix, i, begins[k], 2 * begins[k] + 1, &chunks, NULL) == 0);
        chunk = chunks.data;
        for (n = 1; n < chunks.length; n++)
            demand(chunk[n - 1].end < chunk[n].begin);
    }
    dp_array_free(&chunks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dp_object *file;
    struct dp_tabix *tabix;
    const uint64_t *edges;
    size_t i, count;

    if (!context)
        demand(dp_context_new(NULL, &context, NULL) == 0);
    demand(dp_object_open_memory(context, data, size, &file, NULL) == 0);
    if (dp_tabix_open(context, file, &tabix, NULL) == 0) {
        for (i = 0; i < dp_tabix_contig_count(tabix) && i < 64; i++)
            ask_contig(tabix, i);
        edges = dp_tabix_edges(tabix, &count);
        for (i = 1; i < count; i++)
            demand(edges[i - 1] < edges[i]);
        dp_tabix_contig_find(tabix, "chr1");
        dp_tabix_check_size(tabix, 1u << 20, NULL);
        dp_tabix_free(tabix);
    }
    dp_object_free(file);
    return 0;
}
