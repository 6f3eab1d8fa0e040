"""Every string that a person can see has its Chinese."""

import re
import subprocess

import polib
import pytest
from conftest import ODOO, ROOT, database

ADDONS = sorted(manifest.parent.name for manifest in ROOT.glob("addons/*/__manifest__.py"))
PLACEHOLDER = re.compile(r"%\(\w+\)s|%s")


@pytest.fixture(scope="module")
def terms(tmp_path_factory):
    """``terms(addon)``: what Odoo exports of an addon's strings, with the Chinese it finds for them."""
    folder = tmp_path_factory.mktemp("terms")
    with database("terms") as name:

        def export(addon):
            path = folder / f"{addon}.po"
            command = [*ODOO, "i18n", "export", "-d", name, "-l", "zh_CN", "-o", str(path), "--", addon]
            subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
            return polib.pofile(str(path))

        yield export


@pytest.mark.parametrize("addon", ADDONS)
def test_no_string_is_missing(terms, addon):
    translated = {entry.msgid for entry in polib.pofile(str(ROOT / f"addons/{addon}/i18n/zh_CN.po")) if entry.msgstr}
    missing = [entry.msgid for entry in terms(addon) if entry.msgid not in translated]
    assert not missing


@pytest.mark.parametrize("addon", ADDONS)
def test_placeholders_survive_translation(addon):
    for entry in polib.pofile(str(ROOT / f"addons/{addon}/i18n/zh_CN.po")):
        assert sorted(PLACEHOLDER.findall(entry.msgid)) == sorted(PLACEHOLDER.findall(entry.msgstr)), entry.msgid
