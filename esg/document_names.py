"""The names of the documents of an output folder, by their outline and language."""

from pathlib import Path

from tonne.esg.numbers import Language
from tonne.esg.outline import PLAIN


def stem(outline: str) -> str:
    """Give the part of the names that tells the outline; the plain report keeps the plain name."""
    return "report" if outline == PLAIN else outline


def word_file(outline: str, language: Language) -> str:
    """Name the Word document in a language."""
    return f"{stem(outline)}.{language}.docx"


def page_file(outline: str) -> str:
    """Name the page, which holds both languages."""
    return f"{stem(outline)}.html"


def pdf_file(outline: str, language: Language) -> str:
    """Name the PDF in a language."""
    return f"{stem(outline)}.{language}.pdf"


def written_outlines(folder: Path) -> list[str]:
    """List the outlines whose documents stand in an output folder."""
    stems = sorted({path.name.removesuffix(".html") for path in folder.glob("*.html")})
    return [PLAIN if found == stem(PLAIN) else found for found in stems]
