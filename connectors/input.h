/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Sequential bytes for decoders: a range of an object with read-ahead, a whole object that serves
 * no ranges, or a callback (stdin). Pull style. Bytes are handed out as they arrive, where the
 * object can give them so. Memory is bounded: at most `parts` buffers of `part_bytes`, fewer (but
 * two) where other inputs of the context hold many. One thread uses an input; its own threads do
 * the reading ahead. */

#ifndef DP_CONNECTORS_INPUT_H
#define DP_CONNECTORS_INPUT_H

#include "connectors/object.h"

struct dp_input;

struct dp_input_options {
    size_t part_bytes; /* bytes per read; 0: 1 MiB for local objects; the context's for remote
                          ones, less where a short range pays for one more connection */
    unsigned parts;    /* reads under way or waiting; 0: 2 local; remote half as many again as the
                          context's connections */
    bool threads;      /* false: every read happens in the calling thread (remote objects and those
                          without ranges have threads in any case) */
    bool ramp;         /* the first parts of a remote object are short and grow, so that the user,
                          who gets bytes in order, has those of all connections from the start */
    bool decoded;      /* the user has more to do than to copy: where a short range is cut for
                          several connections, the first parts are shorter than the last */
};

/* Reads `range` of `object` in order. An object without ranges is read whole, whatever `range`
 * says. `options` may be NULL (the figures named above, threads). */
int dp_input_open_object(struct dp_object *object, struct dp_range range,
                         const struct dp_input_options *options, struct dp_input **input,
                         struct dp_error *err);

/* Reads what `read` gives until it gives 0, in the calling thread, one call per chunk. `name`
 * stands in messages; NULL context allowed. */
int dp_input_open_callback(struct dp_context *context, dp_read_fn read, void *user,
                           const char *name, const struct dp_input_options *options,
                           struct dp_input **input, struct dp_error *err);

/* 1: a chunk stands at *bytes, valid until the next call; 0: the end; < 0: enum dp_result. */
int dp_input_next(struct dp_input *input, const uint8_t **bytes, size_t *length,
                  struct dp_error *err);

/* The bytes that come next, without taking them (the tap does not see them yet): at least `wanted`
 * (up to 4,096), fewer only when the input ends before. Valid until the next call of
 * dp_input_next, which gives them again. 0 or a negative enum dp_result. */
int dp_input_peek(struct dp_input *input, size_t wanted, const uint8_t **bytes, size_t *length,
                  struct dp_error *err);

/* Called with every chunk before dp_input_next returns it (in the thread that calls that). */
void dp_input_set_tap(struct dp_input *input, void (*tap)(void *user, const uint8_t *bytes,
                                                          size_t length), void *user);

/* The name for messages and the offset in the object of the chunk that comes next. */
const char *dp_input_name(const struct dp_input *input);
uint64_t dp_input_offset(const struct dp_input *input);

/* Stops reading ahead and frees. Transfers under way are left, not waited for. */
void dp_input_free(struct dp_input *input);

#endif
