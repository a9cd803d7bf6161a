"""Words that would tell whoever finds a card what the programme is about, or whom it is for.

A card lies about in pockets, flats and police stations, so it says nothing of drugs, HIV, sex work or women only.
The list catches slips; it cannot know every word, and a person still reads the sheet.
"""

import re

# Stems, matched at the beginning of a word; those that end in $ only as the whole word.
_TELLING = (
    *(
        "drug",
        "narco",
        "addict",
        "inject",
        "syringe",
        "needle",
        "opioid",
        "opiate",
        "heroin",
        "methadon",
    ),
    *(
        "buprenorphin",
        "naloxon",
        "overdos",
        "substitut",
        "harm reduction",
        "hiv",
        "aids$",
        "antiretrovir",
    ),
    *(
        "hepatit",
        "tubercul",
        "sti$",
        "stis$",
        "std$",
        "sexual",
        "sex$",
        "sex work",
        "prostitut",
        "condom",
    ),
    *("women$", "woman$", "female", "key population", "outreach", "peer-driven", "recruit"),
    *(
        "нарко",
        "залежн",
        "ін'єк",
        "шприц",
        "голк",
        "опіо",
        "опіат",
        "героїн",
        "метадон",
        "бупренорф",
    ),
    *(
        "налоксон",
        "передоз",
        "замісн",
        "зменшення шкоди",
        "віл$",
        "снід$",
        "сніду$",
        "снідом$",
        "арт$",
        "гепатит",
        "туберкул",
    ),
    *(
        "іпсш",
        "секс",
        "презерватив",
        "кондом",
        "повій",
        "жінк",
        "жінок",
        "жіноч",
        "вербув",
        "рекрут",
    ),
    *("наркот", "инъек", "иньек", "зависим", "вич$", "спид$", "женщин", "женск"),
)
_PATTERN = re.compile(
    "|".join(
        rf"\b{re.escape(stem.removesuffix('$'))}{'' if stem[-1] != '$' else chr(92) + 'b'}"
        for stem in _TELLING
    )
)
_APOSTROPHES = str.maketrans(dict.fromkeys("’ʼ`´‘", "'"))


def telling_words(text: str) -> tuple[str, ...]:
    """Give the telling words in a text, each once, in the order they come, in lower case.

    >>> telling_words("HIV testing and ІНʼЄКЦІЇ, for HIV"), telling_words("Сніданок для всіх")
    (('hiv', "ін'єк"), ())
    """
    folded = text.translate(_APOSTROPHES).casefold()
    return tuple(dict.fromkeys(found[0] for found in _PATTERN.finditer(folded)))
