"""The child process of `workbook`: a workbook on standard input, its cells on standard output.

Run as a file, with nothing of this project imported. Arguments: bytes of memory, seconds, cells a sheet may have.
Writes a pickle of (refusal or None, [(name, hidden, rows, merged ranges)]).
"""

import contextlib
import io
import pickle
import sys

import python_calamine


def limit(memory: int, seconds: int) -> None:
    with contextlib.suppress(ImportError, ValueError):  # no such limits on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def sheets(data: bytes, max_cells: int) -> tuple[str | None, list]:
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        found = []
        for meta in book.sheets_metadata:
            if meta.typ != python_calamine.SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_name(meta.name)
            if (sheet.total_height + 1) * (sheet.total_width + 1) > 2 * max_cells:
                return "large", []
            rows = sheet.to_python(skip_empty_area=False)
            hidden = meta.visible != python_calamine.SheetVisibleEnum.Visible
            found.append((meta.name, hidden, rows, list(sheet.merged_cell_ranges or ())))
    except python_calamine.PasswordError:
        return "password", []
    except MemoryError:
        return "large", []
    except KeyboardInterrupt:
        raise
    except BaseException:  # a panic in the reader is not an Exception
        return "damaged", []
    return None, found


if __name__ == "__main__":
    memory, seconds, max_cells = map(int, sys.argv[1:4])
    workbook = sys.stdin.buffer.read()
    limit(memory, seconds)
    sys.stdout.buffer.write(pickle.dumps(sheets(workbook, max_cells), protocol=5))
