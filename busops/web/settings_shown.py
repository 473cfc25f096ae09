"""What each setting means, in the reader's language and with its unit. Words only."""

from busops.web.language import say


def meaning(name: str) -> str:
    """One sentence about a setting; empty for one that explains itself."""
    return _MEANINGS[name]() if name in _MEANINGS else ""


_MEANINGS = {
    "environment": lambda: say("production 正式，development 开发，test 测试"),
    "instance_path": lambda: say("放数据库、密钥和队列的文件夹"),
    "database_url": lambda: say("数据库地址；空着就是文件夹里的一个 SQLite 文件"),
    "school_id": lambda: say("学校编号，写进每一行数据"),
    "secret_key": lambda: say("给会话签名的密钥；空着就在第一次启动时生成"),
    "host": lambda: say("监听的地址；127.0.0.1 只有本机能访问"),
    "port": lambda: say("监听的端口"),
    "trusted_hosts": lambda: say("页面可以用哪些主机名访问；空着不限"),
    "behind_proxy": lambda: say("本机有代理负责加密，并转发来源"),
    "tls_cert": lambda: say("证书文件；与密钥一起设置后由本服务加密"),
    "tls_key": lambda: say("证书的密钥文件"),
    "ca_port": lambda: say("用普通 HTTP 提供证书机构证书的端口，除此之外什么也不提供；0 表示不提供"),
    "demo": lambda: say("演示：虚构数据、公开密码、自己的时间"),
    "executor": lambda: say(
        "谁来排大的线路：processes 本机每核一个进程，数字指定几个，或 tcp:// 开头的 Dask 调度器地址"
    ),
    "worker_inside": lambda: say("服务进程自己做后台任务；否则要另开 busops worker"),
    "planning_seconds": lambda: say("排一个方向的线路最多用多少秒"),
    "planning_fairness_milli": lambda: say("为缩短乘车时间最多多花费用的千分之几"),
    "planning_proof_seconds": lambda: say("方案做好后继续证明多少秒，0 表示不继续"),
    "upload_limit_bytes": lambda: say("上传一个文件最多多少字节"),
    "session_office_s": lambda: say("办公室登录最长多少秒"),
    "session_tablet_s": lambda: say("车上登录最长多少秒，够跑完一趟"),
    "session_idle_s": lambda: say("办公室多少秒不用就要重新登录"),
    "tile_url": lambda: say("地图底图的地址；空着只画网格"),
    "tile_attribution": lambda: say("底图要求显示的来源"),
    "notice_smtp": lambda: say("发送报警通知的邮件服务器；空着不发邮件"),
    "notice_security": lambda: say("邮件的加密：starttls、tls 或 none"),
    "notice_user": lambda: say("邮件服务器的用户名"),
    "notice_password": lambda: say("邮件服务器的密码"),
    "notice_sender": lambda: say("通知从哪个邮箱发出"),
    "notice_hosts": lambda: say("网络回调可以发往哪些主机；群机器人的服务器不用写"),
    "notice_pages": lambda: say("办公室页面的地址，写进通知里的链接"),
    "log_json": lambda: say("日志一律写成 JSON"),
    "log_level": lambda: say("日志从哪一级开始记"),
}
