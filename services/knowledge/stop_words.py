"""Words that say nothing of what a question is about, in the languages of the program."""

from __future__ import annotations

from typing import Final

from services.search.words import split_words

_WORDS: Final = (
    "the and for not with does don't doesn't can can't cannot isn't are was were has have had how "
    "why what when where who which from into after before our your you his her its this that there "
    "please help problem question error issue about again any all but "
    "как что это для или при после когда где почему наш ваш мой нет есть был была было были можно "
    "нельзя помогите вопрос проблема ошибка пожалуйста "
    "ve bir için ile bu şu değil nasıl neden niçin ne var yok sonra lütfen sorun soru hata "
    "og for med ikke det den som hvordan hvorfor hva når hvor har var etter vår din feil spørsmål "
    "ang mga para hindi paano bakit ano kailan saan ito iyon tanong "
    "ба бол энэ тэр яаж яагаад юу хэзээ хаана байна биш асуулт алдаа "
    "як що це для або при після коли де чому наш ваш мій немає був була було були будь ласка "
    "питання помилка"
)

STOP_WORDS: Final = frozenset(split_words(_WORDS))
"""Folded, as words of a query are."""
