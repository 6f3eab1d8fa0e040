"""A first mapping from the names of the columns: what the initials of Chinese words in a HIS usually stand for."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from .targets import KINDS

WATERMARK = "gxsj zhgxsj xgsj zhxgsj gxrq xgrq czsj updatetime updatedat updtime lastupdate lastupdated modifytime"
WATERMARK += " modifiedat lastmodified updatedate"

# Kind -> the columns that usually name its rows.
KEYS = {
    "department": "ksdm ksbm ksid bmdm deptcode deptid departmentid dm bm id",
    "employee": "gh ygdm rygh ygid ysdm czygh staffno employeeid empid userid dm id",
    "patient": "djh brid hzid brdjh patientid pid empi zsy id",
    "inpatient": "zylsh zyid jzlsh zyh visitid admissionid inpatientid encounterid lsh id",
    "outpatient": "mzlsh jzlsh jzid ghxh mzid visitid registerid encounterid lsh id",
    "diagnosis": "zdlsh zdid zdxh diagnosisid lsh id",
    "operation": "sslsh ssid operationid lsh id",
}
KEYS["discharge"] = KEYS["inpatient"]

_PERSON = "djh brid hzid brdjh patientid pid empi"
_DEPARTMENT = "ksdm ksbm ksid deptcode deptid departmentid"
_NUMBER = "xh zdxh seq sequence sortno"

# Target -> columns, the most telling first. A target that means different things is named with its kind.
NAMES = {
    "patient": _PERSON,
    "encounter": KEYS["inpatient"],
    "encounter_class": "jzlb mzlb visittype encounterclass visitclass",
    "state": "zt zyzt jzzt cyzt status state",
    "medical_record_no": "bah bahm zyh medicalrecordno mrn",
    "admission_no": "zycs rycs admissiontimes visitno",
    "inpatient.admitted_at": "rysj ryrq admittedat admittime admissiondate admissiontime admitdate",
    "discharge.admitted_at": "rysj ryrq admittedat admittime admissiondate admissiontime admitdate",
    "outpatient.admitted_at": "jzsj jzrq kzsj ghsj visittime visitdate",
    "discharged_at": "cysj cyrq dischargedat dischargetime dischargedate",
    "length_of_stay": "zyts sjzyts lengthofstay los",
    "inpatient.department": f"{_DEPARTMENT} ryksdm rykbdm zyksdm",
    "discharge.department": f"cyksdm cykbdm {_DEPARTMENT}",
    "outpatient.department": f"{_DEPARTMENT} jzksdm",
    "employee.department": f"{_DEPARTMENT} ssks bmdm",
    "ward": "bqdm bqid bq wardcode wardid nursingunit",
    "bed": "ch cwh bch bedno bed bednumber",
    "attending": "zzysgh zzys zzysdm zrysgh ysgh ysdm jzysgh jzys doctorid doctorcode attending",
    "resident": "zyysgh zyys zyysdm gcysgh residentid resident",
    "nurse": "zrhsgh zrhs zrhsdm hsgh nurseid nurse",
    "clinic_type": "hb hlb ghlb hbdm clinictype",
    "admission_source": "rytj rylj admissionsource",
    "disposition": "lyfs cyfs disposition dischargeway",
    "diagnosis_code": "jbdm zdbm zyzdbm zddm jbbm icd icd10 diagnosiscode",
    "diagnosis_name": "cyszyzd zyzd zdmc jbmc zyzdmc diagnosisname diagnosis",
    "coded_at": "bmsj bmrq codedat",
    "revisit_date": "fzrq fzsj revisitdate",
    "planned_readmission": "zzyjh zzyjhbz",
    "admission_condition": "ryqk admissioncondition",
    "treatment_course": "zljg zlgc treatmentcourse",
    "discharge_condition": "cyqk dischargecondition",
    "discharge_orders": "cyyz dischargeorders",
    "department.name": "ksmc bmmc mc deptname departmentname name",
    "employee.name": "xm ygxm ryxm ysxm empname employeename name",
    "patient.name": "xm brxm hzxm patientname name",
    "diagnosis.name": "zdmc jbmc diagnosisname name mc",
    "operation.name": "ssjczmc ssmc sszmc operationname name mc",
    "department.code": "ksdm ksbm deptcode code dm",
    "diagnosis.code": "jbdm zdbm zddm icd icd10 diagnosiscode code",
    "operation.code": "ssjczbm ssbm ssdm operationcode code",
    "department.kind": "kslb kslx ksxz depttype kind",
    "diagnosis.kind": "zdlb zdlx diagnosistype kind",
    "parent": "sjksdm sjks sjbm fksdm parentid parentcode parent",
    "campus": "yqmc yq yqdm campus",
    "phone": "dh lxdh sjh sjhm yddh brdh dhhm phone mobile tel telephone phoneno",
    "manager": "fzrgh fzr kzrgh kzr manager managerid",
    "substitute": "dbrgh dbr substitute",
    "staff_no": "gh rygh ygbh staffno empno",
    "profession": "zylb rylb rylx ryxz zylx profession stafftype",
    "professional_title": "zc zcmc professionaltitle jobtitle",
    "patient_no": "djh brid hzid brdjh patientno patientid",
    "gender": "xb xbdm brxb sex gender",
    "birth_date": "csrq csny brcsrq birthdate birthday dob dateofbirth",
    "id_number": "sfzjhm sfzh sfzhm zjhm zjh idcard idno idnumber identityno",
    "contact_name": "lxrxm lxr contactname",
    "contact_relation": "lxrgx gx yhzgx contactrelation relation",
    "contact_phone": "lxrdh lxrdhhm contactphone contacttel",
    "deceased": "swbz sw sfsw deceased deathflag",
    "deceased_at": "swsj swrq deathtime deceasedat",
    "is_test_patient": "csbz csbr testflag istest",
    "merged_into": "hbdjh hbid hbh mergedinto mergeid",
    "mother": "mqdjh mqid muqin motherid mother",
    "active": "zgzt zt syzt tybz qybz active enabled",
    "sequence": _NUMBER,
    "removed": "zf zfbz scbz sc deleted isdeleted",
    "performed_at": "ssjczrq ssrq sssj operationdate operationtime performedat",
    "surgeon": "szgh sz szdm zdysgh surgeon surgeonid",
}

# Words for ours that a code table of a HIS may hold, where they mean the same everywhere.
_CODES = {
    "gender": {"male": "男 男性 m male", "female": "女 女性 f female", "unknown": "未知 未知的性别 不详 未说明"},
    "contact_relation": {
        "self": "本人 本人或户主",
        "spouse": "配偶 夫 妻 丈夫 妻子",
        "child": "子 女 儿子 女儿 子女",
        "parent": "父母 父亲 母亲 父亲或母亲",
    },
    "disposition": {
        "1": "医嘱离院",
        "2": "医嘱转院",
        "3": "医嘱转社区 医嘱转社区卫生服务机构/乡镇卫生院",
        "4": "非医嘱离院",
        "5": "死亡",
        "9": "其他",
    },
    "admission_source": {"1": "急诊", "2": "门诊", "3": "其他医疗机构转入", "9": "其他"},
    "state": {"in_progress": "在院", "finished": "出院 已出院 已就诊", "cancelled": "作废 退院 退号 已退号 取消"},
    "encounter_class": {"outpatient": "门诊", "emergency": "急诊", "inpatient": "住院"},
    "profession": {
        "doctor": "医生 医师",
        "nurse": "护士 护理",
        "medtech": "医技",
        "admin": "行政",
        "logistics": "后勤",
    },
    "kind": {"principal": "主要诊断", "other": "其他诊断", "admission": "入院诊断", "outpatient": "门诊诊断"},
}
# Numbers that a national standard gives: GB/T 2261.1 for the sex; the front page's own are the same as ours.
_STANDARD = {
    "gender": {"0": "unknown", "1": "male", "2": "female", "9": "unknown"},
    "disposition": {code: code for code in "123459"},
    "admission_source": {code: code for code in "1239"},
}


def _plain(name: str) -> str:
    """
    >>> _plain("HIS.BR_XM"), _plain("dischargedAt")
    ('hisbrxm', 'dischargedat')
    """
    return re.sub(r"[^0-9a-z\u4e00-\u9fff]", "", name.casefold())


def _first(columns: dict[str, str], names: str) -> str:
    return next((columns[name] for name in names.split() if name in columns), "")


def propose(kind: str, columns: Sequence[str]) -> dict[str, Any]:
    """Key, watermark and lines of a mapping, as far as the columns tell.

    >>> guess = propose("patient", ["DJH", "BR_XM", "XB", "CSRQ", "SFZH", "LXDH", "YLZ", "GXSJ"])
    >>> guess["key"], guess["watermark"], guess["lines"]["name"], guess["lines"]["birth_date"]
    ('DJH', 'GXSJ', 'BR_XM', 'CSRQ')
    >>> sorted(guess["lines"])
    ['birth_date', 'gender', 'id_number', 'name', 'patient_no', 'phone']
    >>> propose("inpatient", ["zylsh", "djh", "ryrq", "cyrq"])["lines"]
    {'patient': 'djh', 'admitted_at': 'ryrq', 'discharged_at': 'cyrq'}
    """
    known = {_plain(name): name for name in reversed(columns)}
    key = _first(known, KEYS.get(kind, "id"))
    free = dict(known)
    lines: dict[str, str] = {}
    for target in KINDS[kind]:
        if target == "external_id":
            continue
        names = NAMES.get(f"{kind}.{target}") or NAMES.get(target) or _plain(target)
        if column := _first(free, names):
            lines[target] = column
            # A key often is the number that people know, too; anything else means one thing.
            if column != key:
                del free[_plain(column)]
    return {"key": key, "watermark": _first(known, WATERMARK), "lines": lines}


def transform_for(kind: str, target: str) -> str:
    """How a column is read that fills this target.

    >>> transform_for("patient", "gender"), transform_for("patient", "phone"), transform_for("patient", "name")
    ('code', 'phones', 'text')
    """
    known = KINDS[kind][target]
    return "code" if known.choices else known.type


def codes(kind: str, target: str, values: Iterable[str]) -> dict[str, str]:
    """What the values of a column mean, where their words or a standard say so; "" for the rest.

    >>> codes("patient", "gender", ["1", "女", "X"])
    {'1': 'male', '女': 'female', 'X': ''}
    """
    choices = KINDS[kind][target].choices
    words = {word: ours for ours, names in _CODES.get(target, {}).items() for word in names.split()}
    words |= _STANDARD.get(target, {})
    found = {value: words.get(value.casefold(), value if value in choices else "") for value in values}
    return {value: ours if ours in choices else "" for value, ours in found.items()}
