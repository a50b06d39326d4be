/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The fast backend: ISA-L. It has no way to stop at a block boundary, but it stops behind the last
 * block; so every block is made the last one: the first bit of its header is set in ISA-L's bit
 * buffer before ISA-L reads it, and the true one is kept here. Behind the block ISA-L is begun anew
 * with the same bits and the last 32 KiB as its dictionary. */

#include "index/codec/decoder.h"
#include "index/codec/inflate.h"

#include <isa-l.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct isal_inflate {
    struct dp_inflate base;
    bool at_header; /* the next bit is the first of a block's header */
    bool last;      /* the block at hand is the last one in truth */
    bool broken;    /* ISA-L failed; what it decoded before may still wait for room */
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

/* Begins a block at `bits` with `history` before it. */
static void begin_block(struct isal_inflate *self, uint64_t bits, int bit_count)
{
    isal_inflate_reset(&self->state);
    isal_inflate_set_dict(&self->state, self->history, DP_WINDOW_BYTES);
    self->state.read_in = bits;
    self->state.read_in_length = bit_count;
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
    begin_block(self, bits & ((1u << bit_count) - 1), (int)bit_count);
}

/* Moves bytes of the input into ISA-L's bit buffer, `count` at most. */
static void load_bits(struct isal_inflate *self, struct dp_inflate_io *io, size_t count)
{
    struct inflate_state *state = &self->state;

    for (; count && io->in_bytes && state->read_in_length <= 56; count--) {
        state->read_in |= (uint64_t)*io->in++ << state->read_in_length;
        state->read_in_length += 8;
        io->in_bytes--;
    }
}

/* Makes the block that begins here the last one. False when there is no bit of it yet. */
static bool mark_block(struct isal_inflate *self, struct dp_inflate_io *io)
{
    if (self->state.read_in_length == 0)
        load_bits(self, io, 1);
    if (self->state.read_in_length == 0)
        return false;
    self->last = self->state.read_in & 1;
    self->state.read_in |= 1;
    self->at_header = false;
    return true;
}

/* Bytes that ISA-L has decoded and had no room for. */
static int32_t pending(const struct isal_inflate *self)
{
    return self->state.tmp_out_valid - self->state.tmp_out_processed;
}

/* One call of ISA-L. `copied` says how many of the bytes written came through its own buffer. */
static int step(struct isal_inflate *self, struct dp_inflate_io *io, size_t *copied)
{
    struct inflate_state *state = &self->state;
    uint32_t in_bytes = io->in_bytes > INT_MAX ? INT_MAX : (uint32_t)io->in_bytes;
    uint32_t out_bytes = io->out_bytes > INT_MAX ? INT_MAX : (uint32_t)io->out_bytes;
    int32_t processed = state->tmp_out_processed;
    int rc;

    state->next_in = (uint8_t *)io->in;
    state->avail_in = in_bytes;
    state->next_out = io->out;
    state->avail_out = out_bytes;
    rc = isal_inflate(state);
    io->in += in_bytes - state->avail_in;
    io->in_bytes -= in_bytes - state->avail_in;
    io->out += out_bytes - state->avail_out;
    io->out_bytes -= out_bytes - state->avail_out;
    *copied = (size_t)(state->tmp_out_processed - processed);
    return rc;
}

/* The block has ended and all of it is written, `direct` bytes before `out` not through ISA-L's
 * buffer: the last 32 KiB are what that holds and then these. */
static void end_block(struct isal_inflate *self, const uint8_t *out, size_t direct)
{
    const struct inflate_state *state = &self->state;
    uint64_t bits = state->read_in;
    int bit_count = state->read_in_length;
    size_t before;

    if (direct > DP_WINDOW_BYTES)
        direct = DP_WINDOW_BYTES;
    before = DP_WINDOW_BYTES - direct;
    memcpy(self->history, state->tmp_out_buffer + state->tmp_out_valid - before, before);
    memcpy(self->history + before, out - direct, direct);
    begin_block(self, bits, bit_count);
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

/* After a call that ended no block: MORE or FULL when that is known, BOUNDARY for another call. */
static enum dp_inflate_status look(struct isal_inflate *self, struct dp_inflate_io *io,
                                   size_t in_before, int bits_before, size_t out_before)
{
    if (pending(self))
        return DP_INFLATE_FULL;
    if (io->in_bytes == in_before && self->state.read_in_length == bits_before &&
        io->out_bytes == out_before)
        /* It waits for the rest of a symbol; what it left of the input fits its bit buffer. */
        load_bits(self, io, SIZE_MAX);
    return io->in_bytes ? DP_INFLATE_BOUNDARY : DP_INFLATE_MORE;
}

static enum dp_inflate_status run_isal(struct dp_inflate *base, struct dp_inflate_io *io,
                                       bool stop)
{
    struct isal_inflate *self = (struct isal_inflate *)base;
    const struct inflate_state *state = &self->state;
    enum dp_inflate_status status;

    (void)stop;
    if (self->broken)
        return give_rest(self, io);
    if (self->at_header && !mark_block(self, io))
        return DP_INFLATE_MORE;
    for (;;) {
        size_t in_before = io->in_bytes, out_before = io->out_bytes, copied;
        int bits_before = state->read_in_length;

        if (step(self, io, &copied) < 0) {
            self->broken = true;
            return give_rest(self, io);
        }
        if (state->block_state != ISAL_BLOCK_INPUT_DONE &&
            state->block_state != ISAL_BLOCK_FINISH) {
            status = look(self, io, in_before, bits_before, out_before);
            if (status != DP_INFLATE_BOUNDARY)
                return status;
        } else if (pending(self) == 0) {
            if (self->last)
                return DP_INFLATE_END;
            end_block(self, io->out, out_before - io->out_bytes - copied);
            return DP_INFLATE_BOUNDARY;
        } else if (io->out_bytes == 0) {
            return DP_INFLATE_FULL;
        }
    }
}

static unsigned spare_bits_isal(const struct dp_inflate *base)
{
    return (unsigned)((const struct isal_inflate *)base)->state.read_in_length;
}

const struct dp_inflate_ops dp_inflate_isal = {
    .name = "isal",
    .open = open_isal,
    .close = close_isal,
    .begin = begin_isal,
    .run = run_isal,
    .spare_bits = spare_bits_isal,
};
