"""The child process of `typesetting`: an order as JSON on standard input, each PDF behind its length on standard output.

Run as a file, with nothing of this project imported. It fails with the typesetter's own words on standard error.
"""

import json
import sys

import typst


def main() -> int:
    order = json.load(sys.stdin.buffer)
    compiler = typst.Compiler(root=order["root"], font_paths=order["fonts"], ignore_system_fonts=True)
    for data in order["data"]:
        try:
            made = compiler.compile(
                input=order["template"],
                format="pdf",
                sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
                pdf_standards=order["standards"],
                timestamp=order["timestamp"],
            )
        except typst.TypstError as error:
            print(error.diagnostic, file=sys.stderr)
            return 1
        sys.stdout.buffer.write(len(made).to_bytes(8) + made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
