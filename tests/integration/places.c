/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Objects by the public API alone, for scripts.
 *
 *     places list URI [PAGE]    one line "URI SIZE VALIDATOR" per object; each is opened, too, once
 *                               by its name and once by what the list says of it
 *     places names URI [PAGE]   the same without opening
 *     places put URI            what stands on standard input
 *     places get URI            to standard output
 *
 * Prints the message and exits with 1 when something fails, with 3 when something differs. */

#include "config.h"

#include "dataplug.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct dp_context *context;
static struct dp_error err;

static int failed(void)
{
    fprintf(stderr, "%s: %s\n", dp_result_name(err.code), err.message);
    return 1;
}

/* Whether the object is what its entry says; its validator must fit the first read, too. */
static int open_entry(const struct dp_list_entry *entry)
{
    struct dp_object_options options = {.struct_bytes = sizeof(options),
                                        .validator = entry->validator,
                                        .size_bytes = entry->size_bytes};
    struct dp_object *object = NULL;
    char byte;
    int differs, rc;

    if (dp_object_open(context, entry->uri, NULL, &object, &err))
        return failed();
    differs = strcmp(dp_object_uri(object), entry->uri) != 0 ||
              strcmp(dp_object_validator(object), entry->validator) != 0 ||
              dp_object_size(object) != entry->size_bytes;
    if (differs)
        fprintf(stderr, "%s: opened it is %s, %" PRIu64 " bytes, '%s'; listed '%s'\n", entry->uri,
                dp_object_uri(object), dp_object_size(object), dp_object_validator(object),
                entry->validator);
    dp_object_free(object);
    if (differs || !entry->size_bytes)
        return differs ? 3 : 0;
    if (dp_object_open(context, entry->uri, &options, &object, &err))
        return failed();
    rc = dp_object_read_at(object, (struct dp_range){0, 1}, &byte, &err);
    dp_object_free(object);
    return rc ? failed() : 0;
}

static int list(const char *uri, unsigned page_count, int open)
{
    struct dp_list_options options = {.struct_bytes = sizeof(options), .page_count = page_count};
    struct dp_list_entry entry = {.struct_bytes = sizeof(entry)};
    struct dp_list *names;
    int rc, status = 0;

    if (dp_list_open(context, uri, &options, &names, &err))
        return failed();
    while (!status && (rc = dp_list_next(names, &entry, &err)) > 0) {
        printf("%s %" PRIu64 " %s\n", entry.uri, entry.size_bytes, entry.validator);
        if (open)
            status = open_entry(&entry);
    }
    dp_list_free(names);
    return status ? status : rc ? failed() : 0;
}

static int put(const char *uri, FILE *from)
{
    static char buffer[1 << 20];
    struct dp_sink *sink;
    size_t n;
    int rc = dp_sink_open(context, uri, &sink, &err);

    if (rc)
        return failed();
    while (!rc && (n = fread(buffer, 1, sizeof(buffer), from)) > 0)
        rc = dp_sink_write(sink, buffer, n, &err);
    if (!rc)
        rc = dp_sink_commit(sink, &err);
    dp_sink_free(sink);
    return rc ? failed() : 0;
}

static int get(const char *uri)
{
    struct dp_object *object;
    uint64_t at = 0, step = 8 << 20;
    char *buffer = malloc((size_t)step);
    int rc = dp_object_open(context, uri, NULL, &object, &err);

    if (rc || !buffer)
        return failed();
    while (!rc && at < dp_object_size(object)) {
        uint64_t left = dp_object_size(object) - at;
        struct dp_range range = {at, at + (left < step ? left : step)};

        rc = dp_object_read_at(object, range, buffer, &err);
        if (!rc)
            fwrite(buffer, 1, (size_t)(range.end - range.begin), stdout);
        at = range.end;
    }
    dp_object_free(object);
    free(buffer);
    return rc ? failed() : 0;
}

int main(int argc, char **argv)
{
    const char *action = argc > 2 ? argv[1] : "", *uri = argc > 2 ? argv[2] : "";
    unsigned number = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
    int status = 2;

    if (dp_context_new(NULL, &context, &err))
        return failed();
    if (strcmp(action, "list") == 0 || strcmp(action, "names") == 0)
        status = list(uri, number, strcmp(action, "list") == 0);
    else if (strcmp(action, "put") == 0)
        status = put(uri, stdin);
    else if (strcmp(action, "get") == 0)
        status = get(uri);
    dp_context_free(context);
    return fflush(stdout) == 0 ? status : 1;
}
