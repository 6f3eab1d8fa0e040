from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.hospital_base.identity import text as identity_text
from odoo.addons.hospital_base.models.res_partner_search import NUMBER

from .hospital_message_block import SIZE

# Up to so many patients of a name are handed to the planner by their ids.
MANY_PATIENTS = 2000
# How long most messages wait for their time at the most, and those that wait longer.
WAIT = timedelta(days=7)
WAITED = "(COALESCE(sent_at, plan_at) - create_date)"
WAITED_LONG = f"{WAITED} > interval '7 days'"
# ``create_date`` is when a transaction began, which may take its ids some time later.
INEXACT = timedelta(days=1)
OVERSEERS = ("hospital_base.group_supervisor", "hospital_base.group_functional", "hospital_sms.group_delete")


class HospitalMessage(models.Model):
    """Who sees a message, and how one of ten million is found."""

    _inherit = "hospital.message"

    hospital_visible = fields.Boolean(
        compute="_compute_hospital_visible", search="_search_hospital_visible", export_string_translation=False
    )
    receiver_search = fields.Char(store=False, search="_search_receiver_search", export_string_translation=False)
    text_search = fields.Char(store=False, search="_search_text_search", export_string_translation=False)
    moment = fields.Datetime(
        string="Time", compute="_compute_moment", search="_search_moment", help="When it was sent, or is to be sent."
    )

    # One for each filter, in the order of the list: any two of them are met by one, or by both together.
    _sender_index = models.Index("(sender_id, id DESC) WHERE sender_id IS NOT NULL")
    _department_index = models.Index("(department_id, id DESC) WHERE department_id IS NOT NULL")
    _template_index = models.Index("(template_id, id DESC) WHERE template_id IS NOT NULL")
    _gateway_index = models.Index("(gateway_id, id DESC) WHERE gateway_id IS NOT NULL")
    _tail_index = models.Index("(reverse(number) text_pattern_ops)")
    _moment_index = models.Index("((COALESCE(sent_at, plan_at)))")
    _waited_index = models.Index(f"((COALESCE(sent_at, plan_at))) WHERE {WAITED_LONG}")
    # What many messages have needs none: it is met at once.
    _purpose_index = models.Index("(purpose, id DESC) WHERE purpose NOT IN ('appointment', 'followup', 'notice')")
    _operator_index = models.Index("(operator, id DESC) WHERE operator IN ('cbn', 'other')")
    _state_index = models.Index("(state, id DESC) WHERE state <> 'delivered'")
    _code_index = models.Index("(code, id DESC) WHERE code <> 'DELIVRD'")

    def init(self):
        super().init()
        # Else the planner takes what has waited long for a third of all, and leaves its index alone.
        self.env.cr.execute(
            SQL("CREATE STATISTICS IF NOT EXISTS hospital_message_waited ON %s FROM hospital_message", SQL(WAITED))
        )

    # -- who sees it -------------------------------------------------------------------------------------------

    @api.depends_context("uid")
    @api.depends("patient_id", "sender_id")
    def _compute_hospital_visible(self):
        """Answer as the search does, for these records only."""
        user, overseer = self.env.user, self._oversees(self.env.user)
        for message in self:
            patient = message.patient_id
            message.hospital_visible = message.sender_id == user or (
                patient.is_patient and patient.hospital_visible if patient else overseer
            )

    @api.model
    def _search_hospital_visible(self, operator, value):
        if operator != "in":
            return NotImplemented
        user, partners = self.env.user, self.env["res.partner"]
        all_patients = user._has_hospital_role(*partners._roles_with_all_patients())
        overseer = self._oversees(user)
        if all_patients and overseer:
            return Domain.TRUE
        domain = Domain("sender_id", "=", user.id)
        if overseer:
            domain |= Domain("patient_id", "=", False)
        if all_patients:
            return domain | Domain("patient_id.is_patient", "=", True)
        ids, keys = partners._visible_sources(user)
        if keys:
            ids = SQL(
                "SELECT id FROM res_partner WHERE visible_keys && %s::int[]%s",
                keys,
                SQL(" UNION ALL SELECT unnest(%s)", ids) if ids else SQL(),
            )

        def to_sql(model, alias, query):
            patient = SQL.identifier(alias, "patient_id")
            return SQL("%s IN (%s)", patient, ids) if keys else SQL("%s = ANY(%s)", patient, ids)

        return domain | Domain.custom(to_sql=to_sql) if ids else domain

    @api.model
    def _oversees(self, user):
        """Whether ``user`` sees messages that went to no patient, whoever sent them."""
        return any(user.has_group(group) for group in OVERSEERS)

    # -- found again -------------------------------------------------------------------------------------------

    @api.model
    def _search_receiver_search(self, operator, value):
        """By full number, by the last four digits, or by the patient as ``patient_search`` finds him or her."""
        if operator not in ("ilike", "like", "in"):
            return NotImplemented
        texts = [value] if isinstance(value, str) else [text for text in value if text]
        return Domain.OR(self._receiver_domain(identity_text.narrow(text).strip()) for text in texts)

    @api.model
    def _receiver_domain(self, text):
        if not text:
            return Domain.TRUE
        partners = self.env["res.partner"]
        if not NUMBER.fullmatch(text):
            found = partners.sudo()._search(partners._patient_search_domain(text), limit=MANY_PATIENTS + 1)
            ids = [row[0] for row in self.env.execute_query(found.select())]
            if len(ids) > MANY_PATIENTS:
                return Domain("patient_id.patient_search", "ilike", text)
            return Domain("patient_id", "in", ids)
        number = text.replace(" ", "")
        numbers, tail = partners._number_terms(number)
        patients = partners.sudo()._search(partners._patient_number_domain(number)).select()

        # Ids in an array and not a subquery: then each part of the condition can be met by an index of its own.
        def to_sql(model, alias, query):
            reversed_number = SQL("reverse(%s)", SQL.identifier(alias, "number"))
            conditions = [
                SQL("%s = ANY(%s)", reversed_number, [number[::-1] for number in numbers]),
                SQL("%s = ANY(ARRAY(%s))", SQL.identifier(alias, "patient_id"), patients),
            ]
            if tail:
                conditions.append(SQL("%s LIKE %s", reversed_number, tail[::-1] + "%"))
            return SQL("(%s)", SQL(" OR ").join(conditions))

        return Domain.custom(to_sql=to_sql)

    @api.model
    def _search_text_search(self, operator, value):
        if operator not in ("ilike", "like", "in"):
            return NotImplemented
        words = [value] if isinstance(value, str) else [word for word in value if word]
        return Domain.OR(self._text_domain(word.strip()) for word in words)

    @api.model
    def _text_domain(self, word):
        """The messages with ``word``: of a rare one by the blocks that may hold it, a common one is met soon anyway."""
        if not word:
            return Domain.TRUE
        if len(word) < 2:
            raise UserError(self.env._("Look for at least two characters of the text."))
        blocks = self.env["hospital.message.block"].sudo()
        if not blocks._is_rare(word):
            return Domain.custom(to_sql=lambda model, alias, query: _holds(SQL.identifier(alias, "text"), word))
        ids = SQL(
            """ARRAY(SELECT message.id FROM (SELECT id FROM hospital_message_block WHERE %(holding)s) AS block
                      CROSS JOIN LATERAL (SELECT id, text FROM hospital_message
                                           WHERE id >= block.id * %(size)s AND id < (block.id + 1) * %(size)s
                                          OFFSET 0) AS message
                      WHERE %(holds)s)""",
            holding=blocks._holding(word),
            size=SIZE,
            holds=_holds(SQL.identifier("message", "text"), word),
        )
        later = blocks._end()

        def to_sql(model, alias, query):
            message_id = SQL.identifier(alias, "id")
            return SQL(
                "(%s = ANY(%s) OR (%s >= %s AND %s))",
                message_id,
                ids,
                message_id,
                later,
                _holds(SQL.identifier(alias, "text"), word),
            )

        return Domain.custom(to_sql=to_sql)

    @api.depends("sent_at", "plan_at")
    def _compute_moment(self):
        for message in self:
            message.moment = message.sent_at or message.plan_at

    @api.model
    def _search_moment(self, operator, value):
        """By the time of sending, and by the ids that such messages have.

        Ids grow with time: with a range of them each index of (something, id) finds something of that time.
        """
        if operator not in ("<", "<=", ">", ">="):
            return NotImplemented
        value = fields.Datetime.to_datetime(value)
        ids = Domain("id", *self._ids_until(value)) if operator in ("<", "<=") else Domain("id", *self._ids_from(value))

        def to_sql(model, alias, query):
            moment = SQL("COALESCE(%s, %s)", SQL.identifier(alias, "sent_at"), SQL.identifier(alias, "plan_at"))
            return SQL("%s %s %s", moment, SQL(operator), value)

        return ids & Domain.custom(to_sql=to_sql)

    @api.model
    def _ids_until(self, moment):
        """Condition of the ids of what is sent before ``moment``: no message is sent before it is made."""
        return "<", self._first_made_after(moment + INEXACT)

    @api.model
    def _ids_from(self, moment):
        """Condition of the ids of what is sent after ``moment``: most wait for some days at the most, few longer."""
        # OFFSET: else the planner takes the least id for the one that it meets first by the primary key.
        self.env.cr.execute(
            f"""SELECT min(id) FROM (SELECT id FROM hospital_message
                                      WHERE COALESCE(sent_at, plan_at) >= %s AND {WAITED_LONG} OFFSET 0) AS waited""",
            [moment],
        )
        [longest] = self.env.cr.fetchone()
        first = self._first_made_after(moment - WAIT - INEXACT)
        return ">=", first if longest is None else min(first, longest)

    @api.model
    def _first_made_after(self, moment):
        """The id from which on all messages are made after ``moment``, one day more or less: ids grow with time."""
        self.env.cr.execute("SELECT COALESCE(min(id), 1), COALESCE(max(id), 0) FROM hospital_message")
        low, high = self.env.cr.fetchone()
        while low <= high:
            middle = (low + high) // 2
            self.env.cr.execute(
                "SELECT id, create_date FROM hospital_message WHERE id >= %s ORDER BY id LIMIT 1", [middle]
            )
            found, made = self.env.cr.fetchone()
            if made > moment:
                high = middle - 1
            else:
                low = found + 1
        return low


def _holds(column, word):
    """``word`` stands in ``column``: no LIKE, of which the planner would take a common word for a rare one."""
    if word.lower() == word.upper():
        return SQL("strpos(%s, %s) > 0", column, word)
    return SQL("strpos(lower(%s), %s) > 0", column, word.lower())
