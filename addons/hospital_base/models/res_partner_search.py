import re

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from ..identity import phone as identity_phone
from ..identity import text as identity_text

# Patient and passport numbers have letters too.
NUMBER = re.compile(r"(?=.*\d)[\dA-Za-z+\- ]+")
TAIL_LENGTH = 4
# Full numbers that one request may ask for, of whom the numbers are hidden from.
GUESS_LIMIT = 3


class ResPartner(models.Model):
    """One box finds a patient by name part, phone tail, full number, id number or patient number."""

    _inherit = "res.partner"

    patient_search = fields.Char(store=False, search="_search_patient_search", export_string_translation=False)

    @api.model
    def _search_patient_search(self, operator, value):
        if operator not in ("ilike", "like", "=ilike", "=like", "in"):
            return NotImplemented
        texts = [value] if isinstance(value, str) else [text for text in value if text]
        return Domain("is_patient", "=", True) & Domain.OR(
            self._patient_search_domain(identity_text.narrow(text).strip()) for text in texts
        )

    @api.model
    def _patient_search_domain(self, text):
        if not text:
            return Domain.TRUE
        if NUMBER.fullmatch(text):
            return self._patient_number_domain(text.replace(" ", ""))
        characters = list(dict.fromkeys(text))
        adjacent = len(text) > 1

        # Exact for any length, where a trigram index is blind below three characters. No LIKE: the planner
        # would count its share a second time and take a common name for a rare one.
        def to_sql(model, alias, query):
            name = SQL.identifier(alias, "name")
            contains = SQL("string_to_array(%s, NULL) @> %s::text[]", name, characters)
            return SQL("(%s AND strpos(%s, %s) > 0)", contains, name, text) if adjacent else contains

        return Domain.custom(to_sql=to_sql)

    @api.model
    def _patient_number_domain(self, text):
        numbers, tail = self._number_terms(text)
        exact = SQL(
            """SELECT id FROM res_partner WHERE patient_no IN (%(text)s, %(upper)s)
               UNION ALL SELECT id FROM res_partner WHERE id_number = %(upper)s
               UNION ALL SELECT patient_id FROM hospital_patient_phone WHERE number = ANY(%(numbers)s)""",
            text=text,
            upper=text.upper(),
            numbers=numbers,
        )
        if tail:
            exact = SQL(
                """%s UNION ALL SELECT patient_id FROM hospital_patient_phone
                    WHERE reverse(number) LIKE %s""",
                exact,
                tail[::-1] + "%",
            )
        return Domain.custom(to_sql=lambda model, alias, query: SQL("%s IN (%s)", SQL.identifier(alias, "id"), exact))

    @api.model
    def _number_terms(self, text):
        """Return the whole numbers that ``text`` may stand for, and the tail to look for or None.

        Who sees only masked numbers sees the last four digits: a longer tail would let them be guessed on.
        """
        numbers = {text} | {phone.number for phone in identity_phone.split(text) if phone.number}
        user = self.env.user
        unmasked = user._is_superuser() or user.has_group("hospital_base.group_identity")
        longest = 20 if unmasked else TAIL_LENGTH
        if len(text) > longest:
            self._limit_guesses(text)
        return sorted(numbers), text if TAIL_LENGTH <= len(text) <= longest else None

    @api.model
    def _limit_guesses(self, number):
        """A domain of a thousand full numbers would find out the hidden digits by halving."""
        asked = self.env.cr.cache.setdefault("hospital_numbers_asked", set())
        asked.add(number)
        if len(asked) > GUESS_LIMIT:
            raise AccessError(self.env._("Look up one number at a time."))

    @api.model
    def _search_display_name(self, operator, value):
        """Odoo's own pickers find ordinary partners; patients only where a view asks for them."""
        domain = super()._search_display_name(operator, value)
        if self.env.context.get("search_patients"):
            if isinstance(value, str) and not operator.startswith("not"):
                return self._search_patient_search("ilike", value)
            return domain
        return Domain(domain) & Domain("is_patient", "!=", True)

    @api.model
    def _get_mention_suggestions_domain(self, search):
        return super()._get_mention_suggestions_domain(search) & Domain("is_patient", "!=", True)
