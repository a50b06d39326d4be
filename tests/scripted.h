/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A server on loopback that answers a script, for what real servers do only now and then: breaking
 * off, lying about lengths, asking for patience. One connection at a time. */

#ifndef DP_TESTS_SCRIPTED_H
#define DP_TESTS_SCRIPTED_H

#include "tests/connectors.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>

enum { SCRIPT_REQUESTS = 32 };

/* One answer: `head` as it is (status line and headers without the empty line), then `text` or,
 * when that is NULL, `body_bytes` of the object from `offset` on. */
struct scripted_answer {
    const char *head;
    const char *text;
    uint64_t offset;
    size_t body_bytes;
    bool close;     /* ... the connection behind it */
    bool hang;      /* say nothing more, but keep the connection until the other side goes */
    unsigned pause_ms; /* before each byte of the object */
};

struct scripted {
    int fd;
    pthread_t thread;
    const struct scripted_answer *answers;
    size_t count;
    atomic_size_t next;                    /* answers given */
    char requests[SCRIPT_REQUESTS][4096];  /* heads of the requests, in order */
    char bodies[SCRIPT_REQUESTS][1024];    /* what they sent, cut */
    char url[64];                          /* "http://127.0.0.1:PORT" */
    atomic_bool stop;
};

/* The object's byte at `i`. */
static inline unsigned char scripted_byte(uint64_t i)
{
    return (unsigned char)(i * 7 + (i >> 8) * 3);
}

static inline bool scripted_send(int fd, const void *bytes, size_t length)
{
    const char *from = bytes;

    while (length) {
        ssize_t n = send(fd, from, length, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        from += n;
        length -= (size_t)n;
    }
    return true;
}

/* Reads up to the empty line; false when the other side has gone. */
static inline bool scripted_read_head(struct scripted *server, int fd, char *head, size_t capacity)
{
    size_t n = 0;

    while (n + 1 < capacity && !server->stop) {
        if (recv(fd, head + n, 1, 0) != 1)
            return false;
        head[++n] = 0;
        if (n >= 4 && memcmp(head + n - 4, "\r\n\r\n", 4) == 0)
            return true;
    }
    return false;
}

static inline void scripted_read_body(int fd, const char *head, char *body, size_t capacity)
{
    const char *field = strcasestr(head, "\r\ncontent-length:");
    size_t left = field ? strtoul(field + 17, NULL, 10) : 0, used = 0;

    if (strcasestr(head, "expect: 100-continue"))
        scripted_send(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    body[0] = 0;
    while (left) {
        char buffer[4096];
        ssize_t n = recv(fd, buffer, left < sizeof(buffer) ? left : sizeof(buffer), 0);

        if (n <= 0)
            return;
        left -= (size_t)n;
        if (used + (size_t)n < capacity) {
            memcpy(body + used, buffer, (size_t)n);
            used += (size_t)n;
            body[used] = 0;
        }
    }
}

static inline bool scripted_answer_one(int fd, const struct scripted_answer *answer)
{
    size_t i;

    if (!answer->head)
        return false;
    if (!scripted_send(fd, answer->head, strlen(answer->head)) ||
        !scripted_send(fd, "\r\n\r\n", 4))
        return false;
    if (answer->text && !scripted_send(fd, answer->text, strlen(answer->text)))
        return false;
    for (i = 0; i < answer->body_bytes;) {
        unsigned char buffer[4096];
        size_t n = 0;

        usleep(answer->pause_ms * 1000);
        while (n < (answer->pause_ms ? 1 : sizeof(buffer)) && i < answer->body_bytes)
            buffer[n++] = scripted_byte(answer->offset + i++);
        if (!scripted_send(fd, buffer, n))
            return false;
    }
    return true;
}

static inline void scripted_serve(struct scripted *server, int fd)
{
    char head[4096] = "";

    while (scripted_read_head(server, fd, head, sizeof(head))) {
        size_t n = atomic_load(&server->next);
        static const struct scripted_answer end = {
            .head = "HTTP/1.1 599 The script has ended\r\nContent-Length: 0", .close = true};
        const struct scripted_answer *answer = n < server->count ? &server->answers[n] : &end;

        if (n < SCRIPT_REQUESTS) {
            strcpy(server->requests[n], head);
            scripted_read_body(fd, head, server->bodies[n], sizeof(server->bodies[n]));
        }
        atomic_fetch_add(&server->next, 1);
        if (!scripted_answer_one(fd, answer) || answer->close)
            return;
        while (answer->hang && recv(fd, head, sizeof(head), 0) > 0)
            ;
        if (answer->hang)
            return;
    }
}

/* An answer whose text is longer than it announces would run into the next one, sometimes; behind a
 * shorter one the client would wait. Only what ends with the connection may break off. */
static inline void scripted_check(const struct scripted_answer *answer)
{
    const char *field = answer->head ? strcasestr(answer->head, "\r\ncontent-length:") : NULL;
    size_t sent = answer->text ? strlen(answer->text) : answer->body_bytes;
    size_t announced = field ? strtoul(field + 17, NULL, 10) : 0;
    bool ends = !answer->head || answer->close || answer->hang;

    ck_assert_msg(!sent || field || ends, "no end: %s", answer->head);
    if (field && !ends)
        ck_assert_msg(sent == announced, "%zu bytes: %s", sent, answer->head);
    if (field && !answer->hang)
        ck_assert_msg(sent <= announced, "%zu bytes: %s", sent, answer->head);
}

static inline void *scripted_run(void *user)
{
    struct scripted *server = user;

    while (!atomic_load(&server->stop)) {
        int fd = accept(server->fd, NULL, NULL);

        if (fd < 0)
            break;
        scripted_serve(server, fd);
        close(fd);
    }
    return NULL;
}

/* Takes a free port of loopback for the socket returned, and writes "http://127.0.0.1:PORT". While
 * nobody listens there, who connects is refused; and no other server can get the port. */
static inline int scripted_take_port(char url[64])
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    snprintf(url, 64, "http://127.0.0.1:%d", ntohs(address.sin_port));
    return fd;
}

/* Starts a server that gives `answers` in order; the caller keeps them. */
static inline struct scripted *scripted_start(const struct scripted_answer *answers, size_t count)
{
    struct scripted *server = calloc(1, sizeof(*server));
    size_t i;

    for (i = 0; i < count; i++)
        scripted_check(&answers[i]);
    server->answers = answers;
    server->count = count;
    server->fd = scripted_take_port(server->url);
    ck_assert_int_eq(listen(server->fd, 16), 0);
    ck_assert_int_eq(pthread_create(&server->thread, NULL, scripted_run, server), 0);
    return server;
}

/* Free the context first: its connections keep the server busy. */
static inline void scripted_stop(struct scripted *server)
{
    atomic_store(&server->stop, true);
    shutdown(server->fd, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->fd);
    free(server);
}

/* A context that does not meet the caller's proxies and keys. */
static inline struct dp_context *scripted_context(unsigned attempts, unsigned timeout_seconds)
{
    struct dp_context_options options = {.struct_bytes = sizeof(options),
                                         .attempts = attempts,
                                         .timeout_seconds = timeout_seconds};
    struct dp_context *context = NULL;

    unsetenv("http_proxy");
    setenv("no_proxy", "*", 1);
    setenv("HOME", "/nonexistent", 1);
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    return context;
}

static inline struct dp_stats scripted_stats(struct dp_context *context)
{
    struct dp_stats stats = {.struct_bytes = sizeof(stats)};

    dp_context_stats(context, &stats);
    return stats;
}

#define SCRIPT(...)                                                                                \
    (const struct scripted_answer[]){__VA_ARGS__},                                                 \
        sizeof((const struct scripted_answer[]){__VA_ARGS__}) / sizeof(struct scripted_answer)

#endif
