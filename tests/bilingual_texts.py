"""Generated grievances in Nepali and English, so that tests train on texts with a known answer."""

import random

LABELS = ("water", "roads", "schools")
_PHRASES = {
    "water": ("खानेपानी आएको छैन", "धाराको पानी फोहोर छ", "no drinking water", "the pipe leaks"),
    "roads": ("सडकमा ठूला खाल्डा छन्", "बाटो भत्किएको छ", "the road has potholes", "bridge is broken"),
    "schools": ("विद्यालयमा शिक्षक छैनन्", "कक्षाको छत चुहिन्छ", "school has no teacher", "exam delayed"),
}
# With the joiners that Devanagari spelling needs: ZWNJ in the first, ZWJ in the second.
_PLACES = ("श्रीमान्\u200cको टोल", "गर्\u200dयो चोक", "Pokhara", "काठमाडौँ", "Ward 7", "Lalitpur")
_ENDINGS = ("please help", "कृपया समाधान गर्नुहोस्", "since three days", "धेरै समस्या भयो")


def bilingual_rows(n: int, *, seed: int, noise: float = 0.0) -> tuple[list[str], list[int]]:
    """Texts and label ids; with probability `noise` a label is replaced by a random one."""
    draw = random.Random(seed)
    texts, label_ids = list[str](), list[int]()
    for _ in range(n):
        label_id = draw.randrange(len(LABELS))
        phrase = draw.choice(_PHRASES[LABELS[label_id]])
        parts = [draw.choice(_PLACES), phrase, *draw.sample(_ENDINGS, draw.randrange(3))]
        texts.append(" ".join([*parts, str(draw.randrange(100))]))
        label_ids.append(draw.randrange(len(LABELS)) if draw.random() < noise else label_id)
    return texts, label_ids
