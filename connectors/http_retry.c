/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Which failed exchange is tried again, and when: full jitter over an exponential bound, never
 * earlier than the server asks. A ranged GET goes on where its body stopped. */

#include "config.h"

#include "connectors/http.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define FIRST_BOUND_SECONDS 0.1
#define LAST_BOUND_SECONDS  20.0
/* A server that asks for more is given up on: the caller is told how long it wants. */
#define LONGEST_WAIT_SECONDS 60.0
#define NAP_SECONDS          0.05

/* An attempt that moved this much is no failure of the place, so it costs no attempt. */
enum { PROGRESS_BYTES = 1 << 20 };

static double random_fraction(void)
{
    uint32_t noise = 0;

    if (getrandom(&noise, sizeof(noise), GRND_NONBLOCK) != sizeof(noise))
        noise = (uint32_t)clock() * 2654435761u;
    return noise / 4294967296.0;
}

static double now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

static double choose_wait(unsigned failures, double asked)
{
    double bound = FIRST_BOUND_SECONDS, wait;

    for (; failures > 1 && bound < LAST_BOUND_SECONDS; failures--)
        bound *= 2;
    wait = random_fraction() * (bound < LAST_BOUND_SECONDS ? bound : LAST_BOUND_SECONDS);
    return wait > asked ? wait : asked;
}

/* Sleeps in naps, so that a wish to stop is heard. */
static int sleep_for(struct dp_context *context, double seconds, struct dp_error *err)
{
    double end = now() + seconds, left;
    int rc = dp_context_check(context, err);

    while (!rc && (left = end - now()) > 0) {
        struct timespec nap = {0, (long)((left < NAP_SECONDS ? left : NAP_SECONDS) * 1e9)};

        nanosleep(&nap, NULL);
        rc = dp_context_check(context, err);
    }
    return rc;
}

/* The connection may break right behind the last byte. */
static bool is_complete(const struct dp_http_request *request,
                        const struct dp_http_answer *answer)
{
    return request->ranged && answer->body_bytes &&
           answer->body_bytes == answer->end - answer->begin;
}

/* Prepares the next attempt. False when bytes were given away that cannot be taken back. */
static bool go_on(struct dp_http_request *request, const struct dp_http_answer *answer)
{
    if (request->rewind)
        request->rewind(request->user);
    else if (request->ranged)
        request->range.begin += answer->body_bytes;
    else
        return answer->body_bytes == 0;
    return true;
}

/* Whether it is worth another attempt, and what it costs. */
static bool may_repeat(struct dp_context *context, struct dp_http_request *request,
                       const struct dp_http_answer *answer, const struct dp_error *failure,
                       unsigned *failures, bool *mended)
{
    unsigned own = request->auth ? request->auth->attempts : 0;

    if (!failure->retryable) {
        if (*mended || !answer->status || !request->auth || !request->auth->mend ||
            !request->auth->mend(request->auth, request, answer))
            return false;
        *mended = true;
        return go_on(request, answer);
    }
    *failures = answer->body_bytes >= PROGRESS_BYTES ? 1 : *failures + 1;
    return *failures < (own ? own : context->options.attempts) &&
           answer->retry_after <= LONGEST_WAIT_SECONDS && go_on(request, answer);
}

int dp_http_retry_run(struct dp_context *context, const struct dp_http_request *request,
                      struct dp_http_answer *answer, struct dp_error *err)
{
    struct dp_http_request attempt = *request;
    struct dp_error failure = {0};
    unsigned failures = 0;
    bool mended = false;
    int rc;

    while ((rc = dp_http_exchange(context, &attempt, answer, &failure)) != DP_OK) {
        double wait;

        if (failure.retryable && is_complete(&attempt, answer)) {
            rc = DP_OK;
            break;
        }
        if (!may_repeat(context, &attempt, answer, &failure, &failures, &mended))
            break;
        wait = failure.retryable ? choose_wait(failures, answer->retry_after) : 0;
        dp_context_log(context, DP_LOG_INFO, "%s; again in %.1f s", failure.message, wait);
        rc = sleep_for(context, wait, &failure);
        if (rc)
            break;
        atomic_fetch_add(&context->counters.retries, 1);
        memset(&failure, 0, sizeof(failure));
    }
    if (rc && err)
        *err = failure;
    return rc;
}
