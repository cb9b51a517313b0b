"""Texts that recipients of messages and feeds see, in other languages than Chinese and English.

With `publisher.translations`, which has those of the pages.
"""

from __future__ import annotations

from collections.abc import Mapping

MESSAGE_TRANSLATIONS: Mapping[str, Mapping[str, str]] = {
    "ar": {
        "leave": "تصلك هذه الرسالة لأنك مشترك في {}. لإلغاء الاشتراك رُدّ بكلمة «unsubscribe».",
        "leave_by_page": "تصلك هذه الرسالة لأنك مشترك في {}. لإلغاء الاشتراك رُدّ بكلمة «unsubscribe»، أو افتح:",
        "listen": "استمع إلى هذا العدد",
        "scan_qr": "اضغط مطولًا على الرمز لمتابعتنا",
        "section_feeds": "قسم واحد فقط",
    },
    "de": {
        "leave": "Du bekommst diese E-Mail, weil du {} abonniert hast. Zum Abbestellen antworte mit „unsubscribe“.",
        "leave_by_page": "Du bekommst diese E-Mail, weil du {} abonniert hast. "
        "Zum Abbestellen antworte mit „unsubscribe“ oder öffne:",
        "listen": "Diese Ausgabe anhören",
        "scan_qr": "Code gedrückt halten, um uns zu folgen",
        "section_feeds": "Nur eine Rubrik",
    },
    "es": {
        "leave": "Recibes este correo porque te suscribiste a {}. Para darte de baja, responde «unsubscribe».",
        "leave_by_page": "Recibes este correo porque te suscribiste a {}. "
        "Para darte de baja, responde «unsubscribe» o abre:",
        "listen": "Escuchar este número",
        "scan_qr": "Mantén pulsado el código para seguirnos",
        "section_feeds": "Solo una sección",
    },
    "fa": {
        "leave": "این نامه به شما می‌رسد چون مشترک {} هستید. برای لغو اشتراک با «unsubscribe» پاسخ دهید.",
        "leave_by_page": "این نامه به شما می‌رسد چون مشترک {} هستید. "
        "برای لغو اشتراک با «unsubscribe» پاسخ دهید یا باز کنید:",
        "listen": "به این شماره گوش کنید",
        "scan_qr": "برای دنبال کردن ما کد را نگه دارید",
        "section_feeds": "فقط یک بخش",
    },
    "fr": {
        "leave": "Vous recevez ce message parce que vous êtes abonné à {}. "
        "Pour vous désabonner, répondez « unsubscribe ».",
        "leave_by_page": "Vous recevez ce message parce que vous êtes abonné à {}. "
        "Pour vous désabonner, répondez « unsubscribe » ou ouvrez :",
        "listen": "Écouter ce numéro",
        "scan_qr": "Appuyez longuement sur le code pour nous suivre",
        "section_feeds": "Une seule rubrique",
    },
    "he": {
        "leave": "קיבלת את ההודעה כי נרשמת אל {}. כדי לבטל את ההרשמה אפשר להשיב „unsubscribe”.",
        "leave_by_page": "קיבלת את ההודעה כי נרשמת אל {}. כדי לבטל את ההרשמה אפשר להשיב „unsubscribe” או לפתוח:",
        "listen": "להאזנה לגיליון",
        "scan_qr": "לחיצה ארוכה על הקוד כדי לעקוב אחרינו",
        "section_feeds": "מדור אחד בלבד",
    },
    "it": {
        "leave": "Ricevi questo messaggio perché ti sei iscritto a {}. "
        "Per annullare l’iscrizione rispondi «unsubscribe».",
        "leave_by_page": "Ricevi questo messaggio perché ti sei iscritto a {}. "
        "Per annullare l’iscrizione rispondi «unsubscribe» oppure apri:",
        "listen": "Ascolta questo numero",
        "scan_qr": "Tieni premuto il codice per seguirci",
        "section_feeds": "Una sola rubrica",
    },
    "ja": {
        "leave": "このメールは{}を購読された方にお送りしています。購読をやめるには「unsubscribe」と返信してください。",
        "leave_by_page": "このメールは{}を購読された方にお送りしています。"
        "購読をやめるには「unsubscribe」と返信してください。"
        "またはこちらを開いてください：",
        "listen": "この号を聴く",
        "scan_qr": "コードを長押ししてフォロー",
        "section_feeds": "一つの欄だけを購読",
    },
    "ko": {
        "leave": "{} 구독자에게 보내는 메일입니다. 구독을 해지하려면 ‘unsubscribe’라고 회신하세요.",
        "leave_by_page": "{} 구독자에게 보내는 메일입니다. "
        "구독을 해지하려면 ‘unsubscribe’라고 회신하거나 다음 주소를 여세요:",
        "listen": "이번 호 듣기",
        "scan_qr": "코드를 길게 눌러 팔로우하세요",
        "section_feeds": "한 코너만 구독",
    },
    "nl": {
        "leave": "Je krijgt deze e-mail omdat je op {} bent geabonneerd. "
        "Afmelden kan door te antwoorden met “unsubscribe”.",
        "leave_by_page": "Je krijgt deze e-mail omdat je op {} bent geabonneerd. "
        "Afmelden kan door te antwoorden met “unsubscribe” of via:",
        "listen": "Beluister deze editie",
        "scan_qr": "Houd de code ingedrukt om ons te volgen",
        "section_feeds": "Slechts één rubriek",
    },
    "pl": {
        "leave": "Dostajesz tę wiadomość, bo subskrybujesz {}. Aby się wypisać, odpowiedz „unsubscribe”.",
        "leave_by_page": "Dostajesz tę wiadomość, bo subskrybujesz {}. "
        "Aby się wypisać, odpowiedz „unsubscribe” albo otwórz:",
        "listen": "Posłuchaj tego numeru",
        "scan_qr": "Przytrzymaj kod, aby nas obserwować",
        "section_feeds": "Tylko jeden dział",
    },
    "pt": {
        "leave": "Você recebe este e-mail porque assina {}. Para cancelar, responda “unsubscribe”.",
        "leave_by_page": "Você recebe este e-mail porque assina {}. Para cancelar, responda “unsubscribe” ou abra:",
        "listen": "Ouvir esta edição",
        "scan_qr": "Mantenha o código pressionado para nos seguir",
        "section_feeds": "Apenas uma seção",
    },
    "ru": {
        "leave": "Вы получаете это письмо, потому что подписаны на {}. Чтобы отписаться, ответьте «unsubscribe».",
        "leave_by_page": "Вы получаете это письмо, потому что подписаны на {}. "
        "Чтобы отписаться, ответьте «unsubscribe» или откройте:",
        "listen": "Слушать выпуск",
        "scan_qr": "Удерживайте код, чтобы подписаться на нас",
        "section_feeds": "Только одна рубрика",
    },
    "tr": {
        "leave": "Bu e-posta {} aboneliğiniz için gönderildi. Ayrılmak için “unsubscribe” diye yanıtlayın.",
        "leave_by_page": "Bu e-posta {} aboneliğiniz için gönderildi. "
        "Ayrılmak için “unsubscribe” diye yanıtlayın ya da açın:",
        "listen": "Bu sayıyı dinleyin",
        "scan_qr": "Bizi takip etmek için koda uzun basın",
        "section_feeds": "Yalnızca bir bölüm",
    },
    "uk": {
        "leave": "Ви отримуєте цей лист, бо підписані на {}. Щоб відписатися, дайте відповідь «unsubscribe».",
        "leave_by_page": "Ви отримуєте цей лист, бо підписані на {}. "
        "Щоб відписатися, дайте відповідь «unsubscribe» або відкрийте:",
        "listen": "Слухати випуск",
        "scan_qr": "Утримуйте код, щоб стежити за нами",
        "section_feeds": "Лише одна рубрика",
    },
    "ur": {
        "leave": "یہ ای میل آپ کو اس لیے ملی کہ آپ {} کے سبسکرائبر ہیں۔ چھوڑنے کے لیے «unsubscribe» لکھ کر جواب دیں۔",
        "leave_by_page": "یہ ای میل آپ کو اس لیے ملی کہ آپ {}"
        " کے سبسکرائبر ہیں۔ چھوڑنے کے لیے «unsubscribe» لکھ کر جواب دیں، یا کھولیں:",
        "listen": "یہ شمارہ سنیں",
        "scan_qr": "ہمیں فالو کرنے کے لیے کوڈ دبائے رکھیں",
        "section_feeds": "صرف ایک حصہ",
    },
    "zh-hant": {
        "leave": "你收到這封郵件，是因為訂閱了{}。想退訂，請回覆「退訂」。",
        "leave_by_page": "你收到這封郵件，是因為訂閱了{}。想退訂，請回覆「退訂」，或打開：",
        "listen": "收聽本期",
        "scan_qr": "長按識別 QR Code，追蹤我們",
        "section_feeds": "只訂閱一個欄目",
    },
}  # fmt: skip
