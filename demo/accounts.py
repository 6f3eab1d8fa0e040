"""Accounts, roles and responsibilities of the demonstration: what the hospital's administrator would set up."""

from odoo.fields import Command

from .hospital import DEPARTMENTS
from .logins import PASSWORD
from .people import DOCTOR, NURSE, Staff, World

_ROLE_BY_POST = {
    "院长": "leader",
    "副院长": "delegated_leader",
    "班长": "supervisor",
    "质检员": "quality",
    "客服坐席": "agent",
    "随访员": "agent",
    "系统管理员": "admin",
    "安全审计员": "auditor",
    "数据接口工程师": "integration",
    "科主任": "head",
    "护士长": "head",
}
_SPOT_CHECKING = ("医务处", "护理部", "门诊部", "质量管理科")
_DELEGATED = ("card1", "neur1", "resp", "endo")  # the vice president's departments


def role(member: Staff) -> str:
    """Short name of the group of hospital_base."""
    if found := _ROLE_BY_POST.get(member.post):
        return found
    if member.department in _SPOT_CHECKING:
        return "functional"
    return {DOCTOR: "doctor", NURSE: "nurse"}.get(member.profession, "staff")


def set_up(env, world: World) -> None:
    employees = {employee.staff_no: employee for employee in env["hr.employee"].search([("staff_no", "!=", False)])}
    users = _create_users(env, [member for member in world.staff if member.number in employees], employees)
    leader = next(member for member in world.staff if member.post == "副院长")
    env["hospital.scope"].create(
        {
            "user_id": users[leader.number].id,
            "kind": "delegated",
            "department_ids": [Command.set(_departments(env, _DELEGATED).ids)],
            "reason": "院长办公会分工",
        }
    )
    roster = [users[member.number] for member in world.staff if role(member) == "agent" and member.number in users]
    weekend = {"saturday": True, "sunday": True}
    env["hospital.followup.worker"].create([{"user_id": user.id, **weekend} for user in roster])


def _create_users(env, staff: list[Staff], employees: dict) -> dict:
    """All at once, and one hash for all: hashing the password of each would take most of the set-up."""
    quiet = {"no_reset_password": True, "tracking_disable": True, "mail_create_nosubscribe": True}
    values = [
        {
            "name": employees[member.number].name,
            "login": member.number,
            "lang": "zh_CN",
            "tz": "Asia/Shanghai",
            "odoobot_state": "disabled",  # no chat of a robot on the first screen
            "group_ids": [Command.set(env.ref(f"hospital_base.group_{role(member)}").ids)],
        }
        for member in staff
    ]
    created = env["res.users"].with_context(**quiet).create(values)
    env.flush_all()
    password = env["res.users"]._crypt_context().hash(PASSWORD)
    known = created | env.ref("base.user_admin")  # whose password would be the one Odoo ships
    env.cr.execute("UPDATE res_users SET password = %s WHERE id = ANY(%s)", (password, known.ids))
    for user, member in zip(created, staff, strict=True):
        employees[member.number].with_context(**quiet).user_id = user
    return {member.number: user for user, member in zip(created, staff, strict=True)}


def _departments(env, keys: tuple[str, ...]):
    return env["hr.department"].search([("external_id", "in", [DEPARTMENTS[key].code for key in keys])])
