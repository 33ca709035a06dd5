/* SPDX-License-Identifier: Apache-2.0 */
#include "svg.h"

#include <string.h>

void lc_svg_escape(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '&')
            fputs("&amp;", out);
        else if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '>')
            fputs("&gt;", out);
        else if (*text == '"')
            fputs("&quot;", out);
        else if ((unsigned char)*text < 0x20 && *text != '\n')
            fputc('?', out); /* not even as a reference may it stand in XML 1.0 */
        else
            fputc(*text, out);
    }
}

void lc_svg_text(FILE *out, double x, double y, const char *class, const char *anchor,
                 const char *text)
{
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\"", x, y, class);
    if (strcmp(anchor, "start") != 0)
        fprintf(out, " text-anchor=\"%s\"", anchor);
    fputc('>', out);
    lc_svg_escape(out, text);
    fputs("</text>\n", out);
}

/* Widths of a usual sans serif, in thousandths of its size; a little too wide rather than too
 * narrow. */
double lc_svg_width(const char *text, double font_size)
{
    double width = 0;

    for (; *text; text++) {
        if (strchr("iljt.,:;|'!I ()[]/", *text))
            width += 330;
        else if (strchr("mwMW", *text))
            width += 880;
        else if (*text >= 'A' && *text <= 'Z')
            width += 690;
        else
            width += 570;
    }
    return width * font_size / 1000;
}

/* Plain properties, no var(): librsvg and Inkscape, which know none, then show the light one. The
 * colours of a bar are chosen so that its label has a contrast of 7 and more on it. */
static const char light[] =
    "<style>\n"
    "text{font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\","
    "\"Liberation Sans\",Arial,sans-serif;font-size:12px;fill:#1f2328}\n"
    ".title{font-size:18px;font-weight:600}\n"
    ".chart{font-size:14px;font-weight:600}\n"
    ".name{font-size:13px}\n"
    ".small{font-size:10px}\n"
    ".beside{stroke:#ffffff;stroke-width:5;stroke-linejoin:round;paint-order:stroke}\n"
    ".quiet{fill:#59636e}\n"
    ".limit{fill:#b3261e}\n"
    ".page{fill:#ffffff;stroke:#d1d9e0}\n"
    ".grid{stroke:#e7ebef}\n"
    ".track{stroke:#d1d9e0;stroke-width:3;stroke-linecap:round}\n"
    ".line{stroke:#1f2328;stroke-width:1.5}\n"
    ".line-limit{stroke:#cf222e;stroke-width:1.5;stroke-dasharray:5 4}\n"
    ".area{fill:#b6d7fb;stroke:#0969da;stroke-width:1.5;stroke-linejoin:round}\n"
    ".bar{stroke-width:1.5}\n"
    ".serving{fill:#bde7c7;stroke:#1a7f37}\n"
    ".window{fill:#bddafb;stroke:#0969da}\n"
    ".drain{fill:#e0d1fb;stroke:#8250df}\n"
    ".hook{fill:#b0e6e3;stroke:#1b7c83}\n"
    ".stopping{fill:#fae3a9;stroke:#9a6700}\n"
    ".killing{fill:#ffcfca;stroke:#cf222e}\n"
    ".off{fill:#eaeef2;stroke:#818b98}\n"
    ".dot{fill:#ffffff;stroke:#1f2328;stroke-width:2.5}\n"
    ".dot-end{fill:#1f2328;stroke:#ffffff;stroke-width:2}\n"
    ".dot-kill{fill:#cf222e;stroke:#ffffff;stroke-width:2}\n"
    ".cross{stroke:#ffffff;stroke-width:2;stroke-linecap:round}\n";

static const char dark[] = "@media (prefers-color-scheme:dark){\n"
                           "text{fill:#f0f6fc}\n"
                           ".beside{stroke:#0d1117}\n"
                           ".quiet{fill:#9198a1}\n"
                           ".limit{fill:#ff8a80}\n"
                           ".page{fill:#0d1117;stroke:#30363d}\n"
                           ".grid{stroke:#21262d}\n"
                           ".track{stroke:#30363d}\n"
                           ".line{stroke:#f0f6fc}\n"
                           ".line-limit{stroke:#f85149}\n"
                           ".area{fill:#12315a;stroke:#4493f8}\n"
                           ".serving{fill:#17422a;stroke:#3fb950}\n"
                           ".window{fill:#12315a;stroke:#4493f8}\n"
                           ".drain{fill:#38265f;stroke:#a371f7}\n"
                           ".hook{fill:#0e3c40;stroke:#39c5cf}\n"
                           ".stopping{fill:#493607;stroke:#d29922}\n"
                           ".killing{fill:#57191b;stroke:#f85149}\n"
                           ".off{fill:#262c36;stroke:#656c76}\n"
                           ".dot{fill:#0d1117;stroke:#f0f6fc}\n"
                           ".dot-end{fill:#f0f6fc;stroke:#0d1117}\n"
                           ".dot-kill{fill:#f85149;stroke:#0d1117}\n"
                           ".cross{stroke:#0d1117}\n"
                           "}\n"
                           "</style>\n";

void lc_svg_print_style(FILE *out)
{
    fputs(light, out);
    fputs(dark, out);
}
