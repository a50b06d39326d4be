/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* One exchange over one connection of the pool. */

#include "config.h"

#include "connectors/http.h"

#include "connectors/curl_library.h"
#include "connectors/http_pool.h"
#include "connectors/uri.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    MOST_REDIRECTS = 5,
    CONNECT_SECONDS = 10,
    RECEIVE_BYTES = 256 << 10,    /* libcurl's buffer */
    UNASKED_BYTES = 1 << 20,      /* of a body that are sent without waiting for a "continue" */
    DOCUMENT_BYTES = 64 << 10,    /* of an error document that are looked at */
    WAIT_MILLISECONDS = 50        /* at most between two looks at the cancel callback */
};

/* Set before the first exchange; everything below works on one. */
static const struct dp_curl_library *_Atomic curl;

int dp_http_check(struct dp_context *context, const struct dp_http_request *request,
                  struct dp_error *err)
{
    int rc = request->cleanup ? DP_OK : dp_context_check(context, err);

    if (!rc && request->asks)
        rc = request->write(request->user, NULL, 0, err);
    return rc;
}

/* One attempt under way. */
struct exchange {
    struct dp_context *context;
    const struct dp_http_request *request;
    struct dp_http_answer *answer;
    struct dp_http_line line;
    struct dp_error failure; /* of our own callbacks; code 0 while there is none */
    bool checked;            /* the headers promise what was asked for */
    struct dp_array document; /* bytes of a refusal */
    uint64_t sent;
    double deadline;         /* seconds of the monotonic clock; 0: none */
    double moved;            /* when a byte was seen last, by the same clock */
    struct curl_slist *headers;
    char error[CURL_ERROR_SIZE];
};

/* Some gateways send the headers, and the body only when these are acknowledged; the kernel keeps
 * acknowledgements back for 40 ms, which is most of a small read's time. */
static void acknowledge(struct exchange *exchange)
{
    int on = 1;

    /* If that is another connection by now, it does no harm to it. */
    if (exchange->line.socket >= 0)
        (void)!setsockopt(exchange->line.socket, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

static int note_socket(void *user, curl_socket_t fd, curlsocktype purpose)
{
    struct exchange *exchange = user;

    (void)purpose;
    exchange->line.socket = fd;
    return CURL_SOCKOPT_OK;
}

static double now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

static size_t take_header(char *line, size_t size, size_t count, void *user)
{
    struct exchange *exchange = user;

    exchange->moved = now();
    if (size * count > 5 && memcmp(line, "HTTP/", 5) == 0)
        acknowledge(exchange);
    dp_http_answer_header(exchange->answer, line, size * count);
    return size * count;
}

/* Decides at the first byte of a body whether it is the one that was asked for. */
static int check_headers(struct exchange *exchange)
{
    long status = 0;

    if (exchange->checked)
        return DP_OK;
    exchange->checked = true;
    curl->easy_getinfo(exchange->line.curl, CURLINFO_RESPONSE_CODE, &status);
    exchange->answer->status = (int)status;
    dp_http_answer_settle(exchange->request, exchange->answer);
    if (status < 200 || status > 299)
        return DP_OK; /* the document that says why is read first */
    return dp_http_answer_check(exchange->request, exchange->answer, &exchange->failure);
}

static int take_body(struct exchange *exchange, const char *bytes, size_t length)
{
    const struct dp_http_request *request = exchange->request;
    struct dp_http_answer *answer = exchange->answer;
    int rc = check_headers(exchange);

    if (rc)
        return rc;
    if (answer->status < 200 || answer->status > 299) {
        if (exchange->document.length + length <= DOCUMENT_BYTES)
            dp_array_append(&exchange->document, bytes, length, 1);
        return DP_OK;
    }
    if (request->ranged && length > answer->end - answer->begin - answer->body_bytes)
        return dp_error_set(&exchange->failure, DP_IO,
                            "%s: the server sends more bytes than it announced", request->name);
    if (request->write)
        rc = request->write(request->user, bytes, length, &exchange->failure);
    if (!rc)
        answer->body_bytes += length;
    return rc;
}

static size_t write_body(char *bytes, size_t size, size_t count, void *user)
{
    struct exchange *exchange = user;

    int rc;

    atomic_fetch_add(&exchange->context->counters.received_bytes, size * count);
    rc = take_body(exchange, bytes, size * count);
    exchange->moved = now(); /* whoever takes the bytes has all the time it needs */
    return rc ? 0 : size * count;
}

static size_t read_body(char *buffer, size_t size, size_t count, void *user)
{
    struct exchange *exchange = user;
    const struct dp_http_request *request = exchange->request;
    uint64_t left = request->body_bytes - exchange->sent;
    size_t n = size * count < left ? size * count : (size_t)left;

    if (request->body) {
        memcpy(buffer, (const char *)request->body + exchange->sent, n);
    } else {
        ssize_t got = n ? pread(request->body_file, buffer, n,
                                (off_t)(request->body_offset + exchange->sent))
                        : 0;

        if (got < 0 || (n && got == 0)) {
            dp_error_set_errno(&exchange->failure, got < 0 ? errno : EIO,
                               "%s: reading what is to be sent", request->name);
            return CURL_READFUNC_ABORT;
        }
        n = (size_t)got;
    }
    exchange->sent += n;
    exchange->moved = now();
    atomic_fetch_add(&exchange->context->counters.sent_bytes, n);
    return n;
}

/* Redirects and refused credentials make libcurl send the body again. */
static int seek_body(void *user, curl_off_t offset, int origin)
{
    struct exchange *exchange = user;

    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > exchange->request->body_bytes)
        return CURL_SEEKFUNC_FAIL;
    exchange->sent = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* A server that announced more than it sends keeps the connection open for ever. */
static int fail_stalled(struct exchange *exchange)
{
    struct dp_error *failure = &exchange->failure;
    const char *name = exchange->request->name;
    long status = 0;

    curl->easy_getinfo(exchange->line.curl, CURLINFO_RESPONSE_CODE, &status);
    if (status)
        dp_error_set(failure, DP_IO, "%s: the server stopped sending", name);
    else
        dp_error_set(failure, DP_IO, "%s: timed out: no byte came for %u seconds", name,
                     exchange->context->options.timeout_seconds);
    failure->retryable = 1;
    failure->http_status = (int)status;
    return DP_IO;
}

/* Is there a reason to leave the transfer? */
static int look_around(struct exchange *exchange)
{
    const struct dp_http_request *request = exchange->request;
    int rc = dp_http_check(exchange->context, request, &exchange->failure);
    double at = now();

    if (rc)
        return rc;
    if (exchange->deadline > 0 && at > exchange->deadline)
        return dp_error_set(&exchange->failure, DP_IO,
                            "%s: no complete answer within the time limit", request->name);
    if (at - exchange->moved > exchange->context->options.timeout_seconds)
        return fail_stalled(exchange);
    return DP_OK;
}

/* How the transfer ended of which nothing is running any more. */
static CURLcode read_verdict(const struct exchange *exchange)
{
    int left;
    const CURLMsg *message = curl->multi_info_read(exchange->line.multi, &left);

    return message && message->msg == CURLMSG_DONE ? message->data.result : CURLE_OUT_OF_MEMORY;
}

/* Moves bytes until the answer is complete or there is a reason to leave: then the connection is
 * closed, because nobody takes what is still on its way. */
static CURLcode transfer(struct exchange *exchange)
{
    CURLM *multi = exchange->line.multi;
    CURLcode code = CURLE_ABORTED_BY_CALLBACK;
    int running = 1;

    if (curl->multi_add_handle(multi, exchange->line.curl) != CURLM_OK)
        return CURLE_OUT_OF_MEMORY;
    while (look_around(exchange) == DP_OK) {
        CURLMcode failed = curl->multi_perform(multi, &running);

        if (!failed && running)
            failed = curl->multi_poll(multi, NULL, 0, WAIT_MILLISECONDS, NULL);
        if (failed || !running) {
            code = failed ? CURLE_OUT_OF_MEMORY : read_verdict(exchange);
            break;
        }
    }
    curl->multi_remove_handle(multi, exchange->line.curl);
    return code;
}

static bool add_header(struct exchange *exchange, const char *line)
{
    struct curl_slist *list = curl->slist_append(exchange->headers, line);

    if (list)
        exchange->headers = list;
    return list != NULL;
}

/* URL and headers as they are for this attempt. */
static int prepare(struct exchange *exchange, char **url, struct dp_error *err)
{
    const struct dp_http_request *request = exchange->request;
    struct dp_array lines = {0};
    const char *line;
    int rc;

    if (!request->auth) {
        *url = strdup(request->url);
        return *url ? DP_OK : dp_error_no_memory(err);
    }
    rc = request->auth->prepare(request->auth, request, url, &lines, err);
    for (line = lines.data; !rc && line && line < (char *)lines.data + lines.length;
         line += strlen(line) + 1)
        if (!add_header(exchange, line))
            rc = dp_error_no_memory(err);
    dp_array_free(&lines);
    return rc;
}

static int set_headers(struct exchange *exchange, struct dp_error *err)
{
    const struct dp_http_request *request = exchange->request;
    const char *const *line;
    char range[64], type[128];
    bool ok = add_header(exchange, "Accept-Encoding: identity");

    if (request->ranged) {
        snprintf(range, sizeof(range), "Range: bytes=%" PRIu64 "-%" PRIu64, request->range.begin,
                 request->range.end - 1);
        ok = ok && add_header(exchange, range);
    }
    /* A small body is sent at once: to be asked for it would take a round trip. */
    if (request->has_body && request->body_bytes <= UNASKED_BYTES)
        ok = ok && add_header(exchange, "Expect:");
    if (request->has_body) {
        snprintf(type, sizeof(type), "Content-Type: %s",
                 request->content_type ? request->content_type : "application/octet-stream");
        ok = ok && add_header(exchange, type);
    }
    for (line = request->headers; ok && line && *line; line++)
        ok = add_header(exchange, *line);
    return ok ? DP_OK : dp_error_no_memory(err);
}

/* What may be talked: nothing but HTTP, and never from TLS back to plain text. */
static void set_protocols(CURL *handle, const char *url)
{
    bool tls = strncasecmp(url, "https:", 6) == 0;

#if LIBCURL_VERSION_NUM >= 0x075500
    curl->easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl->easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, tls ? "https" : "http,https");
#else
    curl->easy_setopt(handle, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
    curl->easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS,
                     (long)(tls ? CURLPROTO_HTTPS : CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static void set_limits(CURL *handle, const struct dp_http_request *request,
                       const struct dp_context_options *options)
{
    long seconds = (long)options->timeout_seconds;

    if (request->limit_ms)
        curl->easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)request->limit_ms);
    if (request->direct)
        curl->easy_setopt(handle, CURLOPT_PROXY, "");
    curl->easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(handle, CURLOPT_CONNECTTIMEOUT,
                     seconds < CONNECT_SECONDS ? seconds : (long)CONNECT_SECONDS);
    curl->easy_setopt(handle, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
    curl->easy_setopt(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl->easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* Who leaves does not wait for a name server that is silent. */
    curl->easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
#endif
}

/* A variable that is set and not empty, or NULL. */
static const char *variable(const char *name)
{
    const char *text = getenv(name);

    return text && *text ? text : NULL;
}

/* The CA bundle: the caller's, then the variables that the AWS tools, curl and OpenSSL know; NULL:
 * the system's. */
static const char *choose_bundle(const struct dp_http_request *request,
                                 const struct dp_context_options *options)
{
    const char *bundle = options->ca_bundle;

    if (!bundle || !*bundle)
        bundle = variable("AWS_CA_BUNDLE");
    if (!bundle && request->auth)
        bundle = request->auth->ca_bundle;
    if (!bundle || !*bundle)
        bundle = variable("CURL_CA_BUNDLE");
    return bundle ? bundle : variable("SSL_CERT_FILE");
}

static void set_trust(CURL *handle, const struct dp_http_request *request,
                      const struct dp_context_options *options)
{
    const char *bundle = choose_bundle(request, options), *folder = variable("SSL_CERT_DIR");

    if (bundle)
        curl->easy_setopt(handle, CURLOPT_CAINFO, bundle);
    else if (folder)
        curl->easy_setopt(handle, CURLOPT_CAPATH, folder);
    curl->easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
    curl->easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
}

/* Whose passwords may be used, and how far redirects are followed: libcurl sends them to no host
 * but the one that the URL or the file of passwords names. */
static void set_access(CURL *handle, const char *url, struct dp_context *context)
{
    const char *netrc = variable("NETRC");
    bool no_password = dp_uri_is_signed(url) || dp_signed_hosts_has(&context->signed_hosts, url);

    /* A signed URL needs no password, and stores refuse a request that brings both. */
    curl->easy_setopt(handle, CURLOPT_NETRC,
                     (long)(no_password ? CURL_NETRC_IGNORED : CURL_NETRC_OPTIONAL));
    if (netrc)
        curl->easy_setopt(handle, CURLOPT_NETRC_FILE, netrc);
    curl->easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
    curl->easy_setopt(handle, CURLOPT_MAXREDIRS, (long)MOST_REDIRECTS);
}

static void set_method(CURL *handle, const struct dp_http_request *request)
{
    if (request->has_body) {
        curl->easy_setopt(handle, CURLOPT_UPLOAD, 1L);
        curl->easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body_bytes);
    }
    if (strcmp(request->method, "GET") != 0)
        curl->easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_callbacks(struct exchange *exchange)
{
    CURL *handle = exchange->line.curl;

    curl->easy_setopt(handle, CURLOPT_ERRORBUFFER, exchange->error);
    curl->easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, note_socket);
    curl->easy_setopt(handle, CURLOPT_SOCKOPTDATA, exchange);
    curl->easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
    curl->easy_setopt(handle, CURLOPT_HEADERDATA, exchange);
    curl->easy_setopt(handle, CURLOPT_WRITEFUNCTION, write_body);
    curl->easy_setopt(handle, CURLOPT_WRITEDATA, exchange);
    curl->easy_setopt(handle, CURLOPT_READFUNCTION, read_body);
    curl->easy_setopt(handle, CURLOPT_READDATA, exchange);
    curl->easy_setopt(handle, CURLOPT_SEEKFUNCTION, seek_body);
    curl->easy_setopt(handle, CURLOPT_SEEKDATA, exchange);
}

static int set_up(struct exchange *exchange, struct dp_error *err)
{
    const struct dp_http_request *request = exchange->request;
    CURL *handle = exchange->line.curl;
    char *url = NULL;
    int rc = prepare(exchange, &url, err);

    if (!rc)
        rc = set_headers(exchange, err);
    if (rc)
        goto out;
    set_protocols(handle, url);
    set_limits(handle, request, &exchange->context->options);
    set_trust(handle, request, &exchange->context->options);
    set_method(handle, request);
    set_callbacks(exchange);
    curl->easy_setopt(handle, CURLOPT_SHARE, dp_http_pool_share(exchange->context));
    curl->easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
    curl->easy_setopt(handle, CURLOPT_USERAGENT, "dataplug/" PACKAGE_VERSION);
    if (!request->auth)
        set_access(handle, url, exchange->context);
    curl->easy_setopt(handle, CURLOPT_HTTPHEADER, exchange->headers);
    if (curl->easy_setopt(handle, CURLOPT_URL, url) != CURLE_OK)
        rc = dp_error_no_memory(err);
out:
    free(url);
    return rc;
}

/* Failures of libcurl that will be the same next time. */
static enum dp_result result_of_curl(CURLcode code, bool *retryable)
{
    *retryable = false;
    switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return DP_INVALID;
    case CURLE_OUT_OF_MEMORY:
        return DP_NO_MEMORY;
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
        return DP_IO;
    default:
        *retryable = true;
        return DP_IO;
    }
}

static int fail_with_curl(struct exchange *exchange, CURLcode code, struct dp_error *err)
{
    const char *text = exchange->error[0] ? exchange->error : curl->easy_strerror(code);
    bool retryable;
    enum dp_result result = result_of_curl(code, &retryable);
    long asked = 0, proxy = 0;

    curl->easy_getinfo(exchange->line.curl, CURLINFO_REQUEST_SIZE, &asked);
    curl->easy_getinfo(exchange->line.curl, CURLINFO_HTTP_CONNECTCODE, &proxy);
    if (code == CURLE_SSL_CACERT_BADFILE) {
        const char *bundle = choose_bundle(exchange->request, &exchange->context->options);

        return dp_error_set(err, DP_IO, "%s: the trusted certificates cannot be read from %s",
                            exchange->request->name, bundle ? bundle : "the system's file");
    }
    if (proxy >= 400 && proxy < 500) {
        text = proxy == 407 ? "the proxy asks for a password" : "the proxy refuses to connect";
        result = DP_DENIED;
        retryable = false;
    }
    if (code == CURLE_OPERATION_TIMEDOUT && exchange->answer->status)
        text = "the server stopped sending";
    if (code == CURLE_UNSUPPORTED_PROTOCOL && asked) {
        /* It was HTTP that was asked for, so this is the server's doing. */
        result = DP_IO;
        if (exchange->answer->status)
            text = "the server redirects to a place that is not safe to follow to";
    }
    dp_error_set(err, result, "%s: %s", exchange->request->name, text);
    if (err) {
        err->retryable = retryable;
        err->http_status = exchange->answer->status;
    }
    return result;
}

/* All went well so far: was it everything? */
static int check_end(struct exchange *exchange, struct dp_error *err)
{
    const struct dp_http_request *request = exchange->request;
    struct dp_http_answer *answer = exchange->answer;
    int rc;

    dp_http_answer_settle(request, answer);
    dp_http_answer_document(answer, exchange->document.data, exchange->document.length);
    rc = dp_http_answer_check(request, answer, err);
    if (rc || !request->ranged || answer->body_bytes == answer->end - answer->begin)
        return rc;
    dp_error_set(err, DP_IO, "%s: the answer ended after %" PRIu64 " of %" PRIu64 " bytes",
                 request->name, answer->body_bytes, answer->end - answer->begin);
    if (err)
        err->retryable = 1;
    return DP_IO;
}

static int finish(struct exchange *exchange, CURLcode code, struct dp_error *err)
{
    struct dp_counters *counters = &exchange->context->counters;
    long status = 0, redirects = 0, asked = 0, opened = 0;
    curl_off_t wait = 0;

    curl->easy_getinfo(exchange->line.curl, CURLINFO_RESPONSE_CODE, &status);
    curl->easy_getinfo(exchange->line.curl, CURLINFO_REDIRECT_COUNT, &redirects);
    curl->easy_getinfo(exchange->line.curl, CURLINFO_RETRY_AFTER, &wait);
    curl->easy_getinfo(exchange->line.curl, CURLINFO_REQUEST_SIZE, &asked);
    curl->easy_getinfo(exchange->line.curl, CURLINFO_NUM_CONNECTS, &opened);
    exchange->answer->status = (int)status;
    exchange->answer->asked = asked > 0;
    exchange->answer->retry_after = (double)wait;
    atomic_fetch_add(&counters->requests, (uint64_t)redirects + (asked > 0));
    atomic_fetch_add(&counters->connections, (uint64_t)opened);
    if (exchange->failure.code) {
        if (err)
            *err = exchange->failure;
        return exchange->failure.code;
    }
    return code ? fail_with_curl(exchange, code, err) : check_end(exchange, err);
}

int dp_http_exchange(struct dp_context *context, const struct dp_http_request *request,
                     struct dp_http_answer *answer, struct dp_error *err)
{
    struct exchange exchange = {.context = context, .request = request, .answer = answer};
    double begin;
    int rc;

    dp_http_answer_clear(answer);
    curl = dp_curl_library_load(err);
    if (!curl)
        return DP_UNSUPPORTED;
    rc = dp_http_pool_take(context, request, &exchange.line, err);
    if (rc)
        return rc;
    exchange.moved = begin = now();
    if (request->seconds > 0)
        exchange.deadline = begin + request->seconds;
    rc = set_up(&exchange, err);
    if (!rc)
        rc = finish(&exchange, transfer(&exchange), err);
    answer->seconds = now() - begin;
    dp_http_pool_give(context, request, exchange.line);
    curl->slist_free_all(exchange.headers);
    dp_array_free(&exchange.document);
    return rc;
}
