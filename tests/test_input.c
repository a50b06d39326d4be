/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/scripted.h"

#include "connectors/input.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

enum { SIZE = 1000003 };

static uint8_t *make_data(void)
{
    uint8_t *data = malloc(SIZE);
    uint32_t x = 1;
    size_t i;

    for (i = 0; i < SIZE; i++)
        data[i] = (uint8_t)((x = x * 1664525u + 1013904223u) >> 24);
    return data;
}

/* Pulls everything and compares it with `data` from `begin` on; gives the length. */
static size_t check_all(struct dp_input *input, const uint8_t *data, uint64_t begin)
{
    const uint8_t *bytes;
    size_t length, total = 0;
    struct dp_error err;
    int rc;

    ck_assert_uint_eq(dp_input_offset(input), begin);
    while ((rc = dp_input_next(input, &bytes, &length, &err)) > 0) {
        ck_assert_uint_gt(length, 0);
        ck_assert_int_eq(memcmp(bytes, data + begin + total, length), 0);
        total += length;
        ck_assert_uint_eq(dp_input_offset(input), begin + total);
    }
    ck_assert_int_eq(rc, 0);
    ck_assert_int_eq(dp_input_next(input, &bytes, &length, &err), 0);
    return total;
}

START_TEST(ranges_come_in_order_whatever_the_buffers)
{
    static const size_t part_bytes[] = {1, 1000, 4096, 65536, SIZE, 3 * SIZE};
    struct dp_context *context = test_context();
    uint8_t *data = make_data();
    struct dp_object *object;
    struct dp_range range;
    size_t i, parts;

    ck_assert_int_eq(dp_object_open_memory(context, data, SIZE, &object, NULL), DP_OK);
    for (i = 0; i < sizeof(part_bytes) / sizeof(part_bytes[0]); i++)
        for (parts = 1; parts < 6; parts += 2) {
            struct dp_input_options options = {.part_bytes = part_bytes[i],
                                               .parts = (unsigned)parts,
                                               .threads = parts > 1};
            struct dp_input *input;

            object->remote = parts == 5;
            range = part_bytes[i] == 1 ? (struct dp_range){77, 1077} : (struct dp_range){5, SIZE};
            ck_assert_int_eq(dp_input_open_object(object, range, &options, &input, NULL), DP_OK);
            ck_assert_uint_eq(check_all(input, data, range.begin), range.end - range.begin);
            dp_input_free(input);
        }
    dp_object_free(object);
    dp_context_free(context);
    free(data);
}
END_TEST

START_TEST(nothing_and_nonsense)
{
    struct dp_context *context = test_context();
    struct dp_object *object;
    struct dp_input *input;
    uint8_t data[10] = {0};

    ck_assert_int_eq(dp_object_open_memory(context, data, 10, &object, NULL), DP_OK);
    ck_assert_int_eq(
        dp_input_open_object(object, (struct dp_range){4, 4}, NULL, &input, NULL), DP_OK);
    ck_assert_uint_eq(check_all(input, data, 4), 0);
    dp_input_free(input);
    input = NULL;
    ck_assert_int_eq(dp_input_open_object(object, (struct dp_range){4, 11}, NULL, &input, NULL),
                     DP_INVALID);
    ck_assert_ptr_null(input);
    dp_input_free(NULL);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(leaving_early_frees_everything)
{
    struct dp_context *context = test_context();
    struct dp_input_options options = {1000, 4, true, false, false};
    uint8_t *data = make_data();
    const uint8_t *bytes;
    struct dp_object *object;
    struct dp_input *input;
    size_t length;
    int i;

    ck_assert_int_eq(dp_object_open_memory(context, data, SIZE, &object, NULL), DP_OK);
    object->remote = true;
    for (i = 0; i < 50; i++) {
        int k;

        ck_assert_int_eq(
            dp_input_open_object(object, (struct dp_range){0, SIZE}, &options, &input, NULL),
            DP_OK);
        for (k = 0; k < i; k++)
            ck_assert_int_eq(dp_input_next(input, &bytes, &length, NULL), 1);
        dp_input_free(input);
    }
    dp_object_free(object);
    dp_context_free(context);
    free(data);
}
END_TEST

START_TEST(a_failure_comes_in_its_place_and_stays)
{
    struct dp_fault_plan plan = {.fail_every = 5, .flip_offset = UINT64_MAX};
    struct dp_context *context = test_context();
    uint8_t *data = make_data();
    struct dp_object *memory, *object;
    const uint8_t *bytes;
    size_t length;
    int remote, count, rc;

    ck_assert_int_eq(dp_object_open_memory(context, data, SIZE, &memory, NULL), DP_OK);
    for (remote = 0; remote < 2; remote++) {
        struct dp_input_options options = {1000, 3, true, false, false};
        struct dp_input *input;
        struct dp_error err;

        ck_assert_int_eq(dp_object_open_faulty(memory, &plan, &object, NULL), DP_OK);
        object->remote = remote;
        ck_assert_int_eq(
            dp_input_open_object(object, (struct dp_range){0, SIZE}, &options, &input, NULL),
            DP_OK);
        for (count = 0; (rc = dp_input_next(input, &bytes, &length, &err)) > 0; count++)
            ck_assert_int_eq(memcmp(bytes, data + 1000 * count, length), 0);
        ck_assert_int_eq(rc, DP_IO);
        ck_assert_int_eq(err.code, DP_IO);
        ck_assert_int_eq(err.retryable, 1);
        if (!remote)
            ck_assert_int_eq(count, 4);
        memset(&err, 0, sizeof(err));
        ck_assert_int_eq(dp_input_next(input, &bytes, &length, &err), DP_IO);
        ck_assert_int_eq(err.code, DP_IO);
        dp_input_free(input);
        dp_object_free(object);
    }
    dp_object_free(memory);
    dp_context_free(context);
    free(data);
}
END_TEST

/* An object that counts how many of its parts are read and not yet used. */
static atomic_int reads;

static int read_slowly(struct dp_object *object, struct dp_range range, void *buffer,
                       struct dp_error *err)
{
    (void)object;
    (void)err;
    memset(buffer, 1, (size_t)(range.end - range.begin));
    atomic_fetch_add(&reads, 1);
    return DP_OK;
}

START_TEST(reading_ahead_is_bounded)
{
    static const struct dp_object_ops ops = {.name = "test", .read_at = read_slowly};
    struct dp_context *context = test_context();
    struct dp_object *object = dp_object_new(sizeof(*object), &ops, context, "test:");
    struct dp_input_options options = {1000, 4, true, false, false};
    const uint8_t *bytes;
    struct dp_input *input;
    size_t length;
    int i;

    object->size_bytes = 100000;
    object->remote = true;
    atomic_store(&reads, 0);
    ck_assert_int_eq(
        dp_input_open_object(object, (struct dp_range){0, 100000}, &options, &input, NULL),
        DP_OK);
    for (i = 0; i < 100; i++) {
        ck_assert_int_eq(dp_input_next(input, &bytes, &length, NULL), 1);
        if (i % 10 == 0)
            usleep(2000);
        /* `i` parts are given back; the buffers hold four more. */
        ck_assert_int_le(atomic_load(&reads), i + 4);
    }
    dp_input_free(input);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

struct source {
    const uint8_t *data;
    size_t left, step;
};

static int64_t read_source(void *user, void *buffer, size_t capacity, struct dp_error *err)
{
    struct source *source = user;
    size_t n = source->step < capacity ? source->step : capacity;

    if (source->step == 0)
        return dp_error_set(err, DP_IO, "broken source");
    if (n > source->left)
        n = source->left;
    memcpy(buffer, source->data, n);
    source->data += n;
    source->left -= n;
    return (int64_t)n;
}

START_TEST(callbacks_are_pulled)
{
    static const size_t steps[] = {1000, 4096, SIZE};
    uint8_t *data = make_data();
    const uint8_t *bytes;
    struct dp_input *input;
    struct dp_error err;
    struct source source;
    size_t i, length;

    for (i = 0; i < 3; i++) {
        source = (struct source){data, SIZE, steps[i]};
        ck_assert_int_eq(
            dp_input_open_callback(NULL, read_source, &source, "stdin", NULL, &input, NULL),
            DP_OK);
        ck_assert_str_eq(dp_input_name(input), "stdin");
        ck_assert_uint_eq(check_all(input, data, 0), SIZE);
        dp_input_free(input);
    }
    source = (struct source){data, SIZE, 0};
    ck_assert_int_eq(
        dp_input_open_callback(NULL, read_source, &source, "stdin", NULL, &input, NULL), DP_OK);
    ck_assert_int_eq(dp_input_next(input, &bytes, &length, &err), DP_IO);
    ck_assert_str_eq(err.message, "broken source");
    dp_input_free(input);
    free(data);
}
END_TEST

START_TEST(peeking_takes_nothing)
{
    static const size_t steps[] = {1, 7, 4095, 4096, 5000, SIZE};
    uint8_t *data = make_data();
    const uint8_t *bytes;
    struct dp_input *input;
    size_t i, length;

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct source source = {data, 10000, steps[i]};
        size_t taken = 0;

        ck_assert_int_eq(
            dp_input_open_callback(NULL, read_source, &source, "stdin", NULL, &input, NULL),
            DP_OK);
        ck_assert_int_eq(dp_input_peek(input, 2, &bytes, &length, NULL), DP_OK);
        ck_assert_uint_ge(length, 2);
        ck_assert_int_eq(dp_input_peek(input, 4096, &bytes, &length, NULL), DP_OK);
        ck_assert_uint_ge(length, 4096);
        ck_assert_int_eq(memcmp(bytes, data, length), 0);
        ck_assert_uint_eq(dp_input_offset(input), 0);
        ck_assert_int_eq(dp_input_next(input, &bytes, &length, NULL), 1);
        ck_assert_int_eq(memcmp(bytes, data, length), 0);
        for (taken = length; taken < 10000; taken += length) {
            ck_assert_int_eq(dp_input_peek(input, 4096, &bytes, &length, NULL), DP_OK);
            ck_assert(length >= 4096 || taken + length == 10000);
            ck_assert_int_eq(dp_input_next(input, &bytes, &length, NULL), 1);
            ck_assert_int_eq(memcmp(bytes, data + taken, length), 0);
        }
        ck_assert_int_eq(dp_input_peek(input, 1, &bytes, &length, NULL), DP_OK);
        ck_assert_uint_eq(length, 0);
        ck_assert_int_eq(dp_input_next(input, &bytes, &length, NULL), 0);
        dp_input_free(input);
    }
    free(data);
}
END_TEST

static void sum_up(void *user, const uint8_t *bytes, size_t length)
{
    (void)bytes;
    *(size_t *)user += length;
}

START_TEST(the_tap_sees_every_byte)
{
    struct dp_context *context = test_context();
    uint8_t *data = make_data();
    struct dp_object *object;
    struct dp_input *input;
    size_t sum = 0;

    ck_assert_int_eq(dp_object_open_memory(context, data, SIZE, &object, NULL), DP_OK);
    ck_assert_int_eq(
        dp_input_open_object(object, (struct dp_range){10, SIZE}, NULL, &input, NULL), DP_OK);
    dp_input_set_tap(input, sum_up, &sum);
    check_all(input, data, 10);
    ck_assert_uint_eq(sum, SIZE - 10);
    dp_input_free(input);
    dp_object_free(object);
    dp_context_free(context);
    free(data);
}
END_TEST

/* A place without ranges: gives pieces of odd sizes, then ends or fails. */
static int push_pieces(struct dp_object *object, dp_write_fn write, void *user,
                       struct dp_error *err)
{
    static const uint8_t zeros[5000];
    size_t sent = 0, n = 1;
    int rc;

    for (; sent < object->size_bytes; sent += n, n = n % 4999 + 1) {
        if (n > object->size_bytes - sent)
            n = object->size_bytes - sent;
        rc = write(user, zeros, n, err);
        if (!rc)
            rc = write(user, NULL, 0, err);
        if (rc)
            return rc;
    }
    return object->validator[0] ? dp_error_set(err, DP_IO, "connection lost") : DP_OK;
}

START_TEST(pushed_bytes_are_pulled)
{
    static const struct dp_object_ops ops = {.name = "test", .read_all = push_pieces};
    struct dp_context *context = test_context();
    struct dp_object *object = dp_object_new(sizeof(*object), &ops, context, "test:");
    struct dp_input_options options = {3000, 0, false, false, false};
    uint8_t *zeros = calloc(1, SIZE);
    const uint8_t *bytes;
    struct dp_input *input;
    struct dp_error err;
    size_t length, total = 0;
    int rc;

    object->ranges = false;
    object->size_bytes = SIZE;
    ck_assert_int_eq(dp_input_open_object(object, (struct dp_range){0, 0}, &options, &input, NULL),
                     DP_OK);
    ck_assert_uint_eq(check_all(input, zeros, 0), SIZE);
    dp_input_free(input);

    /* The bytes before a failure come first. */
    ck_assert_int_eq(dp_object_set_validator(object, "fail", "", NULL), DP_OK);
    ck_assert_int_eq(dp_input_open_object(object, (struct dp_range){0, 0}, &options, &input, NULL),
                     DP_OK);
    while ((rc = dp_input_next(input, &bytes, &length, &err)) > 0)
        total += length;
    ck_assert_int_eq(rc, DP_IO);
    ck_assert_str_eq(err.message, "connection lost");
    ck_assert_uint_eq(total, SIZE);
    dp_input_free(input);

    /* Nobody wants the rest. */
    ck_assert_int_eq(dp_input_open_object(object, (struct dp_range){0, 0}, &options, &input, NULL),
                     DP_OK);
    ck_assert_int_eq(dp_input_next(input, &bytes, &length, NULL), 1);
    dp_input_free(input);
    dp_object_free(object);
    dp_context_free(context);
    free(zeros);
}
END_TEST

/* A pipe whose writer is silent must not hold back the reader that gives up. */
START_TEST(a_silent_pipe_can_be_left)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct dp_object *object;
    struct dp_input *input;
    int fd;

    ck_assert_int_eq(mkfifo("pipe", 0600), 0);
    fd = open("pipe", O_RDWR);
    ck_assert_int_eq(dp_object_open(context, "pipe", NULL, &object, NULL), DP_OK);
    ck_assert_int_eq(dp_input_open_object(object, (struct dp_range){0, 0}, NULL, &input, NULL),
                     DP_OK);
    dp_input_free(input);
    dp_object_free(object);
    close(fd);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* An object whose transport hands bytes out as they arrive; it notes the ranges asked for. */
struct far_object {
    struct dp_object object;
    pthread_mutex_t mutex;
    struct dp_range ranges[32];
    size_t count;
    uint64_t broken_at; /* the transfer that comes here fails */
};

static int stream_far(struct dp_object *object, struct dp_range range, dp_write_fn write,
                      void *user, struct dp_error *err)
{
    struct far_object *far = (struct far_object *)object;
    uint8_t bytes[5000];
    uint64_t at = range.begin;
    int rc = DP_OK;

    pthread_mutex_lock(&far->mutex);
    ck_assert_uint_lt(far->count, 32);
    far->ranges[far->count++] = range;
    pthread_mutex_unlock(&far->mutex);
    while (!rc && at < range.end) {
        size_t n = range.end - at < sizeof(bytes) ? (size_t)(range.end - at) : sizeof(bytes), i;

        if (at <= far->broken_at && far->broken_at < at + n)
            n = (size_t)(far->broken_at - at);
        for (i = 0; i < n; i++)
            bytes[i] = scripted_byte(at + i);
        rc = write(user, bytes, n, err);
        at += n;
        if (!rc && at == far->broken_at)
            rc = dp_error_set(err, DP_IO, "broken");
    }
    return rc;
}

static const struct dp_object_ops far_ops = {.name = "far", .read_stream = stream_far};

static struct far_object *open_far(struct dp_context *context, uint64_t size_bytes)
{
    struct far_object *far =
        (struct far_object *)dp_object_new(sizeof(*far), &far_ops, context, "far:");

    pthread_mutex_init(&far->mutex, NULL);
    far->object.remote = true;
    far->object.size_bytes = size_bytes;
    far->broken_at = UINT64_MAX;
    return far;
}

static int by_begin(const void *a, const void *b)
{
    const struct dp_range *left = a, *right = b;

    return (left->begin > right->begin) - (left->begin < right->begin);
}

/* Reads all, compares, returns the length. The ranges asked for are then in their order in the
 * object: the threads that ask come in any. */
static uint64_t read_far(struct far_object *far, struct dp_range range,
                         const struct dp_input_options *options, int *rc)
{
    struct dp_input *input;
    const uint8_t *bytes;
    uint64_t at = range.begin;
    size_t length, i;

    far->count = 0;
    ck_assert_int_eq(dp_input_open_object(&far->object, range, options, &input, NULL), DP_OK);
    while ((*rc = dp_input_next(input, &bytes, &length, NULL)) > 0) {
        for (i = 0; i < length; i += 97)
            ck_assert_int_eq(bytes[i], scripted_byte(at + i));
        ck_assert_int_eq(bytes[length - 1], scripted_byte(at + length - 1));
        at += length;
    }
    dp_input_free(input);
    qsort(far->ranges, far->count, sizeof(far->ranges[0]), by_begin);
    return at - range.begin;
}

/* Eight connections and parts of 8 MiB: one request more than parts, where that pays. */
START_TEST(short_ranges_are_split)
{
    static const struct {
        uint64_t bytes;
        size_t requests;
    } cases[] = {{1, 1},         {1 << 20, 1},        {(2 << 20) - 1, 1}, {2 << 20, 2},
                 {8 << 20, 2},   {(8 << 20) + 1, 3},  {20 << 20, 4},      {(56 << 20) - 3, 8},
                 {57 << 20, 8},  {66 << 20, 9}};
    struct dp_context *context = test_context();
    struct far_object *far = open_far(context, 100 << 20);
    size_t i, k;
    int rc;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dp_range range = {12345, 12345 + cases[i].bytes};

        ck_assert_uint_eq(read_far(far, range, NULL, &rc), cases[i].bytes);
        ck_assert_int_eq(rc, 0);
        ck_assert_uint_eq(far->count, cases[i].requests);
        for (k = 0; k < far->count; k++)
            ck_assert_uint_le(far->ranges[k].end - far->ranges[k].begin, 8 << 20);
    }
    dp_object_free(&far->object);
    dp_context_free(context);
}
END_TEST

/* For a user who decodes: as many requests; two or three parts are in the ratio of their
 * numbers. */
START_TEST(split_ranges_grow_for_decoders)
{
    static const struct {
        uint64_t bytes;
        size_t requests;
    } cases[] = {{1, 1},        {2 << 20, 2},        {(8 << 20) + 1, 3}, {12 << 20, 3},
                 {16 << 20, 3}, {(16 << 20) + 1, 4}, {20 << 20, 4},      {66 << 20, 9}};
    struct dp_input_options options = {.decoded = true};
    struct dp_context *context = test_context();
    struct far_object *far = open_far(context, 100 << 20);
    size_t i, k;
    int rc;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dp_range range = {12345, 12345 + cases[i].bytes};
        uint64_t count = cases[i].requests, units = count * (count + 1) / 2;
        uint64_t unit = (cases[i].bytes + units - 1) / units;

        ck_assert_uint_eq(read_far(far, range, &options, &rc), cases[i].bytes);
        ck_assert_int_eq(rc, 0);
        ck_assert_uint_eq(far->count, count);
        for (k = 0; k < count; k++) {
            uint64_t before = far->ranges[k].begin - range.begin, n = 0;

            ck_assert_uint_le(far->ranges[k].end - far->ranges[k].begin, 8 << 20);
            while (n * (n + 1) / 2 * unit < before)
                n++;
            if (count == 2 || count == 3)
                ck_assert_uint_eq(n * (n + 1) / 2 * unit, before);
        }
    }
    /* Ranges that are of few parts, but were not cut for more connections, are read as ever. */
    context->options.connections = 2;
    ck_assert_uint_eq(read_far(far, (struct dp_range){0, 16 << 20}, &options, &rc), 16 << 20);
    ck_assert_uint_eq(far->count, 2);
    ck_assert_uint_eq(far->ranges[0].end, 8 << 20);
    context->options.connections = 1;
    ck_assert_uint_eq(read_far(far, (struct dp_range){0, 24 << 20}, &options, &rc), 24 << 20);
    ck_assert_uint_eq(far->count, 3);
    ck_assert_uint_eq(far->ranges[0].end, 8 << 20);
    dp_object_free(&far->object);
    dp_context_free(context);
}
END_TEST

/* One to eight MiB, then eight each. */
START_TEST(the_first_parts_grow)
{
    static const struct {
        uint64_t bytes;
        size_t requests;
    } cases[] = {{1, 1},          {1 << 20, 1},  {(1 << 20) + 1, 2}, {3 << 20, 2},
                 {20 << 20, 6},   {36 << 20, 8}, {(36 << 20) + 1, 9}, {44 << 20, 9},
                 {(52 << 20) + 5, 11}};
    struct dp_input_options options = {.parts = 8, .ramp = true};
    struct dp_context *context = test_context();
    struct far_object *far = open_far(context, 100 << 20);
    size_t i, k;
    int rc;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dp_range range = {12345, 12345 + cases[i].bytes};

        ck_assert_uint_eq(read_far(far, range, &options, &rc), cases[i].bytes);
        ck_assert_int_eq(rc, 0);
        ck_assert_uint_eq(far->count, cases[i].requests);
        for (k = 0; k < far->count; k++) {
            uint64_t before = (far->ranges[k].begin - range.begin) >> 20, n = 0;

            while (n < 8 && n * (n + 1) / 2 < before)
                n++;
            ck_assert_uint_le(far->ranges[k].end - far->ranges[k].begin,
                              (n < 8 ? n + 1 : 8) << 20);
        }
    }
    /* Parts that are short anyway do not. */
    options.part_bytes = 1 << 20;
    ck_assert_uint_eq(read_far(far, (struct dp_range){0, 4 << 20}, &options, &rc), 4 << 20);
    ck_assert_uint_eq(far->count, 4);
    dp_object_free(&far->object);
    dp_context_free(context);
}
END_TEST

START_TEST(the_bytes_before_a_failure_come_first)
{
    struct dp_context *context = test_context();
    struct far_object *far = open_far(context, 40 << 20);
    int rc;

    far->broken_at = (17 << 20) + 4321;
    ck_assert_uint_eq(read_far(far, (struct dp_range){5, 40 << 20}, NULL, &rc), far->broken_at - 5);
    ck_assert_int_eq(rc, DP_IO);
    dp_object_free(&far->object);
    dp_context_free(context);
}
END_TEST

/* Whoever comes late gets two buffers; all have given everything back at the end. */
START_TEST(reading_ahead_is_bounded_for_all_together)
{
    struct dp_context *context = test_context();
    struct far_object *far = open_far(context, 200 << 20);
    struct dp_input *inputs[3];
    unsigned i;

    for (i = 0; i < 3; i++) {
        ck_assert_int_eq(dp_input_open_object(&far->object, (struct dp_range){0, 200 << 20}, NULL,
                                              &inputs[i], NULL),
                         DP_OK);
        ck_assert_uint_eq(atomic_load(&context->ahead_bytes),
                          (i == 0 ? 12 : i == 1 ? 16 : 18) << 23);
    }
    for (i = 0; i < 3; i++)
        dp_input_free(inputs[i]);
    ck_assert_uint_eq(atomic_load(&context->ahead_bytes), 0);
    dp_object_free(&far->object);
    dp_context_free(context);
}
END_TEST

/* A server that stalls in the middle of a part: what came is there to be used, and leaving does not
 * wait for the rest. */
START_TEST(bytes_are_handed_out_as_they_arrive)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-999999/1000000\r\n"
                        "Content-Length: 1000000",
                .body_bytes = 300000, .hang = true}));
    struct dp_context *context = scripted_context(5, 3600);
    struct dp_object_options known = {
        .struct_bytes = sizeof(known), .validator = "", .size_bytes = 1000000};
    const uint8_t *bytes;
    struct dp_object *object;
    struct dp_input *input;
    size_t length, i;

    ck_assert_int_eq(dp_object_open(context, server->url, &known, &object, NULL), DP_OK);
    ck_assert_int_eq(
        dp_input_open_object(object, (struct dp_range){0, 1000000}, NULL, &input, NULL), DP_OK);
    ck_assert_int_eq(dp_input_next(input, &bytes, &length, NULL), 1);
    ck_assert_uint_ge(length, 256 << 10);
    for (i = 0; i < length; i++)
        ck_assert_int_eq(bytes[i], scripted_byte(i));
    dp_input_free(input);
    dp_object_free(object);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

TEST_MAIN("input", ranges_come_in_order_whatever_the_buffers, nothing_and_nonsense,
          leaving_early_frees_everything, a_failure_comes_in_its_place_and_stays,
          reading_ahead_is_bounded, callbacks_are_pulled, peeking_takes_nothing,
          the_tap_sees_every_byte, pushed_bytes_are_pulled, a_silent_pipe_can_be_left,
          short_ranges_are_split, split_ranges_grow_for_decoders, the_first_parts_grow,
          the_bytes_before_a_failure_come_first,
          reading_ahead_is_bounded_for_all_together, bytes_are_handed_out_as_they_arrive)
