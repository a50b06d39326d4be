#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# dataplug.h stands alone: it compiles as strict C11 and as C++ without any other header of ours
# before it and without a warning. (The C++ part is left out, and said so, without a C++ compiler.)
#
# usage: header.sh, with srcdir and CC in the environment.

set -u

top=$(cd "${srcdir:-.}" && pwd) || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# The options are passed to the library by size: the program shows that the structs are complete.
cat >"$work/use.c" <<'END'
#include <dataplug.h>
int main(void)
{
    struct dp_context_options options = {sizeof(struct dp_context_options)};
    struct dp_index_info info = {sizeof(struct dp_index_info)};
    struct dp_error err;
    return (int)(options.struct_bytes + info.struct_bytes + sizeof(err) == 0);
}
END
cp "$work/use.c" "$work/use.cc"

# shellcheck disable=SC2086 # CC may hold flags
${CC:-cc} -std=c11 -pedantic-errors -Wall -Wextra -Wno-missing-field-initializers -Werror \
    -I"$top" -fsyntax-only "$work/use.c" || exit 1
if command -v "${CXX:-g++}" >/dev/null 2>&1; then
    ${CXX:-g++} -std=c++11 -pedantic-errors -Wall -Wextra -Wno-missing-field-initializers -Werror \
        -I"$top" -fsyntax-only "$work/use.cc" || exit 1
    echo "dataplug.h compiles as C11 and as C++11"
else
    echo "dataplug.h compiles as C11; no C++ compiler here"
    exit 77
fi
