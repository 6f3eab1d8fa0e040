from collections import defaultdict
from functools import lru_cache

import phonenumbers
from phonenumbers import carrier

from odoo import api, models

from odoo.addons.hospital_base.identity import mask

from ..routing import choice
from .hospital_message_queue import Terms

_CARRIERS = {"中国移动": "cm", "中国联通": "cu", "中国电信": "ct", "中国广电": "cbn"}


@lru_cache(8192)
def _by_library(beginning):
    """The operator of mobile numbers that begin with these seven digits, as the library knows it."""
    parsed = phonenumbers.parse(f"+86{beginning}0000")
    return _CARRIERS.get(carrier.name_for_number(parsed, "zh"), "other")


class HospitalGateway(models.Model):
    """By which gateway a message leaves. Set-based: the number of queries does not depend on that of numbers."""

    _inherit = "hospital.gateway"

    @api.model
    def _route(self, numbers, terms):
        """Return ``{number: (gateway id or None, operator)}`` for messages of these terms."""
        if terms.gateway_id:
            return {number: (terms.gateway_id, operator) for number, operator in self._operators(numbers).items()}
        if terms.channel == "wechat":
            operators = dict.fromkeys(numbers)
            ways = self._ways([("protocol", "=", "wechat")])
        else:
            operators = self._operators(numbers)
            ways = self._ways([("protocol", "!=", "wechat")])
        commercial = terms.purpose == "marketing"
        chosen = {
            operator: choice.choose(ways, operator or "other", commercial, terms.department_id)
            for operator in set(operators.values())
        }
        return {number: (chosen[operator], operator) for number, operator in operators.items()}

    @api.model
    def _ways(self, domain):
        """The gateways to choose from. The simulator stands behind all others, and nowhere once messages are real."""
        gateways = self.sudo().search(domain)
        simulators = gateways.filtered(lambda gateway: gateway.protocol == "simulator")
        gateways -= simulators
        if not self._is_live():
            gateways += simulators
        return [
            choice.Way(
                gateway.id,
                frozenset(name for name in (*choice.OPERATORS, "other") if gateway[f"serves_{name}"]),
                gateway.serves_service,
                gateway.serves_commercial,
                frozenset(gateway.department_ids.ids),
                gateway.enabled,
            )
            for gateway in gateways
        ]

    @api.model
    def _operators(self, numbers):
        """``{number: operator}``: what was learned of it, else its prefix, else what the library knows."""
        prefixes = self.env["hospital.operator.prefix"]._by_prefix()
        self.env.cr.execute(
            "SELECT number, operator FROM hospital_operator_ported WHERE number = ANY(%s)", [list(set(numbers))]
        )
        learned = dict(self.env.cr.fetchall())
        return {number: learned.get(number) or self._operator_of(number, prefixes) for number in numbers}

    @api.model
    def _operator_of(self, number, prefixes):
        if operator := choice.operator_of(number, prefixes):
            return operator
        return _by_library(number[:7]) if len(number) == 11 and number[0] == "1" else "other"

    # -- numbers that belong to another operator -----------------------------------------------------------------

    @api.model
    def _elsewhere(self, refused):
        """Which gateway serves numbers that belong to another operator than thought.

        refused: rows with part_id, number, gateway_id, purpose, channel; returns ``{part id: gateway id}``
        """
        learned = self._learn(self._operators([row.number for row in refused]))
        ways, groups = {}, defaultdict(list)
        for row in refused:
            if learned[row.number]:
                groups[row.purpose, row.channel].append(row)
        for (purpose, channel), rows in groups.items():
            routes = self._route([row.number for row in rows], Terms(purpose, channel))
            for row in rows:
                gateway_id, _operator = routes[row.number]
                if gateway_id and gateway_id != row.gateway_id:
                    ways[row.part_id] = gateway_id
        return ways

    @api.model
    def _learn(self, refused):
        """``{number: operator}``: this operator says that the number is not its own. The next one is kept and returned.

        None where every operator has refused the number.
        """
        self.env.cr.execute(
            "SELECT number, refused FROM hospital_operator_ported WHERE number = ANY(%s)", [list(refused)]
        )
        known = dict(self.env.cr.fetchall())
        by = {
            number: sorted({*filter(None, known.get(number, "").split(",")), operator})
            for number, operator in refused.items()
        }
        learned = {number: choice.next_operator(operators) for number, operators in by.items()}
        self.env.cr.execute(
            """INSERT INTO hospital_operator_ported (number, number_masked, operator, refused, learned_at)
               SELECT *, now() AT TIME ZONE 'UTC' FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[])
                   ON CONFLICT (number) DO UPDATE SET operator = EXCLUDED.operator, refused = EXCLUDED.refused,
                                                      learned_at = EXCLUDED.learned_at""",
            [list(by), list(map(mask.phone, by)), list(learned.values()), [",".join(names) for names in by.values()]],
        )
        return learned
