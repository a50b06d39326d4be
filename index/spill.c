/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/spill.h"

#include "base/checked.h"
#include "base/scratch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What waits in memory before it is written. */
#define BUFFER_BYTES 262144u

struct dp_spill {
    int file;               /* -1 until the buffer was full once */
    uint64_t written_bytes; /* in the file; the buffer follows */
    size_t buffered_bytes;
    uint8_t buffer[BUFFER_BYTES];
};

int dp_spill_new(struct dp_spill **spill, struct dp_error *err)
{
    struct dp_spill *made = malloc(sizeof(*made));

    if (!made)
        return dp_error_no_memory(err);
    made->file = -1;
    made->written_bytes = 0;
    made->buffered_bytes = 0;
    *spill = made;
    return DP_OK;
}

void dp_spill_free(struct dp_spill *spill)
{
    if (!spill)
        return;
    if (spill->file >= 0)
        close(spill->file);
    free(spill);
}

static int write_all(struct dp_spill *spill, const uint8_t *bytes, size_t length,
                     struct dp_error *err)
{
    int result = spill->file < 0 ? dp_scratch_open(&spill->file, err) : DP_OK;

    if (!result)
        result = dp_scratch_write(spill->file, DP_SCRATCH_NAME, spill->written_bytes, bytes, length,
                                  err);
    if (!result)
        spill->written_bytes += length;
    return result;
}

uint64_t dp_spill_bytes(const struct dp_spill *spill)
{
    return spill->written_bytes + spill->buffered_bytes;
}

int dp_spill_append(struct dp_spill *spill, const void *bytes, size_t length,
                    struct dp_error *err)
{
    int result;

    if (length > BUFFER_BYTES - spill->buffered_bytes) {
        result = write_all(spill, spill->buffer, spill->buffered_bytes, err);
        if (result)
            return result;
        spill->buffered_bytes = 0;
    }
    if (length > BUFFER_BYTES)
        return write_all(spill, bytes, length, err);
    memcpy(spill->buffer + spill->buffered_bytes, bytes, length);
    spill->buffered_bytes += length;
    return DP_OK;
}

static int read_file(const struct dp_spill *spill, uint64_t offset, uint8_t *buffer,
                     size_t length, struct dp_error *err)
{
    int64_t got = dp_scratch_read(spill->file, DP_SCRATCH_NAME, offset, buffer, length, err);

    if (got >= 0 && (uint64_t)got < length)
        return dp_error_set(err, DP_IO, "%s: ended early", DP_SCRATCH_NAME);
    return got < 0 ? (int)got : DP_OK;
}

int dp_spill_read(const struct dp_spill *spill, uint64_t offset, void *buffer, size_t length,
                  struct dp_error *err)
{
    size_t filed = 0; /* how much of the range the file holds */
    uint8_t *to = buffer;
    int result;

    if (!dp_checked_within(offset, length, dp_spill_bytes(spill)))
        return dp_error_set(err, DP_INVALID, "%s: a range outside", DP_SCRATCH_NAME);
    if (offset < spill->written_bytes) {
        filed = length;
        if (filed > spill->written_bytes - offset)
            filed = (size_t)(spill->written_bytes - offset);
        result = read_file(spill, offset, to, filed, err);
        if (result)
            return result;
    }
    if (length > filed)
        memcpy(to + filed, spill->buffer + (offset + filed - spill->written_bytes),
               length - filed);
    return DP_OK;
}
