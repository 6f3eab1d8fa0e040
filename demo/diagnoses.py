# ruff: noqa: E501 (one line per diagnosis)
"""What the patients have: the mix of a general hospital, one line per diagnosis."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Diagnosis:
    code: str  # ICD-10, with the extension the HIS keeps
    name: str
    share: float  # of all discharges, in percent
    departments: tuple[str, ...]
    days: float  # median length of stay
    text: str  # which text of summaries.toml
    ages: tuple[int, int] = (35, 85)
    sex: str = ""  # "" both, else 1 or 2
    operations: tuple[tuple[str, str], ...] = ()  # ICD-9-CM-3
    operated: float = 0.0  # share of them with the operation
    others: tuple[tuple[str, str], ...] = field(default=())


_CARD, _NEUR, _ONCO, _BONE = ("card1", "card2"), ("neur1", "neur2"), ("onco1", "onco2"), ("trau", "join")
_HTN, _DM, _HLP = ("I10.x05", "高血压病3级（极高危）"), ("E11.900", "2型糖尿病"), ("E78.500", "高脂血症")
_SLEEP, _LIVER = ("G47.900", "睡眠障碍"), ("K76.000", "脂肪肝")
_PCI = (("36.0700x004", "经皮冠状动脉药物洗脱支架置入术"),)

D = Diagnosis
CATALOGUE = (
    D("Z51.102", "恶性肿瘤术后化学治疗", 9, _ONCO, 5, "chemo", (35, 78), others=(("C50.900", "乳腺恶性肿瘤"), ("D70.x01", "粒细胞减少"))),
    D("I25.103", "冠状动脉粥样硬化性心脏病", 5, _CARD, 6, "coronary", (45, 88), operations=_PCI, operated=0.3, others=(_HTN, _DM, _HLP)),
    D("I21.900", "急性心肌梗死", 3, _CARD, 8, "coronary", (42, 88), operations=_PCI, operated=0.8, others=(_HTN, _HLP, ("I50.900", "心力衰竭"))),
    D("I63.900", "脑梗死", 6.5, _NEUR, 9, "stroke", (45, 90), others=(_HTN, _DM, _HLP)),
    D("I61.900", "脑出血", 1.5, _NEUR, 14, "haemorrhage", (42, 85), others=(_HTN, ("J98.414", "肺部感染"))),
    D("J18.900", "肺炎", 5, ("resp", "geri"), 8, "pneumonia", (18, 90), others=(_HTN, _DM)),
    D("J20.900", "急性支气管炎", 3, ("resp", "paed"), 6, "pneumonia", (2, 70)),
    D("O80.000", "头位顺产", 2.5, ("obst",), 3, "delivery", (20, 39), "2"),
    D("O82.000", "选择性剖宫产分娩", 3.5, ("obst",), 5, "caesarean", (21, 42), "2", (("74.1x01", "子宫下段横切口剖宫产术"),), 1.0, (("O34.201", "瘢痕子宫"), ("O99.003", "妊娠合并贫血"))),
    D("J44.100", "慢性阻塞性肺病伴急性加重", 3, ("resp", "geri"), 9, "copd", (52, 90), others=(_HTN, ("I27.900", "慢性肺源性心脏病"))),
    D("J45.900", "支气管哮喘", 1, ("resp",), 6, "asthma", (18, 70)),
    D("E11.900", "2型糖尿病", 4, ("endo", "geri"), 8, "diabetes", (35, 85), others=(_HTN, _HLP, ("E11.401", "2型糖尿病性周围神经病"))),
    D("I10.x05", "高血压病3级（极高危）", 2, _CARD, 6, "hypertension", (40, 88), others=(_DM, _HLP, _SLEEP)),
    D("I50.900", "心力衰竭", 3, _CARD, 8, "heart_failure", (55, 92), others=(_HTN, ("I48.x01", "心房颤动"), _DM)),
    D("K80.100", "胆囊结石伴慢性胆囊炎", 3, ("hepa",), 5, "gallbladder", (28, 78), operations=(("51.2300", "腹腔镜下胆囊切除术"),), operated=0.9, others=(_LIVER, _HTN)),
    D("K35.800", "急性阑尾炎", 1.8, ("hepa", "colo"), 5, "appendix", (12, 65), operations=(("47.0100", "腹腔镜下阑尾切除术"),), operated=0.95),
    D("K40.900", "单侧腹股沟疝", 1.2, ("hepa", "colo"), 4, "hernia", (40, 82), "1", (("53.0500", "腹腔镜下腹股沟疝修补术"),), 0.95, (("N40.x00", "前列腺增生"),)),
    D("S72.000", "股骨颈骨折", 2.2, ("trau",), 12, "hip", (62, 92), operations=(("81.5100", "全髋关节置换术"),), operated=0.85, others=(_HTN, ("M81.900", "骨质疏松"))),
    D("M17.900", "膝关节骨关节病", 2.3, _BONE, 10, "knee", (55, 82), operations=(("81.5400", "全膝关节置换术"),), operated=0.8, others=(_HTN,)),
    D("M51.202", "腰椎间盘突出症", 2.5, ("spin", "trau", "pain"), 8, "disc", (28, 72), operations=(("80.5110", "椎间孔镜下髓核摘除术"),), operated=0.4),
    D("C16.900", "胃恶性肿瘤", 1.2, ("colo", "onco1"), 14, "tumour", (45, 80), operations=(("43.7x00", "胃部分切除伴胃空肠吻合术"),), operated=0.6),
    D("C18.900", "结肠恶性肿瘤", 1.2, ("colo", "onco2"), 14, "tumour", (42, 82), operations=(("45.7300", "右半结肠切除术"),), operated=0.6),
    D("C22.000", "肝细胞癌", 0.8, ("hepa", "onco2"), 11, "tumour", (40, 78), operations=(("50.2200", "部分肝切除术"),), operated=0.4, others=(("B18.100", "慢性乙型病毒性肝炎"),)),
    D("C34.900", "肺恶性肿瘤", 1.8, ("thor", "onco1", "resp"), 11, "tumour", (45, 82), operations=(("32.4100", "胸腔镜下肺叶切除术"),), operated=0.4),
    D("C50.900", "乳腺恶性肿瘤", 1, ("thyr", "onco1"), 10, "tumour", (35, 72), "2", (("85.4300", "单侧改良根治性乳房切除术"),), 0.6),
    D("N20.100", "输尿管结石", 2.4, ("urol",), 5, "stone", (22, 70), operations=(("56.0x05", "经尿道输尿管镜激光碎石取石术"),), operated=0.85, others=(("N13.301", "肾积水"),)),
    D("N40.x00", "前列腺增生", 1.6, ("urol",), 8, "prostate", (58, 88), "1", (("60.2901", "经尿道前列腺电切术"),), 0.7, (_HTN,)),
    D("N18.900", "慢性肾脏病", 1, ("neph", "urol"), 9, "kidney", (35, 82), others=(_HTN, ("D63.800", "肾性贫血"))),
    D("H25.900", "老年性白内障", 4, ("opht",), 3, "cataract", (58, 90), operations=(("13.4100x001", "白内障超声乳化抽吸术"),), operated=0.98, others=(_HTN, _DM)),
    D("D25.900", "子宫平滑肌瘤", 3, ("gyna",), 7, "myoma", (32, 54), "2", (("68.2900", "腹腔镜下子宫肌瘤切除术"),), 0.85),
    D("P59.900", "新生儿高胆红素血症", 2, ("neon",), 5, "jaundice", (0, 0)),
    D("K29.500", "慢性胃炎", 1.6, ("gast",), 5, "stomach", (22, 78), others=(_SLEEP,)),
    D("K25.700", "慢性胃溃疡", 1.4, ("gast",), 7, "stomach", (28, 78)),
    D("J35.100", "扁桃体肥大", 2, ("entd",), 5, "tonsil", (4, 40), operations=(("28.2x00", "扁桃体切除术"),), operated=0.9),
    D("B18.100", "慢性乙型病毒性肝炎", 1, ("infe",), 10, "hepatitis", (25, 68)),
    D("R42.x00", "头晕和眩晕", 2, ("neur1", "neur2", "geri"), 6, "general", (35, 82), others=(_HTN,)),
    D("N39.000", "泌尿道感染", 1.5, ("urol", "neph", "geri"), 6, "general", (25, 85), others=(_DM,)),
    D("M06.900", "类风湿性关节炎", 1, ("haem",), 9, "general", (32, 76)),
    D("D64.900", "贫血", 1, ("haem", "gast"), 7, "general", (25, 82)),
    D("Z50.101", "康复治疗", 1.5, ("reha",), 16, "general", (35, 85), others=(("I69.300", "脑梗死后遗症"),)),
    D("S06.000", "脑震荡", 1, ("nsur",), 6, "general", (16, 70)),
    D("J96.900", "呼吸衰竭", 0.6, ("icud",), 9, "general", (50, 90), others=(("J18.900", "肺炎"),)),
    D("E04.101", "甲状腺结节", 0.6, ("thyr",), 6, "general", (28, 68)),
)  # fmt: skip
BY_CODE = {diagnosis.code: diagnosis for diagnosis in CATALOGUE}
DELIVERIES = ("O80.000", "O82.000")
JAUNDICE = BY_CODE["P59.900"]

# What out-patients come with, per department; the general ones where none is listed.
VISITS = {
    "card1": (("I10.x05", "高血压病"), ("I25.103", "冠心病"), ("I49.900", "心律失常")),
    "neur1": (("R51.x00", "头痛"), ("I69.300", "脑梗死后遗症"), ("G47.900", "睡眠障碍")),
    "resp": (("J06.900", "急性上呼吸道感染"), ("J45.900", "支气管哮喘"), ("R05.x00", "咳嗽")),
    "endo": (("E11.900", "2型糖尿病"), ("E05.900", "甲状腺功能亢进症"), ("E04.101", "甲状腺结节")),
    "onco1": (("Z51.102", "肿瘤术后复查"), ("R91.x00", "肺结节")),
    "hepa": (("K80.200", "胆囊结石"), ("K76.000", "脂肪肝")),
    "trau": (("S93.400", "踝关节扭伤"), ("M17.900", "膝关节骨关节病"), ("Z47.000", "骨折术后复查")),
    "urol": (("N40.x00", "前列腺增生"), ("N20.000", "肾结石"), ("N39.000", "泌尿道感染")),
    "obst": (("Z34.900", "正常妊娠监督"), ("Z39.200", "产后检查")),
    "neon": (("Z00.100", "儿童保健检查"), ("P59.900", "新生儿黄疸")),
    "emer": (("R50.900", "发热"), ("R10.400", "腹痛"), ("T14.100", "开放性伤口")),
    "dent": (("K02.900", "龋病"), ("K05.300", "慢性牙周炎")),
    "derm": (("L30.900", "皮炎"), ("L50.900", "荨麻疹")),
    "opht": (("H25.900", "老年性白内障"), ("H52.100", "近视")),
    "paed": (("J06.900", "急性上呼吸道感染"), ("K52.900", "胃肠炎")),
}
GENERAL_VISIT = (("Z00.000", "一般性医学检查"), ("Z09.900", "治疗后随诊检查"), ("R53.x00", "乏力"))
