/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A slice line, a newline, and the object: what parses is written and parsed again as the same
 * line, and a reader of it over that object fails or ends, but never crashes or runs away.
 *
 * A fuzzer does not find checksums: a line whose only fault is its check is given the right one. */

#include "config.h"

#include "slicer/slice.h"

#include "tests/slice_recheck.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int what)
{
    if (!what)
        abort();
}

static void check_round_trip(const struct dp_slice *slice)
{
    char *line = NULL, *again = NULL;
    struct dp_slice *copy = NULL;

    require(dp_slice_format(slice, &line, NULL) == 0);
    require(dp_slice_parse(line, strlen(line), &copy, NULL) == 0);
    require(dp_slice_format(copy, &again, NULL) == 0);
    require(strcmp(line, again) == 0);
    dp_text_free(line);
    dp_text_free(again);
    dp_slice_free(copy);
}

/* Puts `data` into a file that all inputs share; its name. */
static const char *write_data(const uint8_t *data, size_t size)
{
    static char path[64];
    FILE *file;

    if (!path[0])
        snprintf(path, sizeof(path), "%s/fuzz-reader-%ld",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (long)getpid());
    file = fopen(path, "wb");
    require(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0);
    return path;
}

static void move_window(struct dp_slice_window *window, const char *path, const uint8_t *data,
                        size_t size)
{
    if (!window->uri)
        return;
    free(window->uri);
    window->uri = strdup(path);
    window->file_bytes = size;
    window->crc32 = 0;
    if (window->range.end <= size && window->range.begin < size)
        window->crc32 =
            dp_crc32(0, data + window->range.begin, window->range.end - window->range.begin);
}

/* Lets the slice mean the file at `path`, whatever it names. */
static void move_to_file(struct dp_slice *slice, const char *path, const uint8_t *data,
                         size_t size)
{
    size_t i;

    for (i = 0; i < slice->source_count; i++) {
        struct dp_slice_source *source = &slice->sources[i];

        free(source->uri);
        source->uri = strdup(path);
        free(source->validator);
        source->validator = strdup("");
        source->size_bytes = size;
    }
    for (i = 0; i < slice->piece_count; i++) {
        move_window(&slice->pieces[i].window, path, data, size);
        move_window(&slice->pieces[i].next, path, data, size);
    }
}

static void read_slice(struct dp_slice *slice, const uint8_t *data, size_t size)
{
    static const struct dp_reader_options interleaved = {
        .struct_bytes = sizeof(interleaved), .interleave = 1, .threads = 2};
    static struct dp_context *context;
    const char *path = write_data(data, size);
    struct dp_reader *reader = NULL;
    const void *bytes;
    unsigned i;

    if (!context)
        require(dp_context_new(NULL, &context, NULL) == 0);
    move_to_file(slice, path, data, size);
    if (dp_slice_check(slice, NULL) == 0 &&
        dp_reader_open(context, slice, NULL, &reader, NULL) == 0)
        for (i = 0; i < slice->output_count; i++)
            while (dp_reader_next(reader, i, &bytes, NULL) > 0)
                ;
    dp_reader_free(reader);
    reader = NULL;
    if (dp_slice_check(slice, NULL) == 0 &&
        dp_reader_open(context, slice, &interleaved, &reader, NULL) == 0)
        while (dp_reader_next(reader, 0, &bytes, NULL) > 0)
            ;
    dp_reader_free(reader);
    unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *line = (const char *)data;
    const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
    size_t length = newline ? (size_t)(newline - data) : size;
    size_t rest = newline ? length + 1 : length; /* where the object begins */
    struct dp_slice *slice = NULL;
    struct dp_error err = {0};
    char *fixed = NULL;

    if (dp_slice_parse(line, length, &slice, &err) && err.detail == DP_DETAIL_CHECKSUM) {
        json_t *root = json_loadb(line, length, 0, NULL);

        require(root != NULL);
        fixed = slice_recheck(root);
        json_decref(root);
        dp_slice_parse(fixed, strlen(fixed), &slice, NULL);
    }
    if (slice) {
        check_round_trip(slice);
        read_slice(slice, data + rest, size - rest);
    }
    dp_slice_free(slice);
    free(fixed);
    return 0;
}
