from . import batch, vendors, wechat
