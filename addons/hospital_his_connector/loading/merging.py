"""Two records of the HIS turn out to be one person: what hung on the loser hangs on the survivor."""

# pylint: disable=sql-injection
# Statements are put together from the constants of this file, never from what a HIS sent.

from . import issues
from .quiet import QuietCursor

# What belongs to a person and simply moves; what may exist only once per person is named with its key.
_MOVED = (
    "hospital_encounter",
    "hospital_encounter_event",
    "hospital_contact",
    "hospital_case",
    "hospital_report",
    "hospital_surgery",
)
_MOVED_ONCE = {"hospital_patient_phone": "number", "hospital_contact_refusal": "purpose"}


def merge(env, pairs: dict[int, int]) -> None:
    """Merge each loser into its survivor; chains end at the last one, a circle is left alone."""
    pairs = {loser: root for loser in pairs if (root := _root(env, pairs, loser)) != loser}
    if not pairs:
        return
    cr = QuietCursor(env.cr)
    losers, survivors = list(pairs), list(pairs.values())
    cr.execute(
        """CREATE TEMP TABLE IF NOT EXISTS his_merge (loser int, survivor int) ON COMMIT DROP;
           TRUNCATE his_merge;
           INSERT INTO his_merge SELECT * FROM unnest(%s, %s)""",
        [losers, survivors],
    )
    # A visit has one such event, from whom it came for to who that is in the end: the same whether it was stored
    # before the merge or after it, and whatever batches a chain of merges came in.
    cr.execute(
        """UPDATE hospital_encounter_event event SET new_value = COALESCE(survivor.patient_no, survivor.external_id)
             FROM his_merge merge JOIN res_partner survivor ON survivor.id = merge.survivor
            WHERE event.patient_id = merge.loser AND event.kind = 'merged'"""
    )
    cr.execute(
        """INSERT INTO hospital_encounter_event
                  (encounter_id, patient_id, kind, old_value, new_value, at, create_date)
           SELECT visit.id, merge.survivor, 'merged', COALESCE(loser.patient_no, loser.external_id),
                  COALESCE(survivor.patient_no, survivor.external_id), now() AT TIME ZONE 'UTC',
                      now() AT TIME ZONE 'UTC'
             FROM his_merge merge JOIN hospital_encounter visit ON visit.patient_id = merge.loser
             JOIN res_partner loser ON loser.id = merge.loser JOIN res_partner survivor ON survivor.id = merge.survivor
            WHERE NOT EXISTS (SELECT 1 FROM hospital_encounter_event event
                               WHERE event.encounter_id = visit.id AND event.kind = 'merged'
                                 AND event.patient_id = merge.loser)
            ORDER BY visit.id"""
    )
    cr.execute(
        "SELECT visit.id FROM hospital_encounter visit "
        "JOIN his_merge merge ON merge.loser = visit.patient_id ORDER BY 1"
    )
    visits = env["hospital.encounter"].browse([visit_id for (visit_id,) in cr.fetchall()])
    for table in _MOVED:
        cr.execute(
            f"UPDATE {table} SET patient_id = merge.survivor FROM his_merge merge WHERE patient_id = merge.loser"
        )
    for table, key in _MOVED_ONCE.items():
        # Of several losers with the same value the first one's moves.
        cr.execute(
            f"""UPDATE {table} moved SET patient_id = merge.survivor FROM his_merge merge
                 WHERE moved.patient_id = merge.loser
                   AND NOT EXISTS (SELECT 1 FROM {table} own
                                    WHERE own.patient_id = merge.survivor AND own.{key} = moved.{key})
                   AND NOT EXISTS (SELECT 1 FROM {table} other JOIN his_merge twin ON twin.loser = other.patient_id
                                    WHERE twin.survivor = merge.survivor AND other.{key} = moved.{key}
                                      AND other.id < moved.id)"""
        )
    # Booked into the same clinic under both numbers: one appointment stays with the loser, as it was made.
    expected = "state IN ('booked', 'checked_in')"
    cr.execute(
        f"""UPDATE hospital_appointment moved SET patient_id = merge.survivor FROM his_merge merge
             WHERE moved.patient_id = merge.loser
               AND NOT (moved.{expected} AND EXISTS (
                   SELECT 1 FROM hospital_appointment own LEFT JOIN his_merge twin ON twin.loser = own.patient_id
                    WHERE own.session_id = moved.session_id AND own.{expected}
                      AND COALESCE(twin.survivor, own.patient_id) = merge.survivor
                      AND (twin.loser IS NULL OR own.id < moved.id)))"""
    )
    cr.execute("UPDATE hospital_patient_phone SET is_best = FALSE FROM his_merge WHERE patient_id = his_merge.loser")
    cr.execute(
        """UPDATE hospital_quality_issue issue SET state = 'resolved', resolved_at = now() AT TIME ZONE 'UTC'
             FROM his_merge merge
            WHERE issue.state = 'open' AND (issue.patient_id = merge.loser
               OR issue.patient_id = merge.survivor AND issue.kind = 'possible_duplicate')"""
    )
    cr.execute(
        """UPDATE res_partner SET mother_id = merge.survivor FROM his_merge merge WHERE mother_id = merge.loser
        RETURNING res_partner.id"""
    )
    children = [child_id for (child_id,) in cr.fetchall()]
    cr.execute(
        """UPDATE res_partner SET merged_into_id = merge.survivor FROM his_merge merge
               WHERE merged_into_id = merge.loser;
           UPDATE res_partner SET merged_into_id = merge.survivor, active = FALSE, write_date = now() AT TIME ZONE 'UTC'
             FROM his_merge merge WHERE res_partner.id = merge.loser;
           UPDATE res_partner survivor
              SET deceased = TRUE, deceased_at = COALESCE(survivor.deceased_at, loser.deceased_at)
             FROM his_merge merge JOIN res_partner loser ON loser.id = merge.loser
            WHERE survivor.id = merge.survivor AND loser.deceased AND survivor.deceased IS NOT TRUE;
           UPDATE res_partner survivor SET do_not_contact = TRUE
             FROM his_merge merge JOIN res_partner loser ON loser.id = merge.loser
            WHERE survivor.id = merge.survivor AND loser.do_not_contact AND survivor.do_not_contact IS NOT TRUE"""
    )
    patients = env["res.partner"].browse(dict.fromkeys(survivors + losers))
    patients._refresh_care(patients.ids)
    issues.place(cr, survivors)
    env.invalidate_all(flush=False)
    visits.modified(["patient_id"])
    patients |= patients.browse(children)
    patients.modified(["merged_into_id", "mother_id", "active", "deceased", "do_not_contact"])
    patients._after_exchange(patients.browse(), patients)
    visits._after_exchange(visits.browse(), visits)


def _root(env, pairs: dict[int, int], start: int) -> int:
    """Follow the chain; what was merged by an earlier batch is already flat.

    A circle of the HIS's (A into B, B into A) has no survivor: nothing is merged.
    """
    seen = [start]
    while (following := pairs.get(seen[-1])) is not None:
        if following in seen:
            return start
        seen.append(following)
    merged_into = env["res.partner"].browse(seen[-1]).merged_into_id
    return merged_into.id if merged_into and merged_into.id not in seen else seen[-1] if not merged_into else start
