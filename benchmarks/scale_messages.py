"""A message history of any size, written by SQL: three years of one hospital, with the skew of a true one.

Two fifths are in batches of one text and one department; most others are automatic. A few senders have many
messages, most have few; states, codes and operators are as uneven as an operator's statement.
"""

from .scale import draw, without_indexes

DAYS = 1095
# Texts of two characters that are looked for: in every tenth message, in one of some thousand, in none.
COMMON_WORD, RARE_WORD, NO_WORD = "复查", "肠镜", "龘龘"
TEXTS = [
    (
        "appointment",
        "{name}您好，您预约的{department}门诊时间为{day}{hour}点，请提前30分钟到院取号。如不能就诊请提前取消预约。",
    ),
    (
        "appointment",
        "{name}您好，{department}因医生外出会诊，您{day}的门诊停诊，已为您保留改约机会，请致电预约中心改约。",
    ),
    ("appointment", "温馨提示：{name}，您已预约{day}{hour}点的彩超检查，请空腹，携带申请单到门诊二楼候诊。"),
    ("appointment", "温馨提示：{name}，您已预约{day}{hour}点的CT检查，请提前20分钟到影像科登记。"),
    (
        "followup",
        "{name}您好，您出院已满一周，请按时服药、注意休息，{day}前到{department}复查。如有不适请随时与我们联系。",
    ),
    (
        "followup",
        "{name}您好，我们是{department}随访中心，想了解您出院后的恢复情况，{day}{hour}点前后会给您来电，请留意接听。",
    ),
    ("followup", "{name}您好，请于{day}到{department}门诊换药拆线，伤口保持干燥，如红肿渗液请及时就医。"),
    ("notice", "{name}您好，您的检验报告已出，请于{day}后到门诊大厅自助机打印，或在公众号查询。"),
    ("notice", "{name}您好，您的病案已整理完毕，可于{day}起到病案室复印，请带好身份证件。"),
    ("notice", "尊敬的{name}，因线路检修，{day}{hour}点起门诊部分电梯停用，给您带来不便敬请谅解。"),
    (
        "survey",
        "{name}您好，感谢您选择我院，邀请您对{department}的服务作出评价，{day}前回复1至5分即可，您的意见对我们很重要。",
    ),
    ("survey", "{name}您好，诚邀您参加住院满意度调查，点击链接作答，{day}截止。"),
    ("marketing", "{name}您好，{day}{hour}点我院{department}专家举办健康讲座，欢迎参加。拒收请回复R"),
    ("marketing", "{name}您好，我院体检中心推出秋季体检活动，{day}前预约可享优惠。拒收请回复R"),
    ("complaint", "{name}您好，您反映的问题已转{department}核实，我们将于{day}前答复您。"),
]
RARE_TEXT = ("notice", "{name}您好，您已预约{day}的无痛肠镜，请按说明服用泻药并于当日禁食，家属陪同。")
GATEWAYS = ["移动通道", "联通通道", "电信通道", "公众号", "旧通道"]


def fill(env, messages, patients):
    """Put ``messages`` messages with their parts to the patients of ``scale.fill`` into the database."""
    departments = env["hr.department"].search([("kind", "=", "clinical")], order="id").ids
    values = {"messages": messages, "patients": patients, "minutes": DAYS * 1440, "departments": departments}
    values["gateways"] = env["hospital.gateway"].create([{"name": name, "enabled": False} for name in GATEWAYS]).ids
    values["agents"] = env["res.users"].search([("login", "=like", "agent%")]).ids
    values["doctors"] = env["res.users"].search([("login", "=like", "doctor%")]).ids
    values["office"] = [env["res.users"].search([("login", "=", login)]).id for login in ("functional0", "supervisor0")]
    partner_model = env["ir.model"]._get_id("res.partner")
    templates = env["sms.template"].create(
        [{"name": f"模板{n}", "model_id": partner_model, "body": "您好"} for n in range(len(TEXTS) + 1)]
    )
    batches = env["hospital.message.batch"].create(
        [{"name": f"群发{n}", "purpose": "notice", "text": "…"} for n in range(messages // 9000 + 1)]
    )
    env.flush_all()
    values["batches"] = batches.ids
    env.cr.execute("CREATE TEMP TABLE body (place int, purpose text, id int, text text) ON COMMIT DROP")
    for number, ((purpose, text), template) in enumerate(zip([*TEXTS, RARE_TEXT], templates, strict=True)):
        env.cr.execute("INSERT INTO body VALUES (%s, %s, %s, %s)", [number, purpose, template.id, text])
    env.cr.execute("SELECT min(id) FROM res_partner WHERE is_patient")
    values["first"] = env.cr.fetchone()[0]
    values["texts"] = len(TEXTS)
    with without_indexes(env.cr, "hospital_message", "hospital_message_part"):
        env.cr.execute(MESSAGES, values)
        env.cr.execute("SELECT setval('hospital_message_id_seq', %(messages)s + 1)", values)
        env.cr.execute(PARTS)


# In a batch one text, purpose, sender and department; else each its own. Squares make the first ones frequent.
MESSAGES = f"""
    INSERT INTO hospital_message
           (id, channel, patient_id, number, number_masked, text, purpose, priority, department_id, sender_id,
            template_id, batch_id, gateway_id, operator, state, reason, code, part_count, plan_at, sent_at, done_at,
            key, create_uid, write_uid, create_date, write_date)
    SELECT n + 1, channel, CASE WHEN {draw("n", 31, 100)} < 95 THEN drawn.patient_id END, number,
           left(number, 3) || '****' || right(number, 4),
           replace(replace(replace(replace(body.text, '{{name}}', partner.name), '{{department}}', department.name),
               '{{day}}', to_char(at + interval '3 days', 'FMMM月FMDD日')), '{{hour}}', (8 + mod(n, 10))::text),
           body.purpose, CASE body.purpose WHEN 'appointment' THEN '1' WHEN 'marketing' THEN '3' ELSE '2' END,
           drawn.department_id,
           CASE WHEN batch IS NOT NULL THEN (%(office)s)[1 + ({draw("batch", 32, 10)} / 7)]
                WHEN {draw("n", 33, 100)} < 10
                THEN (%(agents)s)[1 + {draw("n", 34, "cardinality(%(agents)s)")}]
                WHEN {draw("n", 33, 100)} < 15
                THEN (%(doctors)s)[1 + {draw("n", 34, "cardinality(%(doctors)s)")}] END,
           body.id, (%(batches)s)[1 + batch],
           CASE WHEN n < %(messages)s / 6 THEN (%(gateways)s)[5] WHEN channel = 'wechat' THEN (%(gateways)s)[4]
                ELSE (%(gateways)s)[CASE operator WHEN 'cu' THEN 2 WHEN 'ct' THEN 3 ELSE 1 END] END,
           CASE WHEN channel = 'sms' THEN operator END, state,
           CASE state WHEN 'excluded' THEN 'refused' WHEN 'cancelled' THEN 'batch' END,
           CASE WHEN state IN ('delivered', 'partial') THEN 'DELIVRD'
                WHEN state = 'failed'
                THEN (ARRAY['UNDELIV', 'UNDELIV', 'UNDELIV', 'UNDELIV', 'EXPIRED', 'EXPIRED', 'MK:0001', 'MK:0001',
                            'REJECTD', 'MB:0008'])[1 + {draw("n", 35, 10)}] END,
           1 + (length(body.text) > 62)::int, at,
           CASE WHEN state NOT IN ('excluded', 'cancelled', 'queued') THEN at + interval '20 seconds' END,
           CASE WHEN state IN ('delivered', 'failed', 'partial') THEN at + interval '25 seconds' END,
           CASE WHEN batch IS NOT NULL THEN 'batch:' || batch || ':' || n END, 1, 1, at, at
      FROM (
            SELECT numbered.*, %(first)s + patient AS patient_id,
                   '1' || lpad((3000000000 + {draw("patient", 16, 2147483647)} * 3::bigint)::text, 10, '0') AS number,
                   (%(departments)s)[1 + share * share / 100 * cardinality(%(departments)s) / 100] AS department_id,
                   CASE WHEN mod(n, 4000) = 777 THEN %(texts)s
                        WHEN batch IS NOT NULL THEN 7 + {draw("batch", 38, 7)}
                        WHEN kind < 50 THEN mod(kind, 4) WHEN kind < 75 THEN 4 + mod(kind, 3)
                        WHEN kind < 99 THEN 7 + mod(kind, 5) ELSE 14 END AS body
              FROM (
                    SELECT n, date_trunc('second', now() AT TIME ZONE 'UTC')
                           - (1 - n::float / %(messages)s) * %(minutes)s * interval '1 minute' AS at,
                           CASE WHEN mod(n, 9000) < 3500 THEN n / 9000 END AS batch,
                           {draw("n", 36, 100)} AS kind, {draw("n", 40, "%(patients)s")} AS patient,
                           {draw("CASE WHEN mod(n, 9000) < 3500 THEN n / 9000 ELSE n END", 37, 100)} AS share,
                           CASE WHEN {draw("n", 41, 100)} < 15 THEN 'wechat' ELSE 'sms' END AS channel,
                           CASE WHEN {draw("n", 42, 1000)} < 550 THEN 'cm' WHEN {draw("n", 42, 1000)} < 770 THEN 'cu'
                                WHEN {draw("n", 42, 1000)} < 980 THEN 'ct' WHEN {draw("n", 42, 1000)} < 995 THEN 'cbn'
                                ELSE 'other' END AS operator,
                           CASE WHEN n >= %(messages)s - 300 THEN 'queued' WHEN n >= %(messages)s - 3000 THEN 'sent'
                                WHEN {draw("n", 43, 10000)} < 200 THEN 'failed'
                                WHEN {draw("n", 43, 10000)} < 300 THEN 'silent'
                                WHEN {draw("n", 43, 10000)} < 400 THEN 'excluded'
                                WHEN {draw("n", 43, 10000)} < 420 THEN 'cancelled'
                                WHEN {draw("n", 43, 10000)} < 440 THEN 'partial'
                                WHEN {draw("n", 43, 10000)} < 442 THEN 'unknown' ELSE 'delivered' END AS state
                      FROM generate_series(0, %(messages)s - 1) AS n
                   ) AS numbered
           ) AS drawn
      JOIN body ON body.place = drawn.body
      JOIN res_partner partner ON partner.id = drawn.patient_id
      JOIN (SELECT id, name->>'en_US' AS name FROM hr_department) AS department ON department.id = drawn.department_id
     ORDER BY n
"""

PARTS = """
    INSERT INTO hospital_message_part
           (message_id, number, total, gateway_id, batch_id, priority, due_at, state, provider_id, attempts, throttled,
            sent_at, done_at, code)
    SELECT message.id, part.number, part_count, gateway_id, batch_id, priority, plan_at,
           CASE state WHEN 'partial' THEN CASE part.number WHEN 1 THEN 'delivered' ELSE 'failed' END ELSE state END,
           CASE WHEN sent_at IS NOT NULL THEN lpad(to_hex(message.id * 4::bigint + part.number), 16, '0') END, 1, 0,
           sent_at, done_at, code
      FROM hospital_message message, generate_series(1, part_count) AS part (number)
     WHERE state <> 'excluded'
"""
