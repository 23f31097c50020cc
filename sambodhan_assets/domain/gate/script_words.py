"""Frequent words of Nepali in Latin letters and of English; no word stands in both lists.

Function words, and words that most complaints hold. Names of places and loans (school, ward, bill)
are left out, for both languages use them. "ma", "le" or "ho" stand here because English hardly
holds them.
"""

_NEPALI = """
aaja aajai aaunu aayena aayo aba abastha adhyaksha agadi aggadi ahile ahilei ahilesamma aja ajha
ajhai ali aljhiyo ani arko aru aspatal ati ausadhi bachha baje balbalika banaunu banda bandai barsa
bata bato batti bhada bhai bhaisakda bhaisakyo bhanda bhane bhaneka bhaneko bhanera bhari bhaye
bhayeko bhayena bhayera bhayo bhitra bholi bhukampa bidyalaya bidyarthi bigryo bihana bijuli bina
bistarai bujhnu cha chahincha chahinchha chahiyo chaina chha chhaina chhainan chhan chhau chhito
chhu chito chori choti dai dhanyabad dherai dhilo dhunga didi din dina dinai dinu dinuhos dinus
diuso diyena diyo dui dukha ekdam euta feri fohor fohora gahro garcha garchan garchha garchhan garda
gareko garera gari gariyos garna garne garnu garnuhola garnuhos garo garyo gaun gaunpalika ghanta
ghar gharma ghus gunaso hajur halka hami hamilai hamile hamra hamro haru hatar hera herda heridinu
hernu hidna hijo ho hoina hola holan hos hudaina huna huncha hunchha hunna hunu hunuhuncha jana
janata janda jane janu jasle jasto jati jhan jhyal jilla jyan ka kaam kaha kahi kahile kahilekahi
kar karan karmachari karyalaya kasaile kasari kasle kasto kati kehi keta keti khana khane khanepani
khatra khola khulchha khulne ki kina kinaki ko kohi kripaya kukur kun kura laagi lagda lagi lagyo
lai le lekheko linu ma mahila mahina mai manche manchhe manchhelai matra matrai mera mero milena
milne milyo nabhaye nabhayeko nagar nagarpalika nai najik nani napayeko naramro naya nepali nibedan
nyaya pachhi pachi pahiro paincha paisa paiyena paiyo palika pani para parcha parchha pariwar parne
parnu paryo pathaunu pheri phohor pidit po prahari pugcha pugdaina pugyo ra rahat rahechha raheko
rakhne rakhnu ramrari ramro rati rokiyo roknu roknuhos ruchi sabai sabaile sachib sadak sadhai
sahayata sakdaina sakincha sakiyo sakyo samadhan samasya samaya samma sanga sanghsanga sarkar
sarkari sathi sewa sewagrahi sifaris sikshak sodhda sthaniya sunuwai surakshya suru ta tala tara
tesma thaha thau thiyena thiyo thulo timi tira tokyo tole turunta turuntai tyaha tyahi tyasaile tyo
uha uhaha uniharu upachar uthaunu wada waha yaha yahan yasko yasma yastai yasto yati yehi yesto yo
yojana
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
