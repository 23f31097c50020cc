"""What may be glued to a crisis term without making it another word."""

_DEVANAGARI = """
ले लाई को का की कै मा मै बाट देखि सँग संग सित सम्म तिर तर्फ तर्फबाट पछि अघि अगाडि बिना विना नै पनि
चाहिँ समेत जस्तो जस्ता झैँ सहित द्वारा बारे बारेमा विरुद्ध माथि बीच भित्र सम्बन्धी जन्य लगायत
हरू हरु हरूले हरुले हरूलाई हरुलाई हरूको हरुको पीडित पिडित ग्रस्त प्रभावित
भनेर भनी भन्दै भन्ने भन्यो भन्छ भन्छन् भने
गर्छु गर्छ गर्छन् गर्ने गर्न गर्नु गर्नुभयो गर्यो गर्‍यो गरे गरेर गरेको गरेका गरी गरिन् गराउने
भयो भएको भएर हुँदा हुन्छ आयो आएर
"""

# "ya" and "yo" are left out: they make "badhiya" (fine) and "badhiyo" (has risen) of "badhi".
_ROMANISED = """
le lai ko ka ki kai ma mai bata baata dekhi sanga sita samma tira pachi pachhi nai pani
haru harule harulai haruko pidit grasta prabhabit
bhanera bhani bhandai bhanne bhanyo bhancha bhanchha
garchhu garcha garchha garchu garne garna garnu garyo gare garera gareko garin bhayo bhayeko
"""

DEVANAGARI_SUFFIXES = tuple(_DEVANAGARI.split())
ROMANISED_SUFFIXES = tuple(_ROMANISED.split())
# "अपहरण" + "कारी" + "हरू" + "लाई": more than three stand behind no word.
MOST_SUFFIXES = 3
