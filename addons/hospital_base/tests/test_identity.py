import string
from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.hospital_base.identity import id_number, mask, phone

# no folder of remembered examples, no failing on a slow machine
unhurried = settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
TODAY = date(2026, 1, 1)
BIRTHS = st.dates(TODAY - timedelta(days=36500), TODAY)
FILLERS = ("13800000000", "11111111111", "12345678901", "00000000", "13800138000", "0731-88888888", "87654321", "0")
# what a clerk's keyboard gives, and what an import from GBK leaves
FIELDS = st.one_of(
    st.text(),
    st.text("0123456789０１２３９+-－()（）/，、;； 转女儿手机电话Xx·*"),
    st.text("张三之女·* J"),
    st.lists(st.sampled_from(["13900001234", "0731-85551234", "+86", "0086", "转", "(", ")", "-", " ", "女儿"])).map(
        "".join
    ),
)


@st.composite
def mobiles(draw):
    number = "1" + draw(st.sampled_from("3456789")) + draw(st.text(string.digits, min_size=9, max_size=9))
    return number if phone.split(number)[0].valid else "13900001234"


@st.composite
def cards(draw):
    first17 = "110105" + draw(BIRTHS).strftime("%Y%m%d") + draw(st.from_regex(r"[0-9]{3}", fullmatch=True))
    return first17 + id_number.checksum(first17)


@tagged("post_install", "-at_install")
class TestIdentity(BaseCase):
    # ------------------------------------------------------------------ id numbers
    @unhurried
    @given(cards())
    def test_card_tells_birth_date_and_gender(self, number):
        parsed = id_number.parse(number, TODAY)
        self.assertTrue(parsed.valid, parsed)
        self.assertEqual(parsed.birth_date.strftime("%Y%m%d"), number[6:14])
        self.assertEqual(parsed.gender, "male" if int(number[16]) % 2 else "female")

    @unhurried
    @given(cards(), st.integers(0, 17), st.sampled_from(string.digits))
    def test_one_wrong_digit_never_passes(self, number, place, digit):
        typed = number[:place] + digit + number[place + 1 :]
        self.assertEqual(id_number.parse(typed, TODAY).valid, typed == number)

    @unhurried
    @given(cards(), st.integers(0, 16))
    def test_swapped_neighbours_never_pass(self, number, place):
        typed = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
        self.assertEqual(id_number.parse(typed, TODAY).valid, typed == number)

    def test_way_of_typing_does_not_matter(self):
        for typed in (
            "11010519491231002x",
            "110105 19491231 002X",
            "１１０１０５１９４９１２３１００２Ｘ",
            "身份证：11010519491231002×",
            "\ufeff110105-19491231-002X'",
        ):
            self.assertEqual(id_number.parse(typed), id_number.parse("11010519491231002X"), typed)

    def test_documents(self):
        for typed, kind, valid, problem in (
            ("990000199001010017", "id_card", True, ""),
            ("99000019651231123X", "id_card", True, ""),
            ("110105491231002", "id_card", True, ""),
            ("110105491331002", "id_card", False, "birth_date"),
            ("11010549123100", "id_card", False, "length"),
            ("110105194912310021", "id_card", False, "checksum"),
            ("110105209912310025", "id_card", False, "birth_date"),
            ("1101051949123l002X", "id_card", False, "format"),
            ("000000000000000000", "id_card", False, "placeholder"),
            ("123456789012345678", "id_card", False, "placeholder"),
            ("H12345678", "hmt_permit", True, ""),
            ("USA110185031234", "foreign_permit", True, ""),
            ("E12345678", "passport", True, ""),
            ("C01X00T47", "passport", True, ""),
            ("13900001234", "none", False, "format"),
            ("新生儿", "none", False, ""),
        ):
            parsed = id_number.parse(typed, TODAY)
            self.assertEqual((parsed.kind, parsed.valid, parsed.problem), (kind, valid, problem), typed)
        for region, kind in (("810000", "hmt_permit"), ("830000", "hmt_permit"), ("911840", "foreign_permit")):
            first17 = region + "19940823002"
            parsed = id_number.parse(first17 + id_number.checksum(first17), TODAY)
            self.assertEqual((parsed.kind, parsed.gender, parsed.valid), (kind, "female", True))

    # ------------------------------------------------------------------ telephone numbers
    @unhurried
    @given(
        st.lists(mobiles(), min_size=1, max_size=4, unique=True),
        st.sampled_from(["/", ",", "，", "、", ";", "；", " ", " 或 ", "\n", "　", "和", " | "]),
        st.sampled_from(["", "+86", "+86 ", "0086-", "86", "0"]),
        st.booleans(),
    )
    def test_every_mobile_of_a_field_is_found(self, numbers, separator, prefix, wide):
        field = separator.join(prefix + number for number in numbers)
        if wide:
            field = field.translate(str.maketrans("0123456789+-", "０１２３４５６７８９＋－"))
        self.assertEqual(
            [(p.number, p.kind, p.valid) for p in phone.split(field)], [(n, "mobile", True) for n in numbers]
        )

    def test_fields(self):
        for field, expected in (
            ("0731-85551234", [("073185551234", "landline", "", "")]),
            ("(0731)85551234-801", [("073185551234", "landline", "", "转801")]),
            ("0731 8555 1234", [("073185551234", "landline", "", "")]),
            ("+86-731-85551234", [("073185551234", "landline", "", "")]),
            ("01085551234", [("01085551234", "landline", "", "")]),
            ("8555123", [("8555123", "landline", "no_area_code", "")]),
            ("13900001234（女儿）", [("13900001234", "mobile", "", "女儿")]),
            ("儿子：13900001234", [("13900001234", "mobile", "", "儿子")]),
            (
                "手机13900001234 家0731-85551234",
                [("13900001234", "mobile", "", ""), ("073185551234", "landline", "", "家")],
            ),
            (
                "13900001234(女儿)13900001235(儿子)",
                [("13900001234", "mobile", "", "女儿"), ("13900001235", "mobile", "", "儿子")],
            ),
            ("13900001234/139 0000 1234（本人）", [("13900001234", "mobile", "", "本人")]),
            ("139000012345", [("139000012345", "mobile", "length", "")]),
            ("11012345678", [("11012345678", "other", "format", "")]),
            ("0731-855512", [("0731855512", "landline", "length", "")]),
            ("无", []),
            ("3床", []),
        ):
            found = [(p.number, p.kind, p.problem, p.note) for p in phone.split(field)]
            self.assertEqual(found, expected, field)

    def test_fillers_are_not_numbers(self):
        for field in FILLERS:
            (found,) = phone.split(field)
            self.assertEqual((found.valid, found.problem), (False, "placeholder"), field)
        self.assertTrue(phone.split("13888888888")[0].valid, "a premium number belongs to somebody")

    # ------------------------------------------------------------------ masks
    @unhurried
    @given(FIELDS)
    def test_no_text_breaks_anything(self, field):
        for number in phone.split(field):
            self.assertTrue(number.number.isascii() and number.number.isdigit(), number)
            self.assertTrue(number.valid or number.problem, number)
        parsed = id_number.parse(field)
        self.assertFalse(parsed.valid and parsed.problem, parsed)
        mask.text(field)
        for function in (mask.name, mask.phone, mask.id_number):
            self.assertEqual(function(function(field)), function(field), function.__name__)

    @unhurried
    @given(FIELDS)
    def test_masks_show_no_more_than_promised(self, field):
        shown = len([char for char in mask.phone(field) if char != "*"])
        self.assertLessEqual(shown, 8)
        digits = len(mask.phone(field))
        self.assertTrue(shown == 0 if digits < 7 else digits - shown >= 3, mask.phone(field))
        masked = mask.id_number(field)
        kept = len(masked) - masked.count("*") if "*" not in field else 0
        self.assertLessEqual(kept, 7 if len(masked) >= 15 else 3 if len(masked) >= 8 else 0)

    @unhurried
    @given(mobiles(), cards(), st.text("张三 ,电话:身份证abc()，（）"), st.text("张三 ,电话:abc()，（）"))
    def test_log_lines_keep_no_number(self, number, card, before, after):
        line = mask.text(f"{before}{number}{after}，{card}{before}")
        self.assertNotIn(number, line)
        self.assertNotIn(card, line)
        self.assertIn(mask.phone(number), line)
        self.assertIn(mask.id_number(card), line)

    def test_names(self):
        for name, shown in (
            ("王", "*"),
            ("张 三", "张*"),
            ("张伟国", "张*国"),
            ("欧阳锋", "欧阳*"),
            ("欧阳", "欧*"),
            ("𬭎某某", "𬭎*某"),
            ("李梅之女", "李*之女"),
            ("李*之女", "李*之女"),
            ("买买提·艾力", "买**·**"),
            ("John Smith", "J*** *****"),
            ("J", "*"),
            (None, ""),
        ):
            self.assertEqual(mask.name(name), shown)
