from . import vendors
from . import wechat
