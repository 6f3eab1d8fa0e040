# ruff: noqa: E501 (lists of names)
"""Drugs by their real generic names; what they are called in trade, what they cost and who makes them is made up."""

from random import Random

_TABLETS = (
    "阿莫西林 头孢氨苄 头孢克洛 头孢呋辛酯 头孢克肟 头孢地尼 阿奇霉素 克拉霉素 罗红霉素 左氧氟沙星 莫西沙星 甲硝唑 替硝唑 多西环素 "
    "复方磺胺甲噁唑 呋喃妥因 异烟肼 利福平 乙胺丁醇 吡嗪酰胺 氟康唑 伊曲康唑 伏立康唑 阿昔洛韦 伐昔洛韦 奥司他韦 恩替卡韦 替诺福韦酯 "
    "拉米夫定 阿司匹林 氯吡格雷 替格瑞洛 华法林钠 利伐沙班 达比加群酯 阿托伐他汀钙 瑞舒伐他汀钙 辛伐他汀 普伐他汀钠 依折麦布 非诺贝特 "
    "氨氯地平 硝苯地平 非洛地平 左氨氯地平 卡托普利 依那普利 培哚普利 贝那普利 缬沙坦 氯沙坦钾 厄贝沙坦 替米沙坦 坎地沙坦酯 "
    "沙库巴曲缬沙坦钠 美托洛尔 比索洛尔 卡维地洛 普萘洛尔 地尔硫䓬 维拉帕米 胺碘酮 普罗帕酮 地高辛 硝酸甘油 单硝酸异山梨酯 曲美他嗪 "
    "伊伐布雷定 呋塞米 托拉塞米 氢氯噻嗪 吲达帕胺 螺内酯 氨苯蝶啶 二甲双胍 格列美脲 格列齐特 格列吡嗪 瑞格列奈 阿卡波糖 伏格列波糖 "
    "吡格列酮 西格列汀 维格列汀 沙格列汀 利格列汀 达格列净 恩格列净 左甲状腺素钠 甲巯咪唑 丙硫氧嘧啶 泼尼松 甲泼尼龙 地塞米松 "
    "奥美拉唑 兰索拉唑 泮托拉唑 雷贝拉唑钠 艾司奥美拉唑 法莫替丁 雷尼替丁 铝碳酸镁 枸橼酸铋钾 多潘立酮 莫沙必利 伊托必利 匹维溴铵 "
    "蒙脱石 双歧杆菌三联活菌 乳果糖 聚乙二醇4000 比沙可啶 洛哌丁胺 熊去氧胆酸 多烯磷脂酰胆碱 水飞蓟宾 双环醇 美沙拉秦 氨溴索 乙酰半胱氨酸 "
    "桉柠蒎 右美沙芬 复方甲氧那明 孟鲁司特钠 茶碱 多索茶碱 沙丁胺醇 氯雷他定 西替利嗪 左西替利嗪 依巴斯汀 氯苯那敏 布洛芬 双氯芬酸钠 "
    "塞来昔布 依托考昔 洛索洛芬钠 美洛昔康 对乙酰氨基酚 曲马多 氨酚羟考酮 加巴喷丁 普瑞巴林 卡马西平 奥卡西平 丙戊酸钠 左乙拉西坦 拉莫三嗪 "
    "苯妥英钠 多巴丝肼 普拉克索 司来吉兰 苯海索 多奈哌齐 美金刚 倍他司汀 氟桂利嗪 尼莫地平 丁苯酞 胞磷胆碱 甲钴胺 艾司唑仑 阿普唑仑 劳拉西泮 "
    "佐匹克隆 唑吡坦 舍曲林 帕罗西汀 氟西汀 西酞普兰 艾司西酞普兰 文拉法辛 度洛西汀 米氮平 奥氮平 喹硫平 利培酮 阿立哌唑 坦索罗辛 非那雄胺 "
    "索利那新 托特罗定 别嘌醇 非布司他 苯溴马隆 秋水仙碱 甲氨蝶呤 来氟米特 羟氯喹 硫唑嘌呤 吗替麦考酚酯 环孢素 他克莫司 阿仑膦酸钠 "
    "骨化三醇 阿法骨化醇 碳酸钙 维生素C 维生素B1 维生素B6 叶酸 琥珀酸亚铁 多糖铁复合物 利可君 来曲唑 阿那曲唑 他莫昔芬 卡培他滨 替吉奥 "
    "吉非替尼 厄洛替尼 奥希替尼 伊马替尼 黄体酮 地屈孕酮 戊酸雌二醇 米非司酮 屈螺酮炔雌醇"
).split()
_INJECTIONS = (
    "青霉素钠 氨苄西林钠 哌拉西林钠他唑巴坦钠 头孢唑林钠 头孢呋辛钠 头孢曲松钠 头孢他啶 头孢哌酮钠舒巴坦钠 头孢吡肟 美罗培南 "
    "亚胺培南西司他丁钠 厄他培南 万古霉素 替考拉宁 利奈唑胺 阿米卡星 庆大霉素 克林霉素 磷霉素钠 卡泊芬净 更昔洛韦 低分子量肝素钙 依诺肝素钠 "
    "肝素钠 阿替普酶 尿激酶 替罗非班 去甲肾上腺素 肾上腺素 多巴胺 多巴酚丁胺 异丙肾上腺素 阿托品 利多卡因 去乙酰毛花苷 硝普钠 乌拉地尔 "
    "尼卡地平 米力农 氨茶碱 地塞米松磷酸钠 甲泼尼龙琥珀酸钠 氢化可的松 门冬胰岛素 甘精胰岛素 地特胰岛素 德谷胰岛素 赖脯胰岛素 利拉鲁肽 司美格鲁肽 "
    "生长抑素 奥曲肽 缩宫素 卡贝缩宫素 卡前列素氨丁三醇 硫酸镁 氯化钾 葡萄糖酸钙 碳酸氢钠 氯化钠 葡萄糖 乳酸钠林格 甘露醇 甘油果糖 人血白蛋白 "
    "静注人免疫球蛋白 脂肪乳 复方氨基酸 水溶性维生素 维生素K1 氨甲环酸 蛇毒血凝酶 亚叶酸钙 昂丹司琼 帕洛诺司琼 甲氧氯普胺 山莨菪碱 间苯三酚 "
    "吗啡 哌替啶 芬太尼 舒芬太尼 瑞芬太尼 丙泊酚 依托咪酯 咪达唑仑 右美托咪定 罗库溴铵 顺阿曲库铵 罗哌卡因 布比卡因 新斯的明 依达拉奉 "
    "长春新碱 长春瑞滨 环磷酰胺 异环磷酰胺 顺铂 卡铂 奥沙利铂 紫杉醇 多西他赛 吉西他滨 培美曲塞二钠 氟尿嘧啶 表柔比星 伊立替康 贝伐珠单抗 曲妥珠单抗 "
    "利妥昔单抗 信迪利单抗 重组人促红素 重组人粒细胞刺激因子 重组人血小板生成素 重组人干扰素α2b 唑来膦酸 碘海醇 碘克沙醇 破伤风人免疫球蛋白"
).split()
_EXTERNAL = (
    "莫匹罗星:软膏 红霉素:眼膏 氧氟沙星:滴眼液 左氧氟沙星:滴眼液 妥布霉素地塞米松:滴眼液 玻璃酸钠:滴眼液 噻吗洛尔:滴眼液 布林佐胺:滴眼液 "
    "拉坦前列素:滴眼液 普拉洛芬:滴眼液 糠酸莫米松:乳膏 丁酸氢化可的松:乳膏 卤米松:乳膏 他克莫司:软膏 酮康唑:乳膏 特比萘芬:乳膏 夫西地酸:乳膏 "
    "双氯芬酸二乙胺:乳胶剂 氟比洛芬:凝胶贴膏 复方利多卡因:乳膏 布地奈德:吸入混悬液 布地奈德福莫特罗:吸入粉雾剂 沙美特罗替卡松:吸入粉雾剂 "
    "噻托溴铵:吸入粉雾剂 沙丁胺醇:吸入气雾剂 异丙托溴铵:吸入溶液 糠酸莫米松:鼻喷雾剂 羟甲唑啉:鼻喷雾剂 克霉唑:阴道片 开塞露:灌肠剂 碘伏:消毒液 "
    "炉甘石:洗剂 吲哚美辛:栓 左炔诺孕酮:宫内节育系统"
).split()
_CHINESE = (
    "复方丹参 通心络 麝香保心 速效救心 稳心 参松养心 芪苈强心 血塞通 银杏叶 脑心通 天麻 养血清脑 安宫牛黄 连花清瘟 板蓝根 双黄连 蓝芩 蒲地蓝消炎 "
    "急支糖浆 强力枇杷 苏黄止咳 肺力咳 香砂养胃 保和 健胃消食 胃苏 气滞胃痛 元胡止痛 护肝 肝苏 金水宝 百令 尿毒清 六味地黄 金匮肾气 知柏地黄 补中益气 "
    "归脾 逍遥 乌鸡白凤 桂枝茯苓 益母草 坤泰 乳癖消 独活寄生 仙灵骨葆 活血止痛 云南白药 三七伤药 小金 西黄 槐耳 华蟾素 地榆升白 贞芪扶正 小儿豉翘清热"
).split()
_ORAL_FORMS = ("片", "胶囊", "分散片", "缓释片", "颗粒", "肠溶片")
_CHINESE_FORMS = ("片", "胶囊", "颗粒", "丸", "口服液")
_STRENGTHS = ("2.5mg", "5mg", "10mg", "20mg", "25mg", "50mg", "75mg", "0.1g", "0.2g", "0.25g", "0.5g")
_FULL = ("康", "乐", "安", "宁", "舒", "欣", "达", "维", "平", "瑞")
_MAKERS = tuple(
    f"{place}{word}制药" for place in ("示范", "白水", "青山", "高新", "城东") for word in ("一", "同心", "健民")
)
_UNKNOWN_CLASS, _NO_PRICE = "丁", "面议"


def drugs(rng: Random) -> tuple[list[dict], list[tuple[str, str]]]:
    """Rows of yp_zd, and what is wrong with which.

    >>> rows, planted = drugs(Random(1))
    >>> len(rows) > 600, len({row["ypdm"] for row in rows}) == len(rows), sorted({kind for kind, _key in planted})
    (True, True, ['drug_class_unknown', 'drug_price_text'])
    """
    rows = []
    for name in _TABLETS:
        for form in rng.sample(_ORAL_FORMS, 2):
            spec = f"{rng.choice(_STRENGTHS)}×{rng.choice((7, 10, 12, 14, 20, 24, 28, 30, 60, 100))}{'粒' if form == '胶囊' else '袋' if form == '颗粒' else '片'}"
            rows.append(_row(rng, name, form, spec, "盒"))
    for name in _INJECTIONS:
        form = rng.choice(("注射液", "粉针剂"))
        full = f"注射用{name}" if form == "粉针剂" else name + form
        rows.append(
            _row(rng, full, "", rng.choice(("1ml", "2ml", "5ml", "10ml", "50ml", "100ml", "0.5g", "1.0g")), "支", form)
        )
    for entry in _EXTERNAL:
        name, form = entry.split(":")
        rows.append(_row(rng, name, form, rng.choice(("5ml", "10g", "15g", "20g", "60吸", "2ml×10支")), "支"))
    for name in _CHINESE:
        for form in rng.sample(_CHINESE_FORMS, 2):
            rows.append(_row(rng, name, form, rng.choice(("24片", "36粒", "10袋", "200丸", "10ml×10支")), "盒"))
    planted = []
    for number, row in enumerate(rows, 1):
        row["ypdm"] = f"YP{number:05d}"
    for kind, column, value in (("drug_price_text", "dj", _NO_PRICE), ("drug_class_unknown", "yblb", _UNKNOWN_CLASS)):
        for row in rng.sample(rows, 3):
            row[column] = value
            planted.append((kind, row["ypdm"]))
    return rows, planted


def _row(rng: Random, name: str, form: str, spec: str, unit: str, kind: str = "") -> dict:
    insurance = rng.choices(("甲", "乙", "自费"), (35, 50, 15))[0]
    share = {"甲": "0", "乙": rng.choice(("5", "10", "15", "20", "30")), "自费": "100"}[insurance]
    return {
        "ypmc": name + form,
        "spm": "".join(rng.sample(_FULL, 2)) if rng.random() < 0.6 else None,
        "gg": spec,
        "jx": kind or form,
        "dw": unit,
        "dj": f"{10 ** rng.uniform(0.3, 2.8):.2f}",
        "yblb": insurance,
        "zfbl": share,
        "sccj": rng.choice(_MAKERS),
        "kc": "0" if rng.random() < 0.05 else "1",
        "zt": "1",
    }
