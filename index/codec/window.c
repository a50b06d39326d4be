/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/codec/window.h"

#include "index/codec/decoder.h"
#include "index/codec/inflate.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

/* What is compressed is so small that the levels above differ by one percent of the size, and take
 * up to twice the time. */
enum { LEVEL = 1 };

/* Room for the sparse form: at worst every other byte is kept, 3 bytes for 2; and the last pair. */
enum { SPARSE_BYTES = DP_WINDOW_BYTES / 2 * 3 + 8 };

/* Two dictionaries that tell positions apart: where the outputs of the two decodings differ, the
 * byte was copied from the position p that both values name together. */
struct dp_window_packer {
    struct dp_inflate *fast;
    struct dp_inflate *exact; /* zlib, opened when first needed; may be NULL */
    struct libdeflate_compressor *compressor;
    uint8_t marks[2][DP_WINDOW_BYTES];
    uint8_t output[2][DP_WINDOW_BYTES];
    bool used[1 << 16]; /* by position, see mark_used; memchr looks for runs: bytes of 0 and 1 */
    uint8_t sparse[SPARSE_BYTES];
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
static void mark_used(struct dp_window_packer *self, size_t length)
{
    const uint8_t *a = self->output[0], *b = self->output[1];

    memset(self->used, false, DP_WINDOW_BYTES);
    for (size_t i = 0; i < length; i++)
        self->used[a[i] | (((unsigned)b[i] - a[i] - 1) & 255) << 8] = true;
}

/* Fills `used` from two decodings. False when they do not say everything. */
static bool find_used(struct dp_window_packer *self, struct dp_inflate *inflate,
                      const uint8_t *following, size_t following_bytes, unsigned bit)
{
    long length = decode(inflate, following, following_bytes, bit, self->marks[0],
                         self->output[0]);

    if (length < 0 || decode(inflate, following, following_bytes, bit, self->marks[1],
                             self->output[1]) != length)
        return false;
    mark_used(self, (size_t)length);
    return true;
}

/* Finds what must be kept. A fast backend may hold back the last symbols of an input that ends;
 * whether the input says enough is then zlib's to judge, so that all builds agree. */
static int find_kept(struct dp_window_packer *self, const uint8_t *following,
                     size_t following_bytes, unsigned bit, struct dp_error *err)
{
    if (!find_used(self, self->fast, following, following_bytes, bit)) {
        int rc = self->exact ? DP_OK : dp_inflate_open("zlib", &self->exact, err);

        if (rc)
            return rc;
        if (!find_used(self, self->exact, following, following_bytes, bit))
            memset(self->used, true, DP_WINDOW_BYTES);
    }
    return DP_OK;
}

static uint8_t *put_number(uint8_t *at, size_t number)
{
    for (; number >= 128; number >>= 7)
        *at++ = (uint8_t)(number | 128);
    *at++ = (uint8_t)number;
    return at;
}

/* The end of the run of `value` that begins at `at`. */
static size_t end_of_run(const bool *used, size_t at, size_t end, bool value)
{
    const void *other = memchr(used + at, !value, end - at);

    return other ? (size_t)((const bool *)other - used) : end;
}

/* Writes the sparse form of `window`: the lengths of runs, then the bytes kept. */
static size_t make_sparse(struct dp_window_packer *self, const uint8_t *window, size_t raw_bytes)
{
    const bool *used = self->used + DP_WINDOW_BYTES - raw_bytes;
    uint8_t *out = self->sparse;
    size_t begin, end;

    for (size_t at = 0; at < raw_bytes; at = end) {
        begin = end_of_run(used, at, raw_bytes, false);
        end = end_of_run(used, begin, raw_bytes, true);
        out = put_number(out, begin - at);
        out = put_number(out, end - begin);
    }
    for (size_t at = 0; at < raw_bytes; at = end) {
        begin = end_of_run(used, at, raw_bytes, false);
        end = end_of_run(used, begin, raw_bytes, true);
        memcpy(out, window + begin, end - begin);
        out += end - begin;
    }
    return (size_t)(out - self->sparse);
}

int dp_window_pack(struct dp_window_packer *packer, const uint8_t *window, size_t raw_bytes,
                   const uint8_t *following, size_t following_bytes, unsigned bit,
                   struct dp_array *packed, struct dp_error *err)
{
    int rc = find_kept(packer, following, following_bytes, bit, err);
    size_t length, bound;

    if (rc)
        return rc;
    length = make_sparse(packer, window, raw_bytes);
    bound = libdeflate_deflate_compress_bound(packer->compressor, length);
    if (!dp_array_reserve(packed, bound, 1))
        return dp_error_no_memory(err);
    packed->length += libdeflate_deflate_compress(packer->compressor, packer->sparse, length,
                                                  (uint8_t *)packed->data + packed->length,
                                                  bound);
    return DP_OK;
}

/* ------------------------------------------------------------------------------ unpacking */

/* Reads a number of at most 3 bytes. False when there is none. */
static bool get_number(const uint8_t **at, const uint8_t *end, size_t *number)
{
    *number = 0;
    for (unsigned shift = 0; shift < 21 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;

        *number |= (size_t)(byte & 127) << shift;
        if (byte < 128)
            return true;
    }
    return false;
}

/* Walks through the runs of a sparse form. With `window` the bytes are put there; without, it only
 * finds out whether they fit. On true *bytes moved from the first byte kept to behind the last. */
static bool walk_runs(const uint8_t *runs, const uint8_t *end, const uint8_t **bytes,
                      uint8_t *window, size_t raw_bytes, const uint8_t **runs_end)
{
    size_t at = 0, zeros, kept;

    while (at < raw_bytes) {
        if (!get_number(&runs, end, &zeros) || !get_number(&runs, end, &kept) ||
            zeros > raw_bytes - at || kept > raw_bytes - at - zeros || zeros + kept == 0)
            return false;
        if (window) {
            memset(window + at, 0, zeros);
            memcpy(window + at + zeros, *bytes, kept);
        }
        *bytes += kept;
        at += zeros + kept;
    }
    *runs_end = runs;
    return true;
}

/* Expands a sparse form that must be used up exactly. */
static bool expand(const uint8_t *sparse, size_t length, uint8_t *window, size_t raw_bytes)
{
    const uint8_t *end = sparse + length, *bytes = sparse, *runs_end;
    size_t kept;

    if (!walk_runs(sparse, end, &bytes, NULL, raw_bytes, &runs_end))
        return false;
    kept = (size_t)(bytes - sparse);
    if (kept != (size_t)(end - runs_end))
        return false;
    bytes = runs_end;
    return walk_runs(sparse, end, &bytes, window, raw_bytes, &runs_end);
}

int dp_window_unpack(const uint8_t *packed, size_t packed_bytes, uint8_t *window,
                     size_t raw_bytes, struct dp_error *err)
{
    struct libdeflate_decompressor *decompressor;
    enum libdeflate_result result;
    uint8_t sparse[SPARSE_BYTES];
    size_t used, length;

    if (raw_bytes > DP_WINDOW_BYTES)
        return dp_error_set(err, DP_BAD_INDEX, "a window of %zu bytes is too long", raw_bytes);
    decompressor = libdeflate_alloc_decompressor();
    if (!decompressor)
        return dp_error_no_memory(err);
    result = libdeflate_deflate_decompress_ex(decompressor, packed, packed_bytes, sparse,
                                              sizeof(sparse), &used, &length);
    libdeflate_free_decompressor(decompressor);
    if (result != LIBDEFLATE_SUCCESS || used != packed_bytes ||
        !expand(sparse, length, window, raw_bytes))
        return dp_error_set(err, DP_BAD_INDEX, "a packed window of %zu bytes is damaged",
                            packed_bytes);
    return DP_OK;
}
