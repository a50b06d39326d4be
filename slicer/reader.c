/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A slice's outputs: for each, its pieces one after the other. The first piece of every output is
 * opened at once, so that its transfers begin, a later one when it is its turn. */

#include "config.h"

#include "base/options.h"
#include "slicer/piece_reader.h"

#include <stdlib.h>
#include <string.h>

/* One output. */
struct flow {
    size_t next;                   /* the first piece of the slice that was not looked at yet */
    struct dp_piece_reader *piece; /* being read; NULL: none */
    const uint8_t *pending;        /* given to nobody yet: dp_reader_read took only a part */
    size_t pending_bytes;
    int failed; /* the first failure; every later call repeats it */
    struct dp_error why;
};

struct dp_reader {
    struct dp_context *context;
    struct dp_slice *slice; /* held */
    struct dp_reader_options options;
    char *index_uri; /* owned, as is the backend's name: they are needed again for later pieces */
    char *backend;
    struct dp_reader_counts counts; /* of the pieces that are done */
    struct flow flows[DP_SLICE_OUTPUTS_MAX];
};

/* ------------------------------------------------------------------------------------- open */

/* Goes on to the output's next piece. After the last one flow->piece is NULL. */
static int next_piece(struct dp_reader *reader, uint32_t output, struct dp_error *err)
{
    const struct dp_slice *slice = reader->slice;
    struct flow *flow = &reader->flows[output];

    if (flow->piece)
        dp_piece_reader_count(flow->piece, &reader->counts);
    dp_piece_reader_free(flow->piece);
    flow->piece = NULL;
    while (flow->next < slice->piece_count) {
        const struct dp_slice_piece *piece = &slice->pieces[flow->next++];

        if (piece->output == output && !(piece->prologue && reader->options.skip_prologue))
            return dp_piece_reader_open(reader->context, slice, piece, &reader->options,
                                        &flow->piece, err);
    }
    return DP_OK;
}

static int keep_text(const char *text, char **kept, struct dp_error *err)
{
    if (!text)
        return DP_OK;
    *kept = strdup(text);
    return *kept ? DP_OK : dp_error_no_memory(err);
}

static int keep_options(struct dp_reader *reader, const struct dp_reader_options *given,
                        struct dp_error *err)
{
    int rc = keep_text(given->index_uri, &reader->index_uri, err);

    if (!rc)
        rc = keep_text(given->backend, &reader->backend, err);
    reader->options = *given;
    reader->options.index_uri = reader->index_uri;
    reader->options.backend = reader->backend;
    return rc;
}

int dp_reader_open(struct dp_context *context, const struct dp_slice *slice,
                   const struct dp_reader_options *options, struct dp_reader **reader,
                   struct dp_error *err)
{
    struct dp_reader_options given;
    struct dp_reader *made;
    uint32_t i;
    int rc = dp_context_check(context, err);

    if (!rc)
        rc = dp_options_take(&given, sizeof(given), options, "reader", err);
    if (rc)
        return rc;
    made = calloc(1, sizeof(*made));
    if (!made)
        return dp_error_no_memory(err);
    made->context = context;
    made->slice = dp_slice_hold(slice);
    rc = keep_options(made, &given, err);
    for (i = 0; i < slice->output_count && !rc; i++)
        rc = next_piece(made, i, err);
    if (rc) {
        dp_reader_free(made);
        return rc;
    }
    *reader = made;
    return DP_OK;
}

void dp_reader_free(struct dp_reader *reader)
{
    size_t i;

    if (!reader)
        return;
    for (i = 0; i < DP_SLICE_OUTPUTS_MAX; i++)
        dp_piece_reader_free(reader->flows[i].piece);
    dp_slice_free(reader->slice);
    free(reader->index_uri);
    free(reader->backend);
    free(reader);
}

/* ------------------------------------------------------------------------------------- read */

/* Moves on until bytes are pending or the end was checked. */
static int advance(struct dp_reader *reader, uint32_t output, struct dp_error *err)
{
    struct flow *flow = &reader->flows[output];
    int64_t got = 0;
    int rc = DP_OK;

    while (!rc && !flow->pending_bytes && flow->piece) {
        got = dp_piece_reader_next(flow->piece, UINT64_MAX, &flow->pending, err);
        rc = got < 0 ? (int)got : DP_OK;
        if (got > 0)
            flow->pending_bytes = (size_t)got;
        else if (!rc)
            rc = next_piece(reader, output, err);
    }
    return rc;
}

/* The same, once the output is known to exist; a failure stays. */
static int fill(struct dp_reader *reader, unsigned output, struct dp_error *err)
{
    struct flow *flow;

    if (output >= reader->slice->output_count)
        return dp_error_set(err, DP_INVALID, "slice %llu has only %zu output%s",
                            (unsigned long long)reader->slice->number, reader->slice->output_count,
                            reader->slice->output_count > 1 ? "s" : "");
    flow = &reader->flows[output];
    if (!flow->failed)
        flow->failed = advance(reader, output, &flow->why);
    if (flow->failed && err)
        *err = flow->why;
    return flow->failed;
}

int64_t dp_reader_next(struct dp_reader *reader, unsigned output, const void **bytes,
                       struct dp_error *err)
{
    struct flow *flow;
    size_t length;
    int rc = fill(reader, output, err);

    if (rc)
        return rc;
    flow = &reader->flows[output];
    length = flow->pending_bytes;
    *bytes = flow->pending;
    flow->pending_bytes = 0;
    return (int64_t)length;
}

int64_t dp_reader_read(struct dp_reader *reader, unsigned output, void *buffer, size_t capacity,
                       struct dp_error *err)
{
    struct flow *flow;
    size_t length;
    int rc;

    if (capacity == 0)
        return dp_error_set(err, DP_INVALID, "slice %llu: no room to read into",
                            (unsigned long long)reader->slice->number);
    rc = fill(reader, output, err);
    if (rc)
        return rc;
    flow = &reader->flows[output];
    length = flow->pending_bytes < capacity ? flow->pending_bytes : capacity;
    if (length) {
        memcpy(buffer, flow->pending, length);
        flow->pending += length;
        flow->pending_bytes -= length;
    }
    return (int64_t)length;
}

void dp_reader_counts(const struct dp_reader *reader, struct dp_reader_counts *counts)
{
    size_t room = counts->struct_bytes, i;
    struct dp_reader_counts full = reader->counts;

    full.struct_bytes = room;
    for (i = 0; i < DP_SLICE_OUTPUTS_MAX; i++)
        if (reader->flows[i].piece)
            dp_piece_reader_count(reader->flows[i].piece, &full);
    memcpy(counts, &full, room < sizeof(full) ? room : sizeof(full));
}
