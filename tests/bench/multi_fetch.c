/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The bare loop that remote reads are measured against: one thread, libcurl's multi interface, so
 * many connections, and ranged GETs of parts of the object whose bytes are thrown away.
 *
 * usage: multi_fetch URL BYTES [CONNECTIONS [PART_BYTES]]   8 and 8388608 unless told otherwise */

#include "config.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_CONNECTIONS = 64 };

struct loop {
    CURLM *multi;
    const char *url;
    uint64_t begin; /* of the next part */
    uint64_t end;
    uint64_t part_bytes;
    uint64_t received;
};

static size_t count(char *bytes, size_t size, size_t members, void *user)
{
    (void)bytes;
    *(uint64_t *)user += size * members;
    return size * members;
}

/* Lets `handle` fetch the next part; false when there is none. */
static int start(struct loop *loop, CURL *handle)
{
    uint64_t left = loop->end - loop->begin;
    uint64_t length = left < loop->part_bytes ? left : loop->part_bytes;
    char range[64];

    if (!length)
        return 0;
    snprintf(range, sizeof(range), "%" PRIu64 "-%" PRIu64, loop->begin, loop->begin + length - 1);
    loop->begin += length;
    curl_easy_setopt(handle, CURLOPT_URL, loop->url);
    curl_easy_setopt(handle, CURLOPT_RANGE, range);
    curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, 256L << 10);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, count);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &loop->received);
    curl_multi_add_handle(loop->multi, handle);
    return 1;
}

/* Whatever ended goes on with the next part. False after a failure. */
static int restart(struct loop *loop)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(loop->multi, &left))) {
        CURL *handle = message->easy_handle;
        CURLcode code = message->data.result;

        if (code) {
            fprintf(stderr, "multi_fetch: %s\n", curl_easy_strerror(code));
            return 0;
        }
        curl_multi_remove_handle(loop->multi, handle);
        start(loop, handle);
    }
    return 1;
}

static int run(struct loop *loop)
{
    int running = 1;

    while (running) {
        curl_multi_perform(loop->multi, &running);
        if (!restart(loop))
            return 0;
        curl_multi_perform(loop->multi, &running);
        if (running)
            curl_multi_poll(loop->multi, NULL, 0, 1000, NULL);
    }
    return loop->received == loop->end;
}

int main(int argc, char **argv)
{
    CURL *handles[MOST_CONNECTIONS];
    unsigned connections = argc > 3 ? (unsigned)atoi(argv[3]) : 8, i;
    struct loop loop = {.part_bytes = argc > 4 ? strtoull(argv[4], NULL, 10) : 8 << 20};
    int good;

    if (argc < 3 || !connections || connections > MOST_CONNECTIONS || !loop.part_bytes) {
        fprintf(stderr, "usage: multi_fetch URL BYTES [CONNECTIONS [PART_BYTES]]\n");
        return 2;
    }
    loop.url = argv[1];
    loop.end = strtoull(argv[2], NULL, 10);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    loop.multi = curl_multi_init();
    for (i = 0; i < connections; i++) {
        handles[i] = curl_easy_init();
        start(&loop, handles[i]);
    }
    good = run(&loop);
    for (i = 0; i < connections; i++) {
        curl_multi_remove_handle(loop.multi, handles[i]);
        curl_easy_cleanup(handles[i]);
    }
    curl_multi_cleanup(loop.multi);
    curl_global_cleanup();
    printf("%" PRIu64 "\n", loop.received);
    return good ? 0 : 1;
}
