"""Many PDFs become one, page after page."""

import threading
from collections.abc import Iterable
from io import BytesIO

import pypdfium2  # type: ignore[import-untyped]

# PDFium knows no threads.
_one_at_a_time = threading.Lock()


def joined(documents: Iterable[bytes]) -> bytes:
    """One PDF of all pages in their order. No more than what was joined so far and one document are held in memory.

    Raises:
        ValueError: there is no document.
    """
    whole = None
    with _one_at_a_time:
        whole = pypdfium2.PdfDocument.new()
    try:
        for document in documents:  # making the next one may take long: others join meanwhile
            with _one_at_a_time:
                part = pypdfium2.PdfDocument(document)
                whole.import_pages(part)
                part.close()
        with _one_at_a_time:
            if not len(whole):
                raise ValueError("nothing to join")
            file = BytesIO()
            whole.save(file)
    finally:
        with _one_at_a_time:
            whole.close()
    return file.getvalue()
