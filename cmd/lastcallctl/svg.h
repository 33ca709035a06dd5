/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_SVG_H
#define LC_CTL_SVG_H

#include <stdio.h>

/* Pieces of SVG. What the text is made of may be anybody's: it is escaped. */

void lc_svg_escape(FILE *out, const char *text);

/* Text at a point; `class` chooses font and colour, `anchor` is start, middle or end. */
void lc_svg_text(FILE *out, double x, double y, const char *class, const char *anchor,
                 const char *text);

/* About how wide `text` is at that size, in px: no font is at hand to ask. */
double lc_svg_width(const char *text, double font_size);

/* The colours, for light and dark; they are all that a reader of the file needs besides the shapes. */
void lc_svg_print_style(FILE *out);

#endif
