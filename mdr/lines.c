/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "mdr/lines.h"

#include "mdr/whole.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* A table of a few million samples is below this; more is another kind of file. */
static const size_t longest_text = (size_t)1 << 30;

/* Appends everything that `stream` gives and a NUL. */
static int collect(struct dp_stream *stream, const char *name, struct dp_array *text,
                   struct dp_error *err)
{
    const void *bytes;
    int64_t got;

    while ((got = dp_stream_next(stream, &bytes, err)) > 0) {
        if ((uint64_t)got > longest_text - text->length)
            return dp_error_set(err, DP_UNSUPPORTED, "%s: longer than 1 GiB: no table of samples",
                                name);
        if (!dp_array_append(text, bytes, (size_t)got, 1))
            return dp_error_no_memory(err);
    }
    if (got < 0)
        return (int)got;
    return dp_array_append(text, "", 1, 1) ? DP_OK : dp_error_no_memory(err);
}

static void identify(const char *text, size_t length, struct dp_mdr_text_identity *identity)
{
    XXH128_canonical_t canonical;

    XXH128_canonicalFromHash(&canonical, XXH3_128bits(text, length));
    identity->bytes = length;
    memcpy(identity->xxh128, canonical.digest, sizeof(identity->xxh128));
}

/* Takes `text`, which ends with a NUL beyond its `length`. */
static int begin(struct dp_mdr_lines *lines, char *text, size_t length, const char *name,
                 struct dp_error *err)
{
    memset(lines, 0, sizeof(*lines));
    lines->name = strdup(name);
    if (!lines->name)
        return dp_error_no_memory(err);
    lines->text = text;
    lines->length = length;
    identify(text, length, &lines->identity);
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        lines->position = 3;
    return DP_OK;
}

int dp_mdr_lines_read(struct dp_context *context, const char *uri, struct dp_mdr_lines *lines,
                      struct dp_error *err)
{
    struct dp_stream_options options = {.struct_bytes = sizeof(options), .pass_through = 1};
    struct dp_array text = {0};
    struct dp_object *object = NULL;
    struct dp_stream *stream = NULL;
    int result = dp_object_open(context, uri, NULL, &object, err);

    if (result < 0)
        goto out;
    result = dp_stream_open(context, object, NULL, &options, &stream, err);
    if (result < 0)
        goto out;
    result = collect(stream, dp_object_uri(object), &text, err);
    if (result == DP_OK)
        result = dp_mdr_whole_check(stream, dp_object_uri(object), err);
    if (result == DP_OK)
        result = begin(lines, text.data, text.length - 1, dp_object_uri(object), err);
    if (result == DP_OK)
        memset(&text, 0, sizeof(text));
out:
    dp_stream_free(stream);
    dp_object_free(object);
    dp_array_free(&text);
    return result;
}

int dp_mdr_lines_copy(const char *text, size_t length, const char *name, struct dp_mdr_lines *lines,
                      struct dp_error *err)
{
    char *copy = length < longest_text ? malloc(length + 1) : NULL;
    int result;

    if (!copy)
        return dp_error_no_memory(err);
    if (length)
        memcpy(copy, text, length);
    copy[length] = '\0';
    result = begin(lines, copy, length, name, err);
    if (result < 0)
        free(copy);
    return result;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Cuts `line` at runs of blanks. */
static bool cut_at_blanks(struct dp_array *fields, char *line)
{
    for (;;) {
        while (is_blank(*line))
            line++;
        if (!*line)
            return true;
        if (!dp_array_append(fields, &line, 1, sizeof(line)))
            return false;
        while (*line && !is_blank(*line))
            line++;
        if (!*line)
            return true;
        *line++ = '\0';
    }
}

/* Cuts `line` at each TAB. */
static bool cut_at_tabs(struct dp_array *fields, char *line)
{
    while (line) {
        if (!dp_array_append(fields, &line, 1, sizeof(line)))
            return false;
        line = strchr(line, '\t');
        if (line)
            *line++ = '\0';
    }
    return true;
}

/* The next line as a text of its own; NULL at the end. *length is that of its bytes. */
static char *take_line(struct dp_mdr_lines *lines, size_t *length)
{
    char *line = lines->text + lines->position, *end;

    if (lines->position >= lines->length)
        return NULL;
    end = memchr(line, '\n', lines->length - lines->position);
    if (!end)
        end = lines->text + lines->length;
    lines->position = (size_t)(end - lines->text) + 1;
    lines->line++;
    if (end > line && end[-1] == '\r')
        end--;
    *end = '\0';
    *length = (size_t)(end - line);
    return line;
}

int dp_mdr_lines_next(struct dp_mdr_lines *lines, struct dp_error *err)
{
    bool first = lines->fields.capacity == 0;
    size_t length;
    char *line;

    do {
        line = take_line(lines, &length);
        if (!line)
            return 0;
        if (strlen(line) != length)
            return dp_mdr_lines_fail(lines, err, "a NUL byte: this is no text");
    } while (line[strspn(line, " \t")] == '\0');
    if (first)
        lines->by_tabs = strchr(line, '\t') != NULL;
    lines->fields.length = 0;
    if (!(lines->by_tabs ? cut_at_tabs : cut_at_blanks)(&lines->fields, line))
        return dp_error_no_memory(err);
    return 1;
}

char *dp_mdr_lines_field(const struct dp_mdr_lines *lines, size_t number)
{
    return ((char **)lines->fields.data)[number];
}

size_t dp_mdr_lines_count(const struct dp_mdr_lines *lines)
{
    return lines->fields.length;
}

int dp_mdr_lines_fail(const struct dp_mdr_lines *lines, struct dp_error *err, const char *format,
                      ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return dp_error_set(err, DP_DATA, "%s:%llu: %s", lines->name, (unsigned long long)lines->line,
                        text);
}

void dp_mdr_lines_free(struct dp_mdr_lines *lines)
{
    free(lines->name);
    free(lines->text);
    dp_array_free(&lines->fields);
    memset(lines, 0, sizeof(*lines));
}
