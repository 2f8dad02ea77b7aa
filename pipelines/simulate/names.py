"""Fictitious names of pupils: Dutch, Turkish, Moroccan, Surinamese and Polish given and family names, drawn apart."""

import numpy as np
import polars as pl

from pipelines.simulate.arrays import Ints, cycled

BACKGROUNDS = ("dutch", "turkish", "moroccan", "surinamese", "polish")
BACKGROUND_SHARES = (0.72, 0.08, 0.09, 0.06, 0.05)

_GIVEN: dict[str, str] = {
    "dutch": "Noor Daan Sanne Bram Fleur Thijs Lotte Sem Eva Lars Isa Jesse Roos Stijn Femke Ruben Anouk Tim Julia Niels "
    "Maud Luuk Iris Koen Tess Gijs Lieke Joris Merel Floris Esmee Cas Nina Teun Puck Sven Jasmijn Hugo Vera Wout Mirthe "
    "Pim Evi Mees Linde Jelle Fenna Siem Amber Job Britt Roel Hanna Dirk Sofie Tijn Elin Boaz Yfke Rens",
    "turkish": "Elif Emre Zeynep Yusuf Defne Kerem Ecrin Mert Azra Deniz Melisa Efe Ceren Baran Selin Arda Esra Berk",
    "moroccan": "Yasmina Ilyas Salma Bilal Imane Ayoub Hafsa Zakaria Nour Anas Chaimae Soufiane Aya Hamza Loubna Adam",
    "surinamese": "Shanti Ravi Priya Jermaine Naomi Dwayne Anjali Rishi Chantal Wensley Soraya Giovanni Kavita Romario",
    "polish": "Zofia Jakub Maja Kacper Julia Szymon Oliwia Filip Lena Antoni Alicja Mikolaj Wiktoria Igor",
}
_FAMILY: dict[str, str] = {
    "dutch": "Visser Smit Meijer Mulder Bos Vos Peters Hendriks Dekker Brouwer Dijkstra Kok Jacobs Vermeulen Schouten "
    "Willems Hoekstra Koster Prins Huisman Postma Kuipers Veenstra Kramer Scholten Bosman Blom Verhoeven Martens Timmer "
    "Groen Wolters Hofman Driessen Zwart Molenaar Evers Sanders Gerritsen Bouwman Kuiper Maas Roos Kooij Snijders "
    "van_Dijk de_Vries van_den_Berg de_Boer van_Leeuwen de_Groot van_der_Meer de_Haan van_Beek de_Wit van_Vliet "
    "van_der_Heijden de_Lange van_Dam ter_Horst van_'t_Hof van_Loon in_'t_Veld",
    "turkish": "Yilmaz Kaya Demir Celik Sahin Yildiz Arslan Aydin Ozturk Kilic Dogan Koc Aksoy Polat Erdem",
    "moroccan": "El_Amrani Bouzid Ait_Haddou Benali Chakir Ouali El_Idrissi Mansouri Tahiri Azzouzi Lahlou Ziani Belkacem",
    "surinamese": "Ramdin Jankie Pinas Wijngaarde Sewradj Mahabier Kromosoeto Blokland Tjon Doekhi Vrede Biervliet",
    "polish": "Nowak Kowalska Wisniewski Zielinski Kaminska Lewandowski Wojcik Mazur Krawczyk Jablonski Dudek",
}
_PREFIXED = "dutch"  # only Dutch prefixes are written apart (tussenvoegsel)


def draw_backgrounds(rng: np.random.Generator, count: int) -> Ints:
    """Draw an index into `BACKGROUNDS` for each of `count` persons."""
    return cycled(rng, count, BACKGROUND_SHARES)


def draw_names(rng: np.random.Generator, backgrounds: Ints) -> pl.DataFrame:
    """Draw ``given_name``, ``prefix`` (empty for most) and ``family_name`` for each background."""
    given = np.full(len(backgrounds), "", dtype=object)
    family = np.full(len(backgrounds), "", dtype=object)
    for place, background in enumerate(BACKGROUNDS):
        own = np.flatnonzero(backgrounds == place)
        given[own] = rng.choice(_GIVEN[background].split(), size=len(own))
        families = _FAMILY[background].split()
        family[own] = rng.choice([_spaced(name, background) for name in families], size=len(own))
    frame = pl.DataFrame({"given_name": given.astype(str), "family": family.astype(str)})
    parts = pl.col("family").str.split_exact("|", 1)
    return frame.select("given_name", prefix=parts.struct.field("field_0"), family_name=parts.struct.field("field_1"))


def _spaced(name: str, background: str) -> str:
    """Return ``prefix|name`` with spaces; what is no Dutch prefix stays part of the name."""
    *prefix, last = name.split("_")
    return f"{' '.join(prefix)}|{last}" if background == _PREFIXED else f"|{' '.join([*prefix, last])}"
