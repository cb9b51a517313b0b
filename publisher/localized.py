"""Dates and counts in the language of the reader: July 18, 2021, 155 links, and 2021年7月18日, 155 条.

The names of months and the patterns are those of Unicode's CLDR (https://cldr.unicode.org), and so are the rules for
plurals. A language that is not here has dates as in 2021-07-18 and the words of English.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache

from publisher.named_tuple import NamedTuple


class _Language(NamedTuple):
    """How a language writes things. `date` and `day` are patterns for a date with and without its year; `months` are
    the names as in `date`, and `short_months` as in `day`, "" if they are the same. The others are the forms of a
    count, one for each plural: without a number in them where the language says "one" by the word alone."""

    date: str
    day: str
    months: str
    short_months: str
    links: str
    issues: str
    minutes: str


_LANGUAGES = {
    "ar": _Language(
        "{d} {month} {y}",
        "{d} {month}",
        "يناير|فبراير|مارس|أبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر",
        "",
        "لا روابط|رابط واحد|رابطان|{} روابط|{} رابطًا|{} رابط",
        "لا أعداد|عدد واحد|عددان|{} أعداد|{} عددًا|{} عدد",
        "أقل من دقيقة|دقيقة واحدة|دقيقتان|{} دقائق|{} دقيقة|{} دقيقة",
    ),
    "bg": _Language(
        "{d} {month} {y}\u202fг.",
        "{d}.{m:02}.",
        "януари|февруари|март|април|май|юни|юли|август|септември|октомври|ноември|декември",
        "",
        "{} връзка|{} връзки",
        "{} брой|{} броя",
        "{} мин",
    ),
    "ca": _Language(
        "{d} {month} del {y}",
        "{d} {month}",
        "de gener|de febrer|de març|d’abril|de maig|de juny|de juliol|d’agost|de setembre|"
        "d’octubre|de novembre|de desembre",
        "de gen.|de febr.|de març|d’abr.|de maig|de juny|de jul.|d’ag.|de set.|d’oct.|de nov.|de des.",
        "{} enllaç|{} enllaços",
        "{} número|{} números",
        "{} min",
    ),
    "cs": _Language(
        "{d}. {month} {y}",
        "{d}. {m}.",
        "ledna|února|března|dubna|května|června|července|srpna|září|října|listopadu|prosince",
        "",
        "{} odkaz|{} odkazy|{} odkazů",
        "{} číslo|{} čísla|{} čísel",
        "{} min",
    ),
    "da": _Language(
        "{d}. {month} {y}",
        "{d}. {month}",
        "januar|februar|marts|april|maj|juni|juli|august|september|oktober|november|december",
        "jan.|feb.|mar.|apr.|maj|jun.|jul.|aug.|sep.|okt.|nov.|dec.",
        "{} link|{} links",
        "{} udgave|{} udgaver",
        "{} min.",
    ),
    "de": _Language(
        "{d}. {month} {y}",
        "{d}. {month}",
        "Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember",
        "Jan.|Feb.|März|Apr.|Mai|Juni|Juli|Aug.|Sept.|Okt.|Nov.|Dez.",
        "{} Link|{} Links",
        "{} Ausgabe|{} Ausgaben",
        "{} Min.",
    ),
    "el": _Language(
        "{d} {month} {y}",
        "{d} {month}",
        "Ιανουαρίου|Φεβρουαρίου|Μαρτίου|Απριλίου|Μαΐου|Ιουνίου|Ιουλίου|Αυγούστου|Σεπτεμβρίου|"
        "Οκτωβρίου|Νοεμβρίου|Δεκεμβρίου",
        "Ιαν|Φεβ|Μαρ|Απρ|Μαΐ|Ιουν|Ιουλ|Αυγ|Σεπ|Οκτ|Νοε|Δεκ",
        "{} σύνδεσμος|{} σύνδεσμοι",
        "{} τεύχος|{} τεύχη",
        "{} λεπτό|{} λεπτά",
    ),
    "en": _Language(
        "{month} {d}, {y}",
        "{month} {d}",
        "January|February|March|April|May|June|July|August|September|October|November|December",
        "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec",
        "{} link|{} links",
        "{} issue|{} issues",
        "{} min",
    ),
    "es": _Language(
        "{d} de {month} de {y}",
        "{d} {month}",
        "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre",
        "ene|feb|mar|abr|may|jun|jul|ago|sept|oct|nov|dic",
        "{} enlace|{} enlaces",
        "{} número|{} números",
        "{} min",
    ),
    "fa": _Language(
        "{d} {month} {y}",
        "{d} {month}",
        "ژانویه|فوریه|مارس|آوریل|مه|ژوئن|ژوئیه|اوت|سپتامبر|اکتبر|نوامبر|دسامبر",
        "",
        "{} پیوند",
        "{} شماره",
        "{} دقیقه",
    ),
    "fi": _Language(
        "{d}. {month} {y}",
        "{d}.{m}.",
        "tammikuuta|helmikuuta|maaliskuuta|huhtikuuta|toukokuuta|kesäkuuta|heinäkuuta|elokuuta|"
        "syyskuuta|lokakuuta|marraskuuta|joulukuuta",
        "",
        "{} linkki|{} linkkiä",
        "{} numero|{} numeroa",
        "{} min",
    ),
    "fr": _Language(
        "{d} {month} {y}",
        "{d} {month}",
        "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre",
        "janv.|févr.|mars|avr.|mai|juin|juil.|août|sept.|oct.|nov.|déc.",
        "{} lien|{} liens",
        "{} numéro|{} numéros",
        "{} min",
    ),
    "he": _Language(
        "{d} ב{month} {y}",
        "{d} ב{month}",
        "ינואר|פברואר|מרץ|אפריל|מאי|יוני|יולי|אוגוסט|ספטמבר|אוקטובר|נובמבר|דצמבר",
        "ינו׳|פבר׳|מרץ|אפר׳|מאי|יוני|יולי|אוג׳|ספט׳|אוק׳|נוב׳|דצמ׳",
        "קישור אחד|{} קישורים|{} קישורים",
        "גיליון אחד|{} גיליונות|{} גיליונות",
        "דקה אחת|{} דקות|{} דקות",
    ),
    "hi": _Language(
        "{d} {month} {y}",
        "{d} {month}",
        "जनवरी|फ़रवरी|मार्च|अप्रैल|मई|जून|जुलाई|अगस्त|सितंबर|अक्टूबर|नवंबर|दिसंबर",
        "जन॰|फ़र॰|मार्च|अप्रैल|मई|जून|जुल॰|अग॰|सित॰|अक्टू॰|नव॰|दिस॰",
        "{} लिंक",
        "{} अंक",
        "{} मिनट",
    ),
    "hu": _Language(
        "{y}. {month} {d}.",
        "{month} {d}.",
        "január|február|március|április|május|június|július|augusztus|szeptember|október|november|december",
        "jan.|febr.|márc.|ápr.|máj.|jún.|júl.|aug.|szept.|okt.|nov.|dec.",
        "{} hivatkozás",
        "{} szám",
        "{} perc",
    ),
    "id": _Language(
        "{d} {month} {y}",
        "{d} {month}",
        "Januari|Februari|Maret|April|Mei|Juni|Juli|Agustus|September|Oktober|November|Desember",
        "Jan|Feb|Mar|Apr|Mei|Jun|Jul|Agu|Sep|Okt|Nov|Des",
        "{} tautan",
        "{} edisi",
        "{} menit",
    ),
    "it": _Language(
        "{d} {month} {y}",
        "{d} {month}",
        "gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|novembre|dicembre",
        "gen|feb|mar|apr|mag|giu|lug|ago|set|ott|nov|dic",
        "{} link",
        "{} numero|{} numeri",
        "{} min",
    ),
    "ja": _Language("{y}年{m}月{d}日", "{m}月{d}日", "", "", "{}件", "{}号", "約{}分"),
    "ka": _Language(
        "{d} {month}, {y}",
        "{d} {month}",
        "იანვარი|თებერვალი|მარტი|აპრილი|მაისი|ივნისი|ივლისი|აგვისტო|სექტემბერი|ოქტომბერი|ნოემბერი|დეკემბერი",
        "იან|თებ|მარ|აპრ|მაი|ივნ|ივლ|აგვ|სექ|ოქტ|ნოე|დეკ",
        "{} ბმული",
        "{} ნომერი",
        "{} წთ",
    ),
    "ko": _Language("{y}년 {m}월 {d}일", "{m}월 {d}일", "", "", "링크 {}개", "{}개 호", "약 {}분"),
    "nl": _Language(
        "{d} {month} {y}",
        "{d} {month}",
        "januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december",
        "jan|feb|mrt|apr|mei|jun|jul|aug|sep|okt|nov|dec",
        "{} link|{} links",
        "{} editie|{} edities",
        "{} min",
    ),
    "no": _Language(
        "{d}. {month} {y}",
        "{d}. {month}",
        "januar|februar|mars|april|mai|juni|juli|august|september|oktober|november|desember",
        "jan.|feb.|mars|apr.|mai|juni|juli|aug.|sep.|okt.|nov.|des.",
        "{} lenke|{} lenker",
        "{} utgave|{} utgaver",
        "{} min",
    ),
    "pl": _Language(
        "{d} {month} {y}",
        "{d} {month}",
        "stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia|września|października|listopada|grudnia",
        "sty|lut|mar|kwi|maj|cze|lip|sie|wrz|paź|lis|gru",
        "{} link|{} linki|{} linków",
        "{} numer|{} numery|{} numerów",
        "{} min",
    ),
    "pt": _Language(
        "{d} de {month} de {y}",
        "{d} de {month}",
        "janeiro|fevereiro|março|abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro",
        "jan.|fev.|mar.|abr.|mai.|jun.|jul.|ago.|set.|out.|nov.|dez.",
        "{} link|{} links",
        "{} edição|{} edições",
        "{} min",
    ),
    "ro": _Language(
        "{d} {month} {y}",
        "{d} {month}",
        "ianuarie|februarie|martie|aprilie|mai|iunie|iulie|august|septembrie|octombrie|noiembrie|decembrie",
        "ian.|feb.|mar.|apr.|mai|iun.|iul.|aug.|sept.|oct.|nov.|dec.",
        "{} link|{} linkuri|{} de linkuri",
        "{} număr|{} numere|{} de numere",
        "{} min",
    ),
    "ru": _Language(
        "{d} {month} {y}\u202fг.",
        "{d} {month}",
        "января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря",
        "янв.|февр.|мар.|апр.|мая|июн.|июл.|авг.|сент.|окт.|нояб.|дек.",
        "{} ссылка|{} ссылки|{} ссылок",
        "{} выпуск|{} выпуска|{} выпусков",
        "{} мин",
    ),
    "sr": _Language(
        "{d}. {month} {y}.",
        "{d}. {month}",
        "јануар|фебруар|март|април|мај|јун|јул|август|септембар|октобар|новембар|децембар",
        "јан|феб|мар|апр|мај|јун|јул|авг|сеп|окт|нов|дец",
        "{} линк|{} линка|{} линкова",
        "{} број|{} броја|{} бројева",
        "{} мин",
    ),
    "sv": _Language(
        "{d} {month} {y}",
        "{d} {month}",
        "januari|februari|mars|april|maj|juni|juli|augusti|september|oktober|november|december",
        "jan.|feb.|mars|apr.|maj|juni|juli|aug.|sep.|okt.|nov.|dec.",
        "{} länk|{} länkar",
        "{} nummer",
        "{} min",
    ),
    "tr": _Language(
        "{d} {month} {y}",
        "{d} {month}",
        "Ocak|Şubat|Mart|Nisan|Mayıs|Haziran|Temmuz|Ağustos|Eylül|Ekim|Kasım|Aralık",
        "Oca|Şub|Mar|Nis|May|Haz|Tem|Ağu|Eyl|Eki|Kas|Ara",
        "{} bağlantı",
        "{} sayı",
        "{} dk",
    ),
    "uk": _Language(
        "{d} {month} {y}\u202fр.",
        "{d} {month}",
        "січня|лютого|березня|квітня|травня|червня|липня|серпня|вересня|жовтня|листопада|грудня",
        "січ.|лют.|бер.|квіт.|трав.|черв.|лип.|серп.|вер.|жовт.|лист.|груд.",
        "{} посилання|{} посилання|{} посилань",
        "{} випуск|{} випуски|{} випусків",
        "{} хв",
    ),
    "ur": _Language(
        "{d} {month}، {y}",
        "{d} {month}",
        "جنوری|فروری|مارچ|اپریل|مئی|جون|جولائی|اگست|ستمبر|اکتوبر|نومبر|دسمبر",
        "",
        "{} لنک|{} لنکس",
        "{} شمارہ|{} شمارے",
        "{} منٹ",
    ),
    "vi": _Language("{d} tháng {m}, {y}", "{d} thg {m}", "", "", "{} liên kết", "{} số", "{} phút"),
    "zh": _Language("{y}年{m}月{d}日", "{m}月{d}日", "", "", "{} 条", "{} 期", "约 {} 分钟"),
    "zh-hant": _Language("{y}年{m}月{d}日", "{m}月{d}日", "", "", "{} 則", "{} 期", "約 {} 分鐘"),
}

_BRITISH = _LANGUAGES["en"]._replace(date="{d} {month} {y}", day="{d} {month}")
_DAY_FIRST_REGIONS = {"GB", "IE", "AU", "NZ", "IN", "ZA", "SG", "HK", "MT", "NG", "KE"}
"""Where English is written with the day before the month."""

_OTHER = _LANGUAGES["en"]._replace(date="{y}-{m:02}-{d:02}", day="{m:02}-{d:02}")

_RIGHT_TO_LEFT = {"ar", "ckb", "dv", "fa", "he", "ks", "pnb", "ps", "sd", "ug", "ur", "yi"}
_PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def _is_few(number: int) -> bool:
    return number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14)


def _choose_singular(number: int) -> int:
    return int(number != 1)


def _choose_arabic(number: int) -> int:
    if number < 3:
        return number
    return 3 if 3 <= number % 100 <= 10 else 4 if number % 100 > 10 else 5


_PLURALS: dict[str, Callable[[int], int]] = {
    "ar": _choose_arabic,
    "cs": lambda number: 0 if number == 1 else 1 if number in (2, 3, 4) else 2,
    "fr": lambda number: int(number > 1),
    "he": lambda number: 0 if number == 1 else 1 if number == 2 else 2,
    "pl": lambda number: 0 if number == 1 else 1 if _is_few(number) else 2,
    "pt": lambda number: int(number > 1),
    "ro": lambda number: 0 if number == 1 else 1 if number == 0 or 1 <= number % 100 <= 19 else 2,
    "ru": lambda number: 0 if number % 10 == 1 and number % 100 != 11 else 1 if _is_few(number) else 2,
}
_PLURALS |= {"sr": _PLURALS["ru"], "uk": _PLURALS["ru"]}
"""Which form of a count goes with a number, where that is not the first one for 1 and the second one for others."""


def get_language_code(lang: str) -> str:
    """Return the language of a BCP 47 tag: zh for zh-CN."""
    code = lang.lower().partition("-")[0]
    return "no" if code in ("nb", "nn") else code


def is_right_to_left(lang: str) -> bool:
    """Return whether a language, given by its BCP 47 tag, is written from right to left."""
    script = [part for part in lang.split("-")[1:] if len(part) == 4]
    return get_language_code(lang) in _RIGHT_TO_LEFT if not script else script[0].title() in ("Arab", "Hebr", "Thaa")


def format_date(date: dt.date, lang: str) -> str:
    """Return a date in words: July 18, 2021."""
    language = _find_rules(lang)
    return _localize_digits(_fill_date(language.date, language.months, date), lang)


def format_day(date: dt.date, lang: str) -> str:
    """Return a date without its year, the month shortened: Jul 18."""
    language = _find_rules(lang)
    return _localize_digits(_fill_date(language.day, language.short_months or language.months, date), lang)


def count_links(number: int, lang: str) -> str:
    """Return how many links there are: 155 links."""
    return _count(number, _find_rules(lang).links, lang)


def count_issues(number: int, lang: str) -> str:
    """Return how many issues there are: 52 issues."""
    return _count(number, _find_rules(lang).issues, lang)


def count_minutes(number: int, lang: str) -> str:
    """Return a time in minutes: 14 min."""
    return _count(number, _find_rules(lang).minutes, lang)


def _fill_date(pattern: str, months: str, date: dt.date) -> str:
    month = months.split("|")[date.month - 1] if months else ""
    return pattern.format(d=date.day, m=date.month, y=date.year, month=month)


def _count(number: int, texts: str, lang: str) -> str:
    forms = texts.split("|")
    choose = _PLURALS.get(get_language_code(lang), _choose_singular)
    return _localize_digits(forms[min(choose(number), len(forms) - 1)].format(number), lang)


def _localize_digits(text: str, lang: str) -> str:
    return text.translate(_PERSIAN_DIGITS) if get_language_code(lang) == "fa" else text


@cache
def _find_rules(lang: str) -> _Language:
    code = get_language_code(lang)
    if code == "en" and _DAY_FIRST_REGIONS & {part.upper() for part in lang.split("-")[1:]}:
        return _BRITISH
    is_traditional = code == "zh" and not {"hant", "tw", "hk", "mo"}.isdisjoint(lang.lower().split("-"))
    return _LANGUAGES.get("zh-hant" if is_traditional else code, _OTHER)
