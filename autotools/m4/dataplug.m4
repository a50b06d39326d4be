dnl SPDX-License-Identifier: Apache-2.0
dnl SPDX-FileCopyrightText: The dataplug authors

dnl DP_ADD_CFLAGS(FLAGS): adds each flag that the compiler knows to DP_CFLAGS.
AC_DEFUN([DP_ADD_CFLAGS], [
for dp_flag in $1; do
    AC_MSG_CHECKING([whether $CC accepts $dp_flag])
    dp_saved_CFLAGS="$CFLAGS"
    CFLAGS="$CFLAGS -Werror $dp_flag"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[]], [[]])],
        [AC_MSG_RESULT([yes]); DP_CFLAGS="$DP_CFLAGS $dp_flag"], [AC_MSG_RESULT([no])])
    CFLAGS="$dp_saved_CFLAGS"
done
])
