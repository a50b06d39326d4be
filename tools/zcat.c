/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What dp-zcat does with one input. Messages and statuses are those of gzip -dc. */

#include "config.h"

#include "tools/zcat.h"

#include "tools/local.h"
#include "tools/output.h"
#include "tools/zcat_name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ------------------------------------------------------------------------------- verdicts */

static void note_error(struct dp_zcat *zcat)
{
    zcat->status = DP_TOOL_FAILED;
}

static void note_warning(struct dp_zcat *zcat)
{
    if (zcat->status == DP_TOOL_OK)
        zcat->status = 2; /* gzip's status of a warning */
}

/* What a message of the library says after "NAME: offset N: "; NULL when it has no offset. */
static const char *behind_offset(const char *message)
{
    const char *at = strstr(message, ": offset ");

    if (!at)
        return NULL;
    at += strlen(": offset ");
    at += strspn(at, "0123456789");
    return strncmp(at, ": ", 2) == 0 ? at + 2 : NULL;
}

/* gzip's words for damage; NULL where it has none that we know. */
static const char *words_of(const struct dp_error *err)
{
    switch (err->detail) {
    case DP_DETAIL_UNEXPECTED_END:
        return "unexpected end of file";
    case DP_DETAIL_GZIP_CRC:
    case DP_DETAIL_GZIP_TRAILER: /* the first of two lines */
        return "invalid compressed data--crc error";
    case DP_DETAIL_GZIP_LENGTH:
        return "invalid compressed data--length error";
    case DP_DETAIL_DEFLATE:
        return "invalid compressed data--format violated";
    case DP_DETAIL_NOT_GZIP:
    case DP_DETAIL_GZIP_METHOD:
    case DP_DETAIL_GZIP_FLAGS:
    case DP_DETAIL_GZIP_HEADER:
        return behind_offset(err->message);
    default:
        return NULL;
    }
}

static bool is_about_trailer(const struct dp_error *err)
{
    return err->detail == DP_DETAIL_GZIP_CRC || err->detail == DP_DETAIL_GZIP_LENGTH ||
           err->detail == DP_DETAIL_GZIP_TRAILER;
}

/* True when gzip goes on with the next file: nothing of this one was printed wrongly. */
static bool is_harmless(const struct dp_zcat *zcat, const struct dp_error *err)
{
    if (zcat->test && is_about_trailer(err))
        return true;
    return err->detail == DP_DETAIL_NOT_GZIP || err->detail == DP_DETAIL_GZIP_METHOD ||
           err->detail == DP_DETAIL_GZIP_FLAGS || err->detail == DP_DETAIL_GZIP_HEADER ||
           err->code == DP_NOT_FOUND || err->code == DP_DENIED;
}

static void fail(struct dp_zcat *zcat, const char *name, const struct dp_error *err)
{
    const char *words = err->code == DP_DATA ? words_of(err) : NULL;

    note_error(zcat);
    zcat->stop = zcat->stop || !is_harmless(zcat, err);
    if (words && err->detail == DP_DETAIL_GZIP_FLAGS) /* here gzip speaks in sentences */
        dp_tool_error(&zcat->tool, "%s %s %s", name, *words == 'e' ? "is" : "has", words);
    else if (words)
        dp_tool_error(&zcat->tool, "%s: %s", name, words);
    if (err->detail == DP_DETAIL_GZIP_TRAILER)
        dp_tool_error(&zcat->tool, "%s: invalid compressed data--length error", name);
    if (!words || zcat->tool.verbose)
        dp_tool_fail(&zcat->tool, err);
}

/* gzip speaks of padding only when it is to say more. */
static void note_garbage(struct dp_zcat *zcat, const char *name, uint64_t garbage_bytes,
                         uint64_t zero_bytes)
{
    if (garbage_bytes == 0 && (zero_bytes == 0 || !zcat->tool.verbose))
        return;
    note_warning(zcat);
    if (!zcat->tool.quiet)
        dp_tool_error(&zcat->tool, "%s: decompression OK, trailing %s ignored", name,
                      garbage_bytes ? "garbage" : "zero bytes");
}

static int print(struct dp_zcat *zcat, const void *bytes, size_t length, struct dp_error *err)
{
    if (zcat->test)
        return DP_OK;
    return dp_output_write(STDOUT_FILENO, "standard output", bytes, length, err);
}

/* ------------------------------------------------------------------------------- streams */

/* To a stream an interval from 0 to 0 means everything. */
static bool wants_nothing(const struct dp_zcat *zcat)
{
    return zcat->by_bytes && zcat->part.begin == zcat->part.end;
}

static struct dp_stream_options stream_options(const struct dp_zcat *zcat)
{
    struct dp_stream_options options = {.struct_bytes = sizeof(options)};

    options.threads = dp_tool_threads(&zcat->tool, 2);
    options.pass_through = zcat->force && !zcat->listing ? 2 : 0;
    if (zcat->by_bytes) { /* of what was compressed only, as where an index says its length */
        options.pass_through = zcat->force;
        options.range = zcat->part;
    }
    return options;
}

/* Prints a stream to its end and adds what was printed to *printed_bytes. */
static int copy_stream(struct dp_zcat *zcat, const char *name, struct dp_stream *stream,
                       uint64_t *printed_bytes, struct dp_error *err)
{
    const void *bytes;
    int64_t length;
    int rc;

    while ((length = dp_stream_next(stream, &bytes, err)) > 0) {
        rc = print(zcat, bytes, (size_t)length, err);
        if (rc < 0)
            return rc;
        *printed_bytes += (uint64_t)length;
    }
    zcat->info.struct_bytes = sizeof(zcat->info);
    dp_stream_info(stream, &zcat->info);
    if (length < 0)
        return (int)length;
    if (!zcat->by_bytes)
        note_garbage(zcat, name, zcat->info.trailing_garbage_bytes,
                     zcat->info.trailing_zero_bytes);
    if (!zcat->test)
        dp_tool_detail(&zcat->tool, "%s: %llu bytes", name, (unsigned long long)*printed_bytes);
    return DP_OK;
}

/* Decompresses an object; with an index that turns out to be damaged on the way, the rest is
 * decompressed without. */
static int print_object(struct dp_zcat *zcat, const char *name, struct dp_object *object,
                        struct dp_index *index, struct dp_error *err)
{
    struct dp_stream_options options = stream_options(zcat);
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    struct dp_stream *stream = NULL;
    uint64_t printed = 0;
    int rc;

    if (index)
        dp_index_info(index, &info);
    if (zcat->by_bytes && index && strcmp(info.codec, "none") == 0)
        options.pass_through = 1; /* a part of what is known to be plain may be asked for */
    rc = dp_stream_open(zcat->tool.context, object, index, &options, &stream, err);
    if (rc == DP_OK)
        rc = copy_stream(zcat, name, stream, &printed, err);
    dp_stream_free(stream);
    if (!index || zcat->by_bytes || (rc != DP_BAD_INDEX && rc != DP_STALE_INDEX))
        return rc;
    dp_tool_warn(&zcat->tool, "%s; going on without the index", err->message);
    if (printed)
        options.range = (struct dp_range){printed, UINT64_MAX};
    stream = NULL;
    rc = dp_stream_open(zcat->tool.context, object, NULL, &options, &stream, err);
    if (rc == DP_OK)
        rc = copy_stream(zcat, name, stream, &printed, err);
    dp_stream_free(stream);
    return rc;
}

/* A dp_read_fn that shows the list what it reads. */
struct seen_input {
    struct dp_local_input input;
    struct dp_zcat_list *list; /* NULL: there is none */
};

static int64_t read_seen(void *user, void *buffer, size_t capacity, struct dp_error *err)
{
    struct seen_input *seen = user;
    int64_t length = dp_local_read(&seen->input, buffer, capacity, err);

    if (length > 0 && seen->list)
        dp_zcat_list_take(seen->list, buffer, (size_t)length);
    return length;
}

/* Decompresses a descriptor. */
static int print_descriptor(struct dp_zcat *zcat, const char *name, int fd, struct dp_error *err)
{
    struct dp_stream_options options = stream_options(zcat);
    struct seen_input seen = {{fd, name}, zcat->listing ? &zcat->list : NULL};
    struct dp_stream *stream = NULL;
    uint64_t printed = 0;
    int rc = dp_stream_open_from(zcat->tool.context, read_seen, &seen, name, &options, &stream,
                                 err);

    if (rc == DP_OK)
        rc = copy_stream(zcat, name, stream, &printed, err);
    dp_stream_free(stream);
    return rc;
}

/* -------------------------------------------------------------------------------- records */

/* Cuts the interval of records out of the object as a slice of its own. */
static int plan_records(struct dp_zcat *zcat, struct dp_index *index, struct dp_object *object,
                        struct dp_slice **slice, struct dp_error *err)
{
    struct dp_plan_options options = {.struct_bytes = sizeof(options), .part_count = 1};
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    struct dp_plan *plan;
    int rc;

    dp_index_info(index, &info);
    options.begin = zcat->part.begin;
    options.end = zcat->part.end < info.record_count ? zcat->part.end : info.record_count;
    options.split_mates = 1; /* exactly these records */
    options.allow_signed = 1; /* the slice does not leave this process */
    options.inline_parts = info.uri == NULL;
    if (options.begin >= info.record_count)
        return dp_error_set(err, DP_INVALID, "%s: record %llu: there are only %llu",
                            dp_object_uri(object), (unsigned long long)options.begin + 1,
                            (unsigned long long)info.record_count);
    rc = dp_plan_new(index, object, &options, &plan, err);
    if (rc < 0)
        return rc;
    rc = dp_plan_slice(plan, 1, slice, err);
    dp_plan_free(plan);
    return rc;
}

/* Records that were asked for and lie behind the sound part of the object are not silently left
 * out. */
static int check_sound(const struct dp_zcat *zcat, const struct dp_index *index,
                       const struct dp_object *object, struct dp_error *err)
{
    struct dp_index_info info = {.struct_bytes = sizeof(info)};

    dp_index_info(index, &info);
    if (info.complete || zcat->part.end <= info.record_count)
        return DP_OK;
    return dp_error_set(err, DP_DATA, "%s: record %llu: damaged or truncated from here on",
                        dp_object_uri(object), (unsigned long long)info.record_count + 1);
}

static int print_records(struct dp_zcat *zcat, struct dp_object *object, struct dp_index *index,
                         struct dp_error *err)
{
    struct dp_reader_options options = {.struct_bytes = sizeof(options)};
    struct dp_slice *slice = NULL;
    struct dp_reader *reader = NULL;
    const void *bytes;
    int64_t length = plan_records(zcat, index, object, &slice, err);

    options.threads = dp_tool_threads(&zcat->tool, 2);
    if (length == DP_OK)
        length = dp_reader_open(zcat->tool.context, slice, &options, &reader, err);
    while (length >= 0 && (length = dp_reader_next(reader, 0, &bytes, err)) > 0)
        length = print(zcat, bytes, (size_t)length, err);
    if (length == DP_OK)
        length = check_sound(zcat, index, object, err);
    dp_reader_free(reader);
    dp_slice_free(slice);
    return (int)length;
}

/* ------------------------------------------------------------------- leaving an index behind */

/* What goes through the tee of a build. */
struct tee {
    struct dp_zcat *zcat;
    uint64_t printed_bytes;
};

static int on_tee(void *user, const void *bytes, size_t length, struct dp_error *err)
{
    struct tee *tee = user;
    int rc = print(tee->zcat, bytes, length, err);

    if (rc == DP_OK)
        tee->printed_bytes += length;
    return rc;
}

static struct dp_index_options build_options(struct tee *tee)
{
    struct dp_index_options options = {.struct_bytes = sizeof(options)};

    options.threads = dp_tool_threads(&tee->zcat->tool, 2);
    options.tee = on_tee;
    options.tee_user = tee;
    return options;
}

/* Everything was printed: now keep the index. */
static int keep_index(struct dp_zcat *zcat, const char *name, struct dp_index *index,
                      const char *place, struct dp_error *err)
{
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    int rc = dp_index_save(index, place, err);

    if (rc < 0)
        return rc;
    dp_index_info(index, &info);
    note_garbage(zcat, name, info.trailing_garbage_bytes, 0);
    dp_tool_detail(&zcat->tool, "%s: indexed: %s", name, info.uri);
    return DP_OK;
}

/* The data may be sound gzip and yet no records that an index could describe: zcat's work is then
 * still to be done, from where the build stopped. */
static int print_rest(struct dp_zcat *zcat, const char *name, struct dp_object *object,
                      uint64_t printed_bytes, struct dp_error *err)
{
    struct dp_stream_options options = stream_options(zcat);
    struct dp_stream *stream = NULL;
    int rc;

    dp_tool_error(&zcat->tool, "%s; no index is left", err->message);
    note_error(zcat);
    if (printed_bytes)
        options.range = (struct dp_range){printed_bytes, UINT64_MAX};
    rc = dp_stream_open(zcat->tool.context, object, NULL, &options, &stream, err);
    if (rc == DP_OK)
        rc = copy_stream(zcat, name, stream, &printed_bytes, err);
    dp_stream_free(stream);
    return rc;
}

static bool is_about_records(int rc, const struct dp_error *err)
{
    return rc == DP_UNSUPPORTED || (rc == DP_DATA && err->detail == DP_DETAIL_RECORD);
}

static int print_and_index(struct dp_zcat *zcat, const char *name, struct dp_object *object,
                           const char *place, struct dp_error *err)
{
    struct tee tee = {.zcat = zcat};
    struct dp_index_options options = build_options(&tee);
    struct dp_index *index = NULL;
    int rc = dp_local_try_index_place(zcat->tool.context, place, err);

    if (rc == DP_OK) {
        rc = dp_index_build(zcat->tool.context, object, &options, &index, err);
        if (is_about_records(rc, err))
            return print_rest(zcat, name, object, tee.printed_bytes, err);
    }
    if (rc == DP_OK)
        rc = keep_index(zcat, name, index, place, err);
    dp_index_free(index);
    return rc;
}

static int index_descriptor(struct dp_zcat *zcat, const char *name, int fd, struct dp_error *err)
{
    struct tee tee = {.zcat = zcat};
    struct dp_index_options options = build_options(&tee);
    struct dp_local_input input = {fd, name};
    struct dp_index *index = NULL;
    int rc;

    if (!zcat->output)
        return dp_error_set(err, DP_INVALID, "%s: --write-index needs --output here", name);
    rc = dp_local_try_index_place(zcat->tool.context, zcat->output, err);
    if (rc == DP_OK)
        rc = dp_index_build_from(zcat->tool.context, dp_local_read, &input, name, &options, &index,
                                 err);
    if (rc == DP_OK)
        rc = keep_index(zcat, name, index, zcat->output, err);
    dp_index_free(index);
    return rc;
}

/* --------------------------------------------------------------------------------- objects */

/* Can the whole be had without an index that was not usable? What else went wrong is told. */
static bool can_do_without(int rc, const struct dp_error *err)
{
    return rc == DP_STALE_INDEX || rc == DP_BAD_INDEX ||
           (rc == DP_UNSUPPORTED && err->detail == DP_DETAIL_VERSION);
}

/* Finds an index that may be used; *index is NULL when there is none and none is needed. */
static int find_index(struct dp_zcat *zcat, const char *name, struct dp_object *object,
                      struct dp_index **index, struct dp_error *err)
{
    bool part = zcat->by_records || zcat->by_bytes;
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    int rc;

    *index = NULL;
    if (!part && !zcat->index && dp_tool_threads(&zcat->tool, 2) < 2)
        return DP_OK; /* it would not help */
    rc = dp_index_find(zcat->tool.context, object, zcat->index, index, err);
    if (rc == DP_NOT_FOUND && !zcat->index && !zcat->by_records)
        return DP_OK;
    if (rc == DP_UNSUPPORTED && err->detail == DP_DETAIL_NO_RANGES && !zcat->by_records) {
        if (zcat->index) /* which of the two comes whole or not at all is in the message */
            dp_tool_warn(&zcat->tool, "%s; going on without the index", err->message);
        return DP_OK;
    }
    if (rc == DP_NOT_FOUND && !zcat->index)
        return dp_error_set(err, DP_NOT_FOUND, "%s: --records needs an index; make one with: "
                            "dp-index build %s", name, name);
    if (!part && can_do_without(rc, err)) {
        dp_tool_warn(&zcat->tool, "%s; going on without the index", err->message);
        return DP_OK;
    }
    if (rc < 0)
        return rc;
    dp_index_info(*index, &info);
    if (!part && !info.complete) { /* it would hide the damage that zcat must report */
        dp_index_free(*index);
        *index = NULL;
    }
    return DP_OK;
}

static int take_object(struct dp_zcat *zcat, const char *name, struct dp_object *object,
                       struct dp_error *err)
{
    struct dp_index *index = NULL;
    char *place = NULL;
    int rc;

    if (zcat->write_index && zcat->output)
        return print_and_index(zcat, name, object, zcat->output, err);
    if (zcat->write_index) {
        rc = dp_index_locate(object, NULL, &place, err);
        if (rc == DP_OK)
            rc = print_and_index(zcat, name, object, place, err);
        dp_text_free(place);
        return rc;
    }
    rc = find_index(zcat, name, object, &index, err);
    if (rc == DP_OK && zcat->by_records)
        rc = print_records(zcat, object, index, err);
    else if (rc == DP_OK && !wants_nothing(zcat))
        rc = print_object(zcat, name, object, index, err);
    dp_index_free(index);
    return rc;
}

/* ------------------------------------------------------------------------------ verdicts said */

static bool is_padded(const struct dp_zcat *zcat)
{
    return zcat->info.trailing_garbage_bytes || zcat->info.trailing_zero_bytes;
}

/* gzip lists what is sound and has nothing behind it; instead of other files the totals. */
static int add_to_list(struct dp_zcat *zcat, const char *name, bool is_stdin, bool sound,
                       struct dp_error *err)
{
    char *shown;
    int rc = sound ? dp_zcat_list_check(&zcat->list, name, err) : DP_OK;

    if (rc < 0)
        return rc;
    if (sound && !is_padded(zcat)) {
        shown = dp_zcat_name_uncompressed(zcat->suffix, is_stdin ? "stdout" : name);
        rc = shown ? dp_zcat_list_row(&zcat->list, shown, &zcat->info, err)
                   : dp_error_no_memory(err);
        free(shown);
    } else if (zcat->info.member_count && !is_stdin) {
        rc = dp_zcat_list_totals(&zcat->list, err);
    }
    return rc;
}

/* What is said of an input besides its bytes. `rc` with `err` is how it went; `object` is NULL for
 * a descriptor. */
static void end_input(struct dp_zcat *zcat, const char *name, struct dp_object *object,
                      bool is_stdin, int rc, struct dp_error *err)
{
    bool sound = rc == DP_OK;

    if (!sound)
        fail(zcat, name, err);
    if (zcat->stop || (!sound && err->code != DP_DATA))
        return;
    rc = DP_OK;
    if (zcat->listing && object && zcat->info.member_count)
        rc = dp_zcat_list_look(&zcat->list, object, err);
    if (zcat->listing && rc == DP_OK) {
        dp_zcat_list_end(&zcat->list, &zcat->info, sound || is_about_trailer(err));
        rc = add_to_list(zcat, name, is_stdin, sound, err);
    } else if (zcat->test && zcat->tool.verbose && sound && !(is_stdin && is_padded(zcat))) {
        dp_meter_lock(zcat->tool.meter);
        fprintf(stderr, "%s%s OK\n", is_stdin ? "" : name, is_stdin ? "" : ":\t");
        dp_meter_unlock(zcat->tool.meter);
    }
    if (rc < 0)
        fail(zcat, name, err);
}

static void begin_input(struct dp_zcat *zcat, time_t modified)
{
    zcat->info = (struct dp_stream_info){0};
    dp_zcat_list_begin(&zcat->list, modified);
}

static void print_uri(struct dp_zcat *zcat, const char *name, time_t modified)
{
    struct dp_object *object;
    struct dp_error err;
    int rc = dp_object_open(zcat->tool.context, name, NULL, &object, &err);

    if (rc < 0) {
        fail(zcat, name, &err);
        return;
    }
    begin_input(zcat, modified);
    name = dp_local_display(name, object);
    rc = take_object(zcat, name, object, &err);
    end_input(zcat, name, object, false, rc, &err);
    dp_object_free(object);
}

/* Bytes that come once and only in order. */
static void take_descriptor(struct dp_zcat *zcat, const char *name, int fd, bool is_stdin)
{
    struct stat status;
    struct dp_error err;
    int rc;

    begin_input(zcat, fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? status.st_mtime : 0);
    if (zcat->write_index)
        rc = index_descriptor(zcat, name, fd, &err);
    else if (zcat->by_records)
        rc = dp_error_set(&err, DP_UNSUPPORTED, "%s: --records needs a file and its index", name);
    else
        rc = wants_nothing(zcat) ? DP_OK : print_descriptor(zcat, name, fd, &err);
    end_input(zcat, name, NULL, is_stdin, rc, &err);
}

/* errno says why. Whatever it is, it is this name's alone: gzip goes on with the next. */
static void fail_to_open(struct dp_zcat *zcat, const char *name)
{
    struct dp_error err;

    dp_error_set_errno(&err, errno, "%s", name);
    note_error(zcat);
    dp_tool_fail(&zcat->tool, &err);
}

/* A warning about a name, in gzip's words. */
static void ignore(struct dp_zcat *zcat, const char *name, const char *why)
{
    note_warning(zcat);
    if (!zcat->tool.quiet)
        dp_tool_error(&zcat->tool, "%s%s -- ignored", name, why);
}

static bool is_inside_itself(const struct dp_zcat_folder *folder)
{
    const struct dp_zcat_folder *up = folder->up;

    while (up && (up->device != folder->device || up->inode != folder->inode))
        up = up->up;
    return up != NULL;
}

static void take_inside(struct dp_zcat *zcat, const char *folder, const char *name)
{
    struct dp_error err;
    char *path;

    if (zcat->stop || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return;
    path = dp_zcat_name_inside(folder, name);
    if (path) {
        dp_zcat_file(zcat, path);
    } else {
        dp_error_no_memory(&err);
        fail(zcat, folder, &err);
    }
    free(path);
}

/* What lies in a folder, in the order of the names; links are followed, but not round and round. */
static void walk(struct dp_zcat *zcat, const char *name, const struct stat *status)
{
    struct dp_zcat_folder folder = {status->st_dev, status->st_ino, zcat->folder};
    struct dirent **entries = NULL;
    int count;

    if (is_inside_itself(&folder)) {
        ignore(zcat, name, " lies in itself");
        return;
    }
    count = scandir(name, &entries, NULL, alphasort);
    if (count < 0) {
        fail_to_open(zcat, name);
        return;
    }
    zcat->folder = &folder;
    for (int i = 0; i < count; i++) {
        take_inside(zcat, name, entries[i]->d_name);
        free(entries[i]);
    }
    zcat->folder = folder.up;
    free(entries);
}

/* Whoever checks or lists whole folders is not told of all that is not compressed in them. */
static bool is_left_out(struct dp_zcat *zcat, const char *name)
{
    bool left_out = zcat->recursive && zcat->test && !dp_zcat_name_suffix(zcat->suffix, name);

    if (left_out && zcat->tool.verbose)
        ignore(zcat, name, ": unknown suffix");
    return left_out;
}

/* FIFOs, terminals and devices: bytes that come once. A FIFO that was named is waited for; one that
 * lies in a folder may never have a writer. */
static void print_special(struct dp_zcat *zcat, const char *name)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | (zcat->folder ? O_NONBLOCK : 0));

    if (fd < 0) {
        fail_to_open(zcat, name);
        return;
    }
    if (!is_left_out(zcat, name))
        take_descriptor(zcat, name, fd, false);
    close(fd);
}

static void print_path(struct dp_zcat *zcat, const char *name)
{
    struct stat status;

    if (stat(name, &status) != 0 || eaccess(name, R_OK) != 0) {
        fail_to_open(zcat, name);
    } else if (S_ISDIR(status.st_mode) && zcat->recursive) {
        walk(zcat, name, &status);
    } else if (S_ISDIR(status.st_mode)) {
        ignore(zcat, name, " is a directory");
    } else if (!S_ISREG(status.st_mode)) {
        print_special(zcat, name);
    } else if (!is_left_out(zcat, name)) {
        print_uri(zcat, name, status.st_mtime);
    }
}

void dp_zcat_file(struct dp_zcat *zcat, const char *name)
{
    struct stat status;
    struct dp_error err;
    char *path;

    if (dp_local_is_uri(name)) {
        print_uri(zcat, name, 0);
        return;
    }
    path = dp_zcat_name_resolve(zcat->suffix, name, &status);
    if (path) {
        print_path(zcat, path);
    } else {
        dp_error_no_memory(&err);
        fail(zcat, name, &err);
    }
    free(path);
}

void dp_zcat_totals(struct dp_zcat *zcat)
{
    struct dp_error err;

    if (zcat->listing && !zcat->tool.quiet && dp_zcat_list_totals(&zcat->list, &err) < 0)
        fail(zcat, "standard output", &err);
}

void dp_zcat_stdin(struct dp_zcat *zcat)
{
    if (isatty(STDIN_FILENO) && !zcat->force) {
        dp_tool_error(&zcat->tool, "compressed data not read from a terminal. Use -f to force "
                                   "decompression.");
        note_error(zcat);
        zcat->stop = true;
        return;
    }
    take_descriptor(zcat, "stdin", STDIN_FILENO, true);
}
