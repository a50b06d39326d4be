/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/zcat_list.h"

#include "base/error.h"
#include "tools/output.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRAILER_BYTES 8
/* Columns of a 63-bit number. */
#define WIDTH 19
/* Those of method, checksum, date and time. */
#define DETAILS_WIDTH 28

static int print(struct dp_error *err, const char *format, ...) DP_PRINTF(2, 3);
static int print(struct dp_error *err, const char *format, ...)
{
    va_list args;
    char *text;
    int length, rc;

    va_start(args, format);
    length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0)
        return dp_error_no_memory(err);
    rc = dp_output_write(STDOUT_FILENO, "standard output", text, (size_t)length, err);
    free(text);
    return rc;
}

/* --------------------------------------------------------------------------------- inputs */

void dp_zcat_list_begin(struct dp_zcat_list *list, time_t modified)
{
    list->modified = modified;
    list->compressed_bytes = 0;
    dp_gzip_head_init(&list->head);
}

void dp_zcat_list_take(struct dp_zcat_list *list, const void *bytes, size_t length)
{
    list->compressed_bytes += length;
    dp_gzip_head_take(&list->head, bytes, length);
}

int dp_zcat_list_look(struct dp_zcat_list *list, struct dp_object *object, struct dp_error *err)
{
    struct dp_range range = {0, 0};
    uint64_t size = dp_object_size(object);
    uint8_t bytes[4096];
    int rc = DP_OK;

    list->compressed_bytes = size;
    do {
        range.begin = range.end;
        range.end = size - range.begin < sizeof(bytes) ? size : range.begin + sizeof(bytes);
        if (range.begin < size)
            rc = dp_object_read_at(object, range, bytes, err);
    } while (rc == DP_OK && range.begin < size &&
             !dp_gzip_head_take(&list->head, bytes, (size_t)(range.end - range.begin)));
    return rc;
}

/* gzip looks behind every member for one more, and then counts no header at all. */
void dp_zcat_list_end(struct dp_zcat_list *list, const struct dp_stream_info *info,
                      bool to_the_end)
{
    bool alone = to_the_end && info->member_count == 1 && info->trailing_garbage_bytes == 0 &&
                 info->trailing_zero_bytes == 0;

    list->header_bytes = alone ? list->head.bytes + TRAILER_BYTES : 0;
}

/* ----------------------------------------------------------------------------------- rows */

/* How much smaller the data became, in percent. */
static double ratio(const struct dp_zcat_list *list, uint64_t compressed, uint64_t uncompressed)
{
    double saved = (double)uncompressed - (double)compressed + (double)list->header_bytes;

    return uncompressed ? 100.0 * saved / (double)uncompressed : 0.0;
}

static int print_title(struct dp_zcat_list *list, struct dp_error *err)
{
    int rc = DP_OK;

    if (list->titled)
        return DP_OK;
    list->titled = true;
    if (list->verbose)
        rc = print(err, "method  crc     date  time  ");
    if (rc == DP_OK && !list->quiet)
        rc = print(err, "%*s %*s  ratio uncompressed_name\n", WIDTH, "compressed", WIDTH,
                   "uncompressed");
    return rc;
}

/* Method, checksum, date and time. */
static int print_details(const struct dp_zcat_list *list, const struct dp_stream_info *info,
                         struct dp_error *err)
{
    time_t at = list->by_header && list->head.time ? (time_t)list->head.time : list->modified;
    char date[32];
    struct tm parts;

    /* The months' names are those of C: this program sets no locale. */
    if (!localtime_r(&at, &parts) || strftime(date, sizeof(date), "%b %e %H:%M", &parts) == 0)
        strcpy(date, "??? ?? ??:??");
    return print(err, "defla %08" PRIx32 " %s ", info->last_member_crc32, date);
}

/* The bytes of a name up to where that of the file begins. */
static size_t folder_bytes(const char *name)
{
    const char *slash = strrchr(name, '/');

    return slash ? (size_t)(slash + 1 - name) : 0;
}

/* gzip reads the whole name in the header behind that of the folder, and only then shortens it. */
int dp_zcat_list_check(const struct dp_zcat_list *list, const char *name, struct dp_error *err)
{
    size_t length = strlen(list->head.name);

    if (!list->by_header || length == 0 ||
        (!list->head.name_is_cut && folder_bytes(name) + length < sizeof(list->head.name)))
        return DP_OK;
    return dp_error_set(err, DP_DATA, "%s: corrupted input -- file name too large", name);
}

/* The folder stays, what the header calls the file is its name. NULL when out of memory. */
static char *name_of(const struct dp_zcat_list *list, const char *name)
{
    const char *inner = strrchr(list->head.name, '/');
    int folder = (int)folder_bytes(name);
    char *made, *at;

    inner = inner ? inner + 1 : list->head.name;
    if (!list->by_header || !*inner)
        return strdup(name);
    if (asprintf(&made, "%.*s%s", folder, name, inner) < 0)
        return NULL;
    for (at = made; *at; at++) /* foreign text: keep it off the terminal's controls */
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    return made;
}

int dp_zcat_list_row(struct dp_zcat_list *list, const char *name,
                     const struct dp_stream_info *info, struct dp_error *err)
{
    uint64_t compressed = list->compressed_bytes, uncompressed = info->last_member_bytes;
    char *shown = name_of(list, name);
    int rc = shown ? print_title(list, err) : dp_error_no_memory(err);

    if (rc == DP_OK && list->verbose)
        rc = print_details(list, info, err);
    if (rc == DP_OK)
        rc = print(err, "%*" PRIu64 " %*" PRIu64 " %5.1f%% %s\n", WIDTH, compressed, WIDTH,
                   uncompressed, ratio(list, compressed, uncompressed), shown);
    list->total_compressed_bytes += compressed;
    list->total_uncompressed_bytes += uncompressed;
    free(shown);
    return rc;
}

int dp_zcat_list_totals(const struct dp_zcat_list *list, struct dp_error *err)
{
    uint64_t compressed = list->total_compressed_bytes;
    uint64_t uncompressed = list->total_uncompressed_bytes;
    int rc = DP_OK;

    if (compressed == 0 || uncompressed == 0)
        return DP_OK;
    if (list->verbose)
        rc = print(err, "%*s", DETAILS_WIDTH, "");
    if (rc == DP_OK && !list->quiet)
        rc = print(err, "%*" PRIu64 " %*" PRIu64 " ", WIDTH, compressed, WIDTH, uncompressed);
    if (rc == DP_OK)
        rc = print(err, "%5.1f%% (totals)\n", ratio(list, compressed, uncompressed));
    return rc;
}
