/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The HTTP transport below the http and s3 connectors: requests, answers, a pool of connections and
 * retry. Thread-safe: a request belongs to one thread, the pool to the context. */

#ifndef DP_CONNECTORS_HTTP_H
#define DP_CONNECTORS_HTTP_H

#include "base/array.h"
#include "connectors/context.h"

struct dp_http_request;
struct dp_http_answer;

/* Who proves the right to make a request. May be shared by threads. With it, redirects are not
 * followed and .netrc is not read. */
struct dp_http_auth {
    unsigned attempts;     /* per request; 0: the context's */
    const char *ca_bundle; /* when neither the context nor the environment name one; or NULL */

    /* Makes the URL of the next attempt from the request's (*url is the caller's to free), and
     * appends header lines ("Name: value", NUL-terminated, one behind the other) to `lines`. Called
     * before every attempt, because signatures carry the time. */
    int (*prepare)(struct dp_http_auth *auth, const struct dp_http_request *request, char **url,
                   struct dp_array *lines, struct dp_error *err);
    /* The answer was a refusal: true when something was mended (credentials fetched anew, the right
     * region learnt), so that one more attempt makes sense. */
    bool (*mend)(struct dp_http_auth *auth, const struct dp_http_request *request,
                 const struct dp_http_answer *answer);
};

/* Zero-initialise, then set what is wanted. */
struct dp_http_request {
    const char *method;         /* "GET", "PUT", "POST", "DELETE" */
    const char *url;            /* may hold secrets: never printed; for `auth` to understand */
    const char *name;           /* redacted; messages begin with it */
    const char *const *headers; /* "Name: value", ends with NULL; may be NULL */
    struct dp_http_auth *auth;  /* NULL: userinfo of the URL or .netrc, redirects are followed */

    /* A ranged GET: the answer must be a 206 with exactly these bytes (`open_end`: fewer when the
     * object ends before; a 200 with all of an object that is no longer counts too). */
    bool ranged, open_end;
    struct dp_range range;
    uint64_t size_bytes; /* the object's, compared with the answer; UINT64_MAX: not known */
    const char *validator; /* the object's, compared with what the answer carries; or NULL */

    /* The body to send: in memory, or of a file at `body_offset`. */
    bool has_body;
    const void *body; /* NULL: read from `body_file` */
    int body_file;
    uint64_t body_offset, body_bytes;
    const char *body_hash; /* SHA-256, hex; for signers; NULL: there is no body */
    const char *content_type; /* of the body; NULL: application/octet-stream */

    /* Takes the body of a good answer. `rewind` makes a repeated attempt begin with the first byte
     * again; without it a ranged GET resumes where the body stopped. `asks`: it is also called with
     * no bytes, at least every tenth of a second, to say whether the bytes are still wanted. */
    dp_write_fn write;
    void (*rewind)(void *user);
    void *user;
    bool asks;

    double seconds; /* that one attempt may take; 0: no limit. dp_http_retry_run sets it */
    bool stream; /* one long pass that waits for its reader: takes no place in the pool's limit */
    bool cleanup; /* must happen although the caller wants to stop */
    bool nested; /* made while another request holds its place in the pool: takes none itself */
    bool direct; /* through no proxy */
    unsigned limit_ms; /* of an attempt as a whole; 0: as long as something moves */
};

struct dp_http_answer {
    int status;              /* 0: there was none */
    bool asked;              /* the request was sent; else no server was reached */
    uint64_t begin, end;     /* of Content-Range, half-open; both 0 when there is none */
    uint64_t total;          /* size of the whole; UINT64_MAX when not told */
    uint64_t body_bytes;     /* taken by `write` in this attempt */
    char etag[256];          /* "" when there is none or it is weak */
    char last_modified[64];
    char version_id[256];
    char region[64];         /* x-amz-bucket-region */
    bool rgw;                /* it is Ceph's gateway that answers */
    char code[64];           /* of an S3 error document */
    char text[256];          /* its message */
    int64_t server_time;     /* seconds since 1970; 0: not told */
    double retry_after;      /* seconds; 0: not told */
    uint64_t content_length; /* UINT64_MAX: not told */
    double seconds;          /* that the attempt took once it had a connection */
};

/* One attempt. The answer is filled as far as it came, also on failure. */
int dp_http_exchange(struct dp_context *context, const struct dp_http_request *request,
                     struct dp_http_answer *answer, struct dp_error *err);

/* 0, or why the caller does not want the answer any more. */
int dp_http_check(struct dp_context *context, const struct dp_http_request *request,
                  struct dp_error *err);

/* http_retry.c: attempts until success, a failure that will stay, or the context's limits: so many
 * attempts; and all of them together twice the context's timeout (ten times it when the server has
 * more to do than to send a range) plus what the bytes need at 16 KiB a second, pauses not counted.
 * A stream has no such limit: its reader makes the pace. */
int dp_http_retry_run(struct dp_context *context, const struct dp_http_request *request,
                      struct dp_http_answer *answer, struct dp_error *err);

/* http_answer.c: an empty answer; one header line; the collected error document. */
void dp_http_answer_clear(struct dp_http_answer *answer);
void dp_http_answer_header(struct dp_http_answer *answer, const char *line, size_t length);
void dp_http_answer_document(struct dp_http_answer *answer, const char *body, size_t length);
/* Called when status and headers are complete. */
void dp_http_answer_settle(const struct dp_http_request *request, struct dp_http_answer *answer);
/* Whether the body of this answer is what was asked for: 0, or the failure it stands for. */
int dp_http_answer_check(const struct dp_http_request *request,
                         const struct dp_http_answer *answer, struct dp_error *err);

#endif
