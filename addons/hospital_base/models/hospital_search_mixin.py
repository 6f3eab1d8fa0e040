from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..enquiry import search_keys

# Of more hits than these, a single letter's, nobody sees which come first.
RANKED = 1000


class HospitalSearchMixin(models.AbstractModel):
    """Found by a part of its names, by their pinyin initials (amxl for 阿莫西林) or by their pinyin in full."""

    _name = "hospital.search.mixin"
    _description = "Found by Pinyin"

    # The fields whose text is looked for.
    _search_key_fields = ("name",)

    search_keys = fields.Text(compute="_compute_search_keys", store=True, export_string_translation=False)
    search_text = fields.Char(store=False, search="_search_search_text", export_string_translation=False)

    # Few writes and many searches: no pending list that every search would have to read.
    _keys_index = models.Index(
        "USING gin (array_to_tsvector(string_to_array(search_keys, ' '))) WITH (fastupdate = off)"
    )

    @api.depends(lambda self: self._search_key_fields)
    def _compute_search_keys(self):
        for record in self:
            texts = [text for name in self._search_key_fields for text in record.mapped(name)]
            record.search_keys = search_keys.keys(texts)

    @api.model
    def _search_search_text(self, operator, value):
        if operator not in ("ilike", "like", "in"):
            return NotImplemented
        texts = [value] if isinstance(value, str) else [text for text in value if text]
        return Domain.OR(self._search_text_domain(text) for text in texts)

    @api.model
    def _search_text_domain(self, text):
        """The records with a name in which every part of ``text`` begins somewhere."""
        tsquery = search_keys.tsquery(text)
        if not tsquery:
            return Domain.TRUE
        self.flush_model(["search_keys"])
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "array_to_tsvector(string_to_array(%s, ' ')) @@ %s::tsquery",
                SQL.identifier(alias, "search_keys"),
                tsquery,
            )
        )

    @api.model
    def _find(self, text, domain=Domain.TRUE, limit=None):
        """The records that ``text`` finds: where it stands at the beginning of a name first, short names first."""
        domain = Domain(domain) & self._search_text_domain(text)
        terms = search_keys.terms(text)
        if not terms:
            return self.search(domain, limit=limit)
        hits = self._search(domain, limit=RANKED)
        hits.order = None
        query = self._search(Domain("id", "in", hits), limit=limit)
        keys = SQL.identifier(self._table, "search_keys")
        query.order = SQL("strpos(%s, %s), length(%s), %s", keys, terms[0], keys, SQL.identifier(self._table, "id"))
        return self.browse(query)
