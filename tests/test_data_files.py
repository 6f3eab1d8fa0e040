"""What an addon's data files define."""

import re
from collections import Counter

import pytest
from conftest import ROOT

DEFINED = re.compile(r'<(record|menuitem|template)\s+id="([^"]+)"')


@pytest.mark.parametrize("addon", sorted(manifest.parent for manifest in ROOT.glob("addons/*/__manifest__.py")))
def test_no_id_is_given_twice(addon):
    """Of two records with one id the first is overwritten, and nobody is told."""
    found = Counter(
        match.groups() for path in addon.rglob("*.xml") for match in DEFINED.finditer(path.read_text(encoding="utf-8"))
    )
    assert not [name for name, count in found.items() if count > 1]
