/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "connectors/glob.h"

#include <fnmatch.h>

static bool matches(enum dp_glob_text kind, const char *pattern, const char *text)
{
    struct dp_glob glob;
    bool found;

    ck_assert_int_eq(dp_glob_compile(&glob, kind, pattern, "x", NULL), DP_OK);
    found = dp_glob_match(&glob, text, strlen(text));
    /* A text that matches is found on the way to it, too. */
    for (size_t n = 0; found && n < strlen(text); n++)
        ck_assert(dp_glob_may_match_below(&glob, text, n));
    dp_glob_free(&glob);
    return found;
}

START_TEST(what_fits_and_what_does_not)
{
    static const struct {
        const char *pattern, *text;
        bool fits;
    } cases[] = {
        {"a*.gz", "a.gz", true},
        {"a*.gz", "abc.gz", true},
        {"a*.gz", "a/b.gz", false},
        {"a*.gz", "abc.gzz", false},
        {"*", "", true},
        {"*", "x/y", false},
        {"*/*", "x/y", true},
        {"*/*", "x/y/z", false},
        {"a*b*c", "aXbYbZc", true},
        {"a*b*c", "aXbY/bZc", false},
        {"**", "x/y/z", true},
        {"a**z", "a/b/z", true},
        {"a/**/z", "a/z", true},
        {"a/**/z", "a/b/c/z", true},
        {"a/**/z", "a/bz", false},
        {"a/**/z", "abz", false},
        {"**/x", "x", true},
        {"**/x", "a/b/x", true},
        {"**/x", "ax", false},
        {"a/***/z", "a/b/z", true},
        {"run?", "run1", true},
        {"run?", "run", false},
        {"run?", "run12", false},
        {"run?x", "run/x", false},
        {"?", "\xc3\xa9", true},
        {"??", "\xc3\xa9", false},
        {"?x?", "\xe2\x82\xacx\xf0\x9f\x98\x80", true},
        {"[a-c]x", "bx", true},
        {"[a-c]x", "dx", false},
        {"[!a-c]x", "dx", true},
        {"[^a-c]x", "bx", false},
        {"[!a-c]x", "\xc3\xa9x", true},
        {"[!a]", "/", false},
        {"[]x]", "]", true},
        {"[!]x]", "]", false},
        {"[a-]", "-", true},
        {"a[b", "a[b", true},
        {"a[b/c]", "a[b/c]", true},
        {"a[b/c]", "ab", false},
        {"*", ".hidden", false},
        {".*", ".hidden", true},
        {"*.gz", ".gz", false},
        {"**.gz", ".gz", true},
        {"?hidden", ".hidden", false},
        {"[.]hidden", ".hidden", false},
        {"x/*", "x/.y", false},
        {"x/*", "x/y.z", true},
        {"x/**", "x/.y", true},
        {"x/", "x/", true},
        {"x/", "x/a/b", true},
        {"x/", "xa", false},
        {"x*/", "xa/b/c", true},
        {"", "any/thing", true},
        {"plain", "plain", true},
        {"plain", "plain/", false},
        {"a\\*", "a\\b", true},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(matches(DP_GLOB_PLAIN, cases[i].pattern, cases[i].text) == cases[i].fits,
                      "'%s' and '%s'", cases[i].pattern, cases[i].text);
}
END_TEST

START_TEST(what_is_encoded_means_itself)
{
    ck_assert(matches(DP_GLOB_ENCODED, "a%2A", "a*"));
    ck_assert(!matches(DP_GLOB_ENCODED, "a%2A", "ab"));
    ck_assert(matches(DP_GLOB_ENCODED, "%5Ba%5D%3f*", "[a]?x"));
    ck_assert(matches(DP_GLOB_ENCODED, "100%", "100%"));
    ck_assert(matches(DP_GLOB_ENCODED, "100%zz*", "100%zzz"));
    ck_assert(matches(DP_GLOB_ENCODED, "%", "%"));
    ck_assert(matches(DP_GLOB_PLAIN, "a%2A", "a%2A"));
    ck_assert(matches(DP_GLOB_LITERAL, "a*?[b]", "a*?[b]"));
    ck_assert(!matches(DP_GLOB_LITERAL, "a*?[b]", "ax?b"));
    ck_assert(matches(DP_GLOB_LITERAL, "a*/", "a*/x"));
    ck_assert(!matches(DP_GLOB_LITERAL, "a*/", "ab/x"));
}
END_TEST

START_TEST(the_beginning_that_all_matches_share)
{
    static const struct {
        const char *pattern, *prefix;
        bool literal, deep;
    } cases[] = {{"a/b*.gz", "a/b", false, false}, {"a/b*/c", "a/b", false, true},
                 {"a/", "a/", false, true},        {"", "", false, true},
                 {"x%2Ay", "x*y", true, false},    {"a/**", "a/", false, true},
                 {"[ab]c", "", false, false}};
    struct dp_glob glob;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert_int_eq(dp_glob_compile(&glob, DP_GLOB_ENCODED, cases[i].pattern, "x", NULL),
                         DP_OK);
        ck_assert_str_eq(glob.prefix, cases[i].prefix);
        ck_assert_uint_eq(glob.prefix_length, strlen(cases[i].prefix));
        ck_assert(glob.literal == cases[i].literal);
        ck_assert_msg(glob.deep == cases[i].deep, "%s", cases[i].pattern);
        dp_glob_free(&glob);
    }
}
END_TEST

START_TEST(folders_without_matches_are_not_entered)
{
    struct dp_glob glob;

    ck_assert_int_eq(dp_glob_compile(&glob, DP_GLOB_PLAIN, "a/x*/b.gz", "x", NULL), DP_OK);
    ck_assert(dp_glob_may_match_below(&glob, "a/", 2));
    ck_assert(dp_glob_may_match_below(&glob, "a/xy/", 5));
    ck_assert(!dp_glob_may_match_below(&glob, "a/y/", 4));
    ck_assert(!dp_glob_may_match_below(&glob, "a/x/b/", 6));
    dp_glob_free(&glob);
}
END_TEST

/* Ways that shells are known to walk for hours. */
START_TEST(no_pattern_takes_for_ever)
{
    char pattern[4001], text[4001];
    struct dp_glob glob;
    struct dp_error err;
    char *giant = calloc(1, 10001);
    size_t i;

    for (i = 0; i < 4000; i += 2)
        memcpy(pattern + i, "*a", 2);
    pattern[3999] = 'b';
    pattern[4000] = 0;
    memset(text, 'a', 4000);
    text[4000] = 0;
    ck_assert(!matches(DP_GLOB_PLAIN, pattern, text));
    memset(giant, 'x', 10000);
    ck_assert_int_eq(dp_glob_compile(&glob, DP_GLOB_PLAIN, giant, "x", &err), DP_INVALID);
    dp_glob_free(&glob);
    ck_assert_int_eq(dp_glob_compile(&glob, DP_GLOB_PLAIN, "a[\xc3\xa9]", "name", &err),
                     DP_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "name: "));
    dp_glob_free(&glob);
    free(giant);
}
END_TEST

/* What fnmatch() of the C library says, for all that both of them know (glibc takes a '.' behind
 * "*?" for one at the beginning). */
START_TEST(as_shells_match)
{
    static const char *const parts[] = {"a", "b", "c", "/", "*", "?", "[ab]", "[!a]", "a*", "c]"};
    uint32_t noise = 12345;
    int i, fits = 0;

    for (i = 0; i < 100000; i++) {
        char pattern[64] = "", text[16] = "";
        struct dp_glob glob;
        int k, rc;

        for (k = 0; k < 6; k++, noise = noise * 1664525u + 1013904223u) {
            const char *part = parts[(noise >> 16) % 10];
            bool star = *pattern && pattern[strlen(pattern) - 1] == '*';

            if ((noise >> 8 & 7) && !(star && *part == '*'))
                strcat(pattern, part);
        }
        for (k = 0; k < 8; k++, noise = noise * 1664525u + 1013904223u)
            if (noise >> 8 & 1)
                strncat(text, &"abcabc/a"[(noise >> 16) % 8], 1);
        if (!*pattern || pattern[strlen(pattern) - 1] == '/')
            continue;
        rc = fnmatch(pattern, text, FNM_PATHNAME | FNM_NOESCAPE);
        ck_assert_int_eq(dp_glob_compile(&glob, DP_GLOB_PLAIN, pattern, "x", NULL), DP_OK);
        ck_assert_msg(dp_glob_match(&glob, text, strlen(text)) == (rc == 0),
                      "'%s' and '%s': fnmatch says %d", pattern, text, rc);
        dp_glob_free(&glob);
        fits += rc == 0;
    }
    ck_assert_int_gt(fits, 1000);
}
END_TEST

START_TEST(what_is_a_pattern)
{
    ck_assert(dp_glob_is_pattern("a*"));
    ck_assert(dp_glob_is_pattern("?"));
    ck_assert(dp_glob_is_pattern("x[a]"));
    ck_assert(!dp_glob_is_pattern("x[a"));
    ck_assert(!dp_glob_is_pattern("a/b.gz"));
    ck_assert(!dp_glob_is_pattern(""));
}
END_TEST

TEST_MAIN("glob", what_fits_and_what_does_not, what_is_encoded_means_itself,
          the_beginning_that_all_matches_share, folders_without_matches_are_not_entered,
          no_pattern_takes_for_ever, as_shells_match, what_is_a_pattern)
