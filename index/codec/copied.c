/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/codec/copied.h"

#include "index/codec/decoder.h"

#include <stdlib.h>
#include <string.h>

/* Two dictionaries that tell positions apart: where the outputs of the two decodings differ, the
 * byte was copied from the position p that both values name together. */
struct dp_copied {
    struct dp_inflate *exact; /* zlib, opened when first needed; may be NULL */
    uint8_t marks[2][DP_WINDOW_BYTES];
    uint8_t output[2][DP_WINDOW_BYTES];
    bool used[1 << 16]; /* by position, see mark_used; bytes of 0 and 1 */
};

int dp_copied_open(struct dp_copied **copied, struct dp_error *err)
{
    struct dp_copied *self = calloc(1, sizeof(*self));

    if (!self)
        return dp_error_no_memory(err);
    for (unsigned p = 0; p < DP_WINDOW_BYTES; p++) {
        self->marks[0][p] = (uint8_t)p;
        self->marks[1][p] = (uint8_t)((p & 255) + 1 + (p >> 8));
    }
    *copied = self;
    return DP_OK;
}

void dp_copied_free(struct dp_copied *copied)
{
    if (!copied)
        return;
    dp_inflate_free(copied->exact);
    free(copied);
}

/* Decodes up to 32 KiB behind the point with a dictionary. Returns how many bytes, or -1 when the
 * input did not reach that far nor to the end of the member. */
static long decode(struct dp_inflate *inflate, const uint8_t *following, size_t following_bytes,
                   unsigned bit, const uint8_t *dictionary, uint8_t *output)
{
    struct dp_inflate_io io = {following, following_bytes, output, DP_WINDOW_BYTES};
    enum dp_inflate_status status = DP_INFLATE_BOUNDARY;
    unsigned first = 0;

    if (following_bytes == 0)
        return -1;
    if (bit) {
        first = *io.in++ >> bit;
        io.in_bytes--;
    }
    inflate->ops->begin(inflate, first, bit ? 8 - bit : 0, dictionary, DP_WINDOW_BYTES);
    while (io.out_bytes && status == DP_INFLATE_BOUNDARY)
        status = inflate->ops->run(inflate, &io, false);
    return io.out_bytes == 0 || status == DP_INFLATE_END ? (long)(DP_WINDOW_BYTES - io.out_bytes)
                                                         : -1;
}

/* Marks the positions that the output's bytes came from. No branch: where both agree, which is
 * where the byte came from no position, the formula gives one behind the window. */
static void mark_used(struct dp_copied *self, size_t length)
{
    const uint8_t *a = self->output[0], *b = self->output[1];

    memset(self->used, false, DP_WINDOW_BYTES);
    for (size_t i = 0; i < length; i++)
        self->used[a[i] | (((unsigned)b[i] - a[i] - 1) & 255) << 8] = true;
}

const bool *dp_copied_find(struct dp_copied *copied, struct dp_inflate *inflate,
                           const uint8_t *following, size_t following_bytes, unsigned bit)
{
    long length;

    if (following_bytes > DP_COPIED_FOLLOWING_BYTES)
        following_bytes = DP_COPIED_FOLLOWING_BYTES;
    length = decode(inflate, following, following_bytes, bit, copied->marks[0],
                    copied->output[0]);
    if (length < 0 || decode(inflate, following, following_bytes, bit, copied->marks[1],
                             copied->output[1]) != length)
        return NULL;
    mark_used(copied, (size_t)length);
    return copied->used;
}

int dp_copied_judge(struct dp_copied *copied, struct dp_inflate *inflate, const uint8_t *following,
                    size_t following_bytes, unsigned bit, const bool **used, struct dp_error *err)
{
    int rc = DP_OK;

    *used = dp_copied_find(copied, inflate, following, following_bytes, bit);
    if (*used)
        return DP_OK;
    if (!copied->exact)
        rc = dp_inflate_open("zlib", &copied->exact, err);
    if (!rc)
        *used = dp_copied_find(copied, copied->exact, following, following_bytes, bit);
    return rc;
}
