/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/codec/source.h"

#include "index/codec/inflate.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void dp_source_init(struct dp_source *source, struct dp_input *input)
{
    static const uint8_t nothing[1];

    memset(source, 0, sizeof(*source));
    source->input = input;
    source->at = source->end = source->begin = nothing;
    source->offset = dp_input_offset(input);
}

void dp_source_init_bytes(struct dp_source *source, const uint8_t *bytes, size_t length,
                          uint64_t offset)
{
    memset(source, 0, sizeof(*source));
    source->at = source->begin = source->recorded = bytes;
    source->end = bytes + length;
    source->offset = offset;
}

void dp_source_free(struct dp_source *source)
{
    dp_array_free(&source->record);
    free(source->prepended);
}

/* Keeps the last bytes of the view, which is about to go. */
static void remember_tail(struct dp_source *source)
{
    size_t length = (size_t)(source->end - source->begin);

    if (length >= DP_SOURCE_BACK) {
        memcpy(source->tail, source->end - DP_SOURCE_BACK, DP_SOURCE_BACK);
        source->tail_bytes = DP_SOURCE_BACK;
        return;
    }
    if (source->tail_bytes + length > DP_SOURCE_BACK) {
        unsigned drop = source->tail_bytes + (unsigned)length - DP_SOURCE_BACK;

        memmove(source->tail, source->tail + drop, source->tail_bytes - drop);
        source->tail_bytes -= drop;
    }
    memcpy(source->tail + source->tail_bytes, source->begin, length);
    source->tail_bytes += (unsigned)length;
}

/* The view is used up. What is behind it stays known; its memory may go. */
static void leave_view(struct dp_source *source)
{
    remember_tail(source);
    source->offset += (uint64_t)(source->end - source->begin);
    source->begin = source->at = source->end = source->recorded = source->tail;
}

static void set_view(struct dp_source *source, const uint8_t *begin, const uint8_t *end)
{
    source->begin = source->at = source->recorded = begin;
    source->end = end;
}

int dp_source_fill(struct dp_source *source, struct dp_error *err)
{
    const uint8_t *bytes;
    size_t length;
    int rc;

    while (source->at == source->end) {
        if (!dp_source_flush(source))
            return dp_error_no_memory(err);
        if (source->next < source->next_end) {
            leave_view(source);
            set_view(source, source->next, source->next_end);
            source->next = source->next_end = NULL;
            break;
        }
        if (!source->input)
            return 0;
        leave_view(source);
        rc = dp_input_next(source->input, &bytes, &length, err);
        if (rc <= 0)
            return rc;
        set_view(source, bytes, bytes + length);
    }
    return 1;
}

int dp_source_byte(struct dp_source *source, uint8_t *byte, struct dp_error *err)
{
    int rc = source->at < source->end ? 1 : dp_source_fill(source, err);

    if (rc == 1)
        *byte = *source->at++;
    return rc;
}

void dp_source_back(struct dp_source *source, size_t count)
{
    size_t taken = (size_t)(source->at - source->begin);
    size_t before;

    if (count <= taken) {
        source->at -= count;
        return;
    }
    /* Some stand before the view: a small view of its own is made of them and the view's begin. */
    before = count - taken;
    assert(count <= DP_SOURCE_BACK && before <= source->tail_bytes);
    memmove(source->stash + before, source->begin, taken);
    memcpy(source->stash, source->tail + source->tail_bytes - before, before);
    if (source->begin != source->stash) {
        assert(source->next == source->next_end);
        source->next = source->at;
        source->next_end = source->end;
    } else {
        assert(source->at == source->end);
    }
    source->offset -= before;
    source->tail_bytes -= (unsigned)before;
    source->begin = source->at = source->recorded = source->stash;
    source->end = source->stash + count;
}

bool dp_source_prepend(struct dp_source *source, const uint8_t *bytes, size_t count)
{
    uint64_t offset = dp_source_offset(source) - count;

    assert(!source->prepended && source->next == source->next_end);
    source->prepended = malloc(count + DP_INFLATE_AHEAD);
    if (!source->prepended)
        return false;
    memcpy(source->prepended, bytes, count);
    source->next = source->at;
    source->next_end = source->end;
    source->offset = offset;
    source->begin = source->at = source->recorded = source->prepended;
    source->end = source->prepended + count;
    source->tail_bytes = 0;
    return true;
}

bool dp_source_record(struct dp_source *source, size_t back)
{
    size_t taken = (size_t)(source->at - source->begin);
    size_t before = back > taken ? back - taken : 0;

    assert(before <= source->tail_bytes);
    source->recording = true;
    source->record.length = 0;
    source->record_offset = dp_source_offset(source) - back;
    source->recorded = source->at - (back - before);
    return dp_array_append(&source->record, source->tail + source->tail_bytes - before, before, 1);
}

bool dp_source_flush(struct dp_source *source)
{
    const uint8_t *from = source->recorded;

    /* Bytes given back stand in the record already. */
    if (from >= source->at)
        return true;
    source->recorded = source->at;
    if (!source->recording)
        return true;
    return dp_array_append(&source->record, from, (size_t)(source->at - from), 1);
}

void dp_source_trim(struct dp_source *source, uint64_t offset)
{
    size_t length = (size_t)(offset - source->record_offset);
    uint8_t *bytes = source->record.data;

    if (length == 0 || length < source->record.length / 2)
        return;
    source->record.length -= length;
    memmove(bytes, bytes + length, source->record.length);
    source->record_offset = offset;
}
