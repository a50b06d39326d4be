/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* gzip data of any kind: every inflate backend gives the same verdict and, when it is good, the
 * same bytes; and where the whole input is one member, zlib's own gzip reader agrees. */

#include "config.h"

#include "dataplug.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Inputs that unpack to more than this are not compared (a bomb of 1000:1 costs time only). */
#define OUTPUT_MAX (1u << 20)

struct source {
    const uint8_t *bytes;
    size_t left;
};

struct outcome {
    int status; /* 0: all is well; 1: too much; < 0: refused */
    size_t length;
    uint8_t bytes[OUTPUT_MAX];
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Odd pieces, so that headers and codes fall across their edges. */
static int64_t give(void *user, void *buffer, size_t capacity, struct dp_error *err)
{
    struct source *source = user;
    size_t length = source->left < 97 ? source->left : 97;

    (void)err;
    if (length > capacity)
        length = capacity;
    memcpy(buffer, source->bytes, length);
    source->bytes += length;
    source->left -= length;
    return (int64_t)length;
}

static void unpack(struct dp_context *context, const uint8_t *data, size_t size,
                   const char *backend, struct outcome *out)
{
    struct source source = {data, size};
    struct dp_stream_options options = {.struct_bytes = sizeof(options), .backend = backend};
    struct dp_stream *stream;
    const void *piece;
    int64_t got;

    out->length = 0;
    out->status = dp_stream_open_from(context, give, &source, "fuzz", &options, &stream, NULL);
    if (out->status != 0)
        return;
    while ((got = dp_stream_next(stream, &piece, NULL)) > 0) {
        if ((size_t)got > OUTPUT_MAX - out->length) {
            out->status = 1;
            break;
        }
        memcpy(out->bytes + out->length, piece, (size_t)got);
        out->length += (size_t)got;
    }
    if (got < 0)
        out->status = (int)got;
    dp_stream_free(stream);
}

/* zlib's verdict: 0 one whole member, 1 something else follows or it is too much, -1 damaged. */
static void judge(const uint8_t *data, size_t size, struct outcome *out)
{
    z_stream z = {.next_in = (uint8_t *)(uintptr_t)data, .avail_in = (uInt)size};
    int rc;

    if (inflateInit2(&z, 31) != Z_OK)
        abort();
    z.next_out = out->bytes;
    z.avail_out = OUTPUT_MAX;
    rc = inflate(&z, Z_FINISH);
    out->length = z.total_out;
    out->status = rc == Z_STREAM_END ? (z.avail_in > 0) : z.avail_out == 0 ? 1 : -1;
    inflateEnd(&z);
}

static void agree(const struct outcome *a, const struct outcome *b)
{
    if (a->status == 1 || b->status == 1)
        return;
    if ((a->status == 0) != (b->status == 0))
        abort();
    if (a->status == 0 && (a->length != b->length || memcmp(a->bytes, b->bytes, a->length) != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct dp_context *context;
    static struct outcome zlib, other;

    if (!context && dp_context_new(NULL, &context, NULL) != 0)
        abort();
    unpack(context, data, size, "zlib", &zlib);
    judge(data, size, &other);
    if (size > 0 && other.status != 1)
        agree(&zlib, &other);
#ifdef HAVE_ISAL
    unpack(context, data, size, "isal", &other);
    agree(&zlib, &other);
#endif
    return 0;
}
