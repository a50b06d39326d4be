/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/http_object.h"

#include "connectors/uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the first GET, kept: the formats look at an object's beginning, and the identity of an
 * object needs its first 64 KiB. It needs the last ones, too, and is asked for more than once. */
enum { HEAD_BYTES = 64 << 10, TAIL_BYTES = 64 << 10 };

struct http_object {
    struct dp_object object;
    char *url;
    struct dp_http_auth *auth;
    void (*free_auth)(struct dp_http_auth *auth);
    char *condition;     /* "If-Match: ..." or NULL */
    char *head;          /* the first `head_bytes` bytes */
    uint64_t head_bytes;
    char *_Atomic tail;   /* the last TAIL_BYTES; NULL until they are read in one piece */
};

static struct http_object *http_of(struct dp_object *object)
{
    return (struct http_object *)object;
}

/* ------------------------------------------------------------------------------ validator */

/* Makes the header by which the server itself refuses another version. Validators come from
 * slices, too: one that could break out of its header line is refused. */
static int set_condition(struct http_object *http, struct dp_error *err)
{
    const char *validator = http->object.validator, *p;
    const char *value = strchr(validator, ':');
    const char *name = NULL;

    for (p = validator; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return dp_error_set(err, DP_INVALID, "%s: a validator with control characters",
                                http->object.uri);
    if (strncmp(validator, "etag:", 5) == 0)
        name = "If-Match";
    else if (strncmp(validator, "modified:", 9) == 0)
        name = "If-Unmodified-Since";
    if (name && asprintf(&http->condition, "%s: %s", name, value + 1) < 0) {
        http->condition = NULL;
        return dp_error_no_memory(err);
    }
    return DP_OK;
}

static int take_validator(struct http_object *http, const struct dp_http_answer *answer,
                          struct dp_error *err)
{
    struct dp_object *object = &http->object;
    int rc = DP_OK;

    if (answer->etag[0])
        rc = dp_object_set_validator(object, "etag", answer->etag, err);
    else if (answer->version_id[0])
        rc = dp_object_set_validator(object, "version", answer->version_id, err);
    else if (answer->last_modified[0])
        rc = dp_object_set_validator(object, "modified", answer->last_modified, err);
    else
        dp_context_log(object->context, DP_LOG_WARNING,
                       "%s: the server gives no validator: that the object is replaced can be "
                       "noticed by its size and checksums only",
                       object->uri);
    return rc ? rc : set_condition(http, err);
}

/* -------------------------------------------------------------------------------- opening */

/* A request for this object; `headers` has room for the condition and the end. */
static struct dp_http_request make_request(struct http_object *http, const char **headers)
{
    struct dp_http_request request = {.method = "GET",
                                      .url = http->url,
                                      .name = http->object.uri,
                                      .headers = headers,
                                      .auth = http->auth,
                                      .size_bytes = UINT64_MAX};

    headers[0] = http->condition;
    headers[1] = NULL;
    return request;
}

static int keep_head(void *user, const void *bytes, size_t length, struct dp_error *err)
{
    struct http_object *http = user;

    (void)err; /* never more than was asked for: the transport sees to that */
    memcpy(http->head + http->head_bytes, bytes, length);
    http->head_bytes += length;
    return DP_OK;
}

static void drop_head(void *user)
{
    http_of(user)->head_bytes = 0;
}

static int refuse_byte(void *user, const void *bytes, size_t length, struct dp_error *err)
{
    const struct http_object *http = user;

    (void)bytes;
    return length ? dp_error_set(err, DP_IO, "%s: the server denies the first bytes of an object "
                                 "that is not empty", http->object.uri)
                  : DP_OK;
}

/* No byte range of an empty object can be had: its validator comes with a plain GET. */
static int open_empty(struct http_object *http, struct dp_http_answer *answer,
                      struct dp_error *err)
{
    const char *headers[2];
    struct dp_http_request request = make_request(http, headers);
    int rc;

    request.write = refuse_byte;
    request.user = http;
    rc = dp_http_retry_run(http->object.context, &request, answer, err);
    return rc ? rc : take_validator(http, answer, err);
}

static int get_head(struct http_object *http, struct dp_http_answer *answer,
                    struct dp_error *err)
{
    const char *headers[2];
    struct dp_http_request request = make_request(http, headers);

    http->head = malloc(HEAD_BYTES);
    if (!http->head)
        return dp_error_no_memory(err);
    request.ranged = request.open_end = true;
    request.range.end = HEAD_BYTES;
    request.write = keep_head;
    request.rewind = drop_head;
    request.user = http;
    return dp_http_retry_run(http->object.context, &request, answer, err);
}

static int ask(struct http_object *http, struct dp_error *err)
{
    struct dp_object *object = &http->object;
    struct dp_http_answer answer;
    struct dp_error failure = {0};
    int rc = get_head(http, &answer, &failure);

    if (rc == DP_IO && answer.status == 416)
        return open_empty(http, &answer, err);
    if (failure.detail == DP_DETAIL_NO_RANGES) {
        object->ranges = false;
        object->size_bytes = answer.content_length != UINT64_MAX ? answer.content_length : 0;
        return take_validator(http, &answer, err);
    }
    if (rc) {
        if (err)
            *err = failure;
        return rc;
    }
    object->size_bytes = answer.total;
    return take_validator(http, &answer, err);
}

/* Everything is known already: the first read finds out whether it is still true. */
static int trust(struct http_object *http, const struct dp_object_options *options,
                 struct dp_error *err)
{
    char *validator = strdup(options->validator);

    if (!validator)
        return dp_error_no_memory(err);
    free(http->object.validator);
    http->object.validator = validator;
    http->object.size_bytes = options->size_bytes;
    return set_condition(http, err);
}

static int set_up(struct http_object *http, const struct dp_http_place *place,
                  const struct dp_object_options *options, struct dp_error *err)
{
    int rc;

    http->url = strdup(place->url);
    http->object.signed_uri = place->signed_uri ? strdup(place->signed_uri) : NULL;
    if (!http->url || (place->signed_uri && !http->object.signed_uri))
        return dp_error_no_memory(err);
    if (options->validator && options->size_bytes)
        return trust(http, options, err);
    rc = ask(http, err);
    return rc ? rc : dp_object_check_identity(&http->object, options, err);
}

int dp_http_object_open_place(struct dp_context *context, const struct dp_http_place *place,
                              const struct dp_object_ops *ops,
                              const struct dp_object_options *options, struct dp_object **object,
                              struct dp_error *err)
{
    struct dp_object *made = dp_object_new(sizeof(struct http_object), ops, context, place->uri);
    int rc;

    if (!made) {
        if (place->free_auth)
            place->free_auth(place->auth);
        return dp_error_no_memory(err);
    }
    made->remote = true;
    http_of(made)->auth = place->auth;
    http_of(made)->free_auth = place->free_auth;
    rc = set_up(http_of(made), place, options, err);
    if (rc)
        dp_object_free(made);
    else
        *object = made;
    return rc;
}

/* -------------------------------------------------------------------------------- reading */

int dp_http_object_read_stream(struct dp_object *object, struct dp_range range, dp_write_fn write,
                               void *user, struct dp_error *err)
{
    struct http_object *http = http_of(object);
    const char *headers[2];
    struct dp_http_request request = make_request(http, headers);
    struct dp_http_answer answer;

    if (range.begin < http->head_bytes) {
        uint64_t end = range.end < http->head_bytes ? range.end : http->head_bytes;
        int rc = write(user, http->head + range.begin, (size_t)(end - range.begin), err);

        if (rc)
            return rc;
        range.begin = end;
    }
    if (range.begin == range.end)
        return DP_OK;
    request.ranged = true;
    request.range = range;
    request.size_bytes = object->size_bytes;
    request.validator = object->validator;
    request.write = write;
    request.user = user;
    request.asks = true;
    return dp_http_retry_run(object->context, &request, &answer, err);
}

struct target {
    char *to;
};

static int copy_to(void *user, const void *bytes, size_t length, struct dp_error *err)
{
    struct target *target = user;

    (void)err;
    if (length)
        memcpy(target->to, bytes, length);
    target->to += length;
    return DP_OK;
}

/* Keeps what was read when it is the whole tail; of two threads that do so at once one wins. */
static void keep_tail(struct http_object *http, struct dp_range range, const char *bytes)
{
    uint64_t length = range.end - range.begin;
    char *tail, *none = NULL;

    if (range.end != http->object.size_bytes || length != TAIL_BYTES || atomic_load(&http->tail))
        return;
    tail = malloc(TAIL_BYTES);
    if (!tail)
        return; /* then it is read again */
    memcpy(tail, bytes, TAIL_BYTES);
    if (!atomic_compare_exchange_strong(&http->tail, &none, tail))
        free(tail);
}

int dp_http_object_read_at(struct dp_object *object, struct dp_range range, void *buffer,
                           struct dp_error *err)
{
    struct http_object *http = http_of(object);
    const char *tail = atomic_load(&http->tail);
    struct target target = {buffer};
    int rc;

    if (tail && object->size_bytes - range.begin <= TAIL_BYTES) {
        memcpy(buffer, tail + TAIL_BYTES - (object->size_bytes - range.begin),
               (size_t)(range.end - range.begin));
        return DP_OK;
    }
    rc = dp_http_object_read_stream(object, range, copy_to, &target, err);
    if (!rc)
        keep_tail(http, range, buffer);
    return rc;
}

int dp_http_object_read_all(struct dp_object *object, dp_write_fn write, void *user,
                            struct dp_error *err)
{
    struct http_object *http = http_of(object);
    const char *headers[2];
    struct dp_http_request request = make_request(http, headers);
    struct dp_http_answer answer;

    request.validator = object->validator;
    request.write = write;
    request.user = user;
    request.stream = request.asks = true;
    return dp_http_retry_run(object->context, &request, &answer, err);
}

void dp_http_object_close(struct dp_object *object)
{
    struct http_object *http = http_of(object);

    if (http->free_auth)
        http->free_auth(http->auth);
    free(http->url);
    free(http->condition);
    free(http->head);
    free(atomic_load(&http->tail));
}

/* ------------------------------------------------------------------------------- http(s) */

static const struct dp_object_ops http_ops = {.name = "http",
                                              .read_at = dp_http_object_read_at,
                                              .read_stream = dp_http_object_read_stream,
                                              .read_all = dp_http_object_read_all,
                                              .close = dp_http_object_close};

char *dp_http_object_clean_url(const char *url)
{
    struct dp_array out = {0};
    size_t n = strcspn(url, "#");

    /* Everything that RFC 3986 allows somewhere stays, '%' too: the URL is encoded already. */
    if (dp_uri_encode(&out, url, n, ":/?[]@!$&'()*+,;=%") && dp_array_append(&out, "", 1, 1))
        return out.data;
    dp_array_free(&out);
    return NULL;
}

int dp_http_object_open(struct dp_context *context, const char *uri,
                        const struct dp_object_options *options, struct dp_object **object,
                        struct dp_error *err)
{
    struct dp_http_place place = {0};
    char *url = dp_http_object_clean_url(uri);
    char *shown = url ? dp_uri_redact(url) : NULL;
    int rc;

    if (!shown) {
        free(url);
        return dp_error_no_memory(err);
    }
    place.uri = shown;
    place.url = url;
    place.signed_uri = dp_uri_is_signed(url) ? url : NULL;
    if (place.signed_uri)
        dp_signed_hosts_add(&context->signed_hosts, url);
    rc = dp_http_object_open_place(context, &place, &http_ops, options, object, err);
    free(shown);
    free(url);
    return rc;
}
