/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A slice's outputs: for each, its pieces one after the other. The first piece of every output is
 * opened at once, so that its transfers begin; where an object is far away the following ones, too,
 * some at a time, or each would cost a round trip; else a later one when it is its turn. The one
 * behind a header is opened with it: its threads decompress while the header is given out.
 *
 * Interleaved, the two outputs of mates take turns record by record. What they give is gathered in
 * a buffer, as records are small; of large ones only a part stands there at a time. */

#include "config.h"

#include "base/options.h"
#include "base/array.h"
#include "slicer/piece_reader.h"

#include <stdlib.h>
#include <string.h>

/* Interleaved records are gathered until there are so many bytes. */
#define GATHERED_BYTES ((size_t)256 << 10)
/* Pieces opened at a time. */
#define OPEN_PIECES 4

/* A piece that was opened before its turn. */
struct opened {
    struct dp_piece_reader *piece; /* NULL: that failed, and is tried again when it is its turn */
    const struct dp_slice_piece *planned;
};

/* One output. */
struct flow {
    size_t next;                   /* the first piece of the slice that was not looked at yet */
    struct dp_piece_reader *piece; /* being read; NULL: none */
    const struct dp_slice_piece *planned; /* what it reads */
    struct opened ahead[OPEN_PIECES - 1]; /* those that follow */
    size_t ahead_count;
    uint64_t record;                      /* interleaved: the one being read */
    uint8_t last_byte;                    /* of that record, so far */
    const uint8_t *pending;               /* given to nobody yet: dp_reader_read took only a part */
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

    struct dp_array gathered; /* interleaved bytes */
    uint64_t gathered_bytes;  /* in all, so far */
    uint32_t turn;            /* whose record is read */
};

/* ------------------------------------------------------------------------------------- open */

/* The output's next piece that was not looked at yet; NULL: there is none. */
static const struct dp_slice_piece *find_piece(struct dp_reader *reader, uint32_t output)
{
    const struct dp_slice *slice = reader->slice;
    struct flow *flow = &reader->flows[output];

    while (flow->next < slice->piece_count) {
        const struct dp_slice_piece *piece = &slice->pieces[flow->next++];

        if (piece->output == output && !(piece->prologue && reader->options.skip_prologue))
            return piece;
    }
    return NULL;
}

/* Opens pieces that follow, until so many wait. A failure is none yet: what comes before it is
 * good. */
static void open_ahead(struct dp_reader *reader, uint32_t output, size_t count)
{
    struct flow *flow = &reader->flows[output];

    while (flow->ahead_count < count) {
        struct opened *opened = &flow->ahead[flow->ahead_count];

        opened->planned = find_piece(reader, output);
        if (!opened->planned)
            return;
        opened->piece = NULL;
        flow->ahead_count++;
        if (dp_piece_reader_open(reader->context, reader->slice, opened->planned,
                                 &reader->options, &opened->piece, NULL) < 0)
            return;
    }
}

/* Goes on to the output's next piece. After the last one flow->piece is NULL. */
static int next_piece(struct dp_reader *reader, uint32_t output, struct dp_error *err)
{
    struct flow *flow = &reader->flows[output];
    int rc = DP_OK;

    if (flow->piece)
        dp_piece_reader_count(flow->piece, &reader->counts);
    dp_piece_reader_free(flow->piece);
    flow->piece = NULL;
    if (flow->ahead_count) {
        flow->planned = flow->ahead[0].planned;
        flow->piece = flow->ahead[0].piece;
        flow->ahead_count--;
        memmove(flow->ahead, flow->ahead + 1, flow->ahead_count * sizeof(flow->ahead[0]));
    } else {
        flow->planned = find_piece(reader, output);
    }
    if (!flow->planned)
        return DP_OK;
    flow->record = flow->planned->interval.begin;
    if (!flow->piece)
        rc = dp_piece_reader_open(reader->context, reader->slice, flow->planned, &reader->options,
                                  &flow->piece, err);
    if (!rc && dp_piece_reader_is_far(flow->piece))
        open_ahead(reader, output, OPEN_PIECES - 1);
    else if (!rc && flow->planned->prologue)
        open_ahead(reader, output, 1);
    return rc;
}

/* Mates: two outputs, whose pieces are all made of records by number. */
static int check_mates(const struct dp_slice *slice, struct dp_error *err)
{
    bool fits = slice->output_count == 2 && slice->sources[0].format->name_of;
    size_t i;

    for (i = 0; i < slice->piece_count && fits; i++)
        fits = slice->pieces[i].kind == DP_PIECE_RECORDS && !slice->pieces[i].filter &&
               slice->pieces[i].interval.unit == DP_UNIT_RECORDS;
    if (fits)
        return DP_OK;
    return dp_error_set(err, DP_INVALID, "slice %llu: it has no mates to interleave",
                        (unsigned long long)slice->number);
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
    if (!rc && given.interleave)
        rc = check_mates(slice, err);
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
    size_t i, k;

    if (!reader)
        return;
    for (i = 0; i < DP_SLICE_OUTPUTS_MAX; i++) {
        dp_piece_reader_free(reader->flows[i].piece);
        for (k = 0; k < reader->flows[i].ahead_count; k++)
            dp_piece_reader_free(reader->flows[i].ahead[k].piece);
    }
    dp_array_free(&reader->gathered);
    dp_slice_free(reader->slice);
    free(reader->index_uri);
    free(reader->backend);
    free(reader);
}

/* ------------------------------------------------------------------------------------- read */

static int gather(struct dp_reader *reader, const uint8_t *bytes, size_t length,
                  struct dp_error *err)
{
    if (!dp_array_append(&reader->gathered, bytes, length, 1))
        return dp_error_no_memory(err);
    reader->gathered_bytes += length;
    return DP_OK;
}

/* Where all records of a piece were given its checks are due; what it still gives are lines that
 * are no records. */
static int settle(struct dp_reader *reader, uint32_t output, struct dp_error *err)
{
    struct flow *flow = &reader->flows[output];
    const uint8_t *bytes;
    int64_t got;
    int rc = DP_OK;

    while (!rc && flow->piece && flow->record == flow->planned->interval.end) {
        do
            got = dp_piece_reader_next(flow->piece, UINT64_MAX, &bytes, err);
        while (got > 0);
        rc = got < 0 ? (int)got : next_piece(reader, output, err);
    }
    return rc;
}

/* Gathers some of the record whose turn it is, or ends it. */
static int interleave_step(struct dp_reader *reader, struct dp_error *err)
{
    struct flow *flow = &reader->flows[reader->turn];
    const uint8_t *bytes;
    int64_t got;

    if (!flow->piece) /* dp_slice_check saw to it that both have as many records */
        return dp_error_set(err, DP_DATA, "slice %llu: a mate is missing",
                            (unsigned long long)reader->slice->number);
    got = dp_piece_reader_next(flow->piece, flow->record + 1, &bytes, err);
    if (got < 0)
        return (int)got;
    if (got > 0) {
        flow->last_byte = bytes[got - 1];
        return gather(reader, bytes, (size_t)got, err);
    }
    flow->record++;
    reader->turn ^= 1;
    return flow->last_byte == '\n' ? DP_OK : gather(reader, (const uint8_t *)"\n", 1, err);
}

/* Instead of advance(), for both flows at once; the bytes become pending in the first. */
static int interleave(struct dp_reader *reader, struct dp_error *err)
{
    struct flow *flow = &reader->flows[0];
    int rc = DP_OK;

    if (flow->pending_bytes)
        return DP_OK;
    reader->gathered.length = 0;
    while (!rc && reader->gathered.length < GATHERED_BYTES) {
        rc = settle(reader, 0, err);
        if (!rc)
            rc = settle(reader, 1, err);
        if (rc || (!reader->flows[0].piece && !reader->flows[1].piece))
            break;
        rc = interleave_step(reader, err);
    }
    flow->pending = reader->gathered.data;
    flow->pending_bytes = reader->gathered.length;
    return rc;
}

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

    size_t count = reader->options.interleave ? 1 : reader->slice->output_count;

    if (output >= count)
        return dp_error_set(err, DP_INVALID, "slice %llu has only %zu output%s",
                            (unsigned long long)reader->slice->number, count, count > 1 ? "s" : "");
    flow = &reader->flows[output];
    if (!flow->failed)
        flow->failed = reader->options.interleave ? interleave(reader, &flow->why)
                                                  : advance(reader, output, &flow->why);
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
    if (reader->options.interleave)
        full.bytes = reader->gathered_bytes;
    memcpy(counts, &full, room < sizeof(full) ? room : sizeof(full));
}
