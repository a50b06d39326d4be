/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/codec/window.h"

#include "index/codec/copied.h"

#include <inttypes.h>
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

struct dp_window_packer {
    struct dp_inflate *inflate;
    struct dp_copied *copied;
    struct libdeflate_compressor *compressor;
    bool wide; /* the points are far apart */
    bool whole[DP_WINDOW_BYTES]; /* all true: every byte is kept */
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
    self->wide = spacing_bytes >= WIDE_SPACING_BYTES;
    memset(self->whole, true, sizeof(self->whole));
    rc = dp_inflate_open(backend, &self->inflate, err);
    if (!rc)
        rc = dp_copied_open(&self->copied, err);
    if (!rc) {
        self->compressor = libdeflate_alloc_compressor(self->wide ? LEVEL_WIDE : LEVEL);
        if (!self->compressor)
            rc = dp_error_no_memory(err);
    }
    if (rc) {
        dp_window_packer_free(self);
        return rc;
    }
    *packer = self;
    return DP_OK;
}

void dp_window_packer_free(struct dp_window_packer *packer)
{
    if (!packer)
        return;
    dp_inflate_free(packer->inflate);
    dp_copied_free(packer->copied);
    libdeflate_free_compressor(packer->compressor);
    free(packer);
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
                                 size_t raw_bytes, const bool *used)
{
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

/* Appends the sparse form of the window. */
static int pack_sparse(struct dp_window_packer *self, const uint8_t *window, size_t raw_bytes,
                       const bool *used, struct dp_array *packed, struct dp_error *err)
{
    struct sparse sparse = make_sparse(self, window, raw_bytes, used);
    int rc = compress(self, self->bytes, (size_t)(sparse.bytes - self->bytes), packed, err);

    return rc ? rc
              : compress(self, self->runs, (size_t)(sparse.runs - self->runs), packed, err);
}

/* Appends the bytes that are copied, and not where they stand. */
static int pack_copied(struct dp_window_packer *self, const uint8_t *window, size_t raw_bytes,
                       const bool *used, struct dp_array *packed, struct dp_error *err)
{
    size_t count = 0;

    for (size_t i = 0; i < raw_bytes; i++) {
        self->bytes[count] = window[i];
        count += used[i];
    }
    return compress(self, self->bytes, count, packed, err);
}

int dp_window_pack(struct dp_window_packer *packer, const uint8_t *window, size_t raw_bytes,
                   const uint8_t *following, size_t following_bytes, unsigned bit,
                   struct dp_array *packed, struct dp_error *err)
{
    const bool *used;
    int rc = dp_copied_judge(packer->copied, packer->inflate, following, following_bytes, bit,
                             &used, err);

    if (rc)
        return rc;
    if (!used)
        return pack_sparse(packer, window, raw_bytes, packer->whole, packed, err);
    used += DP_WINDOW_BYTES - raw_bytes;
    return packer->wide ? pack_copied(packer, window, raw_bytes, used, packed, err)
                        : pack_sparse(packer, window, raw_bytes, used, packed, err);
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

/* Fills the window from its sparse form. */
static bool unpack_sparse(const struct form *form, size_t raw_bytes, struct dp_window *window)
{
    if (!expand(form, NULL, raw_bytes))
        return false;
    expand(form, window->bytes, raw_bytes);
    window->raw_bytes = raw_bytes;
    window->placed = true;
    return true;
}

/* The bytes are there, where they stand is not known yet. */
static bool take_copied(const struct form *form, size_t raw_bytes, struct dp_window *window)
{
    if (form->byte_count > raw_bytes)
        return false;
    memcpy(window->bytes, form->bytes, form->byte_count);
    window->raw_bytes = raw_bytes;
    window->kept_bytes = form->byte_count;
    window->placed = false;
    return true;
}

int dp_window_unpack(const uint8_t *packed, size_t packed_bytes, size_t raw_bytes,
                     struct dp_window *window, struct dp_error *err)
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
    sound = decompress(decompressor, &at, end, form.bytes, &form.byte_count);
    if (sound && at == end)
        sound = take_copied(&form, raw_bytes, window);
    else if (sound)
        sound = decompress(decompressor, &at, end, form.runs, &form.run_bytes) && at == end &&
                unpack_sparse(&form, raw_bytes, window);
    libdeflate_free_decompressor(decompressor);
    return sound ? DP_OK
                 : dp_error_set(err, DP_BAD_INDEX, "a packed window of %zu bytes is damaged",
                                packed_bytes);
}

/* --------------------------------------------------------------------------------- placing */

/* Looks further and further, so that bytes which say enough soon are not waited for. `following` is
 * what was taken from the source when the first view does not suffice. */
static int look_behind(struct dp_copied *copied, struct dp_source *source,
                       struct dp_inflate *inflate, unsigned bit, struct dp_array *following,
                       const bool **used, struct dp_error *err)
{
    size_t seen, length;
    int rc = dp_source_fill(source, err);

    if (rc <= 0)
        return rc;
    seen = (size_t)(source->end - source->at);
    *used = dp_copied_find(copied, inflate, source->at, seen, bit);
    if (*used)
        return DP_OK;
    while (rc > 0 && following->length < DP_COPIED_FOLLOWING_BYTES) {
        length = (size_t)(source->end - source->at);
        if (length > DP_COPIED_FOLLOWING_BYTES - following->length)
            length = DP_COPIED_FOLLOWING_BYTES - following->length;
        if (!dp_array_append(following, source->at, length, 1) ||
            !dp_array_reserve(following, DP_INFLATE_AHEAD, 1))
            return dp_error_no_memory(err);
        source->at += length;
        if (following->length >= 2 * seen) {
            seen = following->length;
            *used = dp_copied_find(copied, inflate, following->data, seen, bit);
            if (*used)
                return DP_OK;
        }
        rc = dp_source_fill(source, err);
    }
    return rc < 0 ? rc
                  : dp_copied_judge(copied, inflate, following->data, following->length, bit,
                                    used, err);
}

/* Moves the kept bytes apart, the last one first. */
static bool spread(struct dp_window *window, const bool *used)
{
    size_t kept = window->kept_bytes, count = 0;

    used += DP_WINDOW_BYTES - window->raw_bytes;
    for (size_t i = 0; i < window->raw_bytes; i++)
        count += used[i];
    if (count != kept)
        return false;
    for (size_t i = window->raw_bytes; i-- > 0;)
        window->bytes[i] = used[i] ? window->bytes[--kept] : 0;
    window->placed = true;
    return true;
}

int dp_window_place(struct dp_window *window, struct dp_source *source,
                    struct dp_inflate *inflate, unsigned bit, const char *name,
                    struct dp_error *err)
{
    uint64_t offset = dp_source_offset(source);
    struct dp_array following = {0};
    struct dp_copied *copied;
    const bool *used = NULL;
    int rc = dp_copied_open(&copied, err);

    if (rc)
        return rc;
    rc = look_behind(copied, source, inflate, bit, &following, &used, err);
    if (!rc && !(used && spread(window, used)))
        rc = dp_error_set_detail(err, DP_DATA, DP_DETAIL_CHECKSUM,
                                 "%s: offset %" PRIu64 ": the data are not what was indexed", name,
                                 offset);
    if (!rc && following.length && !dp_source_prepend(source, following.data, following.length))
        rc = dp_error_no_memory(err);
    dp_array_free(&following);
    dp_copied_free(copied);
    return rc;
}
