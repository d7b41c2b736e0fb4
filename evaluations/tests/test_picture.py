"""A chart becomes a picture that looks as on the page."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from django.conf import settings

from speechstudio.tests.browser import needs_browser, open_page

PAGE = """
<style>
  :root { --ink: light-dark(rgb(1, 2, 3), rgb(250, 251, 252)); color-scheme: dark; }
  main { background: rgb(36, 36, 36); }
  .line { stroke: var(--ink); stroke-width: 2px; }
</style>
<main>
  <h1>Test of March</h1>
  <svg id="chart" viewBox="0 0 44 20">
    <line class="line" x1="0" y1="9" x2="44" y2="9"/>
  </svg>
  <button data-picture="chart" data-format="svg">SVG</button>
  <button data-picture="chart" data-format="png">PNG</button>
</main>
"""


@pytest.mark.real
@needs_browser
def test_a_chart_is_downloaded_with_its_colours(tmp_path: Path) -> None:
    files = {}
    with open_page() as page:
        page.set_content(PAGE)
        page.add_script_tag(path=settings.BASE_DIR / "static/js/picture.js")
        for kind in ("svg", "png"):
            with page.expect_download() as found:
                page.get_by_role("button", name=kind.upper()).click()
            assert found.value.suggested_filename == f"Test-of-March-chart.{kind}"
            found.value.save_as(tmp_path / kind)
            files[kind] = (tmp_path / kind).read_bytes()
    svg = files["svg"].decode()
    assert 'stroke="rgb(250, 251, 252)"' in svg and 'stroke-width="2px"' in svg
    assert 'fill="rgb(36, 36, 36)"' in svg and "class=" not in svg
    assert files["png"].startswith(b"\x89PNG")
    assert struct.unpack(">II", files["png"][16:24]) == (88, 40)
