/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The portable backend: zlib, which stops at block boundaries when asked with Z_BLOCK. */

#include "index/codec/decoder.h"
#include "index/codec/inflate.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Of z_stream.data_type after inflate(). */
enum { AT_BOUNDARY = 128, LAST_BLOCK = 64, BIT_COUNT = 63 };

struct zlib_inflate {
    struct dp_inflate base;
    z_stream stream;
};

static struct dp_inflate *open_zlib(void)
{
    struct zlib_inflate *self = calloc(1, sizeof(*self));

    if (!self)
        return NULL;
    self->base.ops = &dp_inflate_zlib;
    if (inflateInit2(&self->stream, -15) != Z_OK) {
        free(self);
        return NULL;
    }
    return &self->base;
}

static void close_zlib(struct dp_inflate *base)
{
    struct zlib_inflate *self = (struct zlib_inflate *)base;

    inflateEnd(&self->stream);
    free(self);
}

static void begin_zlib(struct dp_inflate *base, unsigned bits, unsigned bit_count,
                       const uint8_t *window, size_t window_bytes)
{
    static const uint8_t zeros[DP_WINDOW_BYTES];
    struct zlib_inflate *self = (struct zlib_inflate *)base;

    /* These fail only on a stream that was never initialised, or without memory for the window;
     * the latter shows as Z_MEM_ERROR or Z_DATA_ERROR in run. */
    inflateReset(&self->stream);
    if (window_bytes < DP_WINDOW_BYTES)
        inflateSetDictionary(&self->stream, zeros, DP_WINDOW_BYTES);
    if (window_bytes)
        inflateSetDictionary(&self->stream, window, (uInt)window_bytes);
    if (bit_count)
        inflatePrime(&self->stream, (int)bit_count, (int)(bits & ((1u << bit_count) - 1)));
}

static enum dp_inflate_status status_of(const z_stream *stream, int rc, uInt in_before,
                                        bool *again)
{
    *again = false;
    if (rc == Z_STREAM_END)
        return DP_INFLATE_END;
    if (rc != Z_OK && rc != Z_BUF_ERROR)
        return DP_INFLATE_BROKEN;
    if (rc == Z_OK && (stream->data_type & AT_BOUNDARY)) {
        /* It stops behind the last block too, and ends the stream when called again. */
        *again = stream->data_type & LAST_BLOCK;
        return DP_INFLATE_BOUNDARY;
    }
    if (stream->avail_in == 0)
        return DP_INFLATE_MORE;
    /* Without room it goes on until a symbol that writes; only then nothing is taken any more. */
    *again = stream->avail_in != in_before || stream->avail_out != 0;
    return DP_INFLATE_FULL;
}

static enum dp_inflate_status run_zlib(struct dp_inflate *base, struct dp_inflate_io *io,
                                       bool stop)
{
    static uint8_t nowhere[1];
    struct zlib_inflate *self = (struct zlib_inflate *)base;
    z_stream *stream = &self->stream;
    enum dp_inflate_status status;
    bool again;

    do {
        uInt in_bytes = io->in_bytes > UINT_MAX ? UINT_MAX : (uInt)io->in_bytes;
        uInt out_bytes = io->out_bytes > UINT_MAX ? UINT_MAX : (uInt)io->out_bytes;
        int rc;

        stream->next_in = (z_const Bytef *)io->in;
        stream->avail_in = in_bytes;
        stream->next_out = out_bytes ? io->out : nowhere;
        stream->avail_out = out_bytes;
        rc = inflate(stream, stop ? Z_BLOCK : Z_NO_FLUSH);
        status = status_of(stream, rc, in_bytes, &again);
        io->in += in_bytes - stream->avail_in;
        io->in_bytes -= in_bytes - stream->avail_in;
        io->out += out_bytes - stream->avail_out;
        io->out_bytes -= out_bytes - stream->avail_out;
    } while (again);
    return status;
}

static unsigned spare_bits_zlib(const struct dp_inflate *base)
{
    return (unsigned)((const struct zlib_inflate *)base)->stream.data_type & BIT_COUNT;
}

const struct dp_inflate_ops dp_inflate_zlib = {
    .name = "zlib",
    .open = open_zlib,
    .close = close_zlib,
    .begin = begin_zlib,
    .run = run_zlib,
    .spare_bits = spare_bits_zlib,
};
