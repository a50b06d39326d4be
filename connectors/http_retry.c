/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Which failed exchange is tried again, and when: full jitter over an exponential bound, never
 * earlier than the server asks. A ranged GET goes on where its body stopped. */

#include "config.h"

#include "connectors/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define FIRST_BOUND_SECONDS 0.1
#define LAST_BOUND_SECONDS  20.0
/* A server that asks for more is given up on: the caller is told how long it wants. */
#define LONGEST_WAIT_SECONDS 60.0
#define NAP_SECONDS          0.05

/* Who wants to stop waits for a clean-up, but not for a server that is silent. */
#define CLEANUP_SECONDS      5.0
#define LAST_CLEANUP_SECONDS 0.7

enum {
    PROGRESS_BYTES = 1 << 20,    /* an attempt that moved this much is no failure of the place, so
                                    it costs no attempt */
    LEAST_RATE_BYTES = 16 << 10, /* a second: the slowest place that is waited for */
    RANGE_PATIENCE = 2,          /* of the timeout, for the answer to a ranged GET to begin */
    UNREACHED_ATTEMPTS = 4,      /* unless the caller asks for a number of attempts */
    PATIENCE = 10                /* for everything else: putting parts together takes its time */
};

static double random_fraction(void)
{
    uint32_t noise = 0;

    if (getrandom(&noise, sizeof(noise), GRND_NONBLOCK) != sizeof(noise))
        noise = (uint32_t)clock() * 2654435761u;
    return noise / 4294967296.0;
}

/* How long all attempts together may take, in seconds; 0: no limit. */
static double choose_limit(struct dp_context *context, const struct dp_http_request *request)
{
    double timeout = context->options.timeout_seconds, bytes = (double)request->body_bytes;

    if (request->stream)
        return 0;
    if (request->cleanup)
        return dp_context_check(context, NULL) ? LAST_CLEANUP_SECONDS : CLEANUP_SECONDS;
    if (request->ranged)
        bytes = (double)(request->range.end - request->range.begin);
    return timeout * (request->ranged ? RANGE_PATIENCE : PATIENCE) + bytes / LEAST_RATE_BYTES;
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
static int sleep_for(struct dp_context *context, const struct dp_http_request *request,
                     double seconds, struct dp_error *err)
{
    double end = now() + seconds, left;
    int rc = dp_http_check(context, request, err);

    while (!rc && (left = end - now()) > 0) {
        struct timespec nap = {0, (long)((left < NAP_SECONDS ? left : NAP_SECONDS) * 1e9)};

        nanosleep(&nap, NULL);
        rc = dp_http_check(context, request, err);
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

/* A request and what became of it so far. */
struct run {
    struct dp_context *context;
    struct dp_http_request request; /* of the next attempt */
    struct dp_http_answer *answer;
    struct dp_error failure; /* of the last attempt */
    unsigned failures;       /* in a row */
    bool mended;             /* a refusal was answered with better credentials once */
    bool limited;
    double left; /* seconds, when limited */
};

static int attempt(struct run *run)
{
    int rc;

    memset(&run->failure, 0, sizeof(run->failure));
    run->request.seconds = run->limited ? run->left : 0;
    rc = dp_http_exchange(run->context, &run->request, run->answer, &run->failure);
    run->left -= run->answer->seconds;
    return rc;
}

/* How many failures in a row end it. A wrong name, a server that does not run or a certificate that
 * does not fit are seldom better a second later. */
static unsigned choose_attempts(const struct run *run)
{
    const struct dp_http_auth *auth = run->request.auth;
    unsigned attempts = run->context->options.attempts;

    if (auth && auth->attempts)
        return auth->attempts;
    return run->answer->asked || run->context->attempts_given || attempts < UNREACHED_ATTEMPTS
               ? attempts
               : UNREACHED_ATTEMPTS;
}

/* Whether it is worth another attempt, and what it costs. */
static bool may_repeat(struct run *run)
{
    struct dp_http_auth *auth = run->request.auth;

    if (run->limited && run->left <= 0)
        return false;
    if (!run->failure.retryable) {
        if (run->mended || !run->answer->status || !auth || !auth->mend ||
            !auth->mend(auth, &run->request, run->answer))
            return false;
        run->mended = true;
        return go_on(&run->request, run->answer);
    }
    run->failures = run->answer->body_bytes >= PROGRESS_BYTES ? 1 : run->failures + 1;
    return run->failures < choose_attempts(run) &&
           run->answer->retry_after <= LONGEST_WAIT_SECONDS &&
           go_on(&run->request, run->answer);
}

/* The pause before the next attempt. */
static int pause_before_next(struct run *run)
{
    double wait =
        run->failure.retryable ? choose_wait(run->failures, run->answer->retry_after) : 0;

    dp_context_log(run->context, DP_LOG_INFO, "%s; again in %.1f s", run->failure.message, wait);
    return sleep_for(run->context, &run->request, wait, &run->failure);
}

/* Says what was tried, for the failure that is reported. */
static void count_attempts(struct run *run)
{
    size_t used = strlen(run->failure.message);

    if (run->failures > 1)
        snprintf(run->failure.message + used, sizeof(run->failure.message) - used,
                 "; given up after %u failures in a row", run->failures);
}

int dp_http_retry_run(struct dp_context *context, const struct dp_http_request *request,
                      struct dp_http_answer *answer, struct dp_error *err)
{
    struct run run = {.context = context, .request = *request, .answer = answer};
    int rc;

    run.left = choose_limit(context, request);
    run.limited = run.left > 0;
    while ((rc = attempt(&run)) != DP_OK) {
        if (run.failure.retryable && is_complete(&run.request, answer)) {
            rc = DP_OK;
            break;
        }
        if (!may_repeat(&run)) {
            count_attempts(&run);
            break;
        }
        rc = pause_before_next(&run);
        if (rc)
            break;
        atomic_fetch_add(&context->counters.retries, 1);
    }
    if (rc && err)
        *err = run.failure;
    return rc;
}
