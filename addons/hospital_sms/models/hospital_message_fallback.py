from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL

from ..messaging.fallback import Tried, decide
from .hospital_message_queue import Draft, Terms

OUTCOMES = [
    ("wechat", "By WeChat"),
    ("sms", "By SMS"),
    ("both", "By WeChat and SMS"),
    ("call", "By telephone"),
    ("unneeded", "No longer needed"),
    ("unreached", "Not reached"),
    ("excluded", "May not be contacted"),
    ("cancelled", "Cancelled"),
]
# Minutes without WeChat's word, which comes within seconds, after which the next way is taken.
WORD = 30
MOST = 5000
CALL_STATES = [
    ("due", "To be called"),
    ("called", "Called"),
    ("unreached", "Not reached"),
    ("unneeded", "Not needed"),
]


class HospitalMessage(models.Model):
    """A notice finds its way: WeChat, else a text message, else a call. It is its first message, the root.

    What follows is decided in the transaction that settles a message, from nothing but what stands in the tables: done
    twice, it has one effect.
    """

    _inherit = "hospital.message"

    fallback = fields.Char(
        string="Allowed Channels", readonly=True, help="Those that this notice may use, in their order."
    )
    outcome = fields.Selection(OUTCOMES, readonly=True, help="How the notice reached the patient, if it did.")
    child_ids = fields.One2many("hospital.message", "root_id", string="Sent Instead", readonly=True)
    call_state = fields.Selection(CALL_STATES, string="Telephone Call", readonly=True)
    call_user_id = fields.Many2one("res.users", string="Called By", readonly=True, index="btree_not_null")
    call_at = fields.Datetime(string="Call Settled", readonly=True)
    phone_masked = fields.Char(related="patient_id.phone_masked", string="Phone")

    _call_index = models.Index("(patient_id) WHERE call_state IN ('due', 'unreached')")
    _call_list_index = models.Index("(priority, id) WHERE call_state IS NOT NULL")
    _outcome_index = models.Index("(outcome, id DESC) WHERE outcome IS NOT NULL")
    _word_index = models.Index("(sent_at) WHERE channel = 'wechat' AND state = 'sent' AND fallback IS NOT NULL")

    @api.model
    def _notify(self, drafts, terms, channels=("wechat", "sms", "call")):
        """Send each draft's patient one notice, on the first of ``channels`` that is open; the others stand by.

        drafts: list of Draft with ``patient_id``, ``text`` and, for WeChat, ``values``; ``number`` where it is not the
        patient's best. terms: Terms; WeChat needs a template with a WeChat code. channels: "sms" is always among them.
        Returns the ids of the notices, None where the key is known. What becomes of them: ``outcome``, ``_concluded``.
        """
        if "sms" not in channels:
            raise ValueError("A notice that may not become a text message has no way if WeChat fails")
        patients = self.env["res.partner"].browse({draft.patient_id for draft in drafts})
        openids = self._openids(patients, terms) if "wechat" in channels else {}
        numbers = self._numbers_of(patients)
        places = defaultdict(list)
        for place, draft in enumerate(drafts):
            places["wechat" if draft.patient_id in openids else "sms"].append(place)
        ids = [None] * len(drafts)
        for channel, own in places.items():
            ready = [
                drafts[place]._replace(
                    number=drafts[place].number or numbers.get(drafts[place].patient_id, ""),
                    openid=openids.get(drafts[place].patient_id, "") if channel == "wechat" else "",
                )
                for place in own
            ]
            made = self._enqueue(ready, terms._replace(channel=channel, watched=True))
            for place, message_id in zip(own, made, strict=True):
                ids[place] = message_id
        made = [message_id for message_id in ids if message_id]
        self.env.cr.execute("UPDATE hospital_message SET fallback = %s WHERE id = ANY(%s)", [",".join(channels), made])
        self._conclude(made)
        return ids

    @api.model
    def _openids(self, patients, terms):
        """``{patient id: openid}`` of those whom a message of these terms can reach by WeChat.

        An account that is off, or that WeChat does not admit, would keep a notice waiting: nobody is reached by it.
        """
        if not self.env["sms.template"].sudo().browse(terms.template_id).wechat_code:
            return {}
        gateway_id, _operator = self.env["hospital.gateway"]._route([""], terms._replace(channel="wechat"))[""]
        gateway = self.env["hospital.gateway"].browse(gateway_id)
        if not gateway.enabled or gateway.state == "refused":
            return {}
        return self.env["hospital.wechat.follower"].sudo()._openid_of(patients, gateway)

    def _concluded(self):
        """Hook: these notices have an outcome, or a new one, or are due to be called; in the same transaction."""

    def _settled(self):
        res = super()._settled()
        wechat = self.filtered(lambda message: message.channel == "wechat" and message.state == "failed")
        if wechat:
            wechat._learn_from_failure()
        self._conclude([(message.root_id or message).id for message in self])
        return res

    def _learn_from_failure(self):
        """Who does not follow is not written to again; what failed was no contact, so that no cap counts it."""
        self.env["hospital.wechat.follower"].flush_model()
        self.env.cr.execute(
            """UPDATE hospital_wechat_follower follower SET follows = FALSE
                 FROM hospital_message message
                WHERE message.id = ANY(%(ids)s) AND message.code = '43004' AND follower.follows
                  AND follower.gateway_id = message.gateway_id AND follower.openid = message.openid
                  AND (follower.changed_at IS NULL OR follower.changed_at < message.create_date);
               DELETE FROM hospital_contact contact USING hospital_message message
                WHERE message.id = ANY(%(ids)s) AND contact.patient_id = message.patient_id
                  AND contact.at >= message.create_date - interval '1 minute'
                  AND contact.res_model = 'hospital.message' AND contact.res_id = message.id""",
            {"ids": self.ids},
        )
        self.env["hospital.wechat.follower"].invalidate_model()
        self.env["hospital.contact"].invalidate_model()

    @api.model
    def _give_up_waiting(self):
        """A notice by WeChat without a report waits minutes, not days: the text message has to come in time."""
        more = super()._give_up_waiting()
        minutes = int(self.env["ir.config_parameter"].sudo().get_param("hospital_sms.wechat_silent_minutes", WORD))
        self.env.cr.execute(
            """UPDATE hospital_message_part SET state = 'silent'
                WHERE id IN (SELECT part.id
                               FROM hospital_message message
                               JOIN hospital_message_part part ON part.message_id = message.id
                              WHERE message.channel = 'wechat' AND message.state = 'sent'
                                AND message.fallback IS NOT NULL AND part.state = 'sent'
                                AND message.sent_at
                                    < statement_timestamp() AT TIME ZONE 'UTC' - %s * interval '1 minute'
                              ORDER BY message.sent_at LIMIT %s FOR UPDATE OF part SKIP LOCKED)
            RETURNING message_id""",
            [minutes, MOST],
        )
        silent = [row[0] for row in self.env.cr.fetchall()]
        self._follow(silent)
        return more or len(silent) == MOST

    # -- what follows ------------------------------------------------------------------------------------------------

    @api.model
    def _conclude(self, root_ids):
        """Bring these notices into line with what has become of their messages."""
        self.flush_model()
        notices = self._facts(root_ids)
        following, fresh = defaultdict(list), {}
        for root_id, (channels, call, outcome, tried) in notices.items():
            decision = decide(channels, tried, call)
            if decision.next:
                following[decision.next].append(root_id)
            elif (decision.outcome, decision.call) != (outcome, call):
                fresh[root_id] = decision.outcome, decision.call
        if following["call"]:
            fresh |= self._call_or_leave(following["call"])
        self._set_conclusion(fresh)
        if following["sms"]:
            self._text_instead(following["sms"])

    @api.model
    def _facts(self, root_ids):
        """``{root id: (channels, call, outcome, {channel: Tried})}`` of those that are notices; they stay locked."""
        self.env.cr.execute(
            """SELECT id, fallback, COALESCE(call_state, ''), COALESCE(outcome, '') FROM hospital_message
                WHERE id = ANY(%s) AND fallback IS NOT NULL ORDER BY id FOR UPDATE""",
            [list(set(root_ids))],
        )
        notices = {row[0]: (row[1].split(","), row[2], row[3], {}) for row in self.env.cr.fetchall()}
        self.env.cr.execute(
            """SELECT id AS root_id, id, channel, state, reason FROM hospital_message WHERE id = ANY(%(ids)s)
                UNION ALL
               SELECT root_id, id, channel, state, reason FROM hospital_message WHERE root_id = ANY(%(ids)s)
                ORDER BY root_id, id""",
            {"ids": list(notices)},
        )
        for root_id, _message_id, channel, state, reason in self.env.cr.fetchall():
            notices[root_id][3][channel] = Tried(state, reason or "")
        return notices

    @api.model
    def _set_conclusion(self, fresh):
        """``{root id: (outcome, call)}``"""
        if not fresh:
            return
        self.env.cr.execute(
            """UPDATE hospital_message message
                  SET outcome = NULLIF(fresh.outcome, ''), call_state = NULLIF(fresh.call, ''),
                      write_date = now() AT TIME ZONE 'UTC'
                 FROM unnest(%s::int[], %s::text[], %s::text[]) AS fresh (id, outcome, call)
                WHERE message.id = fresh.id""",
            [list(fresh), [outcome for outcome, _call in fresh.values()], [call for _outcome, call in fresh.values()]],
        )
        self.invalidate_model(["outcome", "call_state"])
        self.browse(fresh)._concluded()

    @api.model
    def _call_or_leave(self, root_ids):
        """Those who may be called get onto the list; of the others the gate says no."""
        fresh = {}
        for purpose, roots in self.browse(root_ids).grouped("purpose").items():
            verdicts = self.env["hospital.contact"]._admit(roots.patient_id, "call", purpose)
            for root in roots:
                allowed = verdicts[root.patient_id.id].verdict != "no"
                fresh[root.id] = ("", "due") if allowed else ("excluded", "")
        return fresh

    @api.model
    def _text_instead(self, root_ids):
        """The same text to the telephone, in the name of who sent the notice."""
        roots = self.browse(root_ids)
        numbers = self._numbers_of(roots.patient_id)
        again = []
        for (purpose, priority, template, department, sender), own in roots.grouped(
            lambda root: (root.purpose, root.priority, root.template_id, root.department_id, root.sender_id)
        ).items():
            drafts = [
                Draft(
                    root.text,
                    root.number or numbers.get(root.patient_id.id, ""),
                    root.patient_id.id,
                    values=root.values or None,
                    key=f"instead:{root.id}",
                    origin=(root.res_model, root.res_id) if root.res_model else None,
                    root_id=root.id,
                )
                for root in own
            ]
            terms = Terms(
                purpose,
                priority=priority,
                template_id=template.id or None,
                department_id=department.id or None,
                watched=True,
            )
            messages = self.with_user(sender or self.env.user).sudo()
            made = messages._enqueue(drafts, terms)
            again += [root.id for root, message_id in zip(own, made, strict=True) if message_id]
        # What was excluded at once is as final as what failed.
        self._conclude(again)

    # -- the list of patients to call --------------------------------------------------------------------------------

    def action_called(self):
        """The patient has been told by telephone."""
        called = self._settle_call("called")
        self.env["hospital.contact"].sudo().create(
            [
                {
                    "patient_id": message.patient_id.id,
                    "channel": "call",
                    "purpose": message.purpose,
                    "user_id": self.env.uid,
                    "department_id": message.department_id.id,
                    "res_model": message._name,
                    "res_id": message.id,
                }
                for message in called
            ]
        )

    def action_call_unreached(self):
        self._settle_call("unreached")

    def action_call_unneeded(self):
        """The patient knows already, or it no longer matters."""
        self._settle_call("unneeded")

    def action_call_again(self):
        self._settle_call("due")

    def action_call_patient(self):
        self.ensure_one()
        return self.patient_id.get_formview_action()

    def _settle_call(self, state):
        self.check_access("read")
        listed = self.filtered(lambda message: message.call_state not in (False, state)).sudo()
        listed.write({"call_state": state, "call_user_id": self.env.uid, "call_at": fields.Datetime.now()})
        listed._conclude(listed.ids)
        return listed


class ResPartner(models.Model):
    _inherit = "res.partner"

    wechat_follower_ids = fields.One2many("hospital.wechat.follower", "patient_id", string="WeChat")

    @api.model
    def _visible_patient_queries(self, user):
        """Whoever calls those whom no message has reached sees them until each has been settled."""
        queries = super()._visible_patient_queries(user)
        if user._has_hospital_role("agent"):
            self.env["hospital.message"].flush_model(["patient_id", "call_state"])
            queries.append(SQL("SELECT patient_id FROM hospital_message WHERE call_state IN ('due', 'unreached')"))
        return queries
