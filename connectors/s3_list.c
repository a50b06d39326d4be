/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Listing a bucket, page by page (ListObjectsV2). The store filters by what every match begins
 * with, and leaves out the folders below where no match can lie; the rest is filtered here. */

#include "config.h"

#include "connectors/s3.h"

#include "connectors/glob.h"
#include "connectors/list.h"
#include "connectors/s3_page.h"
#include "connectors/uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PAGE = 1000 }; /* entries that S3 sends at once */

struct s3_list {
    struct dp_list list;
    struct dp_s3_place *place; /* of the bucket */
    struct dp_glob glob;       /* of keys */
    struct dp_s3_page page;
    size_t next;               /* entry of the page */
    bool begun;
    char *uri;                 /* of the entry given last */
    char *validator;
};

/* ----------------------------------------------------------------------------------- pages */

static bool add_parameter(struct dp_array *query, const char *name, const char *value)
{
    return dp_array_append(query, "&", 1, 1) && dp_array_append(query, name, strlen(name), 1) &&
           dp_array_append(query, "=", 1, 1) && dp_uri_encode(query, value, strlen(value), "");
}

/* The query of the next page, to be freed; NULL when out of memory. */
static char *make_query(const struct s3_list *s3)
{
    static const char begin[] = "list-type=2&encoding-type=url";
    unsigned asked = s3->list.options.page_count;
    struct dp_array query = {0};
    char count[16];
    bool ok;

    snprintf(count, sizeof(count), "%u", asked && asked < MOST_PAGE ? asked : MOST_PAGE);
    ok = dp_array_append(&query, begin, sizeof(begin) - 1, 1) &&
         add_parameter(&query, "max-keys", count) &&
         (!s3->glob.prefix_length || add_parameter(&query, "prefix", s3->glob.prefix)) &&
         (s3->glob.deep || add_parameter(&query, "delimiter", "/")) &&
         (!s3->page.next_token ||
          add_parameter(&query, "continuation-token", s3->page.next_token)) &&
         dp_array_append(&query, "", 1, 1);
    if (ok)
        return query.data;
    dp_array_free(&query);
    return NULL;
}

static int take_page(void *user, const void *bytes, size_t length, struct dp_error *err)
{
    struct s3_list *s3 = user;
    int rc = s3->page.reader ? DP_OK : dp_s3_page_begin(&s3->page, err);

    return rc ? rc : dp_s3_page_feed(&s3->page, s3->list.name, bytes, length, err);
}

/* An answer that broke off is asked for again, and read from its beginning. */
static void drop_page(void *user)
{
    struct s3_list *s3 = user;

    dp_s3_page_free(&s3->page);
    memset(&s3->page, 0, sizeof(s3->page));
}

static int fetch_page(struct s3_list *s3, struct dp_error *err)
{
    char *query = make_query(s3), *token = s3->page.next_token;
    struct dp_http_request request = {.method = "GET",
                                      .url = query,
                                      .name = s3->list.name,
                                      .auth = &s3->place->auth,
                                      .size_bytes = UINT64_MAX,
                                      .write = take_page,
                                      .rewind = drop_page,
                                      .user = s3};
    struct dp_http_answer answer;
    int rc;

    s3->page.next_token = NULL;
    if (query)
        rc = dp_s3_page_begin(&s3->page, err);
    else
        rc = dp_error_no_memory(err);
    if (!rc)
        rc = dp_http_retry_run(s3->list.context, &request, &answer, err);
    if (!rc && !s3->page.reader) /* an attempt that was dropped, then an empty answer */
        rc = dp_s3_page_begin(&s3->page, err);
    if (!rc)
        rc = dp_s3_page_end(&s3->page, s3->list.name, err);
    /* A store that gives the same page for ever must not be believed for ever. */
    if (!rc && token && s3->page.next_token && strcmp(token, s3->page.next_token) == 0)
        rc = dp_error_set(err, DP_IO, "%s: the server's listing does not get on", s3->list.name);
    free(query);
    free(token);
    s3->next = 0;
    s3->begun = true;
    return rc;
}

/* --------------------------------------------------------------------------------- entries */

/* Consoles make empty objects that end in '/' so that folders can be shown. */
static bool is_marker(const struct dp_s3_page_entry *entry)
{
    return !entry->size_bytes && entry->key[strlen(entry->key) - 1] == '/';
}

static int give(struct s3_list *s3, const struct dp_s3_page_entry *found,
                struct dp_list_entry *entry, struct dp_error *err)
{
    struct dp_array uri = {0};
    const char *bucket = s3->place->bucket;
    bool ok = dp_array_append(&uri, "s3://", 5, 1) &&
              dp_uri_encode(&uri, bucket, strlen(bucket), ":") &&
              dp_array_append(&uri, "/", 1, 1) &&
              dp_uri_encode(&uri, found->key, strlen(found->key), "/") &&
              dp_array_append(&uri, "", 1, 1);

    free(s3->uri);
    free(s3->validator);
    s3->uri = uri.data;
    if (asprintf(&s3->validator, "%s%s", found->etag[0] ? "etag:" : "", found->etag) < 0)
        s3->validator = NULL;
    if (!ok || !s3->validator)
        return dp_error_no_memory(err);
    entry->uri = s3->uri;
    entry->size_bytes = found->size_bytes;
    entry->validator = s3->validator;
    return 1;
}

static int next_s3(struct dp_list *list, struct dp_list_entry *entry, struct dp_error *err)
{
    struct s3_list *s3 = (struct s3_list *)list;
    int rc;

    for (;;) {
        const struct dp_s3_page_entry *entries = s3->page.entries.data;

        while (s3->next < s3->page.entries.length) {
            const struct dp_s3_page_entry *found = &entries[s3->next++];

            if (!is_marker(found) && dp_glob_match(&s3->glob, found->key, strlen(found->key)))
                return give(s3, found, entry, err);
        }
        if (s3->begun && !s3->page.next_token)
            return 0;
        rc = fetch_page(s3, err);
        if (rc)
            return rc;
    }
}

/* --------------------------------------------------------------------------------- opening */

static void close_s3(struct dp_list *list)
{
    struct s3_list *s3 = (struct s3_list *)list;

    dp_s3_page_free(&s3->page);
    dp_glob_free(&s3->glob);
    dp_s3_place_free(s3->place);
    free(s3->uri);
    free(s3->validator);
}

static const struct dp_list_ops s3_list_ops = {
    .name = "s3", .next = next_s3, .close = close_s3};

int dp_s3_list_open(struct dp_context *context, const char *uri,
                    const struct dp_list_options *options, struct dp_list **list,
                    struct dp_error *err)
{
    struct s3_list *s3 =
        (struct s3_list *)dp_list_new(sizeof(*s3), &s3_list_ops, context, options, uri);
    const char *key = uri + dp_uri_scheme_length(uri) + 3;
    int rc;

    if (!s3)
        return dp_error_no_memory(err);
    key += strcspn(key, "/");
    rc = dp_s3_place_open_bucket(context, uri, &s3->place, err);
    if (!rc)
        rc = dp_glob_compile(&s3->glob, DP_GLOB_ENCODED, *key ? key + 1 : key, uri, err);
    if (rc)
        dp_list_free(&s3->list);
    else
        *list = &s3->list;
    return rc;
}
