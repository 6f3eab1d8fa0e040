# ruff: noqa: E501 (lists of names)
"""What the laboratory and the examination rooms offer; prices are made up."""

from random import Random

from .hospital import DEPARTMENTS

# Specimen or department: names, each with what people call it after a colon.
_LABORATORY = {
    "静脉血": (
        "血常规:血常规五分类 网织红细胞计数 血沉:ESR C反应蛋白:CRP 降钙素原:PCT 白细胞介素6:IL-6 血型鉴定 交叉配血 抗体筛查 凝血四项:凝血 D-二聚体 肝功能:ALT "
        "肾功能:肌酐 电解质:钾钠氯 血糖:葡萄糖 糖化血红蛋白:HbA1c 血脂全套:胆固醇 心肌酶谱 肌钙蛋白I:TnI 肌钙蛋白T N端脑钠肽前体:BNP 肌红蛋白 同型半胱氨酸 "
        "胰岛素释放试验 C肽释放试验 口服葡萄糖耐量试验:糖耐量 甲功三项:TSH 甲功五项 甲状腺球蛋白抗体 促甲状腺素受体抗体 皮质醇节律 促肾上腺皮质激素:ACTH 生长激素 "
        "性激素六项 人绒毛膜促性腺激素:HCG 孕酮 抗缪勒管激素:AMH 甲状旁腺激素:PTH 25-羟基维生素D:维生素D 铁蛋白 血清铁 叶酸 维生素B12 "
        "乙肝两对半:乙肝五项 乙肝病毒DNA定量 丙肝抗体 丙肝病毒RNA定量 艾滋病抗体:HIV 梅毒抗体:TP 甲肝抗体 戊肝抗体 EB病毒抗体 巨细胞病毒抗体 优生五项:TORCH "
        "结核感染T细胞检测:T-SPOT 真菌G试验 曲霉菌GM试验 肥达试验 血培养 甲胎蛋白:AFP 癌胚抗原:CEA 糖类抗原125:CA125 糖类抗原153:CA153 糖类抗原199:CA199 "
        "前列腺特异抗原:PSA 鳞状细胞癌抗原:SCC 神经元特异性烯醇化酶:NSE 细胞角蛋白19片段 胃泌素释放肽前体:ProGRP 抗核抗体谱:ANA 抗双链DNA抗体 抗中性粒细胞胞浆抗体:ANCA "
        "类风湿因子:RF 抗环瓜氨酸肽抗体:CCP 抗磷脂抗体 免疫球蛋白定量 补体C3C4 淋巴细胞亚群 过敏原检测 总IgE 血氨 血乳酸 淀粉酶 脂肪酶 胆碱酯酶 铜蓝蛋白 "
        "他克莫司血药浓度 环孢素血药浓度 万古霉素血药浓度 地高辛血药浓度 丙戊酸血药浓度 卡马西平血药浓度 地中海贫血基因检测 无创产前筛查:NIPT 唐氏筛查 骨代谢标志物 "
        "氨基末端中段骨钙素 胃功能三项 幽门螺杆菌抗体 肺炎支原体抗体 呼吸道病原体抗体九项 流式细胞免疫分型 蛋白电泳 免疫固定电泳 血清游离轻链 染色体核型分析"
    ),
    "尿液": (
        "尿常规:尿检 尿沉渣 尿微量白蛋白:ACR 24小时尿蛋白定量 24小时尿钙 尿淀粉酶 尿培养 尿妊娠试验:早孕 尿本周蛋白 24小时尿游离皮质醇 尿儿茶酚胺 尿电解质 "
        "尿N-乙酰氨基葡萄糖苷酶 尿转铁蛋白 尿碘"
    ),
    "粪便": "大便常规 大便隐血:OB 大便培养 轮状病毒抗原 艰难梭菌毒素 粪便钙卫蛋白 寄生虫卵检查",
    "其他": (
        "痰培养 痰抗酸染色 咽拭子培养 流感病毒抗原 新型冠状病毒核酸 呼吸道病毒核酸六项 脑脊液常规 脑脊液生化 胸腹水常规 胸腹水生化 关节液检查 白带常规 "
        "宫颈液基细胞学:TCT 人乳头瘤病毒分型:HPV B族链球菌筛查:GBS 精液分析 前列腺液常规 分泌物培养 骨髓细胞学 碳13呼气试验:幽门螺杆菌"
    ),
}
_PARTS = "头颅 鼻窦 颈部 胸部 上腹部 下腹部 盆腔 颈椎 胸椎 腰椎 骶髂关节 肩关节 髋关节 膝关节 踝关节".split()
_IMAGING = ("{}CT平扫", "{}CT增强", "{}磁共振平扫", "{}磁共振增强", "{}X线摄片")
_ULTRASOUND = (
    "肝胆胰脾 泌尿系 妇科经腹 妇科经阴道 产科中孕 产科胎儿系统 甲状腺及颈部淋巴结 乳腺及腋窝 颈动脉 下肢动脉 下肢静脉 肾动脉 心脏 浅表肿物 阴囊 新生儿颅脑"
).split()
_OTHERS = {
    "心电图室": "常规心电图 24小时动态心电图:Holter 24小时动态血压 平板运动试验 肺功能检查 脑电图 肌电图 睡眠呼吸监测",
    "内镜中心": "胃镜 无痛胃镜 肠镜 无痛肠镜 胃肠镜联合检查 支气管镜 喉镜 膀胱镜 宫腔镜 胶囊内镜 超声内镜 经内镜逆行胰胆管造影:ERCP",
    "核医学科": "骨显像:骨扫描 甲状腺显像 肾动态显像 心肌灌注显像 PET-CT全身显像:PET 碳14呼气试验:幽门螺杆菌",
    "病理科": "活检组织病理 手术标本病理 术中冰冻病理 免疫组化 细胞学穿刺检查 基因突变检测",
    "放射科": "冠状动脉CT血管成像:冠脉CTA 头颈CT血管成像:CTA 肺动脉CT血管成像:CTPA 乳腺钼靶 双能X线骨密度:骨密度 上消化道造影:钡餐 子宫输卵管造影 磁共振胰胆管成像:MRCP",
}
_PLACES = {
    "检验科": "门诊楼2层检验窗口",
    "放射科": "医技楼1层登记处",
    "超声医学科": "医技楼3层分诊台",
    "病理科": "医技楼5层",
    "心电图室": "门诊楼3层东侧",
    "内镜中心": "医技楼4层",
    "核医学科": "医技楼负1层",
}
_FASTING = ("肝", "血糖", "血脂", "糖耐量", "胃", "肠", "胆", "上腹", "胰岛素", "C肽", "呼气")
_UNKNOWN_DEPARTMENT = "3999"


def items(rng: Random) -> tuple[list[dict], list[tuple[str, str]]]:
    """Rows of jcjy_zd, and what is wrong with which.

    >>> rows, planted = items(Random(1))
    >>> 250 < len(rows) < 360, {row["lb"] for row in rows} == {"1", "2"}, [kind for kind, _key in planted]
    (True, True, ['item_department_unknown'])
    """
    rows = []
    for specimen, names in _LABORATORY.items():
        hours = rng.choice(("2小时", "4小时", "当日下午", "次日", "3个工作日"))
        for entry in names.split():
            rows.append(_row(rng, entry, "1", "检验科", specimen, hours if rng.random() < 0.5 else "2小时"))
    for form in _IMAGING:
        rows += [_row(rng, form.format(part), "2", "放射科", "", "2小时") for part in _PARTS]
    rows += [_row(rng, f"{part}彩色多普勒超声:彩超", "2", "超声医学科", "", "即时") for part in _ULTRASOUND]
    for department, names in _OTHERS.items():
        rows += [
            _row(rng, entry, "2", department, "", rng.choice(("即时", "次日", "5个工作日"))) for entry in names.split()
        ]
    for number, row in enumerate(rows, 1):
        row["xmdm"] = f"XM{number:04d}"
    lost = rng.choice(rows)
    lost["ksdm"] = _UNKNOWN_DEPARTMENT
    return rows, [("item_department_unknown", lost["xmdm"])]


def _row(rng: Random, entry: str, kind: str, department: str, specimen: str, after: str) -> dict:
    name, _colon, alias = entry.partition(":")
    fasting = any(word in name for word in _FASTING) and (kind == "2" or specimen == "静脉血")
    hint = (
        "检查前空腹8小时以上"
        if fasting
        else "憋尿至膀胱充盈"
        if name.startswith(("泌尿", "妇科经腹", "盆腔"))
        else None
    )
    if "增强" in name or "造影" in name:
        hint = "空腹4小时，签署知情同意书，肾功能不全者请告知医生"
    return {
        "xmmc": name,
        "bm": alias or None,
        "lb": kind,
        "ksdm": DEPARTMENTS[department].code,
        "dj": f"{10 ** rng.uniform(1, 2.3 if kind == '1' else 3):.2f}",
        "bbmc": specimen or None,
        "zysx": hint,
        "cbgsj": after,
        "wz": _PLACES[department],
        "zt": "1",
    }
