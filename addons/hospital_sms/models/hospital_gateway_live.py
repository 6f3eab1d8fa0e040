from typing import NamedTuple

from odoo import api, models

from ..protocols import contract

# Parts that a transaction moves from one gateway to the other.
MOVED = 5000


class Settings(NamedTuple):
    """What the service knows of a gateway; ``edited``: grows when somebody touches it."""

    account: contract.Account
    failover_id: int | None
    edited: float


class HospitalGateway(models.Model):
    """The gateway as the service ``messages`` sees it, and what the service says of it."""

    _inherit = "hospital.gateway"

    @api.model_create_multi
    def create(self, vals_list):
        gateways = super().create(vals_list)
        self.env["hospital.service"]._wake("messages", "gateways")
        return gateways

    def write(self, vals):
        done = super().write(vals)
        self.env["hospital.service"]._wake("messages", "gateways")
        return done

    def unlink(self):
        done = super().unlink()
        self.env["hospital.service"]._wake("messages", "gateways")
        return done

    @api.model
    def _settings(self):
        """``{id: Settings}`` of the gateways that are on; those that are off say so."""
        gateways = self.search([("enabled", "=", True)]).filtered(lambda gateway: gateway.protocol in contract.LINKS)
        self.env.cr.execute(
            """UPDATE hospital_gateway SET state = 'off', state_code = NULL, connected = 0,
                      state_at = statement_timestamp() AT TIME ZONE 'UTC'
                WHERE state <> 'off' AND NOT id = ANY(%s)""",
            [gateways.ids],
        )
        accounts = {gateway: gateway._account() for gateway in gateways}
        return {
            gateway.id: Settings(account, gateway.failover_id.id or None, gateway.write_date.timestamp())
            for gateway, account in accounts.items()
            if account
        }

    @api.model
    def _note(self, statuses):
        """``{gateway id: contract.Status}``, for the board."""
        self.env.cr.execute(
            """UPDATE hospital_gateway gateway
                  SET state = new.state, connected = new.connected, state_code = NULLIF(new.code, ''),
                      state_at = statement_timestamp() AT TIME ZONE 'UTC'
                 FROM unnest(%s::int[], %s::text[], %s::int[], %s::text[]) AS new (id, state, connected, code)
                WHERE gateway.id = new.id""",
            [list(statuses), *map(list, zip(*statuses.values(), strict=True))],
            log_exceptions=False,
        )

    def _fail_over(self):
        """Give messages of which no part has begun to the other gateway; returns whether there may be more."""
        self.env.cr.execute(
            """SELECT part.message_id FROM hospital_message_part part
                WHERE part.gateway_id = %s AND part.state = 'queued'
                  AND NOT EXISTS (SELECT FROM hospital_message_part sibling
                                   WHERE sibling.message_id = part.message_id AND sibling.state <> 'queued')
                LIMIT %s FOR UPDATE SKIP LOCKED""",
            [self.id, MOVED],
        )
        rows = self.env.cr.fetchall()
        moved = self.env["hospital.message"]._move(dict.fromkeys((row[0] for row in rows), self.failover_id.id))
        return bool(moved) and len(rows) == MOVED
