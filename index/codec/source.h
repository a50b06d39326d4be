/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The compressed bytes as the decoders take them: the chunks of an input, one view at a time. A
 * decoder that took too many bytes gives the last ones back, and on request everything that is
 * taken is also recorded (the begin of what follows a seek point). */

#ifndef DP_CODEC_SOURCE_H
#define DP_CODEC_SOURCE_H

#include "base/array.h"
#include "connectors/input.h"

/* As many bytes as can be given back: ISA-L holds up to 8 in its bit buffer. */
#define DP_SOURCE_BACK 16u

struct dp_source {
    struct dp_input *input; /* not owned; NULL: there is one view only */
    uint8_t *prepended;     /* by dp_source_prepend; owned */
    const uint8_t *at;      /* what may be taken: [at, end); move `at` to take */
    const uint8_t *end;
    const uint8_t *begin;   /* of the view */
    uint64_t offset;        /* in the object, of `begin` */
    const uint8_t *next;    /* rest of the input's chunk, while the view is `stash` */
    const uint8_t *next_end;
    uint8_t tail[DP_SOURCE_BACK]; /* the bytes that stand before `begin` */
    unsigned tail_bytes;
    uint8_t stash[DP_SOURCE_BACK];

    bool recording;
    const uint8_t *recorded; /* in the view: everything before it is in `record` */
    struct dp_array record;
    uint64_t record_offset; /* in the object, of the record's first byte */
};

void dp_source_init(struct dp_source *source, struct dp_input *input);
/* Over `length` bytes that stand at `offset` in the object and outlive it. */
void dp_source_init_bytes(struct dp_source *source, const uint8_t *bytes, size_t length,
                          uint64_t offset);
void dp_source_free(struct dp_source *source);

/* Position in the object of the next byte. */
static inline uint64_t dp_source_offset(const struct dp_source *source)
{
    return source->offset + (uint64_t)(source->at - source->begin);
}

/* 1: at least one byte can be taken; 0: the end; < 0: enum dp_result. */
int dp_source_fill(struct dp_source *source, struct dp_error *err);
/* Takes one byte: 1, or 0 at the end, or < 0. */
int dp_source_byte(struct dp_source *source, uint8_t *byte, struct dp_error *err);
/* Gives back the last `count` bytes taken, up to DP_SOURCE_BACK; not again before they were taken
 * anew. Whoever records must have what it
 * wants by then: bytes given back may stand in the record twice. */
void dp_source_back(struct dp_source *source, size_t count);

/* Puts `count` bytes, copied, in front of what may be taken: the ones that stand there in the
 * object and were taken. False when out of memory. Once only, and not while the source records. */
bool dp_source_prepend(struct dp_source *source, const uint8_t *bytes, size_t count);

/* Begins to record with the last `back` bytes taken (up to DP_SOURCE_BACK). */
bool dp_source_record(struct dp_source *source, size_t back);
/* Brings `record` up to date with what was taken. False when out of memory. */
bool dp_source_flush(struct dp_source *source);
/* Drops what was recorded before `offset` (in the object), when that is worth moving the rest. */
void dp_source_trim(struct dp_source *source, uint64_t offset);

#endif
