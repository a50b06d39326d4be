/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/meter.h"

#include "base/array.h"
#include "base/size.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REDRAW_SECONDS 0.2
#define QUIET_SECONDS  0.5 /* short work shows nothing at all */

struct item {
    char *key;
    uint64_t done;
    uint64_t total;
};

struct dp_meter {
    pthread_mutex_t lock;
    struct dp_array items; /* of struct item: one for each thing under way or done */
    const char *unit;      /* of amounts; NULL: bytes */
    uint64_t first;        /* done by somebody else; UINT64_MAX: not known yet */
    double began;          /* seconds of the monotonic clock */
    double drawn;
    bool visible;
};

static double now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct dp_meter *dp_meter_open(void)
{
    struct dp_meter *meter;

    if (!isatty(STDERR_FILENO))
        return NULL;
    meter = calloc(1, sizeof(*meter));
    if (!meter)
        return NULL;
    pthread_mutex_init(&meter->lock, NULL);
    meter->began = now_seconds();
    meter->drawn = meter->began + QUIET_SECONDS - REDRAW_SECONDS;
    return meter;
}

static void wipe(struct dp_meter *meter)
{
    if (meter->visible)
        fputs("\r\033[K", stderr);
    meter->visible = false;
}

static void free_items(struct dp_meter *meter)
{
    struct item *items = meter->items.data;
    size_t i;

    for (i = 0; i < meter->items.length; i++)
        free(items[i].key);
    dp_array_free(&meter->items);
}

void dp_meter_close(struct dp_meter *meter)
{
    if (!meter)
        return;
    wipe(meter);
    free_items(meter);
    pthread_mutex_destroy(&meter->lock);
    free(meter);
}

void dp_meter_begin(struct dp_meter *meter, const char *unit)
{
    if (!meter)
        return;
    pthread_mutex_lock(&meter->lock);
    wipe(meter);
    free_items(meter);
    meter->unit = unit;
    meter->first = UINT64_MAX;
    meter->began = now_seconds();
    meter->drawn = meter->began + QUIET_SECONDS - REDRAW_SECONDS;
    pthread_mutex_unlock(&meter->lock);
}

/* The item of that name, made when it is new; NULL when memory is short. */
static struct item *find_item(struct dp_meter *meter, const char *key)
{
    struct item *items = meter->items.data, fresh = {0};
    size_t i;

    for (i = 0; i < meter->items.length; i++)
        if (strcmp(items[i].key, key) == 0)
            return &items[i];
    fresh.key = strdup(key);
    if (!fresh.key || !dp_array_append(&meter->items, &fresh, 1, sizeof(fresh))) {
        free(fresh.key);
        return NULL;
    }
    items = meter->items.data;
    return &items[meter->items.length - 1];
}

/* Sums over all items; *total is 0 when one of them is not known. */
static void add_up(const struct dp_meter *meter, uint64_t *done, uint64_t *total)
{
    const struct item *items = meter->items.data;
    bool known = true;
    size_t i;

    *done = *total = 0;
    for (i = 0; i < meter->items.length; i++) {
        *done += items[i].done;
        *total += items[i].total;
        known = known && items[i].total > 0;
    }
    if (!known)
        *total = 0;
}

/* "12.3 MiB", or "12.3 M pairs". */
static const char *format_amount(const struct dp_meter *meter, uint64_t amount, char *text,
                                 size_t capacity)
{
    static const char *const steps[] = {"", " k", " M", " G", " T", " P"};
    double value = (double)amount;
    size_t step = 0;

    if (!meter->unit)
        return dp_size_format(amount, text, capacity);
    for (; value >= 1000 && step + 1 < sizeof(steps) / sizeof(steps[0]); step++)
        value /= 1000;
    snprintf(text, capacity, "%.*f%s %s", step && value < 100, value, steps[step], meter->unit);
    return text;
}

static void draw(struct dp_meter *meter, const char *what, double now)
{
    char amount[64], speed[64];
    uint64_t done, total;
    double elapsed, rate, left;

    add_up(meter, &done, &total);
    meter->drawn = now;
    if (meter->first == UINT64_MAX) { /* what there is now took no time of ours */
        meter->first = done;
        meter->began = now;
        return;
    }
    elapsed = now - meter->began;
    rate = elapsed > 0 && done > meter->first ? (double)(done - meter->first) / elapsed : 0;
    format_amount(meter, done, amount, sizeof(amount));
    format_amount(meter, (uint64_t)rate, speed, sizeof(speed));
    wipe(meter);
    if (total > 0 && rate > 0 && total >= done) {
        left = (double)(total - done) / rate;
        fprintf(stderr, "%s %s, %.0f %%, %s/s, %u:%02u left", what, amount,
                100.0 * (double)done / (double)total, speed, (unsigned)(left / 60),
                (unsigned)left % 60);
    } else {
        fprintf(stderr, "%s %s, %s/s", what, amount, speed);
    }
    fflush(stderr);
    meter->visible = true;
}

void dp_meter_set(struct dp_meter *meter, const char *what, const char *key, uint64_t done,
                  uint64_t total)
{
    struct item *item;
    double now;

    if (!meter)
        return;
    pthread_mutex_lock(&meter->lock);
    item = find_item(meter, key ? key : "");
    if (item) {
        item->done = done;
        item->total = total;
    }
    now = now_seconds();
    if (now - meter->drawn >= REDRAW_SECONDS)
        draw(meter, what, now);
    pthread_mutex_unlock(&meter->lock);
}

void dp_meter_lock(struct dp_meter *meter)
{
    if (!meter)
        return;
    pthread_mutex_lock(&meter->lock);
    wipe(meter);
}

void dp_meter_unlock(struct dp_meter *meter)
{
    if (meter)
        pthread_mutex_unlock(&meter->lock);
}
