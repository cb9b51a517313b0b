"""Files of subscribers: who wrote them, who is on them, who had left there, and what is no address."""

from __future__ import annotations

import datetime as dt

import pytest

from publisher.errors import ConfigError
from publisher.mail_address import Mailbox
from publisher.subscribers.formats import COLUMNS, format_list, parse_list_file
from publisher.subscribers.models import Subscriber, SubscriberState

S = SubscriberState
UTC = dt.UTC

# the header lines are those of the programs themselves
GHOST = """\
id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers,gift_id
1,lin@ferry.net,Lin,"from, a fair",true,false,,2021-07-18T08:00:00.000Z,,,,
2,xi@ferry.net,,,false,false,,2021-07-19T08:00:00.000Z,,,,
3,old@ferry.net,,,true,false,,2021-07-19T08:00:00.000Z,2022-01-01T00:00:00.000Z,,,
"""
SUBSTACK = """\
email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at
lin@ferry.net,true,2026-12-01T00:00:00.000Z,monthly,false,2021-07-18T08:00:00.000Z,
xi@ferry.net,false,,,true,2021-07-19T08:00:00.000Z,
mei@ferry.net,false,,,false,2021-07-20T08:00:00.000Z,
"""
SUBSTACK_LONG = """\
Email,Name,Subscription type,Activity,Subscription date,Revenue,Days active (last 30 days),Receiving emails for
lin@ferry.net,Lin,Free,5,2021-07-18T08:00:00.000Z,$0.00,3,Harbour Notes
"""
MAILCHIMP = '''\
"Email Address","First Name","Last Name",MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LEID,EUID,NOTES,TAGS
lin@ferry.net,Lin,Mei,2,"2021-07-18 07:59:00",192.0.2.1,"2021-07-18 08:00:00",192.0.2.1,1,a,,"""vip"",""fair"""
xi@ferry.net,,,2,"2021-07-19 08:00:00",,,,2,b,"two
lines",
mei@ferry.net,,,2,,,,,3,c,,
'''
MAILCHIMP_LEFT = """\
"Email Address","First Name","Last Name",OPTIN_TIME,CONFIRM_TIME,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_REASON
lin@ferry.net,Lin,Mei,"2021-07-18 07:59:00",,"2022-07-18 07:59:00",,
"""
MAILCHIMP_CLEANED = """\
"Email Address","First Name","Last Name",OPTIN_TIME,CONFIRM_TIME,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE
lin@ferry.net,Lin,Mei,"2021-07-18 07:59:00",,"2022-07-18 07:59:00",
"""
BUTTONDOWN = """\
id,creation_date,email_address,notes,metadata,tags,type,source
1,2021-07-18T08:00:00Z,lin@ferry.net,,{},,regular,api
2,2021-07-18T08:00:00Z,xi@ferry.net,,{},,unsubscribed,api
3,2021-07-18T08:00:00Z,a@ferry.net,,{},,unactivated,api
4,2021-07-18T08:00:00Z,b@ferry.net,,{},,undeliverable,api
5,2021-07-18T08:00:00Z,c@ferry.net,,{},,complained,api
6,2021-07-18T08:00:00Z,d@ferry.net,,{},,premium,api
"""
LISTMONK = """\
uuid,email,name,attributes,status,created_at,updated_at
u1,lin@ferry.net,Lin,"{""city"": ""Ningbo""}",enabled,2021-07-18 08:00:00.123456 +0000 UTC,2021-07-18 08:00:00 +0000 UTC
u2,xi@ferry.net,Xi,{},blocklisted,2021-07-18 10:00:00 +0200 CEST,2021-07-18 08:00:00 +0000 UTC
u3,mei@ferry.net,Mei,{},disabled,2021-07-18 08:00:00 +0000 UTC,2021-07-18 08:00:00 +0000 UTC
"""
DAY = dt.datetime(2021, 7, 18, 8, tzinfo=UTC)

FILES = {
    "ghost.csv": (GHOST, "Ghost", {"lin": S.CONFIRMED, "xi": S.LEFT, "old": S.LEFT}),
    "substack.csv": (SUBSTACK, "Substack", {"lin": S.CONFIRMED, "xi": S.LEFT, "mei": S.CONFIRMED}),
    "substack_long.csv": (SUBSTACK_LONG, "Substack", {"lin": S.CONFIRMED}),
    "subscribed_members_export_5eb.csv": (
        MAILCHIMP,
        "Mailchimp",
        {"lin": S.CONFIRMED, "xi": S.CONFIRMED, "mei": S.CONFIRMED},
    ),
    "unsubscribed_members_export_5eb.csv": (MAILCHIMP, "Mailchimp", {"lin": S.LEFT, "xi": S.LEFT, "mei": S.LEFT}),
    "nonsubscribed_members_export_5eb.csv": (MAILCHIMP, "Mailchimp", {"lin": S.LEFT, "xi": S.LEFT, "mei": S.LEFT}),
    "renamed.csv": (MAILCHIMP_LEFT, "Mailchimp", {"lin": S.LEFT}),
    "cleaned_members_export_5eb.csv": (MAILCHIMP, "Mailchimp", {"lin": S.GONE, "xi": S.GONE, "mei": S.GONE}),
    "renamed_cleaned.csv": (MAILCHIMP_CLEANED, "Mailchimp", {"lin": S.GONE}),
    "buttondown.csv": (
        BUTTONDOWN,
        "Buttondown",
        {"lin": S.CONFIRMED, "xi": S.LEFT, "a": S.ASKED, "b": S.GONE, "c": S.COMPLAINED, "d": S.CONFIRMED},
    ),
    "buttondown_old.csv": (
        BUTTONDOWN.replace("email_address", "email").replace("type", "subscriber_type"),
        "Buttondown",
        {"lin": S.CONFIRMED, "xi": S.LEFT, "a": S.ASKED, "b": S.GONE, "c": S.COMPLAINED, "d": S.CONFIRMED},
    ),
    "listmonk.csv": (LISTMONK, "listmonk", {"lin": S.CONFIRMED, "xi": S.LEFT, "mei": S.LEFT}),
}


@pytest.mark.parametrize("name", FILES)
def test_each_program_is_recognized_and_who_left_there_is_known(name: str) -> None:
    text, program, states = FILES[name]
    found = parse_list_file(text.encode(), name)
    assert found.format == program
    assert {one.mailbox.address: one.state for one in found.entries} == {
        f"{local}@ferry.net": state for local, state in states.items()
    }
    assert not found.rejected
    assert found.entries[0].since in (DAY, DAY.replace(hour=7, minute=59))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("change", ["bom", "crlf", "utf-16", "semicolon", "capitals"])
def test_the_same_file_saved_by_a_spreadsheet(name: str, change: str) -> None:
    text, program, states = FILES[name]
    data = text.encode()
    match change:
        case "bom":
            data = b"\xef\xbb\xbf" + data
        case "crlf":
            data = data.replace(b"\n", b"\r\n")
        case "utf-16":
            data = text.encode("utf-16")
        case "semicolon":
            data = text.translate(str.maketrans(",", ";")).encode()
        case "capitals":
            header, _, rest = text.partition("\n")
            data = f"{header.upper()}\n{rest}".encode()
    found = parse_list_file(data, name)
    assert (found.format, len(found.entries), found.rejected) == (program, len(states), [])


def test_names_and_times() -> None:
    found = {one.mailbox.address: one for one in parse_list_file(MAILCHIMP.encode(), "a.csv").entries}
    assert found["lin@ferry.net"].mailbox == Mailbox("Lin Mei", "lin@ferry.net")
    assert found["lin@ferry.net"].since == DAY
    assert found["mei@ferry.net"].since is None
    assert [one.line for one in found.values()] == [2, 3, 5], "a note has two lines"
    listmonk = parse_list_file(LISTMONK.encode(), "a.csv").entries
    assert [one.since for one in listmonk] == [DAY, DAY, DAY]


def test_what_an_export_does_not_say_is_a_warning() -> None:
    assert "does not say who left" in parse_list_file(LISTMONK.encode(), "a.csv").warning
    assert not parse_list_file(GHOST.encode(), "a.csv").warning


def test_lines_without_an_address_are_named() -> None:
    text = "email,name\nlin@ferry.net,Lin\n,Xi\n\nno one,Mei\n＂a b＂@ferry.net,\nｌｉ＠ferry.net,李\n"
    found = parse_list_file(text.encode(), "a.csv")
    assert [(one.line, one.reason) for one in found.rejected] == [
        (3, "no address"),
        (5, "invalid email address: it has no @"),
        (6, "invalid email address: the part before the @ is quoted, which few servers accept"),
    ]
    assert [one.mailbox.address for one in found.entries] == ["lin@ferry.net", "li@ferry.net"]


def test_a_name_that_is_no_text_does_not_lose_the_address() -> None:
    text = 'email,name\nlin@ferry.net,"L\u202ein <x>\n=?utf-8?q?=0A?="\n'
    (found,) = parse_list_file(text.encode(), "a.csv").entries
    assert found.mailbox == Mailbox("Lin <x> =?utf-8?q?=0A?=", "lin@ferry.net")


def test_plain_text() -> None:
    text = "# readers\n\nlin@ferry.net\nXi <xi@ferry.net>  # since the fair\nme\nMei, of the ferry <mei@ferry.net>\n"
    found = parse_list_file(text.encode(), "readers.txt")
    assert (found.format, found.warning) == ("plain text", "")
    assert [(one.line, one.mailbox.name, one.mailbox.address) for one in found.entries] == [
        (3, "", "lin@ferry.net"),
        (4, "Xi", "xi@ferry.net"),
        (6, "Mei, of the ferry", "mei@ferry.net"),
    ]
    assert [one.line for one in found.rejected] == [5]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "a.csv is empty"),
        (b"\n# only\n", "a.csv is empty"),
        (b"PK\x03\x04...", "a.csv is a ZIP archive or a spreadsheet"),
        ("email,姓名\nlin@ferry.net,林\n".encode("gbk"), "a.csv:1: not UTF-8"),
        (b"email\nlin@ferry.net\n\xff@e.net\n", "a.csv:3: not UTF-8"),
        (b"name,town\nLin,Ningbo\n", "a.csv:1: no column `email`"),
        (b"# from the fair\nname\nLin\n", "a.csv:2: no column `email`"),
        (b"email,status\nlin@ferry.net,active\n", "a.csv:1: the column `status` is not of a known program"),
        (b"email,Opted Out\nlin@ferry.net,no\n", "a.csv:1: the column `opted out` is not of a known program"),
        ("邮箱,退订时间\nlin@ferry.net,\n".encode(), "a.csv:1: the column `退订时间` is not of a known program"),
        (b"email,Unsubscribed At\nlin@ferry.net,\n", "a.csv:1: the column `unsubscribed at` is not"),
        (b'email,name\nlin@ferry.net,"Lin\nxi@ferry.net,Xi\n', "a.csv:2: not valid CSV: unexpected end of data"),
        (b'email,name\nlin@ferry.net,"Lin"x\n', "a.csv:2: not valid CSV"),
        (b"email,name\nlin@ferry.net," + b"x" * 200_000 + b"\n", "a.csv:2: not valid CSV: field larger"),
    ],
)
def test_a_file_that_is_no_list_is_one_clear_error(data: bytes, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_list_file(data, "a.csv")
    assert caught.value.message.startswith(message)
    assert caught.value.hint


def subscriber(address: str, name: str = "", state: S = S.CONFIRMED, until: dt.datetime | None = None) -> Subscriber:
    return Subscriber(address.lower(), address, name, state, DAY, "tag", None, until)


def test_an_export_is_sorted_and_read_back_the_same() -> None:
    listed = [
        subscriber("Xi@ferry.net", '习 "Xi", of the\u3000ferry'),
        subscriber("lin@ferry.net", "Lin"),
        subscriber("mei+news@ferry.net", "", S.PAUSED, DAY + dt.timedelta(days=30)),
        subscriber("old@ferry.net", "", S.LEFT),
        subscriber("gone@ferry.net", "", S.GONE),
    ]
    text = format_list(listed)
    lines = text.splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert [line.partition(",")[0] for line in lines[1:]] == [
        "gone@ferry.net",
        "lin@ferry.net",
        "mei+news@ferry.net",
        "old@ferry.net",
        "Xi@ferry.net",
    ]
    assert lines[3] == "mei+news@ferry.net,,paused,2021-07-18T08:00:00+00:00,2021-08-17T08:00:00+00:00"
    assert format_list(reversed(listed)) == text
    found = parse_list_file(text.encode(), "export.csv")
    assert (found.format, found.rejected) == ("publisher", [])
    again = [
        Subscriber(
            one.mailbox.address.lower(),
            one.mailbox.address,
            one.mailbox.name,
            one.state,
            one.since or DAY,
            "tag",
            None,
            one.paused_until,
        )
        for one in found.entries
    ]
    assert format_list(again) == text


def test_an_empty_list_is_its_header() -> None:
    text = format_list([])
    assert text == "email,name,state,since,paused_until\n"
    assert parse_list_file(text.encode(), "a.csv").entries == []


def test_a_state_that_is_none_is_a_line_without_effect() -> None:
    text = "email,name,state,since,paused_until\nlin@ferry.net,,happy,,\nxi@ferry.net\n"
    found = parse_list_file(text.encode(), "a.csv")
    assert [one.reason for one in found.rejected] == ["unknown state happy", "unknown state (none)"]
