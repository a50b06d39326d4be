/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/manifest.h"

#include "base/array.h"
#include "base/crc32.h"
#include "base/error.h"
#include "tools/local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES ((size_t)64 << 10)
/* Slices with all parts inlined take some 100 KiB; longer lines are no manifest. */
#define LINE_BYTES_MAX ((size_t)1 << 20)

/* Lines of one plan that follow each other. */
struct run {
    char plan_id[64];
    uint64_t line_count;
    uint64_t number; /* of the last one */
    uint64_t slice_count;
    bool from_first; /* it began with slice 1 */
};

struct dp_manifest {
    const char *name;
    int fd;                   /* -1: none */
    struct dp_object *object; /* NULL: none */
    uint64_t offset;          /* of the next byte to read from the object */
    struct dp_array bytes;    /* read and not yet given out, from `begin` on */
    size_t begin;
    uint64_t line; /* number of the line given last */
    bool at_end;
    bool whole; /* asked for by dp_manifest_require_whole */
    const struct dp_selection *selection; /* NULL: everything */
    struct run run;
};

static struct dp_manifest *make(const char *name, struct dp_error *err)
{
    struct dp_manifest *manifest = calloc(1, sizeof(*manifest));

    if (!manifest) {
        dp_error_no_memory(err);
        return NULL;
    }
    manifest->name = name;
    manifest->fd = -1;
    return manifest;
}

int dp_manifest_open(struct dp_context *context, const char *name, struct dp_manifest **manifest,
                     struct dp_error *err)
{
    struct dp_manifest *made = make(strcmp(name, "-") == 0 ? "stdin" : name, err);
    int rc = DP_OK;

    if (!made)
        return DP_NO_MEMORY;
    if (strcmp(name, "-") == 0) {
        made->fd = STDIN_FILENO;
    } else if (dp_local_is_uri(name)) {
        rc = dp_object_open(context, name, NULL, &made->object, err);
        if (rc == DP_OK)
            made->name = dp_object_uri(made->object); /* without a signature */
    } else {
        made->fd = open(name, O_RDONLY | O_CLOEXEC);
        if (made->fd < 0)
            rc = dp_error_set_errno(err, errno, "%s", name);
    }
    if (rc < 0)
        dp_manifest_free(made);
    else
        *manifest = made;
    return rc;
}

int dp_manifest_open_fd(int fd, const char *name, struct dp_manifest **manifest,
                        struct dp_error *err)
{
    struct dp_manifest *made = make(name, err);

    if (!made)
        return DP_NO_MEMORY;
    made->fd = lseek(fd, 0, SEEK_SET) == 0 ? fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1;
    if (made->fd < 0) {
        dp_error_set_errno(err, errno, "%s", name);
        dp_manifest_free(made);
        return DP_IO;
    }
    *manifest = made;
    return DP_OK;
}

int dp_manifest_open_line(const char *line, struct dp_manifest **manifest, struct dp_error *err)
{
    struct dp_manifest *made = make("--slice", err);

    if (!made)
        return DP_NO_MEMORY;
    made->at_end = true;
    if (!dp_array_append(&made->bytes, line, strlen(line), 1)) {
        dp_manifest_free(made);
        return dp_error_no_memory(err);
    }
    *manifest = made;
    return DP_OK;
}

const char *dp_manifest_name(const struct dp_manifest *manifest)
{
    return manifest->name;
}

void dp_manifest_free(struct dp_manifest *manifest)
{
    if (!manifest)
        return;
    if (manifest->fd > STDERR_FILENO)
        close(manifest->fd);
    dp_object_free(manifest->object);
    dp_array_free(&manifest->bytes);
    free(manifest);
}

/* Up to READ_BYTES more at `to`; 0 at the end. */
static int64_t read_some(struct dp_manifest *manifest, void *to, struct dp_error *err)
{
    struct dp_local_input input = {manifest->fd, manifest->name};
    uint64_t left;
    struct dp_range range;
    int rc;

    if (!manifest->object)
        return dp_local_read(&input, to, READ_BYTES, err);
    left = dp_object_size(manifest->object) - manifest->offset;
    if (left == 0)
        return 0;
    range.begin = manifest->offset;
    range.end = manifest->offset + (left < READ_BYTES ? left : READ_BYTES);
    rc = dp_object_read_at(manifest->object, range, to, err);
    if (rc < 0)
        return rc;
    manifest->offset = range.end;
    return (int64_t)(range.end - range.begin);
}

/* Appends what can be read at once to `bytes`, after dropping what was given out. */
static int fill(struct dp_manifest *manifest, struct dp_error *err)
{
    struct dp_array *bytes = &manifest->bytes;
    int64_t given;

    if (manifest->begin > 0) {
        bytes->length -= manifest->begin;
        memmove(bytes->data, (char *)bytes->data + manifest->begin, bytes->length);
        manifest->begin = 0;
    }
    if (bytes->length > LINE_BYTES_MAX)
        return dp_error_set(err, DP_BAD_INDEX, "%s: line %llu: too long for a slice",
                            manifest->name, (unsigned long long)manifest->line + 1);
    if (!dp_array_reserve(bytes, READ_BYTES, 1))
        return dp_error_no_memory(err);
    given = read_some(manifest, (char *)bytes->data + bytes->length, err);
    if (given < 0)
        return (int)given;
    bytes->length += (size_t)given;
    manifest->at_end = given == 0;
    return DP_OK;
}

/* 1: the next line, without its newline, at *line until the next call; 0: the end. */
static int next_line(struct dp_manifest *manifest, const char **line, size_t *length,
                     struct dp_error *err)
{
    size_t seen = 0, have;
    const char *begin, *end = NULL;
    int rc;

    for (;;) {
        have = manifest->bytes.length - manifest->begin;
        begin = have ? (const char *)manifest->bytes.data + manifest->begin : NULL;
        if (have > seen)
            end = memchr(begin + seen, '\n', have - seen);
        if (end || manifest->at_end)
            break;
        seen = have;
        rc = fill(manifest, err);
        if (rc < 0)
            return rc;
    }
    if (!end && have == 0)
        return 0;
    *line = begin;
    *length = end ? (size_t)(end - begin) : have;
    manifest->begin += *length + (end ? 1 : 0);
    manifest->line++;
    return 1;
}

/* Puts the place in front of what the parser said. */
static int at_line(const struct dp_manifest *manifest, int rc, const struct dp_error *cause,
                   struct dp_error *err)
{
    return dp_error_set(err, rc, "%s: line %llu: %.900s", manifest->name,
                        (unsigned long long)manifest->line, cause->message);
}

/* ------------------------------------------------------------------------------ whole plans */

static int not_whole(const struct dp_manifest *manifest, uint64_t number, const char *what,
                     struct dp_error *err)
{
    return dp_error_set(err, DP_BAD_INDEX,
                        "%s: slice %llu of %llu %s; --partial takes what is no whole plan",
                        manifest->name, (unsigned long long)number,
                        (unsigned long long)manifest->run.slice_count, what);
}

/* What began with slice 1 and went on must have reached the last one. */
static int end_run(const struct dp_manifest *manifest, struct dp_error *err)
{
    const struct run *run = &manifest->run;

    if (!run->from_first || run->line_count == 1 || run->number == run->slice_count)
        return DP_OK;
    return not_whole(manifest, run->number + 1, "is missing", err);
}

static int begin_run(struct dp_manifest *manifest, const struct dp_slice_info *info,
                     struct dp_error *err)
{
    struct run *run = &manifest->run;
    int rc = end_run(manifest, err);

    if (rc < 0)
        return rc;
    snprintf(run->plan_id, sizeof(run->plan_id), "%s", info->plan_id);
    run->from_first = info->number == 1;
    run->line_count = 1;
    run->number = info->number;
    run->slice_count = info->slice_count;
    return DP_OK;
}

static int follow_run(struct dp_manifest *manifest, const struct dp_slice *slice,
                      struct dp_error *err)
{
    struct dp_slice_info info = {.struct_bytes = sizeof(info)};
    struct run *run = &manifest->run;

    dp_slice_info(slice, &info);
    if (strcmp(run->plan_id, info.plan_id) != 0)
        return begin_run(manifest, &info, err);
    if (run->from_first && info.number <= run->number)
        return not_whole(manifest, info.number, "is there twice or not in order", err);
    if (run->from_first && info.number > run->number + 1)
        return not_whole(manifest, run->number + 1, "is missing or not in order", err);
    run->line_count++;
    run->number = info.number;
    return DP_OK;
}

/* Reads to the end, for the verdict alone. */
static int read_through(struct dp_manifest *manifest, struct dp_error *err)
{
    struct dp_slice *slice;
    int rc;

    while ((rc = dp_manifest_next(manifest, &slice, err)) > 0)
        dp_slice_free(slice);
    return rc;
}

int dp_manifest_require_whole(struct dp_manifest *manifest, struct dp_error *err)
{
    struct stat about;
    off_t begin;
    int rc;

    manifest->whole = true;
    if (manifest->fd < 0 || fstat(manifest->fd, &about) != 0 || !S_ISREG(about.st_mode))
        return DP_OK;
    begin = lseek(manifest->fd, 0, SEEK_CUR);
    rc = read_through(manifest, err);
    if (rc < 0)
        return rc;
    if (begin < 0 || lseek(manifest->fd, begin, SEEK_SET) < 0)
        return dp_error_set_errno(err, errno, "%s", manifest->name);
    manifest->bytes.length = manifest->begin = 0;
    manifest->line = 0;
    manifest->at_end = false;
    memset(&manifest->run, 0, sizeof(manifest->run));
    return DP_OK;
}

/* ------------------------------------------------------------------------- lines passed over */

/* A line as dp-slice plan writes it has its keys in one order, and at its end the checksum of the
 * rest as it stands. (Written anew by something else it has the same check and another text.) */
#define BEFORE_ID     "{\"v\":2,\"id\":\""
#define BEFORE_PLAN   "\",\"plan\":\""
#define BEFORE_NUMBER "\",\"n\":"
#define BEFORE_CHECK  ",\"check\":\""
enum { ID_DIGITS = 32, CHECK_DIGITS = 8, NUMBER_DIGITS = 15 };

void dp_manifest_select(struct dp_manifest *manifest, const struct dp_selection *selection)
{
    manifest->selection = selection;
}

/* Moves behind `text`, and `skipped` more characters, when the text stands there. */
static bool pass(const char **at, const char *end, const char *text, size_t skipped)
{
    size_t length = strlen(text);

    if ((size_t)(end - *at) < length + skipped || memcmp(*at, text, length) != 0)
        return false;
    *at += length + skipped;
    return true;
}

/* Does the check at the line's end fit what stands before it? */
static bool is_unharmed(const char *line, size_t length)
{
    const size_t tail = strlen(BEFORE_CHECK) + CHECK_DIGITS + 2;
    char expected[64];
    size_t kept;

    if (length < tail)
        return false;
    kept = length - tail;
    snprintf(expected, sizeof(expected), "%s%08x\"}", BEFORE_CHECK,
             (unsigned)dp_crc32(dp_crc32(0, line, kept), "}", 1));
    return memcmp(line + kept, expected, tail) == 0;
}

/* The number of the slice of a line that is as dp-slice plan wrote it; 0: it must be parsed. */
static uint64_t number_of(const char *line, size_t length)
{
    const char *at = line, *end = line + length;
    uint64_t number = 0;
    unsigned i;

    if (!pass(&at, end, BEFORE_ID, ID_DIGITS) || !pass(&at, end, BEFORE_PLAN, ID_DIGITS) ||
        !pass(&at, end, BEFORE_NUMBER, 0) || !is_unharmed(line, length))
        return 0;
    for (i = 0; i < NUMBER_DIGITS && at < end && *at >= '0' && *at <= '9'; i++)
        number = number * 10 + (uint64_t)(*at++ - '0');
    return at < end && *at == ',' ? number : 0;
}

/* Is this no line of a slice that is wanted? */
static bool is_passed_over(const struct dp_manifest *manifest, const char *line, size_t length)
{
    uint64_t number = manifest->selection && length ? number_of(line, length) : 0;

    return length == 0 || (number && !dp_selection_has(manifest->selection, number));
}

/* ------------------------------------------------------------------------------------ slices */

static int parse_next(struct dp_manifest *manifest, struct dp_slice **slice, struct dp_error *err)
{
    struct dp_slice *parsed;
    struct dp_error cause;
    const char *line;
    size_t length;
    int rc;

    do {
        rc = next_line(manifest, &line, &length, err);
        if (rc == 0 && manifest->whole)
            return end_run(manifest, err);
        if (rc <= 0)
            return rc;
    } while (is_passed_over(manifest, line, length));
    rc = dp_slice_parse(line, length, &parsed, &cause);
    if (rc < 0)
        return at_line(manifest, rc, &cause, err);
    rc = manifest->whole ? follow_run(manifest, parsed, err) : DP_OK;
    if (rc < 0) {
        dp_slice_free(parsed);
        return rc;
    }
    *slice = parsed;
    return 1;
}

int dp_manifest_next(struct dp_manifest *manifest, struct dp_slice **slice, struct dp_error *err)
{
    struct dp_slice_info info = {.struct_bytes = sizeof(info)};
    int rc;

    while ((rc = parse_next(manifest, slice, err)) > 0 && manifest->selection) {
        dp_slice_info(*slice, &info);
        if (dp_selection_has(manifest->selection, info.number))
            break;
        dp_slice_free(*slice);
    }
    return rc;
}
