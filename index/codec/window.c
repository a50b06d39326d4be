/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/codec/window.h"

#include "index/codec/decoder.h"
#include "index/codec/inflate.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

enum { LEVEL = 6 };

/* Two dictionaries that tell positions apart: where the outputs of the two decodings differ, the
 * byte was copied from the position p that both values name together. */
struct dp_window_packer {
    struct dp_inflate *fast;
    struct dp_inflate *exact; /* zlib, opened when first needed; may be NULL */
    struct libdeflate_compressor *compressor;
    uint8_t marks[2][DP_WINDOW_BYTES];
    uint8_t output[2][DP_WINDOW_BYTES];
    bool used[DP_WINDOW_BYTES];
};

int dp_window_packer_open(const char *backend, struct dp_window_packer **packer,
                          struct dp_error *err)
{
    struct dp_window_packer *self = calloc(1, sizeof(*self));
    int rc;

    if (!self)
        return dp_error_no_memory(err);
    rc = dp_inflate_open(backend, &self->fast, err);
    if (!rc) {
        self->compressor = libdeflate_alloc_compressor(LEVEL);
        if (!self->compressor)
            rc = dp_error_no_memory(err);
    }
    if (rc) {
        dp_window_packer_free(self);
        return rc;
    }
    for (unsigned p = 0; p < DP_WINDOW_BYTES; p++) {
        self->marks[0][p] = (uint8_t)p;
        self->marks[1][p] = (uint8_t)((p & 255) + 1 + (p >> 8));
    }
    *packer = self;
    return DP_OK;
}

void dp_window_packer_free(struct dp_window_packer *packer)
{
    if (!packer)
        return;
    dp_inflate_free(packer->fast);
    dp_inflate_free(packer->exact);
    libdeflate_free_compressor(packer->compressor);
    free(packer);
}

/* Decodes up to 32 KiB behind the point with a dictionary. Returns how many bytes, or -1 when the
 * input did not reach that far nor to the end of the member. */
static long decode(struct dp_inflate *inflate, const uint8_t *following, size_t following_bytes,
                   unsigned bit, const uint8_t *dictionary, uint8_t *output)
{
    struct dp_inflate_io io = {following, following_bytes, output, DP_WINDOW_BYTES};
    enum dp_inflate_status status = DP_INFLATE_BOUNDARY;
    unsigned first = 0;

    if (bit) {
        if (io.in_bytes == 0)
            return -1;
        first = *io.in++ >> bit;
        io.in_bytes--;
    }
    inflate->ops->begin(inflate, first, bit ? 8 - bit : 0, dictionary, DP_WINDOW_BYTES);
    while (io.out_bytes && status == DP_INFLATE_BOUNDARY)
        status = inflate->ops->run(inflate, &io, false);
    return io.out_bytes == 0 || status == DP_INFLATE_END ? (long)(DP_WINDOW_BYTES - io.out_bytes)
                                                         : -1;
}

/* Fills `used` from two decodings. False when they do not say everything. */
static bool find_used(struct dp_window_packer *self, struct dp_inflate *inflate,
                      const uint8_t *following, size_t following_bytes, unsigned bit)
{
    const uint8_t *a = self->output[0], *b = self->output[1];
    long length = decode(inflate, following, following_bytes, bit, self->marks[0],
                         self->output[0]);

    if (length < 0 || decode(inflate, following, following_bytes, bit, self->marks[1],
                             self->output[1]) != length)
        return false;
    memset(self->used, 0, sizeof(self->used));
    for (long i = 0; i < length; i++)
        if (a[i] != b[i])
            self->used[(a[i] | ((b[i] - a[i] - 1) & 255) << 8) & (DP_WINDOW_BYTES - 1)] = true;
    return true;
}

/* Zeroes what is never referenced. A fast backend may hold back the last symbols of an input that
 * ends; whether the input says enough is then zlib's to judge, so that all builds agree. */
static int make_sparse(struct dp_window_packer *self, uint8_t *window, size_t raw_bytes,
                       const uint8_t *following, size_t following_bytes, unsigned bit,
                       struct dp_error *err)
{
    const bool *used = self->used + DP_WINDOW_BYTES - raw_bytes;

    if (!find_used(self, self->fast, following, following_bytes, bit)) {
        int rc = self->exact ? DP_OK : dp_inflate_open("zlib", &self->exact, err);

        if (rc)
            return rc;
        if (!find_used(self, self->exact, following, following_bytes, bit))
            return DP_OK;
    }
    for (size_t i = 0; i < raw_bytes; i++)
        window[i] = used[i] ? window[i] : 0;
    return DP_OK;
}

int dp_window_pack(struct dp_window_packer *packer, uint8_t *window, size_t raw_bytes,
                   const uint8_t *following, size_t following_bytes, unsigned bit,
                   struct dp_array *packed, struct dp_error *err)
{
    size_t bound = libdeflate_deflate_compress_bound(packer->compressor, raw_bytes);
    int rc = make_sparse(packer, window, raw_bytes, following, following_bytes, bit, err);

    if (rc)
        return rc;
    if (!dp_array_reserve(packed, bound, 1))
        return dp_error_no_memory(err);
    packed->length += libdeflate_deflate_compress(packer->compressor, window, raw_bytes,
                                                  (uint8_t *)packed->data + packed->length,
                                                  bound);
    return DP_OK;
}

int dp_window_unpack(const uint8_t *packed, size_t packed_bytes, uint8_t *window,
                     size_t raw_bytes, struct dp_error *err)
{
    struct libdeflate_decompressor *decompressor;
    enum libdeflate_result result;
    size_t used;

    if (raw_bytes > DP_WINDOW_BYTES)
        return dp_error_set(err, DP_BAD_INDEX, "a window of %zu bytes is too long", raw_bytes);
    decompressor = libdeflate_alloc_decompressor();
    if (!decompressor)
        return dp_error_no_memory(err);
    result = libdeflate_deflate_decompress_ex(decompressor, packed, packed_bytes, window,
                                              raw_bytes, &used, NULL);
    libdeflate_free_decompressor(decompressor);
    if (result != LIBDEFLATE_SUCCESS || used != packed_bytes)
        return dp_error_set(err, DP_BAD_INDEX, "a packed window of %zu bytes is damaged",
                            packed_bytes);
    return DP_OK;
}
