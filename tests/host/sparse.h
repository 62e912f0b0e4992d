/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the headers of the newest kernels use and Debian's sparse (0.6.4) does not
 * know.  Only sparse reads this.
 */
#define __typeof_unqual__ __typeof__
/* Asked of string literals only where the answer has to be a constant. */
#define __builtin_strlen(s) (sizeof(s) - 1)
