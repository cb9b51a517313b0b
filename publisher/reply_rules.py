"""What the replies of mail servers are about: a closed table, the first rule that matches applies.

The rules go from the certain to the vague: names of limits, then words, then enhanced codes (RFC 3463, RFC 7372,
RFC 7505), because servers use the same code for different things. `550 5.7.1` stands for a sender that is blocked, for
a message that looks like spam, for a recipient that accepts only known senders, and for a relay.

Sources: support.google.com/a/answer/3726730 and 14229414 (Gmail) · learn.microsoft.com "NDR error codes in Exchange
Online", and sendersupport.olc.protection.outlook.com (Outlook) · senders.yahooinc.com/smtp-error-codes ·
support.apple.com/102322 (iCloud) · service.mail.qq.com and smtp.codes/qq (QQ) · mail.163.com/postmaster (NetEase) ·
help.aliyun.com (Alibaba Mail, DirectMail) · docs.aws.amazon.com/ses · postfix.org/postconf.5.html ·
exim.org/exim-html-current/doc/html/spec_html · icoremail.vip/support (Coremail)
"""

from __future__ import annotations

import re

from publisher.errors import RefusalKind
from publisher.named_tuple import NamedTuple

_NO_RECIPIENT, _FULL, _LATER = RefusalKind.NO_RECIPIENT, RefusalKind.MAILBOX_FULL, RefusalKind.LATER
_SENDER, _CONTENT, _UNKNOWN = RefusalKind.SENDER, RefusalKind.CONTENT, RefusalKind.UNKNOWN

CONNECTION_IS_USED_UP = r"(?:MI|RP):D[MR]C|max(?:imum)? (?:number of )?messages? per (?:connection|session)"
"""The limit of emails on one connection is reached; the server accepts the next one on a new connection."""


class ReplyRule(NamedTuple):
    """A pattern for a reply, what such a reply is about, and a hint how to fix its cause.

    The pattern is searched, without regard to case, in the text that `reply_text.find_rule` prepares.
    `retry_after`: seconds until the server may accept email again; 0 when only one recipient or one connection is
    affected, so that others need not wait.
    """

    kind: RefusalKind
    pattern: str
    hint: str = ""
    retry_after: float | None = None

    def matches(self, reply: str) -> bool:
        """Return whether the rule applies to a reply: code and text on one line, without addresses."""
        return bool(re.search(self.pattern, reply, re.IGNORECASE))


def _any(*patterns: str) -> str:
    return "|".join(patterns)


def _enhanced_code(pattern: str) -> str:
    """Return the pattern of an enhanced code that is no part of an IP address."""
    return rf"(?<![\d.])(?:{pattern})(?!\.?\d)"


_BUSY_HINT = "this mailbox is receiving too much email right now"
_SLOW_DOWN_HINT = "wait, and use fewer connections: connections = 1"
_QUOTA_HINT = "the quota is used up: publish again later"
FROM_HINT = "check `from`, and the server's requirements for senders"
_AUTHENTICATION_HINT = "large providers require SPF, DKIM and DMARC for the domain of `from`"
_REPUTATION_HINT = "the provider blocks the server or the domain of `from`: its reply says how to end that"
_SPAM_HINT = "it was classified as spam: check its links and words, and sign emails"
_GONE_HINT = "the address does not exist: remove it from the list"

_NETEASE_AND_QQ = (
    ReplyRule(_LATER, CONNECTION_IS_USED_UP, "the limit of emails on one connection is reached", 0),
    ReplyRule(_SENDER, r"HL:ICC", "too many connections: connections = 1", 60),
    ReplyRule(_SENDER, r"HL:(?:IFC|IFQ|REP|MEP)|MI:SFQ|RP:QRC|(?:MI|RP):C[CE]L", _SLOW_DOWN_HINT, 900),
    ReplyRule(_SENDER, r"MI:STC|RP:(?:TRC|TRF)", "the daily limit is reached: publish again tomorrow", 3600),
    ReplyRule(_SENDER, r"HL:(?:IHU|IPB)|WM:BL[IU]|MI:SPB|DT:RBL|IP:RBL", _REPUTATION_HINT, 3600),
    ReplyRule(_SENDER, r"DT:SUM", "`from` must be the envelope sender"),
    ReplyRule(_CONTENT, r"DT:SPM|HL:ITC", "NetEase classified the issue as spam: sign emails, and check its links"),
    ReplyRule(
        _SENDER,
        r"must equal authorized user|MI:NHD|mail from .{0,20}invalid",
        "`from` must be the address that `user` logs in with",
    ),
    # QQ Mail: the code is always 550
    ReplyRule(_SENDER, r"(?:connection|ip|domain|sender) frequency limited", _SLOW_DOWN_HINT, 300),
    ReplyRule(_LATER, r"mailbox unavailable or access denied", _BUSY_HINT, 0),
    ReplyRule(
        _CONTENT, r"mail content denied", "QQ Mail classified the issue as spam: recipients may have reported it"
    ),
    ReplyRule(_SENDER, r"suspected (?:spam (?:ip|sender)|bounce attack)", _REPUTATION_HINT, 3600),
)

_ONE_RECIPIENT_IS_BUSY = (
    ReplyRule(
        _LATER,
        _any(
            r"receiving (?:e?mail|messages) (?:too quickly|at a rate)",
            r"messages to .{0,80}deferred due to excessive volume|recipient thread limit|收件人.{0,6}短时间内",
            _enhanced_code(r"[45]\.2\.12[12]"),
            r"^4\d\d .{0,80}(?:mailbox|account|user|recipient)\b.{0,30}(?:temporarily|unavailable)",
        ),
        _BUSY_HINT,
        0,
    ),
    ReplyRule(_LATER, r"gr[ea]y-?\s?list|postgrey|灰名单", "the server accepts new senders at the second attempt"),
    ReplyRule(
        _UNKNOWN,
        _any(
            _enhanced_code(r"5\.7\.1(?:2\d|3\d|93)"),
            r"permission to (?:send|post|email).{0,20}(?:recipient|group|list|user|mailbox|address)|RESOLVER\.RST",
            r"private list|rejected by (?:the )?recipients?\b",
        ),
        "the recipient accepts email from certain senders only",
    ),
)

_QUOTAS_AND_RATES = (
    ReplyRule(
        _SENDER,
        _any(
            r"(?:daily|monthly|hourly|not enough|user|submission) (?:message |sending |user sending )?quota",
            r"(?:sending|send|outgoing|relay|recipient rate|message rate) (?:quota|limit|rate)",
            r"daily (?:\w+ ){0,3}limit",
            r"max(?:imum)? (?:credits|sending rate|e?mails per (?:hour|day))|throttling failure|peak smtp relay",
            r"exceeded (?:the |your |its )?(?:max\w* )?(?:e?mails|messages|rate|sending)",
            r"number of RCPT attempts|total of RCPTs|too many same",
            _enhanced_code(r"5\.1\.90"),
            r"发信(?:数|量|频率).{0,12}(?:限|超)|发送(?:数量|量|频率).{0,12}(?:限|超)|超(?:出|过).{0,12}(?:发信|发送)",
        ),
        _QUOTA_HINT,
        3600,
    ),
    ReplyRule(
        _SENDER,
        _any(
            r"too (?:\w+ )?(?:fast|quickly|frequently) sending",
            r"too frequently|unusual (?:rate|sending)|unexpected sending",
            r"rate[- ]limit|frequency limit|throttl|slow down|sending too (?:fast|many|much|frequently)",
            r"too (?:much|many) (?:\w+ )?(?:mails?|emails?|messages|connections|sessions|recipients)",
            r"\[?TSS?0[1-9]|unexpected volume|频率|过于频繁|并发连接",
        ),
        _SLOW_DOWN_HINT,
        900,
    ),
)

_THE_SENDER_IS_REFUSED = (
    ReplyRule(
        _SENDER,
        _any(
            r"sender (?:address |domain |e?mail )?(?:is )?(?:rejected|denied|refused|invalid|blocked|banned|unknown)",
            r"sender (?:address )?verif|verif\w+ (?:of )?(?:the )?(?:sender|return|envelope)|callback|callout",
            r"(?:bad|fake|invalid|unknown|unverified) sender|sender is unvalidated|denies the sender",
            r"sender (?:address )?(?:domain )?(?:\S+ )?does not (?:exist|resolve)|sender address has null MX",
            r"mail from (?:domain|must|is)\b|send ?as ?denied|to send as (?:this|that)|address is not verified",
            r"(?:from|sender) address .{0,60}(?:not (?:owned|match|verified|allowed)|verified sender)",
            r"not (?:owned by|allowed to send|authori[sz]ed to (?:send|use))",
            r"(?:发件人|发信人|寄件人).{0,12}(?:拒|不|无|非法|禁|黑)|寄件者.{0,12}(?:拒|不|無|黑)",
        ),
        FROM_HINT,
        300,
    ),
    ReplyRule(
        _SENDER,
        r"\byour (?:\w+ )?(?:account|domain)\b.{0,40}(?:suspend|disabl|deactivat|block|limit|restrict|paus)|"
        r"sending paused",
        "the service that sends refuses to send for this account: its reply says why",
        3600,
    ),
    ReplyRule(
        _LATER,
        r"connection (?:refused|reset|timed out)|timed out|no route to host|network is unreachable|lost connection",
        "the server of the recipient cannot be reached",
    ),
)

_FULL_MAILBOXES = (
    ReplyRule(
        _FULL,
        _any(
            r"(?:mail ?box|mail folder|account|user|inbox|recipient|storage|quota|space|disk).{0,40}\bfull\b",
            r"over ?quota",
            r"(?:over|out of|exceed\w*) (?:\w+ ){0,4}(?:quota|storage allocation|storage limit)",
            r"quota (?:is |has been )?(?:full|exceed|violation)|QuotaExceeded|not enough (?:mail ?box )?space",
            r"mail.{0,20}space not enough|mailbox.{0,20}exceed\w* (?:the )?limit|insufficient (?:disk|mailbox)",
            r"(?:邮箱|郵箱|信箱|空间|空間|容量|收件人)[^,，。;；]{0,6}(?:满|滿|不足|超限|超出)",
        ),
        "the mailbox is full",
    ),
)

_NOBODY_IS_THERE = (
    ReplyRule(
        _NO_RECIPIENT,
        _any(
            r"(?:user|recipient|mailbox|account|address|addressee|alias|mail ?drop|receiver)"
            r"(?: e?mail| address| name)?(?: is| was)?:? (?:un|not )(?:known|found|listed|recogni[sz]ed|valid)\b",
            r"(?:unknown|invalid|no such|bad|illegal|non-?existent|inactive|disabled|obsolete)"
            r" (?:or \w+ )?(?:local |virtual |smtp |e?mail |destination )*"
            r"(?:user|recipient|mailbox|account|address|addressee|alias|local.part|rcptto|rcpt)\b",
            r"no (?:mail ?box|such|one|valid recipients?|account)\b.{0,30}"
            r"(?:here|by that name|person|this name|user|available|address|domain|recipients?)",
            r"(?:user|account|mailbox|recipient|address|addressee|person)\b.{0,60}"
            r"(?:does not|doesn.?t|do not|don.?t|did not|no longer|not) (?:exists?|available|active|on our server)",
            r"not exist(?:s|ing)?\b|exists that user|(?:doesn.?t|does not) have an? (?:\S+ )?account",
            r"not (?:a )?(?:local|known|valid) (?:user|account|mailbox|address|recipient)|not listed in",
            r"isn.?t a local account|user not local|local user only|not our customer|not user of this",
            r"(?:user|account|mailbox|recipient|address)(?: \S+)?(?: is| has been| was| now| currently)* "
            r"(?:disabled|deactivated|suspended|inactive|closed|terminated|discontinued|locked|expired|deleted|"
            r"removed|retired|on hold|hangup)",
            r"(?:account|address|mailbox|recipient) .{0,40}(?:disabled|inactive|over its lifetime)",
            r"(?:mailbox|account) (?:is )?unavailable|unavailable mail user|RecipientNotFound",
            r"unrouteable|undeliverable address",
            r"recipient address rejected: (?:access denied|undeliverable|no such|domain|unverified)|recipient rejected",
        ),
        _GONE_HINT,
    ),
    ReplyRule(
        _NO_RECIPIENT,
        _any(
            r"(?:domain|host)(?: name)? (?:\S+ )?(?:not found|does not exist|doesn.?t exist|couldn.?t be found)",
            r"null MX",
            r"couldn.?t find any host|all relevant MX records|no MX\b",
        ),
        "the domain of the address does not exist: remove it from the list",
    ),
    ReplyRule(
        _NO_RECIPIENT,
        _any(
            r"(?:用户|用戶|使用者|收件人|[帐账]号|帳號|账户|帳戶|[邮郵信]箱|地址|域名)[^,，。;；]{0,8}"
            r"(?:不存在|无效|無效|错误|錯誤|未找到|找不到)",
            r"(?:不存在|找不到|没有|沒有|查无|查無|无|無)[此该該这這个個的]{0,2}(?:用户"
            r"|用戶|使用者|收件人|[帐账]号|帳號|[邮郵信]箱)",
            r"未开通|(?:收件人|用户|[帐账]号|[邮信]箱)[^,，。;；]{0,6}(?:注销|停用|禁用|冻结|关闭|过期|暂停|锁定)",
        ),
        _GONE_HINT,
    ),
)

TOO_LARGE = ReplyRule(
    _CONTENT,
    _any(
        r"(?:message|mail|size|data|content|body|attachment)\b.{0,40}(?:too (?:big|large|long)|oversize)",
        r"(?:message|mail|size|data)\b.{0,40}exceed\w*.{0,30}(?:size|limit|maximum)|size exceed",
        _enhanced_code(r"[45]\.3\.4|[45]\.2\.3"),
        r"maximum allowed line length|[邮郵]件.{0,6}(?:过大|太大|過大|超过.{0,4}大小)",
    ),
    'shorten the issue, or set wrap = "none"',
)
"""The only refusal of a message that may come before the server has seen it: RFC 1870."""

_THE_MESSAGE_IS_SPAM = ReplyRule(
    _CONTENT,
    _any(
        r"virus|malware|malicious|forbidden (?:file|attachment)|phish|gtube|as spam",
        r"spam (?:score|content|message|e?mail|detected|found)",
        r"suspicion of spam|spam(?:ed|my)?\b.{0,20}engine|likely unsolicited|content.{0,40}(?:reject|denied|refus)",
        r"content.{0,40}(?:block|filter|violat|not accept|guideline|security|inappropriate)|(?:due to|message) content",
        r"垃圾[邮郵]件|垃圾信|病毒|[内內]容.{0,8}(?:拒|违|違|敏感|不)|敏感词",
    ),
    _SPAM_HINT,
)

_THE_SENDER_IS_BLOCKED = (
    ReplyRule(
        _SENDER,
        _any(
            r"relay(?:ing)?\b.{0,24}(?:denied|not (?:permitted|allowed)|prohibited|disallowed|fail)|denies relay",
            r"unable to relay|not permitted to relay|(?:do not|don.?t|cannot) relay|allowed rcpthosts",
            r"must (?:be )?(?:authenticate|log ?in)",
            r"(?:please|first) (?:authenticate|log ?in)|log ?in first|not logged in",
            r"auth\w* (?:failure|failed|error)|fail authentication|authenticat\w+ (?:is )?required|activate your smtp",
            r"^53[0458] ",
        ),
        "the server does not accept this sender: check `server`, `user` and `from`",
        300,
    ),
    ReplyRule(
        _SENDER,
        _any(
            r"\b(?:SPF|DKIM|DMARC|ARC)\b|unauthenticated|not authenticated",
            r"authentication (?:check|result|information|level)",
            _enhanced_code(r"[45]\.7\.(?:2[0-8]|3[0-2]|40|509|515)"),
        ),
        _AUTHENTICATION_HINT,
        300,
    ),
    ReplyRule(
        _SENDER,
        _any(
            r"reverse (?:dns|host|lookup)|\brdns\b|\bptr\b",
            r"find your (?:reverse )?host|(?:helo|ehlo) (?:command|name|host)",
            r"helohost|tls (?:is )?required|TLS connection|must issue a STARTTLS|IP not in whitelist",
        ),
        "the sending server lacks what the provider requires: a name in DNS that leads back to it, and TLS",
        300,
    ),
    ReplyRule(
        _SENDER,
        _any(
            r"spamhaus|spamcop|sorbs|barracuda|invaluement|uceprotect",
            r"abusix|proofpoint|senderscore|mailspike|\bs?rbl\b|dnsb?l",
            r"(?:block|black|deny|ban)[- ]?list",
            r"(?:black|banned|blocked|bad) (?:ip|sender|host|mail address)|listed (?:in|on|at|by)",
            r"reputation|banned send|blocked (?:using|by|for|due|from|- see)|\[?(?:CS|HM|BL)\d\d\b",
            r"(?:client|remote|your) (?:host|ip|server|network|mail server"
            r"|access)\b.{0,60}(?:reject|block|denied|refus|banned)",
            r"(?:\bips?\b|traffic|connections?)\b.{0,60}(?:reject|block"
            r"|denied|banned|hang ?up|not (?:accept|allow|authori[sz])|refus)",
            r"invalid ip|unauthori[sz]ed ip|too many (?:spam|complaints|errors|invalid|unknown)|user complaints",
            r"\b(?:RP|SC|DY|OU)-00\d|permanently deferred|suspicious|tenant|compromised",
            r"\(S(?:3|8)\d{3}\)|\bAS\(?\d{3,}|OFR_?\d+",
            _enhanced_code(r"[45]\.7\.(?:5\d\d|6\d\d|7\d\d)"),
            r"(?<![a-z])IP.{0,12}(?:禁|拒|黑|封|限|挂起)|黑名[单單]|信[誉譽]",
        ),
        _REPUTATION_HINT,
        3600,
    ),
)

_VAGUE_WORDS = (
    ReplyRule(
        _CONTENT,
        _any(
            r"spam|unsolicited|\bbulk\b|junk mail|looks like",
            r"header.{0,30}(?:syntax|missing|invalid|based)|security issue",
            r"(?:reject|denied|block|refus)\w*.{0,30}\b(?:content|header|url|link|attachment|subject)",
            r"(?:not|non)[- ](?:RFC|compliant)|" + _enhanced_code(r"[45]\.6\.\d"),
        ),
        _SPAM_HINT,
    ),
    ReplyRule(
        _SENDER,
        _any(
            r"polic(?:y|ies)\b|administrative(?:ly)? (?:prohibit|den)|access denied|service refuse|not accepted",
            r"delivery not authori[sz]ed|transaction failed|prohibited|\bblocked\b",
        ),
        _REPUTATION_HINT,
        3600,
    ),
)

_ENHANCED_CODES = (
    ReplyRule(_SENDER, _enhanced_code(r"[45]\.1\.[78]"), "check `from`: its domain needs an MX or A record", 300),
    ReplyRule(
        _NO_RECIPIENT,
        _enhanced_code(r"5\.1\.(?:[0-46]|10)|4\.1\.[016]|5\.2\.1|5\.4\.(?:4|310)|5\.7\.1[78]"),
        _GONE_HINT,
    ),
    ReplyRule(_FULL, _enhanced_code(r"[45]\.2\.2") + r"|^552(?! \d\.)", "the mailbox is full"),
    ReplyRule(_SENDER, _enhanced_code(r"5\.7\.\d{1,3}"), FROM_HINT, 300),
    ReplyRule(_LATER, _any(r"^4\d\d\b", _enhanced_code(r"4\.\d{1,3}\.\d{1,3}|5\.3\.[12]|5\.4\.7"))),
)

REPLY_RULES = (
    *_NETEASE_AND_QQ,
    *_ONE_RECIPIENT_IS_BUSY,
    *_QUOTAS_AND_RATES,
    *_THE_SENDER_IS_REFUSED,
    *_FULL_MAILBOXES,
    *_NOBODY_IS_THERE,
    TOO_LARGE,
    _THE_MESSAGE_IS_SPAM,
    *_THE_SENDER_IS_BLOCKED,
    *_VAGUE_WORDS,
    *_ENHANCED_CODES,
    ReplyRule(_UNKNOWN, ""),
)
"""Every reply has a rule: the last one matches them all."""
