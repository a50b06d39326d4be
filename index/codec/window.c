/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/codec/window.h"

#include "index/codec/decoder.h"
#include "index/codec/inflate.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

/* What is compressed is so small that the levels above differ by a few percent of its size and take
 * up to five times as long: much of a build with many windows, nothing where they are far apart. */
enum { LEVEL = 1, LEVEL_WIDE = 9 };
#define WIDE_SPACING_BYTES (8u << 20)

/* To drop fewer bytes between kept ones than this costs more than to keep them. */
enum { GAP_BYTES = 4 };

/* A run of zeros is told by one byte, or by two from LONG_RUN bytes on; longer ones than that can
 * say are cut. */
enum { LONG_RUN = 241, RUN_MAX = LONG_RUN + (15 << 8) + 255 };

/* Two dictionaries that tell positions apart: where the outputs of the two decodings differ, the
 * byte was copied from the position p that both values name together. */
struct dp_window_packer {
    struct dp_inflate *fast;
    struct dp_inflate *exact; /* zlib, opened when first needed; may be NULL */
    struct libdeflate_compressor *compressor;
    uint8_t marks[2][DP_WINDOW_BYTES];
    uint8_t output[2][DP_WINDOW_BYTES];
    bool used[1 << 16]; /* by position, see mark_used; memchr looks for runs: bytes of 0 and 1 */
    uint8_t bytes[DP_WINDOW_BYTES]; /* the sparse form: the window with every run as one zero */
    uint8_t runs[DP_WINDOW_BYTES];  /* and how long they are; never longer than the runs */
};

int dp_window_packer_open(const char *backend, uint64_t spacing_bytes,
                          struct dp_window_packer **packer, struct dp_error *err)
{
    struct dp_window_packer *self = calloc(1, sizeof(*self));
    int rc;

    if (!self)
        return dp_error_no_memory(err);
    rc = dp_inflate_open(backend, &self->fast, err);
    if (!rc) {
        self->compressor = libdeflate_alloc_compressor(
            spacing_bytes < WIDE_SPACING_BYTES ? LEVEL : LEVEL_WIDE);
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

/* A sparse form on its way. */
struct sparse {
    uint8_t *bytes, *runs; /* where the next ones go */
    size_t zeros;          /* that are not written yet */
};

static void put_zeros(struct sparse *sparse)
{
    while (sparse->zeros) {
        size_t run = sparse->zeros < RUN_MAX ? sparse->zeros : RUN_MAX;

        *sparse->bytes++ = 0;
        if (run < LONG_RUN) {
            *sparse->runs++ = (uint8_t)(run - 1);
        } else {
            *sparse->runs++ = (uint8_t)(LONG_RUN - 1 + ((run - LONG_RUN) >> 8));
            *sparse->runs++ = (uint8_t)(run - LONG_RUN);
        }
        sparse->zeros -= run;
    }
}

/* A zero that is kept and one that was dropped are the same. */
static void put_kept(struct sparse *sparse, const uint8_t *bytes, size_t length)
{
    const uint8_t *end = bytes + length, *zero;
    size_t part;

    while (bytes < end) {
        zero = memchr(bytes, 0, (size_t)(end - bytes));
        part = (size_t)((zero ? zero : end) - bytes);
        if (part) {
            put_zeros(sparse);
            memcpy(sparse->bytes, bytes, part);
            sparse->bytes += part;
        }
        for (bytes += part; bytes < end && !*bytes; bytes++)
            sparse->zeros++;
    }
}

/* The end of the run of `value` that begins at `at`. */
static size_t end_of_run(const bool *used, size_t at, size_t end, bool value)
{
    const void *other = memchr(used + at, !value, end - at);

    return other ? (size_t)((const bool *)other - used) : end;
}

/* Fills `bytes` and `runs` with the sparse form of `window`. */
static struct sparse make_sparse(struct dp_window_packer *self, const uint8_t *window,
                                 size_t raw_bytes)
{
    const bool *used = self->used + DP_WINDOW_BYTES - raw_bytes;
    struct sparse sparse = {self->bytes, self->runs, 0};
    size_t begin, end;

    for (size_t at = 0; at < raw_bytes; at = end) {
        begin = end_of_run(used, at, raw_bytes, false);
        end = end_of_run(used, begin, raw_bytes, true);
        if (at > 0 && begin < raw_bytes && begin - at < GAP_BYTES)
            begin = at;
        sparse.zeros += begin - at;
        put_kept(&sparse, window + begin, end - begin);
    }
    put_zeros(&sparse);
    return sparse;
}

/* Appends one deflate stream. */
static int compress(struct dp_window_packer *self, const uint8_t *bytes, size_t length,
                    struct dp_array *packed, struct dp_error *err)
{
    size_t bound = libdeflate_deflate_compress_bound(self->compressor, length);

    if (!dp_array_reserve(packed, bound, 1))
        return dp_error_no_memory(err);
    packed->length += libdeflate_deflate_compress(self->compressor, bytes, length,
                                                  (uint8_t *)packed->data + packed->length,
                                                  bound);
    return DP_OK;
}

int dp_window_pack(struct dp_window_packer *packer, const uint8_t *window, size_t raw_bytes,
                   const uint8_t *following, size_t following_bytes, unsigned bit,
                   struct dp_array *packed, struct dp_error *err)
{
    struct sparse sparse;
    int rc = find_kept(packer, following, following_bytes, bit, err);

    if (rc)
        return rc;
    sparse = make_sparse(packer, window, raw_bytes);
    rc = compress(packer, packer->bytes, (size_t)(sparse.bytes - packer->bytes), packed, err);
    if (!rc)
        rc = compress(packer, packer->runs, (size_t)(sparse.runs - packer->runs), packed, err);
    return rc;
}

/* ------------------------------------------------------------------------------ unpacking */

/* A sparse form that is read. */
struct form {
    uint8_t bytes[DP_WINDOW_BYTES], runs[DP_WINDOW_BYTES];
    size_t byte_count, run_bytes;
};

/* Reads the length of a run. False when there is none. */
static bool get_run(const uint8_t **at, const uint8_t *end, size_t *run)
{
    size_t first;

    if (*at == end)
        return false;
    first = *(*at)++;
    *run = first + 1;
    if (*run < LONG_RUN)
        return true;
    if (*at == end)
        return false;
    *run = LONG_RUN + ((*run - LONG_RUN) << 8) + *(*at)++;
    return true;
}

/* Walks through a sparse form, which must give raw_bytes and be used up. With `window` the bytes
 * are put there; without, it only finds out whether they fit. */
static bool expand(const struct form *form, uint8_t *window, size_t raw_bytes)
{
    const uint8_t *bytes = form->bytes, *end = bytes + form->byte_count;
    const uint8_t *runs = form->runs, *runs_end = runs + form->run_bytes, *zero;
    size_t at = 0, kept, run;

    for (; bytes < end; bytes += kept + (zero != NULL)) {
        zero = memchr(bytes, 0, (size_t)(end - bytes));
        kept = (size_t)((zero ? zero : end) - bytes);
        run = 0;
        if ((zero && !get_run(&runs, runs_end, &run)) || kept > raw_bytes - at ||
            run > raw_bytes - at - kept)
            return false;
        if (window) {
            memcpy(window + at, bytes, kept);
            memset(window + at + kept, 0, run);
        }
        at += kept + run;
    }
    return at == raw_bytes && runs == runs_end;
}

/* Decompresses one of the two streams, which *packed moves behind. */
static bool decompress(struct libdeflate_decompressor *decompressor, const uint8_t **packed,
                       const uint8_t *end, uint8_t *out, size_t *length)
{
    size_t used;

    if (libdeflate_deflate_decompress_ex(decompressor, *packed, (size_t)(end - *packed), out,
                                         DP_WINDOW_BYTES, &used, length) != LIBDEFLATE_SUCCESS)
        return false;
    *packed += used;
    return true;
}

int dp_window_unpack(const uint8_t *packed, size_t packed_bytes, uint8_t *window,
                     size_t raw_bytes, struct dp_error *err)
{
    struct libdeflate_decompressor *decompressor;
    const uint8_t *at = packed, *end = packed + packed_bytes;
    struct form form;
    bool sound;

    if (raw_bytes > DP_WINDOW_BYTES)
        return dp_error_set(err, DP_BAD_INDEX, "a window of %zu bytes is too long", raw_bytes);
    decompressor = libdeflate_alloc_decompressor();
    if (!decompressor)
        return dp_error_no_memory(err);
    sound = decompress(decompressor, &at, end, form.bytes, &form.byte_count) &&
            decompress(decompressor, &at, end, form.runs, &form.run_bytes) && at == end;
    libdeflate_free_decompressor(decompressor);
    if (!sound || !expand(&form, NULL, raw_bytes))
        return dp_error_set(err, DP_BAD_INDEX, "a packed window of %zu bytes is damaged",
                            packed_bytes);
    expand(&form, window, raw_bytes);
    return DP_OK;
}
