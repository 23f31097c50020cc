"""Frequent words of Nepali in Latin letters and of English; no word stands in both lists.

Function words, and words that most complaints hold. Names of places and loans (school, ward, bill)
are left out, for both languages use them. "ma", "le" or "ho" stand here because English hardly
holds them.
"""

_NEPALI = """
= ROMANISED_NEPALI bata frozenset( ho ka ki le ma mai nai po ra ta tyahi
"""

_ENGLISH = """
a about above after again against all also although an and another any anybody are area around as
asked at away be because been before being below between both but by can cannot children could days
did do does doing down during each every everyone for from get gets give given go had has have
having he help her here him his hour hours how i if immediately in into is it its just keep kindly
last let like made make many may me more most much must my near need needed needs never new no
nobody nor not nothing now of off on once one only or other our out over own people please problem
repair requesting road same she should since so some soon still street such than thank that the
their them then there these they this those three through to today too two under until up us very
was water we week weeks were what when where which while who whole why will with without would
yesterday you your
"""

ROMANISED_NEPALI = frozenset(_NEPALI.split())
ENGLISH = frozenset(_ENGLISH.split())
