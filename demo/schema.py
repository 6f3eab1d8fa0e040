"""The tables of the HIS, named as such systems name them: initials of the Chinese words.

Admission, discharge and birth are text, as in many a HIS that grew from paper: that is how 0000-00-00 gets in.
No foreign keys: a HIS has none either. gxsj (更新时间) is the watermark of every table.
"""

from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, Text
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection

# Without fractions, so that text comparison in SQLite orders as time does.
_Time = DateTime().with_variant(sqlite.DATETIME(truncate_microseconds=True), "sqlite")

metadata = MetaData()


def _table(name: str, *columns: Column) -> Table:
    return Table(name, metadata, *columns, Column("gxsj", _Time))


def _key(name: str, length: int = 24) -> Column:
    return Column(name, String(length), primary_key=True)


def _text(length: int, *names: str) -> list[Column]:
    return [Column(name, String(length)) for name in names]


departments = _table(
    "ks_zd",  # 科室字典
    _key("ksdm"),  # 科室代码
    *_text(64, "ksmc", "yqmc", "dh"),  # 名称, 院区, 电话
    *_text(8, "kslb", "sjksdm", "fzrgh", "dbrgh", "zt"),  # 类别, 上级科室, 负责人, 代班人, 状态
)
employees = _table(
    "ry_zd",  # 人员字典
    _key("gh"),  # 工号
    *_text(64, "xm", "zc", "zw"),  # 姓名, 职称, 职务
    Column("sc", String(200)),  # 擅长
    *_text(8, "xb", "ksdm", "zylb", "zgzt"),  # 性别, 科室, 职业类别, 在岗状态
)
patients = _table(
    "br_zsy",  # 患者主索引
    _key("djh"),  # 登记号
    *_text(96, "xm", "dh", "lxrxm", "lxrdh"),  # 姓名, 电话, 联系人姓名/电话
    *_text(32, "csrq", "sfzjhm", "swsj"),  # 出生日期, 证件号码, 死亡时间
    *_text(8, "xb", "zjlx", "lxrgx", "csbz", "swbz"),  # 性别, 证件类型, 联系人关系, 测试标志, 死亡标志
    *_text(24, "mqdjh", "hbdjh"),  # 母亲登记号, 合并到登记号
    Column("xzz", String(200)),  # 现住址
)
inpatients = _table(
    "zy_brxx",  # 住院病人信息
    _key("zylsh"),  # 住院流水号
    Column("cfxh", Integer, primary_key=True, autoincrement=False),  # 重发序号: 1 = the same row sent again
    *_text(24, "bah", "djh", "mqdjh"),  # 病案号, 登记号, 母亲登记号
    Column("zycs", Integer),  # 住院次数
    *_text(
        8, "ksdm", "bqdm", "ch", "zzysgh", "zyysgh", "zrhsgh", "zt"
    ),  # 科室, 病区, 床号, 主治/住院医师, 责任护士, 状态
    *_text(24, "rysj", "cysj"),  # 入院时间, 出院时间
)
front_pages = _table(
    "ba_basy",  # 病案首页
    _key("zylsh"),
    *_text(24, "bah", "jbdm", "bmsj"),  # 病案号, 主要诊断编码, 编码时间
    Column("cyszyzd", String(200)),  # 出院主要诊断
    *_text(8, "rytj", "lyfs", "zzyjh"),  # 入院途径, 离院方式, 31天内再住院计划
)
diagnoses = _table(
    "ba_zdmx",  # 诊断明细
    _key("zdlsh", 40),
    *_text(24, "zylsh", "jbdm"),
    *_text(8, "zdlb"),  # 1 主要 2 其他 3 入院
    Column("xh", Integer),
    Column("zdmc", String(200)),
)
operations = _table(
    "ba_ssmx",  # 手术明细
    _key("sslsh", 40),
    *_text(24, "zylsh", "ssjczbm", "ssjczrq", "szgh"),  # 手术编码, 手术日期, 术者工号
    Column("xh", Integer),
    Column("ssjczmc", String(200)),
)
summaries = _table(
    "cy_cyxj",  # 出院小结
    _key("zylsh"),
    *(Column(name, Text) for name in ("ryqk", "zljg", "cyqk", "cyyz")),  # 入院情况, 诊疗经过, 出院情况, 出院医嘱
    Column("fzrq", String(24)),  # 复诊日期
)
outpatients = _table(
    "mz_jzxx",  # 门诊就诊信息
    _key("mzlsh"),
    Column("cfxh", Integer, primary_key=True, autoincrement=False),
    *_text(24, "djh", "jzsj", "jbdm"),  # 登记号, 就诊时间, 诊断编码
    *_text(8, "jzlb", "hb", "ksdm", "ysgh", "zt"),  # 就诊类别, 号别, 科室, 医生, 状态
    Column("zdmc", String(200)),
)
transfers = _table(
    "zk_jl",  # 转科记录
    _key("zkxh", 40),
    *_text(24, "zylsh", "zksj"),  # 转科时间
    *_text(8, "yks", "ybq", "ych", "xks", "xbq", "xch"),  # 原/现 科室, 病区, 床号
)
scheduled = _table(
    "ss_ap",  # 手术安排
    _key("apdh", 40),
    *_text(24, "zylsh", "djh", "apsj", "ssj", "mzfs"),  # 安排时间, 手术间, 麻醉方式
    *_text(8, "ksdm", "szgh", "zt"),
    Column("tc", Integer),  # 台次
    Column("ssmc", String(200)),
)
drugs = _table(
    "yp_zd",  # 药品字典
    _key("ypdm"),
    *_text(64, "ypmc", "spm", "gg", "jx", "sccj"),  # 通用名, 商品名, 规格, 剂型, 生产厂家
    *_text(16, "dw", "dj", "yblb", "zfbl", "kc", "zt"),  # 单位, 单价, 医保类别, 自付比例, 库存, 状态
)
exam_items = _table(
    "jcjy_zd",  # 检查检验项目字典
    _key("xmdm"),
    *_text(64, "xmmc", "bm", "wz"),  # 名称, 别名, 位置
    *_text(16, "lb", "ksdm", "dj", "bbmc", "cbgsj", "zt"),  # 类别, 科室, 单价, 标本, 出报告时间
    Column("zysx", String(200)),  # 注意事项
)
reports = _table(
    "jcjy_bg",  # 检查检验报告
    _key("bgdh", 40),
    *_text(24, "djh", "lsh", "xmdm", "sqsj", "bgsj"),  # 就诊或住院流水号, 申请时间, 报告时间
    *_text(8, "lb", "zxks", "zt"),  # 执行科室
    *_text(64, "xmmc", "jl"),  # 结论
)
department_phones = _table(
    "dh_ks",  # 科室电话
    _key("dhxh"),
    *_text(64, "dh", "yt", "wz", "sj"),  # 电话, 用途, 位置, 时间
    *_text(8, "ksdm"),
    Column("px", Integer),  # 排序
)
leaders = _table(
    "txl_ld",  # 领导通讯录
    _key("txlxh"),
    *_text(64, "xm", "zw", "bgdh", "sj", "bgs"),  # 职务, 办公电话, 手机, 办公室
    *_text(8, "jb", "ksdm"),  # 级别
    Column("px", Integer),
)
sessions = _table(
    "mz_pb",  # 门诊排班
    _key("pbid"),
    *_text(24, "czrq", "kssj", "jssj", "zs", "ghf", "tzyy"),  # 出诊日期, 开始/结束时间, 诊室, 挂号费, 停诊原因
    *_text(8, "ksdm", "ysgh", "hb", "sxw", "zt"),  # 上下午
    Column("xhs", Integer),  # 限号数
)
slots = _table(
    "mz_hy",  # 门诊号源
    _key("hyid"),
    *_text(24, "pbid", "sj"),
    Column("xh", Integer),
    Column("zt", String(8)),
)
HIS = tuple(metadata.sorted_tables)

# Beside the HIS: what was planted, and up to when this database is written.
planted = Table(
    "demo_planted",
    metadata,
    Column("kind", String(32), primary_key=True),
    Column("tab", String(16), primary_key=True),
    Column("lsh", String(40), primary_key=True),
)
meta = Table("demo_meta", metadata, Column("name", String(32), primary_key=True), Column("content", String(64)))


def create(connection: Connection, charset: str = "utf8mb4") -> None:
    for table in metadata.tables.values():
        table.dialect_options["mysql"]["charset"] = charset
        table.dialect_options["mysql"]["engine"] = "InnoDB"
    metadata.create_all(connection)


def create_indexes(connection: Connection) -> None:
    """The order in which a feed reads. Made after the first load: it is faster."""
    for table in HIS:
        keys = ", ".join(column.name for column in table.primary_key.columns)
        connection.exec_driver_sql(f"CREATE INDEX {table.name}_gxsj ON {table.name} (gxsj, {keys})")
