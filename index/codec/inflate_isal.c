/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The fast backend: ISA-L. It has no way to stop at a block boundary, but it stops behind the last
 * block; so every block is made the last one: the first bit of its header is set in ISA-L's bit
 * buffer before ISA-L reads it, and the true one is kept here. Behind the block ISA-L is begun anew
 * with the same bits and the last 32 KiB as its dictionary. The header is checked here too, because
 * ISA-L takes codes that others refuse. */

#include "index/codec/block_header.h"
#include "index/codec/decoder.h"
#include "index/codec/inflate.h"

#include <isa-l.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct isal_inflate {
    struct dp_inflate base;
    bool at_header; /* the next bit is the first of a block's header */
    bool last;      /* the block at hand is the last one in truth */
    bool broken;    /* ISA-L failed; what it decoded before may still wait for room */
    uint8_t header[DP_BLOCK_HEADER_BYTES]; /* the begin of one that came in several inputs */
    size_t header_bytes;
    struct dp_inflate_io queue; /* of these, what ISA-L has not read yet */
    struct inflate_state state;
    uint8_t history[DP_WINDOW_BYTES];
};

static struct dp_inflate *open_isal(void)
{
    struct isal_inflate *self = calloc(1, sizeof(*self));

    if (!self)
        return NULL;
    self->base.ops = &dp_inflate_isal;
    isal_inflate_init(&self->state);
    return &self->base;
}

static void close_isal(struct dp_inflate *base)
{
    free(base);
}

/* Begins a block at `bits` with the 32 KiB at `history` before it. */
static void begin_block(struct isal_inflate *self, const uint8_t *history, uint64_t bits,
                        int bit_count)
{
    isal_inflate_reset(&self->state);
    isal_inflate_set_dict(&self->state, (uint8_t *)history, DP_WINDOW_BYTES);
    self->state.read_in = bits;
    self->state.read_in_length = bit_count;
    self->header_bytes = 0;
    self->queue.in_bytes = 0;
    self->at_header = true;
}

static void begin_isal(struct dp_inflate *base, unsigned bits, unsigned bit_count,
                       const uint8_t *window, size_t window_bytes)
{
    struct isal_inflate *self = (struct isal_inflate *)base;

    memset(self->history, 0, DP_WINDOW_BYTES - window_bytes);
    if (window_bytes)
        memcpy(self->history + DP_WINDOW_BYTES - window_bytes, window, window_bytes);
    self->broken = false;
    begin_block(self, self->history, bits & ((1u << bit_count) - 1), (int)bit_count);
}

/* Moves bytes of the input into ISA-L's bit buffer, `count` at most. */
static void load_bits(struct isal_inflate *self, struct dp_inflate_io *feed, size_t count)
{
    struct inflate_state *state = &self->state;

    for (; count && feed->in_bytes && state->read_in_length <= 56; count--) {
        state->read_in |= (uint64_t)*feed->in++ << state->read_in_length;
        state->read_in_length += 8;
        feed->in_bytes--;
    }
}

static enum dp_block_verdict check(const struct isal_inflate *self, const uint8_t *bytes,
                                   size_t length, size_t *header_bits)
{
    return dp_block_header_check(self->state.read_in, (unsigned)self->state.read_in_length, bytes,
                                 length, header_bits);
}

/* Takes `count` bytes of the input into `header`, which has room for them. */
static void keep(struct isal_inflate *self, struct dp_inflate_io *io, size_t count)
{
    memcpy(self->header + self->header_bytes, io->in, count);
    self->header_bytes += count;
    io->in += count;
    io->in_bytes -= count;
}

/* Looks at the header of the block that begins here. One that is not whole in the input is gathered
 * in `header`, up to its last byte and no further. */
static enum dp_block_verdict check_header(struct isal_inflate *self, struct dp_inflate_io *io)
{
    size_t room = DP_BLOCK_HEADER_BYTES - self->header_bytes, bits, bytes;
    size_t extra = io->in_bytes < room ? io->in_bytes : room;
    enum dp_block_verdict verdict;

    if (self->header_bytes == 0) {
        verdict = check(self, io->in, io->in_bytes, &bits);
        if (verdict == DP_BLOCK_MORE)
            keep(self, io, extra);
        return verdict;
    }
    memcpy(self->header + self->header_bytes, io->in, extra);
    verdict = check(self, self->header, self->header_bytes + extra, &bits);
    bytes = (bits - (size_t)self->state.read_in_length + 7) / 8;
    if (verdict != DP_BLOCK_MORE)
        extra = bytes - self->header_bytes;
    keep(self, io, extra);
    return verdict;
}

/* Makes the block that begins here the last one. */
static void mark_block(struct isal_inflate *self, struct dp_inflate_io *io)
{
    self->queue.in = self->header;
    self->queue.in_bytes = self->header_bytes;
    self->header_bytes = 0;
    if (self->state.read_in_length == 0)
        load_bits(self, self->queue.in_bytes ? &self->queue : io, 1);
    self->last = self->state.read_in & 1;
    self->state.read_in |= 1;
    self->at_header = false;
}

/* Bytes that ISA-L has decoded and had no room for. */
static int32_t pending(const struct isal_inflate *self)
{
    return self->state.tmp_out_valid - self->state.tmp_out_processed;
}

/* How much room one call may see. ISA-L's buffer holds 32 KiB of history at the begin of a call, or
 * more behind small blocks (end_block); then the call must not write past that buffer, or ISA-L
 * would not keep the history right. */
static uint32_t room_of_call(const struct isal_inflate *self, const struct dp_inflate_io *io)
{
    size_t room = io->out_bytes > INT_MAX ? INT_MAX : io->out_bytes;
    size_t limit = 2 * DP_WINDOW_BYTES - (size_t)self->state.tmp_out_valid;

    if (pending(self) || self->state.tmp_out_valid <= (int32_t)DP_WINDOW_BYTES)
        return (uint32_t)room;
    return (uint32_t)(room < limit ? room : limit);
}

/* One call of ISA-L. `copied` says how many of the bytes written came through its own buffer. */
static int step(struct isal_inflate *self, struct dp_inflate_io *feed, struct dp_inflate_io *io,
                size_t *copied)
{
    struct inflate_state *state = &self->state;
    uint32_t in_bytes = feed->in_bytes > INT_MAX ? INT_MAX : (uint32_t)feed->in_bytes;
    uint32_t out_bytes = room_of_call(self, io);
    int32_t processed = state->tmp_out_processed;
    uint32_t taken;
    int rc;

    state->next_in = (uint8_t *)feed->in;
    state->avail_in = in_bytes;
    state->next_out = io->out;
    state->avail_out = out_bytes;
    rc = isal_inflate(state);
    /* ISA-L reads ahead by words. Where it meets damage it may count bytes behind the input as
     * taken; they are in its bit buffer only. */
    taken = in_bytes - state->avail_in;
    if (taken > in_bytes)
        taken = in_bytes;
    feed->in += taken;
    feed->in_bytes -= taken;
    io->out += out_bytes - state->avail_out;
    io->out_bytes -= out_bytes - state->avail_out;
    *copied = (size_t)(state->tmp_out_processed - processed);
    return rc;
}

/* The block has ended and all of it is written, `direct` bytes before `out` not through ISA-L's
 * buffer: the last 32 KiB are what that holds and then these. */
static void end_block(struct isal_inflate *self, const uint8_t *out, size_t direct)
{
    struct inflate_state *state = &self->state;
    uint64_t bits = state->read_in;
    int bit_count = state->read_in_length;
    size_t before;

    if (direct == 0 && state->tmp_out_valid < (int32_t)DP_WINDOW_BYTES / 2 * 3) {
        /* A small block: its buffer has room for another, behind the history it holds. */
        state->block_state = ISAL_BLOCK_NEW_HDR;
        self->at_header = true;
        return;
    }
    if (direct >= DP_WINDOW_BYTES) {
        begin_block(self, out - DP_WINDOW_BYTES, bits, bit_count);
        return;
    }
    before = DP_WINDOW_BYTES - direct;
    memcpy(self->history, state->tmp_out_buffer + state->tmp_out_valid - before, before);
    memcpy(self->history + before, out - direct, direct);
    begin_block(self, self->history, bits, bit_count);
}

/* What was decoded before the damage, then the damage. */
static enum dp_inflate_status give_rest(struct isal_inflate *self, struct dp_inflate_io *io)
{
    struct inflate_state *state = &self->state;
    size_t length = (size_t)pending(self);

    if (length > io->out_bytes)
        length = io->out_bytes;
    if (length)
        memcpy(io->out, state->tmp_out_buffer + state->tmp_out_processed, length);
    state->tmp_out_processed += (int32_t)length;
    io->out += length;
    io->out_bytes -= length;
    return pending(self) ? DP_INFLATE_FULL : DP_INFLATE_BROKEN;
}

/* ISA-L waits for the rest of a symbol: what it left of the input fits its bit buffer. */
static bool is_stuck(const struct isal_inflate *self, const struct dp_inflate_io *feed,
                     size_t in_before, int bits_before)
{
    return feed->in_bytes && feed->in_bytes == in_before &&
           self->state.read_in_length == bits_before;
}

/* Decodes the block at hand until it ends or something is lacking. */
static enum dp_inflate_status run_block(struct isal_inflate *self, struct dp_inflate_io *io)
{
    const struct inflate_state *state = &self->state;

    for (;;) {
        struct dp_inflate_io *feed = self->queue.in_bytes ? &self->queue : io;
        size_t in_before = feed->in_bytes, out_before = io->out_bytes, copied;
        int bits_before = state->read_in_length;
        bool ended;

        if (step(self, feed, io, &copied) < 0) {
            self->broken = true;
            return give_rest(self, io);
        }
        ended = state->block_state == ISAL_BLOCK_INPUT_DONE ||
                state->block_state == ISAL_BLOCK_FINISH;
        if (ended && pending(self) == 0) {
            if (self->last)
                return DP_INFLATE_END;
            end_block(self, io->out, out_before - io->out_bytes - copied);
            return DP_INFLATE_BOUNDARY;
        }
        if (pending(self) && io->out_bytes == 0)
            return DP_INFLATE_FULL;
        if (out_before == io->out_bytes && is_stuck(self, feed, in_before, bits_before))
            load_bits(self, feed, SIZE_MAX);
        if (!ended && !self->queue.in_bytes && !io->in_bytes)
            return DP_INFLATE_MORE;
    }
}

static enum dp_inflate_status run_isal(struct dp_inflate *base, struct dp_inflate_io *io,
                                       bool stop)
{
    struct isal_inflate *self = (struct isal_inflate *)base;

    (void)stop;
    if (self->broken)
        return give_rest(self, io);
    if (self->at_header) {
        enum dp_block_verdict verdict = check_header(self, io);

        if (verdict == DP_BLOCK_MORE)
            return DP_INFLATE_MORE;
        self->broken = verdict == DP_BLOCK_BAD;
        if (self->broken)
            return DP_INFLATE_BROKEN;
        mark_block(self, io);
    }
    return run_block(self, io);
}

static unsigned spare_bits_isal(const struct dp_inflate *base)
{
    return (unsigned)((const struct isal_inflate *)base)->state.read_in_length;
}

/* Two blocks with one byte each: does ISA-L stop between them and say at which bit? Versions may
 * empty their bit buffer at the end, which loses the place. */
static bool stops_between_blocks(void)
{
    static const uint8_t packed[] = {0x4a, 0x04, 0x2c, 0x09, 0x00};
    uint8_t out[2] = {0, 0};
    struct dp_inflate_io io = {packed, sizeof(packed), out, sizeof(out)};
    struct dp_inflate *inflate = open_isal();
    bool good = inflate != NULL;

    if (good) {
        begin_isal(inflate, 0, 0, NULL, 0);
        good = run_isal(inflate, &io, true) == DP_INFLATE_BOUNDARY &&
               (size_t)(io.in - packed) * 8 - spare_bits_isal(inflate) == 18 &&
               run_isal(inflate, &io, true) == DP_INFLATE_END && memcmp(out, "ab", 2) == 0;
        close_isal(inflate);
    }
    return good;
}

static bool usable_isal(void)
{
    enum { UNKNOWN, USABLE, UNUSABLE };
    static atomic_int known = UNKNOWN;
    int verdict = atomic_load(&known);

    if (verdict == UNKNOWN) {
        verdict = stops_between_blocks() ? USABLE : UNUSABLE;
        atomic_store(&known, verdict);
    }
    return verdict == USABLE;
}

const struct dp_inflate_ops dp_inflate_isal = {
    .name = "isal",
    .usable = usable_isal,
    .open = open_isal,
    .close = close_isal,
    .begin = begin_isal,
    .run = run_isal,
    .spare_bits = spare_bits_isal,
};
