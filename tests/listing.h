/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What the tests of lists share. */

#ifndef DP_TESTS_LISTING_H
#define DP_TESTS_LISTING_H

#include "tests/connectors.h"

#include <stdbool.h>

/* All entries of a list as "NAME\n" one behind the other, `skip` bytes of each URI left out; to be
 * freed. Each entry must open and be what the list says of it. */
static inline char *listing_of(struct dp_context *context, const char *uri, unsigned page_count,
                               size_t skip, bool open)
{
    struct dp_list_options options = {.struct_bytes = sizeof(options), .page_count = page_count};
    struct dp_list_entry entry = {.struct_bytes = sizeof(entry)};
    struct dp_list *list = NULL;
    struct dp_error err = {0};
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    int rc = dp_list_open(context, uri, &options, &list, &err);

    ck_assert_msg(rc == DP_OK, "%s: %s", uri, err.message);
    while ((rc = dp_list_next(list, &entry, &err)) > 0) {
        ck_assert_uint_ge(strlen(entry.uri), skip);
        fprintf(out, "%s\n", entry.uri + skip);
        if (open) {
            struct dp_object *object = NULL;

            rc = dp_object_open(context, entry.uri, NULL, &object, &err);
            ck_assert_msg(rc == DP_OK, "%s", err.message);
            ck_assert_str_eq(dp_object_uri(object), entry.uri);
            ck_assert_uint_eq(dp_object_size(object), entry.size_bytes);
            ck_assert_str_eq(dp_object_validator(object), entry.validator);
            dp_object_free(object);
        }
    }
    ck_assert_msg(rc == 0, "%s", err.message);
    ck_assert_int_eq(dp_list_next(list, &entry, &err), 0);
    dp_list_free(list);
    fclose(out);
    return text;
}

static inline void expect_listing(struct dp_context *context, const char *uri, size_t skip,
                                  bool open, const char *expected)
{
    char *text = listing_of(context, uri, 0, skip, open);

    ck_assert_msg(strcmp(text, expected) == 0, "%s gives '%s', expected '%s'", uri, text, expected);
    free(text);
}

#endif
