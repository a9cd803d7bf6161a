"""What estimators and the figures beside them are called on pages, and what each says in a sentence."""

from collections.abc import Mapping

from app.core.i18n import N_

NAMES: Mapping[str, str] = {
    "composition": N_("Composition of those reached"),
    "rds_i": N_("RDS-I (Salganik–Heckathorn)"),
    "rds_ii": N_("RDS-II (Volz–Heckathorn)"),
    "gile_ss": N_("Gile's successive sampling"),
}

ABOUT: Mapping[str, str] = {
    "composition": N_(
        "The plain share among people who came and whose sex is known. No estimate: whoever knows "
        "many people is reached more easily."
    ),
    "rds_i": N_(
        "From who recruits whom, and how many people those of each sex know. Holds if people "
        "recruit at random among those they know."
    ),
    "rds_ii": N_(
        "People who know many others are reached more easily, so whoever knows twice as many "
        "counts half as much. Holds if the sample is a small part of the population."
    ),
    "gile_ss": N_(
        "As RDS-II, but allows for nobody coming twice. Needs the size of the population."
    ),
}

BOOTSTRAPS: Mapping[str, str] = {
    "forest": N_("forest bootstrap"),
    "tree": N_("tree bootstrap (Baraff and others)"),
    "neighbourhood": N_("neighbourhood bootstrap (Yauck and others)"),
    "salganik": N_("Salganik's bootstrap"),
    "gile": N_("Gile's bootstrap"),
}

HOMOPHILY: Mapping[str, str] = {
    "heckathorn": N_("Homophily (Heckathorn): 0 is none, 1 is recruiting only one's own"),
    "affiliation": N_("how much of it is due to whom people know"),
    "degree": N_("how much of it is due to how many people they know"),
    "population": N_("Population homophily (as in R's RDS): 1 is none"),
}
