"""What people who fill in a sheet have to know, in Nepali and in English."""

from sambodhan_assets.domain.labelling.purposes import Purpose
from sambodhan_assets.domain.labelling.sheet import Sheet, verified

_NEPALI_PURPOSE = {
    Purpose.AUDIT: "यी गुनासाहरू गोलाप्रथाले छानिएका हुन्। यिनको सही उत्तरले बाँकी सबै गुनासाको अवस्था बताउँछ।",
    Purpose.DISAGREEMENT: "यी गुनासाहरूमा दुई मोडेलको उत्तर फरक छ। दुवै उत्तर answer_1 र answer_2 मा "
    "छन्, कुन कसको हो भनेर लेखिएको छैन। दुवै गलत हुन सक्छन्; त्यसैले गुनासो पढेर सही उत्तर दिनुहोस्।",
    Purpose.REVIEW: "यी गुनासाहरूमा मोडेल सबैभन्दा बढी अन्योलमा छ। यिनको सही उत्तरबाट मोडेलले धेरै सिक्छ।",
}
_ENGLISH_PURPOSE = {
    Purpose.AUDIT: "These complaints were drawn by lot. Their right labels tell how all the others "
    "stand.",
    Purpose.DISAGREEMENT: "Two models answer these complaints differently. Both answers stand in "
    "answer_1 and answer_2, without saying whose is whose. Both may be wrong: read the complaint, "
    "then give the right label.",
    Purpose.REVIEW: "The model is least sure about these complaints. It learns most from their "
    "right labels.",
}


def instructions(sheet: Sheet) -> list[str]:
    """The instructions, a paragraph per entry; an empty entry separates the languages."""
    columns = ", ".join(verified(question.column) for question in sheet.questions)
    lists = [f"{verified(q.column)}: {' | '.join(q.labels)}" for q in sheet.questions]
    return [
        f"निर्देशन ({sheet.batch})",
        _NEPALI_PURPOSE[sheet.purpose],
        f"१. हरेक गुनासो (text) पढ्नुहोस् र {columns} मा सही उत्तर छान्नुहोस्। उत्तर तल दिइएकै "
        "शब्दमा हुनुपर्छ; XLSX फाइलमा सूचीबाट छान्न मिल्छ।",
        "२. माथिबाट तलतिर क्रमैसँग भर्नुहोस्। गाह्रो गुनासो नछोड्नुहोस्। सबै भर्न नभ्याए बाँकी कोठा खाली "
        "छोड्नुहोस्; खाली कोठा भनेको अझै हेरिएको छैन भन्ने हो।",
        "३. अरू स्तम्भ (batch, complaint_id, row_key, text) नबदल्नुहोस्। पङ्क्ति मेटाउन वा सार्न मिल्छ, "
        "तर पूरै पङ्क्ति मात्र।",
        "४. चाहेमा verifier मा आफ्नो नाम र verified_at मा समय (जस्तै 2025-06-01 12:00) लेख्नुहोस्। यी "
        "खाली छोड्न सकिन्छ।",
        f"५. सुरक्षित गरेपछि फाइल यसरी पठाइन्छ: sambodhan load audits {sheet.batch}.xlsx। एउटै फाइल "
        "दोहोर्‍याएर पठाउँदा केही बिग्रँदैन।",
        "६. यस फाइलमा नागरिकका गुनासा छन्। काम नभएकालाई नदेखाउनुहोस्।",
        "",
        f"Instructions ({sheet.batch})",
        _ENGLISH_PURPOSE[sheet.purpose],
        f"1. Read each complaint (text) and choose the right label in {columns}. It must be one of "
        "the labels below, letter by letter; the XLSX file offers them as a list.",
        "2. Work from top to bottom. Do not skip the hard ones. If you cannot finish, leave the "
        "other cells empty: an empty cell means that nobody has looked yet.",
        "3. Do not change the other columns (batch, complaint_id, row_key, text). Rows may be "
        "deleted or moved, but only whole rows.",
        "4. You may write your name into verifier and a time such as 2025-06-01 12:00 into "
        "verified_at. Both may stay empty.",
        f"5. Save the file; it is then loaded with: sambodhan load audits {sheet.batch}.xlsx. "
        "Loading it twice does no harm.",
        "6. This file holds citizens' complaints. Do not show it to anybody who does not need it.",
        "",
        *lists,
    ]
