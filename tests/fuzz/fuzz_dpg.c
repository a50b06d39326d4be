/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A file of saved planes of any bytes; its checksums are made right, so that what lies behind them
 * is reached. What is read of it can be written and read again. */

#include "config.h"

#include "base/crc32.h"
#include "base/le.h"
#include "mdr/saved_planes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HEADER_BYTES = 144, CRC_AT = 44, TABLE_AT = 48, ROW_BYTES = 24, SECTIONS = 4 };

static struct dp_context *context;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

/* Makes the checksums fit where sections lie within the file; with an odd size, also its length. */
static void mend(uint8_t *bytes, size_t size)
{
    uint8_t *row = bytes + TABLE_AT;
    unsigned i;

    if (size < HEADER_BYTES)
        return;
    for (i = 0; i < SECTIONS; i++, row += ROW_BYTES) {
        uint64_t begin = dp_le64_load(row + 8), length = dp_le64_load(row + 16);

        if (begin <= size && length <= size - begin)
            dp_le32_store(row + 4, dp_crc32(0, bytes + begin, (size_t)length));
    }
    if (size % 2)
        dp_le64_store(bytes + 16, size);
    dp_le32_store(bytes + CRC_AT, 0);
    dp_le32_store(bytes + CRC_AT, dp_crc32(0, bytes, HEADER_BYTES));
}

/* Every question about every variant. */
static size_t ask(const struct dp_mdr_genotypes *genotypes)
{
    size_t i, s, sum = 0, samples = dp_mdr_genotypes_sample_count(genotypes);
    struct dp_mdr_variant variant;

    for (s = 0; s < samples; s++)
        sum += strlen(dp_mdr_genotypes_sample(genotypes, s));
    for (i = 0; i < dp_mdr_genotypes_variant_count(genotypes); i++) {
        dp_mdr_genotypes_variant(genotypes, i, &variant);
        sum +=
            strlen(variant.chrom) + strlen(variant.id) + strlen(variant.ref) + strlen(variant.alt);
        for (s = 0; s < dp_mdr_genotypes_row_bytes(samples); s++)
            sum += dp_mdr_genotypes_row(genotypes, i)[s];
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dp_mdr_genotypes *genotypes = NULL, *again = NULL;
    struct dp_mdr_ingest_counts counts;
    struct dp_mdr_origin origin = {0};
    struct dp_error err = {0};
    uint8_t *bytes = malloc(size + 1);
    char path[40], out[40];
    int file = memfd_create("dpg", MFD_CLOEXEC);

    if (!context)
        demand(dp_context_new(NULL, &context, NULL) == DP_OK);
    demand(bytes && file >= 0);
    memcpy(bytes, data, size);
    mend(bytes, size);
    demand(write(file, bytes, size) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    snprintf(out, sizeof(out), "/tmp/fuzz-dpg-%d", (int)getpid());
    if (dp_mdr_saved_planes_read(context, path, NULL, &genotypes, &counts, &origin, &err) ==
        DP_OK) {
        demand(dp_mdr_saved_planes_write(context, out, genotypes, &origin, &counts, NULL) == DP_OK);
        dp_mdr_origin_compare(&origin, &origin, "it", &err); /* stale where it has no validator */
        demand(dp_mdr_saved_planes_read(context, out, NULL, &again, NULL, NULL, &err) == DP_OK);
        demand(ask(genotypes) == ask(again));
        unlink(out);
    } else {
        demand(err.code < 0 && err.message[0]);
    }
    dp_mdr_genotypes_free(genotypes);
    dp_mdr_genotypes_free(again);
    dp_mdr_origin_free(&origin);
    close(file);
    free(bytes);
    return 0;
}
