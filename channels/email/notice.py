"""A short mail after the issue: what the editor has to say about it, where to read it, the same signature."""

from __future__ import annotations

from publisher.channel import Entry
from publisher.channels.email.frame import write_place, write_signature
from publisher.channels.email.sheet import Sheet
from publisher.channels.email.tidy import tidy
from publisher.model import Publication
from publisher.words import words


def lines(
    text: str, entry: Entry, publication: Publication, width: int, *, broken: bool, leave: str = ""
) -> list[str]:
    """The lines of the mail, as those of a Sheet. Those of the text stay apart; `leave` is as for issues."""
    say = words(publication.lang)
    sheet = Sheet(width, broken=broken)
    for line in map(tidy, text.splitlines()):
        if line:
            sheet.write(line)
        elif sheet.lines and sheet.lines[-1]:
            sheet.blank()
    if sheet.lines[-1]:
        sheet.blank()
    write_place(sheet, entry, say)
    write_signature(sheet, publication, leave, say)
    return sheet.lines
