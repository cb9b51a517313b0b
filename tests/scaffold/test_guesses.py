"""Name, language and address, guessed from what is there."""

from __future__ import annotations

import pytest

from publisher.scaffold.language import guess_language
from publisher.scaffold.names import guess_name
from publisher.scaffold.site_settings import read_site_address, read_site_name
from tests.scaffold.conftest import Write

NAMES = [
    (["This Week in Rust 529", "This Week in Rust 530", "This Week In Rust 1"], "This Week in Rust"),
    (["科技爱好者周刊（第 249 期）：软件企业家", "科技爱好者周刊（第 250 期）：新技术"], "科技爱好者周刊"),
    (["《HelloGitHub》第 59 期", "《HelloGitHub》第 60 期"], "HelloGitHub"),
    (["Bitcoin Optech Newsletter #156", "Bitcoin Optech Newsletter #157"], "Bitcoin Optech Newsletter"),
    (["Week Ending January 8, 2023", "Week Ending January 15, 2023"], ""),
    (["Issue 1", "Issue 2"], ""),
    (["#12", "#13"], ""),
    (["第 12 期", "第 13 期：齿轮"], ""),
    (["Harbour Notes #12: Tides and Sails"], "Harbour Notes"),
    (["Harbour Notes, Issue 12: Tides"], "Harbour Notes"),
    (["Harbour Notes (No. 3)"], "Harbour Notes"),
    (["慢工 第 12 期：齿轮"], "慢工"),
    (["Clock Letter (2021-07-18): gears"], "Clock Letter"),
    (["钟表匠来信 (2021-08-xx)：草稿"], "钟表匠来信"),
    (["Notes from November", "Notes from November"], "Notes from November"),
    (["Boats for rent"], ""),
    (["Boats for rent", "Tides are back"], ""),
    (["Tides | Harbour Notes", "Boats | Harbour Notes"], "Harbour Notes"),
    (["Tides - Harbour Notes #3", "Boats - Harbour Notes #4", "A misprint"], "Harbour Notes"),
    (["12: Harbour Notes", "13: Harbour Notes"], "Harbour Notes"),
    (["Harbour Notes Tides", "Harbour Notes Boats"], "Harbour Notes"),
    (["항구 소식 제12호", "항구 소식 제13호"], "항구 소식"),
    (["FE 항구 24년 5월", "FE 항구 24년 6월"], "FE 항구"),
    (["港だより 2024年6月3日", "港だより 2024年6月10日"], "港だより"),
    (["نشرة الميناء - العدد 1", "نشرة الميناء - العدد 2"], "نشرة الميناء"),
    (["Вести гавани, выпуск 3", "Вести гавани, выпуск 4"], "Вести гавани"),
    (["Swift Weekly Brief: 7 tips", "Swift Weekly Brief: 9 bugs"], "Swift Weekly Brief"),
    (["GNOME 46 Weekly, May 5, 2024", "GNOME 47 Weekly, May 12, 2024"], "GNOME"),
    ([], ""),
    (["", ""], ""),
]


@pytest.mark.parametrize(("titles", "name"), NAMES)
def test_the_name_is_what_the_titles_have_in_common(titles: list[str], name: str) -> None:
    assert guess_name([[title] if title else [] for title in titles]) == name


def test_a_title_below_another_counts_too() -> None:
    assert guess_name([["第30期", "C++ 中文周刊 第30期"], ["第31期", "C++ 中文周刊 第31期"]]) == "C++ 中文周刊"


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("The boats are in the harbour, and the tide is on time for this week.", "en"),
        ("这里记录每周值得分享的科技内容，周五发布。", "zh-CN"),
        ("這裡記錄每週值得分享的科技內容，這個週五發佈。", "zh-TW"),
        ("从 reddit/hackernews/lobsters/meetingcpp 摘抄一些 C++ 动态，编译器信息请关注。用 constexpr 写", "zh-CN"),
        ("港のお知らせです。潮は時間どおりに来ます。", "ja"),
        ("今週の技術情報まとめ。Rust と GHC の新しい版が出た。", "ja"),
        ("항구 소식입니다. 밀물은 제시간에 옵니다.", "ko"),
        ("هذه أخبار الميناء والمراكب", "ar"),
        ("این خبرهای بندر است، پس چه گفتیم", "fa"),
        ("Новости гавани: приливы, лодки и причалы.", "ru"),
        ("Новини гавані: припливи, човни і її причали.", "uk"),
        ("Die Boote sind im Hafen, und die Flut ist nicht zu spät für uns.", "de"),
        ("Les bateaux sont dans le port et la marée est à l'heure pour nous.", "fr"),
        ("Los barcos están en el puerto y la marea no es más alta que las casas.", "es"),
        ("As the author of 《慢工》 says, the name is not the thing, and that is all there is.", "en"),
        ("`代码代码代码代码` and a [link](https://例子.中国/路径) in the text of the harbour", "en"),
        ("A", "en"),
        ("# A (2021-07-18)", "en"),
        ("1 2 3", "en"),
        ("", "en"),
    ],
)
def test_the_language_is_that_of_the_text(text: str, lang: str) -> None:
    assert guess_language(text) == lang


@pytest.mark.parametrize(
    ("file", "text", "address"),
    [
        ("CNAME", "notes.harbour.net\n", "https://notes.harbour.net/"),
        ("static/CNAME", "notes.harbour.net", "https://notes.harbour.net/"),
        ("_config.yml", 'url: "https://harbour.net" # ours\nbaseurl: /notes\n', "https://harbour.net/notes/"),
        ("_config.yml", "url: http://localhost:4000\n", ""),
        ("hugo.toml", "baseURL = 'https://harbour.net/'\ntitle = 'Tides'\n", "https://harbour.net/"),
        ("config.toml", 'baseURL = "http://example.org/"\n', ""),
        ("hugo.yaml", "baseURL: /\n", ""),
        ("docusaurus.config.js", "const config = {\n  url: 'https://harbour.net',\n};\n", "https://harbour.net/"),
        ("pelicanconf.py", "SITEURL = ''\n", ""),
        (".git/config", '[remote "origin"]\n\turl = git@github.com:Ann/notes.git\n', "https://ann.github.io/notes/"),
        (".git/config", '[remote "origin"]\n\turl = https://github.com/ann/ann.github.io\n', "https://ann.github.io/"),
        (".git/config", '[remote "origin"]\n\turl = https://git.e.org/ann/notes\n', ""),
        ("CNAME", "\n", ""),
    ],
)
def test_the_address_is_that_of_the_site(write: Write, file: str, text: str, address: str) -> None:
    assert read_site_address(write({file: text})) == address


def test_the_name_of_the_site(write: Write) -> None:
    assert read_site_name(write({"README.md": "# No"})) == ""
    assert read_site_name(write({"hugo.toml": "title = 'Tides'\n"})) == "Tides"
