# SPDX-License-Identifier: Apache-2.0
"""Makes the page one file, and that a C source: embed.py page.html page.css page.js OUTPUT.

Stylesheet and script go into their elements; their hashes are all that the page's policy allows to
be run. Comments and indentation stay behind.
"""

import base64
import gzip
import hashlib
import re
import sys


def read(name):
    with open(name, encoding="ascii") as file:
        return file.read()


def compact(text, comment):
    lines = (line.strip() for line in re.sub(comment, "", text, flags=re.M | re.S).splitlines())
    return "\n".join(line for line in lines if line)


def sha256(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def main(html, css, js, output):
    style = compact(read(css), r"/\*.*?\*/")
    script = compact(read(js), r"^ *//[^\n]*$")
    page = compact(read(html), r"<!-- .*? -->")
    page = page.replace("<style></style>", f"<style>{style}</style>")
    page = page.replace("<script></script>", f"<script>{script}</script>")
    policy = "; ".join([
        "default-src 'none'", f"script-src {sha256(script)}", f"style-src {sha256(style)}",
        "connect-src 'self'", "img-src data:",  # the icon
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
        "require-trusted-types-for 'script'", "trusted-types 'none'"])
    data = gzip.compress(page.encode(), mtime=0)  # a build must give the same bytes twice
    with open(output, "w", encoding="ascii") as file:
        file.write('#include "drive/page.h"\n\n')
        file.write(f'const char lc_page_policy[] = "{policy}";\n')
        file.write(f"const size_t lc_page_length = {len(data)};\n")
        file.write("const unsigned char lc_page[] = {%s};\n" % ",".join(map(str, data)))


main(*sys.argv[1:])
