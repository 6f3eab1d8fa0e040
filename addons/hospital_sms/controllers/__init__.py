from . import vendors
from . import wechat
from . import batch
