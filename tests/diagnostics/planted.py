"""A correct ruleset, and mistakes to plant in it: each replaces a fragment, a caret says where it must be seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SOUND = """jeu QDIS exercice 2023
  titre « Dettes et patrimoine »
  tolérance 1 EUR ; 1 kEUR

unité lot « Lots de copropriété »

paramètre plafond « Plafond d'endettement » en EUR = 5000 pour 2022..2023
  source « Délibération du conseil »

tableau T06 « Dettes financières »
  origine rapatriement
  vide vaut 0
  colonne ouverture « Ouverture » en EUR reprise de cloture
  colonne tirages « Tirages » en EUR entre 0 et 100
  colonne cloture « Clôture » en EUR
  rubrique « Emprunts »
  ligne locatif « Emprunts locatifs »
    comptes cloture : 164 sauf 1641 crédit
  ligne accession « Emprunts d'accession »
    comptes cloture : 1641 crédit
  ligne divers « Divers » sur cloture depuis 2022.T05.autres
  ligne depots « Dépôts de garantie » sur cloture
    comptes cloture : 165 crédit
  ligne total « Total » = somme(locatif..depots)

tableau T02 « Patrimoine »
  colonne valeur « Valeur »
  ligne statut « Statut » choix scp « SCP » | scic « SCIC »
  ligne livraison « Dernière livraison » date
  ligne logements « Logements » en logement positif
  ligne lots « Lots » en lot
  ligne loyers « Loyers » en EUR
  ligne surface « Surface » en m2
  ligne commune « Commune » texte 80

tableau T09 « Emprunts »
  liste clé contrat
  colonne contrat « Contrat » texte 20
  colonne nature « Nature » choix locatif | accession
  colonne capital « Capital restant dû » en EUR

famille SF « Structure financière »

famille EX « Exploitation »

agrégat SF.encours « Encours » en EUR
  = somme(T06.locatif..depots.cloture)
  source « PCG, compte 16 »

agrégat SF.variation « Variation des dettes » en EUR
  = T06.total.cloture - T06.accession.ouverture
  source « PCG, compte 16 »

agrégat SF.a « Ressources » en EUR
  = SF.b + T06.locatif.cloture
  source « Guide du questionnaire »

agrégat SF.b « Emplois » en EUR
  = SF.c + T06.depots.cloture
  source « Guide du questionnaire »

agrégat SF.c « Trésorerie » en EUR
  = SF.a[N-1] - T06.depots.cloture
  source « Guide du questionnaire »

agrégat SF.locatifs « Emprunts locatifs » en EUR
  = somme(T09.*.capital quand nature = locatif)
  source « PCG, compte 164 »

agrégat EX.loyer_moyen « Loyer moyen » en EUR/logement
  quand T02.logements > 0 :
  = T02.loyers / T02.logements
  source « Guide du questionnaire »

agrégat EX.marge « Marge » en EUR
  = T02.loyers + défaut(T06.divers.cloture ; 0)
  source « Guide du questionnaire »

agrégat EX.part « Part des dettes » en % arrondi 2
  quand T02.loyers > 0 :
  = somme(T06.divers.cloture ; T06.depots.cloture) / T02.loyers
  source « Guide du questionnaire »

agrégat EX.moyenne « Loyer moyen sur trois exercices » en EUR/logement
  = moyenne(EX.loyer_moyen[N-2..N])
  source « Guide du questionnaire »

agrégat EX.arrondi « Marge arrondie » en EUR
  = arrondi(EX.marge ; 0,01 EUR)
  source « Guide du questionnaire »

contrôle DET01 bloquant « La clôture dépasse le plafond de {écart}. »
  T06.locatif.cloture <= plafond
  source « Délibération du conseil »

contrôle DET02 bloquant « {ligne} : encours négatif. »
  pour chaque ligne de T06
  cloture >= 0
  source « Guide du questionnaire »

contrôle DET03 avertissement « Les tirages dépassent la clôture. »
  T06.locatif.tirages <= 1,5 * T06.locatif.cloture
  source « Guide du questionnaire »

contrôle PAT01 bloquant « Une SCIC a des loyers. »
  quand T02.statut = scic :
  T02.loyers >= 0 à 1 EUR près
  source « Guide du questionnaire »

contrôle PAT02 bloquant « Il y a plus de lots que de logements. »
  T02.lots / 1 lot <= T02.logements / 1 logement
  source « Guide du questionnaire »

contrôle PAT03 bloquant « La livraison est postérieure à l'exercice. »
  année(T02.livraison) <= exercice
  source « Guide du questionnaire »

contrôle PAT04 bloquant « La surface ou la commune manque. »
  renseigné(T02.surface) et renseigné(T02.commune)
  source « Guide du questionnaire »

exemple « un dossier équilibré »
  donne T02.logements = 10
  donne T02.loyers = 1000
  donne T02.statut = scic
  attend EX.loyer_moyen = 100
  attend contrôle PAT01 satisfait
"""


CHAIN = SOUND[SOUND.index("SF.b + T06") : SOUND.index("SF.a[N-1]") + len("SF.a[N-1]")]
"""SF.a reads SF.b, which reads SF.c, which reads last year's SF.a."""


@dataclass(frozen=True)
class Mistake:
    """`good` stands once in SOUND; `bad` replaces it, with `¦` where the caret must be."""

    code: str
    good: str
    bad: str


MISTAKES = (
    Mistake("mot-inconnu", "origine rapatriement", "origine ¦import"),
    Mistake("valeur-non-revue", "5000 pour 2022..2023", "¦5000 pour 2022"),
    Mistake("colonne-inconnue", "reprise de cloture", "reprise de ¦clotur"),
    Mistake("bornes-a-l-envers", "entre 0 et 100", "¦entre 100 et 0"),
    Mistake(
        "nom-en-double",
        "  rubrique « Emprunts »\n",
        "  rubrique « Emprunts »\n  colonne ¦cloture « Clôture » en EUR\n",
    ),
    Mistake(
        "compte-en-double",
        "164 sauf 1641 crédit\n  ligne accession « Emprunts d'accession »\n    comptes cloture : 1641",
        "164 crédit\n  ligne accession « Emprunts d'accession »\n    comptes cloture : ¦1641",
    ),
    Mistake("depuis-invalide", "depuis 2022.T05.autres", "depuis ¦2022.T05"),
    Mistake("ligne-inconnue", "somme(locatif..depots)", "somme(locatif..¦depot)"),
    Mistake("unite-inconnue", "en m2", "en ¦m3"),
    Mistake("texte-non-ferme", "« Commune »", "¦« Commune"),
    Mistake("mot-reserve", "« Exploitation »\n", "« Exploitation »\n\nfamille ¦source « Sources »\n"),
    Mistake("plage-a-l-envers", "T06.locatif..depots.cloture", "¦T06.depots..locatif.cloture"),
    Mistake("cellule-grisee", "- T06.accession.ouverture", "- T06.depots.¦ouverture"),
    Mistake("cycle", CHAIN, CHAIN.replace("SF.b +", "¦SF.b +").replace("[N-1]", "")),
    Mistake("reponse-inconnue", "quand nature = locatif", "quand nature = ¦locatifs"),
    Mistake("tolerance-hors-controle", "quand T02.logements > 0 :", "quand T02.logements > 0 ¦à 1 logement près :"),
    Mistake("nombre-d-arguments", "défaut(T06.divers.cloture ; 0)", "¦défaut(T06.divers.cloture)"),
    Mistake("agregat-sans-famille", "agrégat EX.part", "agrégat ¦AE.part"),
    Mistake("fonction-inconnue", "= somme(T06.divers", "= ¦some(T06.divers"),
    Mistake("annee-invalide", "EX.loyer_moyen[N-2..N]", "EX.loyer_moyen¦[N..N-2]"),
    Mistake("genre-manquant", "agrégat EX.arrondi « Marge arrondie » en EUR", "agrégat ¦EX.arrondi « Marge arrondie »"),
    Mistake("agregat-inconnu", "arrondi(EX.marge ;", "arrondi(EX.¦marges ;"),
    Mistake("nom-inconnu", "T06.locatif.cloture <= plafond", "T06.locatif.cloture <= ¦plafnd"),
    Mistake("repere-de-message", "{ligne} : encours", "{¦colonne} : encours"),
    Mistake("point-decimal", "1,5 *", "1¦.5 *"),
    Mistake(
        "unites-incompatibles",
        "T02.lots / 1 lot <= T02.logements / 1 logement",
        "T02.lots <= ¦T02.logements / 1 logement",
    ),
    Mistake("genres-incompatibles", "année(T02.livraison) <= exercice", "T02.livraison <= ¦exercice"),
    Mistake("syntaxe", "renseigné(T02.surface) et renseigné", "renseigné(T02.surface) ¦renseigné"),
    Mistake("exemple-invalide", "donne T02.loyers", "donne ¦SF.encours"),
    Mistake("controle-inconnu", "contrôle PAT01 satisfait", "contrôle ¦PAT1 satisfait"),
)
"""Every kind that can stand beside the others: each hides none."""


def plant(mistakes: Iterable[Mistake]) -> tuple[str, list[tuple[str, int, int]]]:
    """Return SOUND with the mistakes in it, and the (code, line, column) of each, in the order of the text."""
    chosen = list(mistakes)
    return unmarked(planted_text(chosen), chosen)


def planted_text(mistakes: list[Mistake]) -> str:
    """Return SOUND with the mistakes in it, carets included, each followed by the two digits of its mistake."""
    text = SOUND
    for index, mistake in enumerate(mistakes):
        assert text.count(mistake.good) == 1, mistake.good
        text = text.replace(mistake.good, mistake.bad.replace("¦", f"¦{index:02}"))
    return text


def unmarked(text: str, mistakes: list[Mistake]) -> tuple[str, list[tuple[str, int, int]]]:
    """Take the carets out of a text, and tell where they stood."""
    expected = []
    lines = []
    for number, line in enumerate(text.split("\n"), start=1):
        while "¦" in line:
            before, after = line.split("¦", 1)
            expected.append((mistakes[int(after[:2])].code, number, len(before) + 1))
            line = before + after[2:]
        lines.append(line)
    return "\n".join(lines), expected
