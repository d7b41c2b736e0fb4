"""A page of a list of files: the XML of Azure's containers and of S3's buckets.

Reference: https://learn.microsoft.com/rest/api/storageservices/list-blobs,
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

from urllib.parse import unquote
from xml.parsers import expat

_MAX_DEPTH = 20  # five are used
_MAX_CHARACTERS = 64 * 1024  # of a name or a marker
_MARKERS = (
    ["EnumerationResults", "NextMarker"],
    ["ListBucketResult", "NextContinuationToken"],
)
_ROOTS = ("EnumerationResults", "ListBucketResult")


class Page:
    """What a page says. Folders, which some containers list as well, are left out.

    >>> xml = b"<ListBucketResult><Contents><Key>a.wav</Key></Contents>%s"
    >>> page = Page(xml % b"</ListBucketResult>")
    >>> page.is_whole, page.names, page.marker
    (True, ['a.wav'], '')
    """

    def __init__(self, data: bytes) -> None:
        self.names: list[str] = []
        self.marker = ""  # of the next page; empty on the last one
        self._path: list[str] = []
        self._root = self._text = self._name = ""
        self._is_folder = self._is_encoded = self._goes_on = False
        self.is_whole = self._read(data)

    def _read(self, data: bytes) -> bool:
        parser = expat.ParserCreate()
        # Without a document type there are no entities that could be blown up, or
        # lead to a file.
        parser.StartDoctypeDeclHandler = _refuse
        parser.EntityDeclHandler = _refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._add
        parser.buffer_text = True
        try:
            parser.Parse(data, True)
        except (expat.ExpatError, _RefusedError, ValueError, LookupError):
            return False  # ValueError, LookupError: an encoding that is none
        # The older list of S3 has no token to go on with, and would end too early.
        return self._root in _ROOTS and bool(self.marker or not self._goes_on)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._root = self._root or tag
        self._path.append(tag)
        self._text = ""
        if len(self._path) > _MAX_DEPTH:
            _refuse()
        if tag in ("Blob", "Contents"):
            self._name, self._is_folder = "", False
        if tag == "Name":
            # Azure's way with characters that XML cannot hold.
            self._is_encoded = attributes.get("Encoded") == "true"

    def _add(self, text: str) -> None:
        self._text += text
        if len(self._text) > _MAX_CHARACTERS:
            _refuse()

    def _end(self, tag: str) -> None:
        match self._path[1:]:
            case ["Blobs", "Blob", "Name"]:
                self._name = unquote(self._text) if self._is_encoded else self._text
            case ["Contents", "Key"]:
                self._name = self._text
            case ["Blobs", "Blob", "Properties", "ResourceType"]:
                self._is_folder = self._text == "directory"
            case ["Blobs", "Blob"] | ["Contents"]:
                if self._name and not self._is_folder and self._name[-1] != "/":
                    self.names.append(self._name)
            case ["IsTruncated"]:
                self._goes_on = self._text == "true"
        if self._path in _MARKERS:
            self.marker = self._text
        self._path.pop()
        self._text = ""


class _RefusedError(Exception):
    """A document type or an entity; elements, or a text, without an end."""


def _refuse(*args: object) -> None:
    raise _RefusedError
