/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The whole job on any bytes: when an object can be indexed, the slices of any plan are together
 * exactly what a plain decompression gives, and every backend makes the same index. The first three
 * bytes choose format, spacing and plan; the rest is the object. */

#include "config.h"

#include "dataplug.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bytes {
    uint8_t *data;
    size_t length;
};

static struct dp_context *context;
static char object_path[256], index_path[256];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void append(struct bytes *bytes, const void *data, size_t length)
{
    bytes->data = realloc(bytes->data, bytes->length + length + 1);
    if (!bytes->data)
        abort();
    memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
}

static void remove_files(void)
{
    unlink(object_path);
    unlink(index_path);
}

static void start(void)
{
    const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    if (dp_context_new(NULL, &context, NULL) != 0)
        abort();
    snprintf(object_path, sizeof(object_path), "%s/fuzz-job-%ld", folder, (long)getpid());
    snprintf(index_path, sizeof(index_path), "%s.dpi", object_path);
    atexit(remove_files);
}

static void write_file(const char *path, const uint8_t *data, size_t length)
{
    FILE *file = fopen(path, "wb");

    if (!file || fwrite(data, 1, length, file) != length || fclose(file) != 0)
        abort();
}

static struct bytes read_file(const char *path)
{
    struct bytes bytes = {0};
    uint8_t buffer[65536];
    size_t got;
    FILE *file = fopen(path, "rb");

    if (!file)
        abort();
    while ((got = fread(buffer, 1, sizeof(buffer), file)) > 0)
        append(&bytes, buffer, got);
    fclose(file);
    return bytes;
}

/* The saved index of the object by one backend; data NULL when the object is refused. */
static struct bytes build(struct dp_object *object, const struct dp_index_options *options,
                          struct dp_index **index)
{
    struct bytes bytes = {0};

    *index = NULL;
    if (dp_index_build(context, object, options, index, NULL) != 0)
        return bytes;
    if (dp_index_save(*index, index_path, NULL) != 0)
        abort();
    return read_file(index_path);
}

static void read_slices(struct dp_index *index, struct dp_object *object, uint8_t choice,
                        struct bytes *out)
{
    struct dp_plan_options options = {.struct_bytes = sizeof(options),
                                      .unit = (enum dp_plan_unit)(choice % 2),
                                      .part_count = 1 + choice / 2 % 16};
    struct dp_error err;
    struct dp_plan *plan;
    struct dp_slice *slice;
    struct dp_reader *reader;
    const void *piece;
    int64_t got;

    if (dp_plan_new(index, object, &options, &plan, &err) != 0)
        abort();
    for (uint64_t number = 1; number <= dp_plan_slice_count(plan); number++) {
        if (dp_plan_slice(plan, number, &slice, &err) != 0 ||
            dp_reader_open(context, slice, NULL, &reader, &err) != 0)
            abort();
        while ((got = dp_reader_next(reader, 0, &piece, &err)) > 0)
            append(out, piece, (size_t)got);
        if (got != 0) {
            fprintf(stderr, "%s\n", err.message);
            abort();
        }
        dp_reader_free(reader);
        dp_slice_free(slice);
    }
    dp_plan_free(plan);
}

static void read_stream(struct dp_object *object, struct bytes *out)
{
    struct dp_stream_options options = {.struct_bytes = sizeof(options), .pass_through = 1};
    struct dp_stream *stream;
    const void *piece;
    int64_t got;

    if (dp_stream_open(context, object, NULL, &options, &stream, NULL) != 0)
        abort();
    while ((got = dp_stream_next(stream, &piece, NULL)) > 0)
        append(out, piece, (size_t)got);
    if (got != 0)
        abort();
    dp_stream_free(stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[] = {NULL, "fastq", "text", "fastq"};
    struct dp_index_options options = {.struct_bytes = sizeof(options), .backend = "zlib"};
    struct dp_object *object;
    struct dp_index *index, *second = NULL;
    struct bytes saved, again = {0}, whole = {0}, slices = {0};

    if (size < 3)
        return 0;
    if (!context)
        start();
    write_file(object_path, data + 3, size - 3);
    options.format = formats[data[0] % 4];
    options.spacing_bytes = 1 + (uint64_t)data[1] * 64;
    if (dp_object_open(context, object_path, NULL, &object, NULL) != 0)
        abort();
    saved = build(object, &options, &index);
#ifdef HAVE_ISAL
    options.backend = "isal";
    again = build(object, &options, &second);
    if (saved.length != again.length ||
        (saved.length && memcmp(saved.data, again.data, saved.length) != 0))
        abort();
#endif
    if (index) {
        read_stream(object, &whole);
        read_slices(index, object, data[2], &slices);
        if (whole.length != slices.length ||
            (whole.length && memcmp(whole.data, slices.data, whole.length) != 0))
            abort();
    }
    dp_index_free(index);
    dp_index_free(second);
    dp_object_free(object);
    free(saved.data);
    free(again.data);
    free(whole.data);
    free(slices.data);
    return 0;
}
