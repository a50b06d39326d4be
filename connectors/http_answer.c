/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What an answer means: headers, error documents, and which failure a refusal is. */

#include "config.h"

#include "connectors/http.h"

#include "connectors/curl_library.h"
#include "connectors/s3_error.h"
#include "connectors/sigv4.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

void dp_http_answer_clear(struct dp_http_answer *answer)
{
    memset(answer, 0, sizeof(*answer));
    answer->total = UINT64_MAX;
    answer->content_length = UINT64_MAX;
}

/* Copies the value of a header; one that does not fit counts as absent: half a value is wrong. */
static void copy_value(char *to, size_t capacity, const char *value, size_t length)
{
    if (length >= capacity)
        length = 0;
    memcpy(to, value, length);
    to[length] = 0;
}

/* "bytes 0-99/1000", "bytes 0-99/" with an asterisk, "bytes " asterisk "/1000". */
static void read_content_range(struct dp_http_answer *answer, const char *value)
{
    uint64_t first, last, total;

    answer->begin = answer->end = 0;
    answer->total = UINT64_MAX;
    if (sscanf(value, "bytes */%" SCNu64, &total) == 1) {
        answer->total = total;
        return;
    }
    if (sscanf(value, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64, &first, &last, &total) == 3 &&
        first <= last && last < total) {
        answer->begin = first;
        answer->end = last + 1;
        answer->total = total;
    }
}

/* A weak ETag promises less than equal bytes. */
static bool is_strong(const char *etag)
{
    return etag[0] == '"' && strlen(etag) >= 2;
}

static void take_value(struct dp_http_answer *answer, const char *name, const char *value,
                       size_t length)
{
    if (strcasecmp(name, "etag") == 0) {
        copy_value(answer->etag, sizeof(answer->etag), value, length);
        if (!is_strong(answer->etag))
            answer->etag[0] = 0;
    } else if (strcasecmp(name, "content-range") == 0) {
        read_content_range(answer, value);
    } else if (strcasecmp(name, "content-length") == 0) {
        answer->content_length = strtoull(value, NULL, 10);
    } else if (strcasecmp(name, "last-modified") == 0) {
        copy_value(answer->last_modified, sizeof(answer->last_modified), value, length);
    } else if (strcasecmp(name, "x-amz-version-id") == 0) {
        copy_value(answer->version_id, sizeof(answer->version_id), value, length);
    } else if (strcasecmp(name, "x-amz-bucket-region") == 0) {
        copy_value(answer->region, sizeof(answer->region), value, length);
    } else if (strncasecmp(name, "x-rgw-", 6) == 0) {
        answer->rgw = true;
    } else if (strcasecmp(name, "date") == 0) {
        const struct dp_curl_library *curl = dp_curl_library_load(NULL);
        time_t at = curl ? curl->getdate(value, NULL) : -1;

        answer->server_time = at > 0 ? (int64_t)at : 0;
    }
}

void dp_http_answer_header(struct dp_http_answer *answer, const char *line, size_t length)
{
    char text[1024];
    char *value, *end;

    /* Behind a redirect or a 100 the next answer begins: only the last one counts. */
    if (length >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        dp_http_answer_clear(answer);
        return;
    }
    if (length >= sizeof(text))
        return;
    memcpy(text, line, length);
    text[length] = 0;
    value = strchr(text, ':');
    if (!value)
        return;
    *value++ = 0;
    value += strspn(value, " \t");
    end = value + strlen(value);
    while (end > value && strchr(" \t\r\n", end[-1]))
        *--end = 0;
    take_value(answer, text, value, (size_t)(end - value));
}

void dp_http_answer_document(struct dp_http_answer *answer, const char *body, size_t length)
{
    struct dp_s3_error document;

    if (!dp_s3_error_parse(body, length, &document))
        return;
    snprintf(answer->code, sizeof(answer->code), "%s", document.code);
    snprintf(answer->text, sizeof(answer->text), "%s", document.message);
    if (document.region[0])
        snprintf(answer->region, sizeof(answer->region), "%s", document.region);
}

/* ------------------------------------------------------------------------------- refusals */

/* What is worth saying better than the servers do, and what their codes mean here. */
static const struct meaning {
    const char *code;
    enum dp_result result;
    bool retryable;
    const char *text; /* NULL: the server's own message */
} meanings[] = {
    {"NoSuchKey", DP_NOT_FOUND, false, "there is no such object"},
    {"NoSuchBucket", DP_NOT_FOUND, false, "there is no such bucket"},
    {"NoSuchVersion", DP_NOT_FOUND, false, "there is no such version of the object"},
    {"AccessDenied", DP_DENIED, false, NULL},
    {"InvalidAccessKeyId", DP_DENIED, false, "the access key is not known there"},
    {"SignatureDoesNotMatch", DP_DENIED, false,
     "the signature does not match: the secret key is wrong, or a proxy changed the request"},
    {"ExpiredToken", DP_DENIED, false, "the session token has expired"},
    {"InvalidToken", DP_DENIED, false, "the session token is not valid"},
    {"ExpiredTokenException", DP_DENIED, false, "the token of the web identity has expired"},
    {"InvalidIdentityToken", DP_DENIED, false, NULL},
    {"RequestExpired", DP_DENIED, false, "the request is too old: is the clock right?"},
    {"RequestTimeTooSkewed", DP_DENIED, false, "the clock of this machine is wrong"},
    {"AuthorizationHeaderMalformed", DP_DENIED, false, NULL},
    {"PreconditionFailed", DP_CHANGED, false, "the object is not the one that was expected"},
    {"ConditionalRequestConflict", DP_IO, true, NULL},
    {"OperationAborted", DP_IO, true, NULL},
    {"RequestTimeout", DP_IO, true, NULL},
    {"SlowDown", DP_IO, true, NULL},
    {"InternalError", DP_IO, true, NULL},
    {"ServiceUnavailable", DP_IO, true, NULL},
};

static const struct meaning *find_meaning(const char *code)
{
    size_t i;

    for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (strcmp(meanings[i].code, code) == 0)
            return &meanings[i];
    return NULL;
}

static enum dp_result result_of_status(int status)
{
    switch (status) {
    case 401:
    case 403:
    case 407:
        return DP_DENIED;
    case 404:
    case 410:
        return DP_NOT_FOUND;
    case 412:
        return DP_CHANGED;
    default:
        return DP_IO;
    }
}

static bool is_passing(int status)
{
    return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

static const char *text_of_status(int status)
{
    switch (status) {
    case 401:
    case 403:
    case 407:
        return "access denied";
    case 404:
    case 410:
        return "there is no such object";
    case 408:
        return "the server waited too long for the request";
    case 412:
        return "the object is not the one that was expected";
    case 416:
        return "the object does not have these bytes";
    case 429:
        return "too many requests";
    default:
        if (status >= 500)
            return "the server failed";
        return status < 400 ? "the server answers with a redirect" : "the server refuses";
    }
}

/* The distance of the clocks, where it explains a refusal. */
static void describe_skew(const struct dp_http_answer *answer, char *text, size_t capacity)
{
    long long skew = answer->server_time ? (long long)time(NULL) - answer->server_time : 0;

    text[0] = 0;
    if (answer->server_time && (skew > 300 || skew < -300))
        snprintf(text, capacity, "; the clock here is %lld seconds %s the server's",
                 skew < 0 ? -skew : skew, skew < 0 ? "behind" : "ahead of");
}

/* Not every store says so itself. */
static bool has_expired(const struct dp_http_request *request, const struct dp_http_answer *answer)
{
    int64_t now = answer->server_time ? answer->server_time : (int64_t)time(NULL), end;

    return !request->auth && request->url && dp_sigv4_expiry(request->url, &end) && now >= end;
}

static int refuse(const struct dp_http_request *request, const struct dp_http_answer *answer,
                  struct dp_error *err)
{
    const struct meaning *meaning = answer->code[0] ? find_meaning(answer->code) : NULL;
    enum dp_result result = meaning ? meaning->result : result_of_status(answer->status);
    const char *text = meaning ? meaning->text : NULL;
    char skew[80] = "";

    if (!text)
        text = answer->text[0] ? answer->text : text_of_status(answer->status);
    if (result == DP_DENIED && has_expired(request, answer))
        text = "the presigned URL has expired";
    else if (result == DP_DENIED)
        describe_skew(answer, skew, sizeof(skew));
    dp_error_set(err, result, "%s: %s (%s%sHTTP %d)%s", request->name, text, answer->code,
                 answer->code[0] ? ", " : "", answer->status, skew);
    if (err) {
        err->http_status = answer->status;
        err->retryable = (meaning && meaning->retryable) || is_passing(answer->status);
        err->retry_after = answer->retry_after;
    }
    return result;
}

static int changed(const struct dp_http_request *request, const struct dp_http_answer *answer,
                   const char *what, struct dp_error *err)
{
    dp_error_set(err, DP_CHANGED, "%s: the object was replaced: %s", request->name, what);
    if (err)
        err->http_status = answer->status;
    return DP_CHANGED;
}

/* Servers that ignore conditions are caught here. What an answer does not tell counts as fit. */
static bool carries(const struct dp_http_answer *answer, const char *validator)
{
    const struct {
        const char *kind, *value;
    } told[] = {{"etag:", answer->etag},
                {"modified:", answer->last_modified},
                {"version:", answer->version_id}};
    size_t i;

    for (i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
        size_t n = strlen(told[i].kind);

        if (strncmp(validator, told[i].kind, n) == 0)
            return !told[i].value[0] || strcmp(validator + n, told[i].value) == 0;
    }
    return true;
}

/* A whole object that is no longer than the range that was asked for. */
static bool is_whole(const struct dp_http_request *request, const struct dp_http_answer *answer)
{
    return answer->status == 200 && request->open_end && request->range.begin == 0 &&
           answer->content_length <= request->range.end;
}

void dp_http_answer_settle(const struct dp_http_request *request, struct dp_http_answer *answer)
{
    if (request->ranged && is_whole(request, answer)) {
        answer->begin = 0;
        answer->end = answer->total = answer->content_length;
    }
}

static int check_range(const struct dp_http_request *request,
                       const struct dp_http_answer *answer, struct dp_error *err)
{
    uint64_t end = request->range.end;

    if (is_whole(request, answer))
        return DP_OK;
    if (answer->status == 200) {
        dp_error_set_detail(err, DP_UNSUPPORTED, DP_DETAIL_NO_RANGES,
                            "%s: the server does not serve byte ranges", request->name);
        if (err)
            err->http_status = 200;
        return DP_UNSUPPORTED;
    }
    if (request->open_end && answer->total < end)
        end = answer->total;
    if (answer->status == 206 && answer->begin == request->range.begin && answer->end == end &&
        answer->end > answer->begin)
        return DP_OK;
    dp_error_set(err, DP_IO,
                 "%s: the server was asked for bytes %" PRIu64 " to %" PRIu64
                 " and announces %" PRIu64 " to %" PRIu64 " (HTTP %d)",
                 request->name, request->range.begin, request->range.end, answer->begin,
                 answer->end, answer->status);
    if (err)
        err->http_status = answer->status;
    return DP_IO;
}

int dp_http_answer_check(const struct dp_http_request *request,
                         const struct dp_http_answer *answer, struct dp_error *err)
{
    bool known = request->size_bytes != UINT64_MAX;

    if (answer->status == 416 && request->ranged && known)
        return changed(request, answer, "it is shorter now", err);
    if (answer->status < 200 || answer->status > 299)
        return refuse(request, answer, err);
    if (request->validator && !carries(answer, request->validator))
        return changed(request, answer, "its validator is another one", err);
    if (!request->ranged)
        return DP_OK;
    if (answer->status == 206 && known && answer->total != UINT64_MAX &&
        answer->total != request->size_bytes)
        return changed(request, answer, "its size is another one", err);
    return check_range(request, answer, err);
}
