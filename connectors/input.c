/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/input.h"

#include "base/array.h"
#include "base/pages.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOCAL_PART_BYTES = 1 << 20,
    LOCAL_PARTS = 2,
    CALLBACK_BYTES = 1 << 20,
    HAND_OUT_BYTES = 256 << 10, /* of a part still arriving that are worth waking the user for */
    LEAST_UNIT_BYTES = 256 << 10,
    LEAST_SPLIT_BYTES = 1 << 20, /* a shorter part does not pay for its round trip */
    MOST_GROWING = 3 /* parts of a split range: of more, the last would be longer than parts are */
};

/* One buffer of the ring. Part n of the input stands in slot n % slot_count. What lies before
 * `length` does not change any more: the user reads it while the rest arrives behind. */
struct slot {
    uint8_t *bytes; /* allocated when first used */
    size_t length;  /* arrived so far */
    int rc;
    bool ready; /* complete or failed, not yet given back */
};

/* Parts are numbered from 0 in the order of the object. Invariant under the mutex:
 * taken <= started <= taken + slot_count. */
struct dp_input {
    char *name;
    int (*advance)(struct dp_input *input, const uint8_t **bytes, size_t *length,
                   struct dp_error *err);
    void (*tap)(void *user, const uint8_t *bytes, size_t length);
    void *tap_user;
    uint64_t offset; /* in the object, of the next chunk */
    int failed;      /* the first failure, which stays */
    struct dp_error error;
    const uint8_t *peeked; /* the next chunk, seen and not yet taken: in a slot or in `gathered` */
    size_t peeked_length;
    struct dp_array gathered; /* bytes; several chunks that were peeked at together */

    struct dp_object *object;
    struct dp_range range;
    size_t part_bytes;
    uint64_t ramp;   /* so many parts are shorter: part n has n + 1 units */
    size_t unit;
    dp_read_fn read; /* of a callback input */
    void *user;
    struct dp_context *context;

    struct slot *slots;
    unsigned slot_count;
    pthread_t *threads;
    unsigned thread_count; /* running */
    pthread_mutex_t mutex;
    pthread_cond_t filled, emptied;
    uint64_t part_count; /* UINT64_MAX while the end is not known */
    uint64_t started;    /* parts that a thread has begun to read */
    uint64_t taken;      /* parts that the user is done with */
    size_t given;        /* bytes of part `taken` that the user has or had */
    uint64_t claimed_bytes; /* of the context's limit of reading ahead */
    bool stop;
    struct dp_error part_error; /* of the failed part that comes first */
    uint64_t failed_part;
};

/* What lies before a part, in bytes of the range. */
static uint64_t before_part(const struct dp_input *input, uint64_t part)
{
    uint64_t growing = part < input->ramp ? part : input->ramp;

    return growing * (growing + 1) / 2 * input->unit + (part - growing) * input->part_bytes;
}

static uint64_t count_parts(const struct dp_input *input)
{
    uint64_t bytes = input->range.end - input->range.begin, count = 0, rest;

    while (count < input->ramp && before_part(input, count) < bytes)
        count++;
    if (before_part(input, count) >= bytes)
        return count;
    rest = bytes - before_part(input, count);
    return count + rest / input->part_bytes + (rest % input->part_bytes != 0);
}

static struct dp_range range_of_part(const struct dp_input *input, uint64_t part)
{
    uint64_t begin = before_part(input, part), end = before_part(input, part + 1);
    uint64_t bytes = input->range.end - input->range.begin;

    return (struct dp_range){input->range.begin + begin,
                             input->range.begin + (end < bytes ? end : bytes)};
}

static bool allocate(struct slot *slot, size_t bytes)
{
    if (!slot->bytes)
        slot->bytes = dp_pages_alloc(bytes);
    return slot->bytes != NULL;
}

/* ------------------------------------------------------------- in the calling thread */

static int advance_object(struct dp_input *input, const uint8_t **bytes, size_t *length,
                          struct dp_error *err)
{
    struct dp_range range;
    int rc;

    if (input->taken == input->part_count)
        return 0;
    if (!allocate(&input->slots[0], input->part_bytes))
        return dp_error_no_memory(err);
    range = range_of_part(input, input->taken);
    rc = dp_object_read_at(input->object, range, input->slots[0].bytes, err);
    if (rc)
        return rc;
    input->taken++;
    *bytes = input->slots[0].bytes;
    *length = (size_t)(range.end - range.begin);
    return 1;
}

static int advance_callback(struct dp_input *input, const uint8_t **bytes, size_t *length,
                            struct dp_error *err)
{
    int rc = input->context ? dp_context_check(input->context, err) : DP_OK;
    int64_t got;

    if (rc)
        return rc;
    if (!allocate(&input->slots[0], input->part_bytes))
        return dp_error_no_memory(err);
    got = input->read(input->user, input->slots[0].bytes, input->part_bytes, err);
    if (got < 0)
        return (int)got;
    if ((uint64_t)got > input->part_bytes)
        return dp_error_set(err, DP_INVALID, "%s: the callback gave more than was asked for",
                            input->name);
    *bytes = input->slots[0].bytes;
    *length = (size_t)got;
    return got > 0;
}

/* ------------------------------------------------------------------ threads and the ring */

static struct slot *slot_of(struct dp_input *input, uint64_t part)
{
    return &input->slots[part % input->slot_count];
}

/* The next part to read, waiting for room; false: nothing is left to do. Call with the mutex. */
static bool start_part(struct dp_input *input, uint64_t *part)
{
    while (!input->stop && input->started < input->part_count &&
           input->started - input->taken == input->slot_count)
        pthread_cond_wait(&input->emptied, &input->mutex);
    if (input->stop || input->started >= input->part_count)
        return false;
    *part = input->started++;
    return true;
}

/* Is there something of this part for the user? Call with the mutex. */
static bool is_worth_waking(const struct dp_input *input, const struct slot *slot)
{
    return slot->ready || slot->length - input->given >= HAND_OUT_BYTES;
}

/* `length` more bytes stand in the slot of `part`. DP_CANCELLED when nobody wants more of them: the
 * user gave up, or a part before it failed. */
static int arrive(struct dp_input *input, uint64_t part, size_t length, struct dp_error *err)
{
    struct slot *slot = slot_of(input, part);
    bool wanted;

    pthread_mutex_lock(&input->mutex);
    slot->length += length;
    if (length && part == input->taken && is_worth_waking(input, slot))
        pthread_cond_signal(&input->filled);
    wanted = !input->stop && part < input->part_count;
    pthread_mutex_unlock(&input->mutex);
    return wanted ? DP_OK
                  : dp_error_set(err, DP_CANCELLED, "%s: reading was given up", input->name);
}

/* Records how a part ended. Call with the mutex. Nothing behind a failure is worth reading. */
static void finish_part(struct dp_input *input, uint64_t part, int rc,
                        const struct dp_error *err)
{
    struct slot *slot = slot_of(input, part);

    slot->rc = rc;
    slot->ready = true;
    if (rc && part < input->failed_part) {
        input->failed_part = part;
        input->part_error = *err;
        if (input->part_count > part + 1)
            input->part_count = part + 1;
    }
    pthread_cond_signal(&input->filled);
    pthread_cond_broadcast(&input->emptied);
}

/* The part that a thread is filling. */
struct filling {
    struct dp_input *input;
    uint64_t part;
    bool open; /* of a push: `part` was started and has room */
};

/* The transport keeps to the range, so what comes fits. */
static int fill(void *user, const void *bytes, size_t length, struct dp_error *err)
{
    struct filling *filling = user;
    struct slot *slot = slot_of(filling->input, filling->part);

    if (length)
        memcpy(slot->bytes + slot->length, bytes, length);
    return arrive(filling->input, filling->part, length, err);
}

static int read_part(struct dp_input *input, uint64_t part, struct dp_error *err)
{
    struct dp_range range = range_of_part(input, part);
    struct filling filling = {.input = input, .part = part};
    struct slot *slot = slot_of(input, part);
    int rc;

    if (!allocate(slot, input->part_bytes))
        return dp_error_no_memory(err);
    if (input->object->ops->read_stream)
        return dp_object_read_stream(input->object, range, fill, &filling, err);
    rc = dp_object_read_at(input->object, range, slot->bytes, err);
    return rc ? rc : arrive(input, part, (size_t)(range.end - range.begin), err);
}

static void *read_parts(void *user)
{
    struct dp_input *input = user;
    struct dp_error err = {0};
    uint64_t part;

    pthread_mutex_lock(&input->mutex);
    while (start_part(input, &part)) {
        int rc;

        pthread_mutex_unlock(&input->mutex);
        rc = read_part(input, part, &err);
        pthread_mutex_lock(&input->mutex);
        finish_part(input, part, rc, &err);
    }
    pthread_mutex_unlock(&input->mutex);
    return NULL;
}

/* ---------------------------------------------------------------- an object without ranges */

static int begin_push(struct filling *push, struct dp_error *err)
{
    struct dp_input *input = push->input;

    pthread_mutex_lock(&input->mutex);
    push->open = start_part(input, &push->part);
    pthread_mutex_unlock(&input->mutex);
    if (!push->open)
        return dp_error_set(err, DP_CANCELLED, "%s: reading was given up", input->name);
    return allocate(slot_of(input, push->part), input->part_bytes) ? DP_OK
                                                                   : dp_error_no_memory(err);
}

static void end_push(struct filling *push, int rc, const struct dp_error *err)
{
    pthread_mutex_lock(&push->input->mutex);
    finish_part(push->input, push->part, rc, err);
    pthread_mutex_unlock(&push->input->mutex);
    push->open = false;
}

static bool is_stopped(struct dp_input *input)
{
    bool stopped;

    pthread_mutex_lock(&input->mutex);
    stopped = input->stop;
    pthread_mutex_unlock(&input->mutex);
    return stopped;
}

static int push_bytes(void *user, const void *bytes, size_t length, struct dp_error *err)
{
    struct filling *push = user;
    const uint8_t *from = bytes;

    if (is_stopped(push->input))
        return dp_error_set(err, DP_CANCELLED, "%s: reading was given up", push->input->name);
    while (length) {
        int rc = push->open ? DP_OK : begin_push(push, err);
        size_t n;

        if (rc)
            return rc;
        n = push->input->part_bytes - slot_of(push->input, push->part)->length;
        if (n > length)
            n = length;
        rc = fill(push, from, n, err);
        if (rc)
            return rc;
        from += n;
        length -= n;
        if (slot_of(push->input, push->part)->length == push->input->part_bytes)
            end_push(push, DP_OK, NULL);
    }
    return DP_OK;
}

static void *push_all(void *user)
{
    struct dp_input *input = user;
    struct filling push = {.input = input};
    struct dp_error err = {0}, ignored = {0};
    int rc = input->object->ops->read_all(input->object, push_bytes, &push, &err);

    /* The bytes before a failure are delivered first, then a part of its own brings the failure. */
    if (push.open)
        end_push(&push, DP_OK, NULL);
    if (rc && begin_push(&push, &ignored) != DP_CANCELLED)
        end_push(&push, rc, &err);
    pthread_mutex_lock(&input->mutex);
    if (input->part_count > input->started)
        input->part_count = input->started;
    pthread_cond_signal(&input->filled);
    pthread_mutex_unlock(&input->mutex);
    return NULL;
}

/* ---------------------------------------------------------------------------- from the ring */

/* The user is done with part `taken`. Call with the mutex. */
static void give_back(struct dp_input *input)
{
    struct slot *slot = slot_of(input, input->taken);

    slot->length = 0;
    slot->ready = false;
    input->given = 0;
    input->taken++;
    pthread_cond_broadcast(&input->emptied);
}

static int advance_ring(struct dp_input *input, const uint8_t **bytes, size_t *length,
                        struct dp_error *err)
{
    struct slot *slot;
    int rc = 0;

    pthread_mutex_lock(&input->mutex);
    slot = slot_of(input, input->taken);
    if (input->given && slot->ready && !slot->rc && slot->length == input->given)
        give_back(input);
    slot = slot_of(input, input->taken);
    while (input->taken < input->part_count && !is_worth_waking(input, slot))
        pthread_cond_wait(&input->filled, &input->mutex);
    if (input->taken < input->part_count) {
        *bytes = slot->bytes + input->given;
        *length = slot->length - input->given;
        input->given = slot->length;
        rc = 1;
        /* A failure comes behind the bytes that came before it. */
        if (slot->ready && slot->rc && !*length) {
            rc = slot->rc;
            if (err)
                *err = input->part_error;
        }
    }
    pthread_mutex_unlock(&input->mutex);
    return rc;
}

static int start_threads(struct dp_input *input, unsigned count, void *(*run)(void *),
                         struct dp_error *err)
{
    int rc = 0;

    input->threads = calloc(count, sizeof(*input->threads));
    if (!input->threads)
        return dp_error_no_memory(err);
    for (; input->thread_count < count && !rc; input->thread_count += !rc)
        rc = pthread_create(&input->threads[input->thread_count], NULL, run, input);
    /* Fewer threads than wished for do the same work. */
    return input->thread_count ? DP_OK
                               : dp_error_set_errno(err, rc, "%s: starting a thread", input->name);
}

/* --------------------------------------------------------------------------------- open */

static struct dp_input *new_input(const char *name, struct dp_error *err)
{
    struct dp_input *input = calloc(1, sizeof(*input));

    if (input)
        input->name = strdup(name);
    if (!input || !input->name) {
        free(input);
        dp_error_no_memory(err);
        return NULL;
    }
    pthread_mutex_init(&input->mutex, NULL);
    pthread_cond_init(&input->filled, NULL);
    pthread_cond_init(&input->emptied, NULL);
    input->failed_part = UINT64_MAX;
    return input;
}

static int set_slots(struct dp_input *input, unsigned count, struct dp_error *err)
{
    input->slots = calloc(count, sizeof(*input->slots));
    input->slot_count = count;
    return input->slots ? DP_OK : dp_error_no_memory(err);
}

static bool is_far(const struct dp_object *object)
{
    return object->remote && object->context;
}

/* A range of few parts is cut into one more, of equal length, so that it comes over one more
 * connection; where parts are many the connections are busy anyway. */
static size_t split(const struct dp_input *input, size_t part_bytes)
{
    uint64_t bytes = input->range.end - input->range.begin;
    uint64_t count = bytes / part_bytes + (bytes % part_bytes != 0) + 1;

    if (count > input->object->context->options.connections || bytes / count < LEAST_SPLIT_BYTES)
        return part_bytes;
    return (size_t)(bytes / count + (bytes % count != 0));
}

/* A user who decodes is faster than one connection. The parts of a split range, which are all
 * under way at once, then grow by the same length each: it works on the short ones while the long
 * ones are still arriving, and has not all of the last before it when that is complete. */
static void grow(struct dp_input *input)
{
    const struct dp_context_options *options = &input->object->context->options;
    uint64_t bytes = input->range.end - input->range.begin;
    uint64_t count = bytes / input->part_bytes + (bytes % input->part_bytes != 0);
    uint64_t units = count * (count + 1) / 2;

    if (count < 2 || count > MOST_GROWING || count > options->connections)
        return;
    if (bytes / units * count > options->part_bytes)
        return; /* the range was not cut for this */
    input->unit = (size_t)(bytes / units + (bytes % units != 0));
    input->part_bytes = count * input->unit;
    input->ramp = count;
}

/* Chooses the figures that the options leave open. */
static struct dp_input_options complete(const struct dp_input *input,
                                        const struct dp_input_options *given)
{
    struct dp_input_options options = {.threads = true};
    const struct dp_object *object = input->object;

    if (given)
        options = *given;
    options.ramp = options.ramp && is_far(object);
    if (!options.part_bytes && options.ramp)
        options.part_bytes = (size_t)object->context->options.part_bytes;
    else if (!options.part_bytes && is_far(object))
        options.part_bytes = split(input, (size_t)object->context->options.part_bytes);
    else if (!options.part_bytes)
        options.part_bytes = LOCAL_PART_BYTES;
    /* Half as many again as are under way: one slow connection does not hold the others up. */
    if (!options.parts)
        options.parts = is_far(object) ? object->context->options.connections * 3 / 2 : LOCAL_PARTS;
    /* Waiting for a server is no work, so it takes no thread from anybody. */
    if (object->remote)
        options.threads = true;
    if (options.parts < 2 && (options.threads || !object->ranges))
        options.parts = 2; /* one with the user, one being read */
    return options;
}

/* All inputs of a context together read ahead twice what its connections can carry at once; but
 * each of them has two buffers in any case. Returns how many this one gets. */
static unsigned claim(struct dp_input *input, unsigned wanted)
{
    struct dp_context *context = input->object->context;
    uint64_t limit, claimed;
    unsigned count;

    if (!is_far(input->object))
        return wanted;
    limit = 2 * context->options.connections * context->options.part_bytes;
    claimed = atomic_load(&context->ahead_bytes);
    do {
        uint64_t left = claimed < limit ? (limit - claimed) / input->part_bytes : 0;

        count = left < 2 ? 2 : left < wanted ? (unsigned)left : wanted;
        input->claimed_bytes = count * (uint64_t)input->part_bytes;
    } while (!atomic_compare_exchange_weak(&context->ahead_bytes, &claimed,
                                           claimed + input->claimed_bytes));
    return count;
}

/* As many parts grow as there are connections, up to the whole length. */
static void set_ramp(struct dp_input *input)
{
    unsigned connections = input->object->context->options.connections;
    size_t unit = input->part_bytes / connections;

    if (unit < LEAST_UNIT_BYTES)
        return;
    input->ramp = connections;
    input->unit = unit;
}

static int start_parts(struct dp_input *input, const struct dp_input_options *options,
                       struct dp_error *err)
{
    uint64_t bytes = input->range.end - input->range.begin;
    unsigned slots, threads;
    int rc;

    if (options->ramp)
        set_ramp(input);
    else if (options->decoded && is_far(input->object))
        grow(input);
    input->part_count = count_parts(input);
    if (input->part_bytes > bytes && bytes)
        input->part_bytes = (size_t)bytes;
    if (!options->threads || input->part_count < (input->object->remote ? 1 : 2)) {
        input->advance = advance_object;
        return set_slots(input, 1, err);
    }
    input->advance = advance_ring;
    slots = claim(input, options->parts < input->part_count ? options->parts
                                                            : (unsigned)input->part_count);
    rc = set_slots(input, slots, err);
    if (rc)
        return rc;
    threads = input->object->remote ? slots : 1;
    if (is_far(input->object) && threads > input->object->context->options.connections)
        threads = input->object->context->options.connections;
    return start_threads(input, threads, read_parts, err);
}

static int start_push(struct dp_input *input, const struct dp_input_options *options,
                      struct dp_error *err)
{
    int rc = set_slots(input, options->parts, err);

    if (rc)
        return rc;
    input->part_count = UINT64_MAX;
    input->advance = advance_ring;
    return start_threads(input, 1, push_all, err);
}

int dp_input_open_object(struct dp_object *object, struct dp_range range,
                         const struct dp_input_options *given, struct dp_input **input,
                         struct dp_error *err)
{
    struct dp_input_options options;
    struct dp_input *made;
    int rc;

    if (object->ranges && (range.begin > range.end || range.end > object->size_bytes))
        return dp_error_set(err, DP_INVALID,
                            "%s: bytes %" PRIu64 " to %" PRIu64 " are not a part of it",
                            object->uri, range.begin, range.end);
    made = new_input(object->uri, err);
    if (!made)
        return DP_NO_MEMORY;
    made->object = object;
    made->range = range;
    made->offset = object->ranges ? range.begin : 0;
    options = complete(made, given);
    made->part_bytes = options.part_bytes;
    rc = object->ranges ? start_parts(made, &options, err) : start_push(made, &options, err);
    if (rc)
        dp_input_free(made);
    else
        *input = made;
    return rc;
}

int dp_input_open_callback(struct dp_context *context, dp_read_fn read, void *user,
                           const char *name, const struct dp_input_options *options,
                           struct dp_input **input, struct dp_error *err)
{
    struct dp_input *made = new_input(name, err);

    if (!made)
        return DP_NO_MEMORY;
    made->context = context;
    made->read = read;
    made->user = user;
    made->part_bytes = options && options->part_bytes ? options->part_bytes : CALLBACK_BYTES;
    made->advance = advance_callback;
    if (set_slots(made, 1, err)) {
        dp_input_free(made);
        return DP_NO_MEMORY;
    }
    *input = made;
    return DP_OK;
}

/* ---------------------------------------------------------------------------------- use */

/* The next chunk that is not empty, from the source itself. */
static int advance(struct dp_input *input, const uint8_t **bytes, size_t *length,
                   struct dp_error *err)
{
    int rc = input->failed;

    if (!rc) {
        do
            rc = input->advance(input, bytes, length, &input->error);
        while (rc > 0 && *length == 0);
        if (rc < 0)
            input->failed = rc;
    }
    if (rc < 0 && err)
        *err = input->error;
    return rc;
}

int dp_input_next(struct dp_input *input, const uint8_t **bytes, size_t *length,
                  struct dp_error *err)
{
    const uint8_t *chunk = input->peeked;
    size_t chunk_length = input->peeked_length;
    int rc = 1;

    if (!chunk_length)
        rc = advance(input, &chunk, &chunk_length, err);
    if (rc <= 0)
        return rc;
    input->peeked_length = 0;
    if (input->tap)
        input->tap(input->tap_user, chunk, chunk_length);
    input->offset += chunk_length;
    *bytes = chunk;
    *length = chunk_length;
    return 1;
}

/* Appends the chunk behind the peeked ones to them. > 0 when there was one. */
static int peek_further(struct dp_input *input, struct dp_error *err)
{
    bool in_slot = input->peeked_length && !input->gathered.length;
    const uint8_t *chunk;
    size_t length;
    int rc;

    /* Asking for another chunk gives the slot of this one back. */
    if (in_slot && !dp_array_append(&input->gathered, input->peeked, input->peeked_length, 1))
        return dp_error_no_memory(err);
    rc = advance(input, &chunk, &length, err);
    if (rc > 0 && !dp_array_append(&input->gathered, chunk, length, 1))
        return dp_error_no_memory(err);
    if (input->gathered.length) {
        input->peeked = input->gathered.data;
        input->peeked_length = input->gathered.length;
    }
    return rc;
}

int dp_input_peek(struct dp_input *input, size_t wanted, const uint8_t **bytes, size_t *length,
                  struct dp_error *err)
{
    int rc = 1;

    if (!input->peeked_length) {
        input->gathered.length = 0;
        rc = advance(input, &input->peeked, &input->peeked_length, err);
    }
    while (rc > 0 && input->peeked_length < wanted)
        rc = peek_further(input, err);
    if (rc < 0)
        return rc;
    *bytes = input->peeked;
    *length = input->peeked_length;
    return DP_OK;
}

void dp_input_set_tap(struct dp_input *input,
                      void (*tap)(void *user, const uint8_t *bytes, size_t length), void *user)
{
    input->tap = tap;
    input->tap_user = user;
}

const char *dp_input_name(const struct dp_input *input)
{
    return input->name;
}

uint64_t dp_input_offset(const struct dp_input *input)
{
    return input->offset;
}

void dp_input_free(struct dp_input *input)
{
    unsigned i;

    if (!input)
        return;
    pthread_mutex_lock(&input->mutex);
    input->stop = true;
    pthread_cond_broadcast(&input->emptied);
    pthread_mutex_unlock(&input->mutex);
    for (i = 0; i < input->thread_count; i++)
        pthread_join(input->threads[i], NULL);
    if (input->claimed_bytes)
        atomic_fetch_sub(&input->object->context->ahead_bytes, input->claimed_bytes);
    for (i = 0; i < input->slot_count && input->slots; i++)
        free(input->slots[i].bytes);
    pthread_cond_destroy(&input->emptied);
    pthread_cond_destroy(&input->filled);
    pthread_mutex_destroy(&input->mutex);
    dp_array_free(&input->gathered);
    free(input->threads);
    free(input->slots);
    free(input->name);
    free(input);
}
