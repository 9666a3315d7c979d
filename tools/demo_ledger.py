"""Build the demonstration accounts of a fictitious mixed Hlm cooperative, exercise 2023, not yet closed.

``build`` posts balanced journal entries on an opening balance, ``verify`` asserts the identities of the statements
(independently of the ruleset). ``generate_demo.py`` writes the files. Exact decimal arithmetic, no random numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

ZERO = Decimal("0.00")
CENT = Decimal("0.01")
INTEREST = {"definitif": "661122", "relais": "661121", "stocks": "66114", "prets": "66115", "structure": "66118"}

# Chart and opening balance: "account label @opening" (debit > 0, credit < 0); "@*" balances the opening balance.
# Loan accounts, accrued interest (1688x) and deferred compensating interest (4813) open with the loans below.
ACCOUNTS = """
1011 Capital souscrit, non appelé @-4209.00 | 1013 Capital souscrit, appelé, versé @-2118453.25
1041 Primes d'émission @-186204.18 | 1043 Primes d'apport @-41873.60 | 1052 Ecart de réévaluation libre @-94116.37
1061 Réserve légale @-402318.77 | 1062 Réserves indisponibles @-58210.14 | 1063 Réserves statutaires @-11210482.91
1064 Réserves réglementées @-120341.66 | 106850 Réserves sur cessions, avant 2021 @-1460227.83
106851 Réserves sur cessions, SIEG @-688194.52 | 106880 Réserves diverses, avant 2021 et hors SIEG @*
106881 Réserves diverses, SIEG @-1240716.09 | 109 Actionnaires : capital souscrit, non appelé @4209.00
11010 Report à nouveau hors SIEG @-640128.44 | 11011 Report à nouveau SIEG @-210387.95
12010 Résultat 2022 hors SIEG @-186412.37 | 12011 Résultat 2022 SIEG @-261874.92 | 13111 Subventions Etat @-6420318.25
1312 Subventions régions @-2180447.61 | 1313 Départements @-1940226.08 | 1314 Subventions communes, EPCI @-2760513.94
1315 Etablissements publics @-420187.33 | 13171 PEEC directe @-110364.20 | 13172 PEEC, autres collecteurs @-640275.57
1318 Autres subventions @-290148.86 | 138 Subventions assimilées @-85206.41 | 13911 Etat, au résultat @2110462.79
13912 Régions, au résultat @610385.12 | 13913 Départements, au résultat @590274.66
13914 Communes, au résultat @780319.47 | 13915 Etabl. publics, au résultat @96114.20
13917 PEEC, au résultat @190226.35 | 13918 Autres, au résultat @88147.93 | 1398 Assimilées, au résultat @21306.58
145 Amortissements dérogatoires @-64218.90 | 1511 Litiges @-86340.15 | 1512 Garanties données aux clients @-140275.80
1516 Pertes sur contrats @-22418.35 | 1518 Autres risques @-35112.74 | 153 Indemnités de départ en retraite @-212486.19
1572 Gros entretien @-780361.42 | 1581 Remises en état, démolition @-60184.77
1588 Autres provisions pour charges @-24316.05 | 162 PEEC | 163 Emprunts obligataires | 1641 Caisse des dépôts
1642 CGLLS | 1647 Ex-Caisse des prêts Hlm | 1648 Autres établissements de crédit
1651 Dépôts de garantie des locataires @-571842.36 | 1654 Location-accession, part acquisitive @-128417.55
1658 Dépôts de réservation @-48215.00 | 166 Participation des salariés @-61327.48
1671 Titres participatifs @-801450.25 | 1674 Avances conditionnées | 1675 Emprunts participatifs
1676 Avances d'organismes Hlm | 1681 Autres emprunts | 16881 Intérêts courus non échus
16882 Intérêts courus capitalisables | 16883 Intérêts compensateurs | 169 Primes de remboursement @12460.70
181 Comptes de liaison | 201 Frais d'établissement @38214.60 | 203 Recherche et développement @18460.35
205 Logiciels @286317.42 | 2082 Baux à long terme @540218.77 | 2083 Usufruit locatif social @120463.15
2088 Autres incorporelles @31275.90 | 2111 Terrains nus @612384.29 | 2112 Terrains aménagés @188216.54
21132 Terrains loués, BRS @846127.38 | 2115 Terrains bâtis @11940562.71 | 212 Aménagements de terrains @284319.06
21311 Immeubles de rapport @84816347.92 | 21315 Bâtiments administratifs @1780415.37
21318 Autres ensembles immobiliers @1340276.84 | 2134 Travaux d'amélioration @2160382.45
2135 Installations, bâtiments administratifs @412174.09 | 2138 VRD @2480263.58
21411 Immeubles de rapport, sol d'autrui @8640318.26 | 2144 Amélioration, sol d'autrui @310247.65
2148 VRD, sol d'autrui @190384.12 | 2151 Installations complexes @27316.48 | 2154 Matériel et outillage @64218.37
2181 Agencements divers @96347.21 | 2182 Matériel de transport @118264.90 | 2183 Bureau et informatique @214386.53
2184 Mobilier @131275.68 | 2188 Autres immobilisations @12348.07 | 221 Immeubles en location-vente @312467.85
229 Droits des locataires acquéreurs @-218346.72 | 2312 Terrains en cours @860274.13
2313 Constructions en cours @4120386.79 | 2314 Constructions en cours, sol d'autrui @640218.44
2318 Autres immobilisations en cours @16342.85 | 232 Incorporelles en cours @24186.30
238 Avances et acomptes @210437.62 | 261 Titres de participation @164287.50 | 266 Autres participations @12418.25
2671 Avances au groupe @220364.18 | 2675 Apports non capitalisés @35412.60
2678 Intérêts courus sur créances rattachées @2417.36 | 271 Titres immobilisés (propriété) @22346.75
272 Titres immobilisés (créance) @60218.40 | 2741 Prêts participatifs @45316.20 | 2743 Prêts au personnel @8274.65
2748 Autres prêts @24361.90 | 275 Dépôts versés @19428.37 | 2761 Créances immobilisées diverses @14265.08
2768 Intérêts courus @418.22 | 2781 Prêts accession principaux @286347.91
2782 Prêts accession complémentaires @42186.35 | 2788 Intérêts courus, prêts accession @1074.46
2801 Amort. frais d'établissement @-31246.18 | 2803 Amort. recherche @-12307.40 | 2805 Amort. logiciels @-196418.73
28082 Amort. baux @-118364.52 | 28083 Amort. usufruit @-22417.60 | 28088 Amort. autres incorporelles @-9316.24
2812 Amort. aménagements @-96427.85 | 281311 Amort. immeubles de rapport @-28904317.66
281315 Amort. bâtiments administratifs @-690284.13 | 281318 Amort. autres ensembles @-386275.91
28134 Amort. amélioration @-1140362.47 | 28135 Amort. installations administratives @-198346.25
28138 Amort. VRD @-820417.39 | 281411 Amort. immeubles, sol d'autrui @-2410386.54
28144 Amort. amélioration, sol d'autrui @-140275.83 | 28148 Amort. VRD, sol d'autrui @-61384.27
28151 Amort. installations complexes @-11426.35 | 28154 Amort. outillage @-41287.60
28181 Amort. agencements @-44316.72 | 28182 Amort. transport @-71428.15 | 28183 Amort. informatique @-142376.84
28184 Amort. mobilier @-83264.59 | 28188 Amort. autres @-7315.26 | 29111 Dépr. terrains nus @-18346.50
29115 Dépr. terrains bâtis @-40218.75 | 2931 Dépr. immobilisations en cours @-25374.60
2961 Dépr. titres de participation @-11286.40 | 2974 Dépr. prêts @-3142.85 | 2978 Dépr. prêts accession @-6218.37
31 Terrains à aménager @1040386.27 | 32 Approvisionnements @14275.63 | 331 Lotissements en cours @620418.54
332 Opérations groupées en cours @5480627.31 | 333 Acquisition-revente en cours @390264.78
339 Sorties partielles d'en-cours @-410372.96 | 351 Lotissements achevés @260347.15
352 Opérations groupées achevées @1620483.72 | 353 Acquisition-revente achevée @180264.39
3581 PSLA temporairement loués @3960218.64 | 3588 Autres temporairement loués @162374.58
3591 Coût des lots vendus @-220418.37 | 3592 Coût des lots immobilisés | 37 Immeubles acquis par résolution @64287.92
391 Dépr. terrains @-12346.80 | 393 Dépr. en-cours @-46218.55 | 3952 Dépr. achevés @-38174.20
3958 Dépr. temporairement loués @-9316.45 | 397 Dépr. résolutions @-3218.70 | 401 Fournisseurs @-612384.57
402 Fournisseurs de stocks @-1510427.83 | 403 Effets à payer @-18264.35
404 Fournisseurs d'immobilisations @-1240386.91 | 4081 Factures non parvenues @-214318.46 | 4082 FNP, stocks @-380246.75
4084 FNP, immobilisations @-290417.38 | 4091 Avances aux fournisseurs @31264.80 | 4098 Avoirs à recevoir @6317.45
4111 Locataires @470386.29 | 4113 Locataires accédants @21374.85 | 4117 Organismes payeurs d'APL @126418.37
4121 Acquéreurs, non appelé @640275.18 | 4122 Acquéreurs, appelé @880364.72 | 414 Clients, autres activités @61387.54
415 Emprunteurs, locataires-acquéreurs @6284.93 | 4161 Locataires douteux @398264.17
4168 Autres clients douteux @14326.85 | 418 Produits à facturer @44218.36
4191 Provisions de charges reçues @-264387.92 | 4195 Excédents d'acomptes @-38216.47 | 4197 Autres avoirs @-9284.36
421 Rémunérations dues @-6318.24 | 424 Participation à verser @-20417.65 | 425 Avances au personnel @2150.40
4282 Congés payés à payer @-96384.27 | 4287 Indemnités journalières à recevoir @3218.64 | 431 Urssaf @-48276.35
437 Retraite, prévoyance @-31428.70 | 4386 Charges sociales à payer @-42317.86 | 4411 Subventions à recevoir @1180462.35
4417 Subventions d'exploitation à recevoir @18346.20 | 444 Impôt sur les bénéfices @12486.00
4455 TVA à décaisser @-84317.00 | 4456 TVA déductible @196284.37 | 4457 TVA collectée @-61428.95
4458 TVA à régulariser @31264.58 | 447 Autres impôts @-28416.75 | 4486 Etat, charges à payer @-64382.19
451 Groupe @84317.62 | 454 SCI et SCCV @312468.75 | 455 Associés, comptes courants @-60284.37
4563 Versements sur capital | 457 Intérêt aux parts à payer | 458 Opérations en commun, GIE @-21376.48
4611 Opérations pour tiers, débiteurs @27418.36 | 4612 Opérations pour tiers, créditeurs @-33287.94
462 Créances sur cessions @148264.50 | 464 Dettes sur VMP | 465 Créances sur cessions de VMP
4671 Débiteurs divers @38416.27 | 4672 Créditeurs divers @-45382.61 | 4686 Charges à payer diverses @-51374.28
4687 Produits à recevoir divers @19264.75 | 471 Comptes d'attente @1846.32 | 4813 Intérêts compensateurs différés
4812 Frais d'acquisition à répartir @18374.60 | 4816 Frais d'émission d'emprunts @196418.35
486 Payé d'avance @41286.53 | 4871 PCA exploitation @-36417.28 | 4872 PCA, ventes sur lots en cours @-1120384.66
4878 PCA, autres @-14263.75 | 491 Dépr. locataires et clients @-388264.91 | 495 Dépr. groupe et associés @-12346.20
496 Dépr. débiteurs @-8274.35 | 503 Actions @60384.25 | 506 Obligations @180426.70 | 508 Autres VMP @240318.65
509 VMP à libérer @-4126.30 | 511 Valeurs à l'encaissement @14276.38 | 5121 Banque, compte principal @2216384.72
5122 Banque accession @416327.58 | 515 Compte au Trésor @18264.35 | 517 Livret A et comptes à terme @2640318.46
5181 Intérêts bancaires à payer @-2164.38 | 5188 Intérêts à recevoir @19274.65
519 Concours bancaires courants @-150284.37 | 53 Caisse @618.45 | 54 Régies d'avance @342.80 | 58 Virements internes
590 Dépr. VMP @-4218.35 | 601 Achats de terrains | 602 Approvisionnements | 6031 Variation, terrains
6032 Variation, approvisionnements | 6037 Variation, résolutions | 604 Etudes et prestations | 605 Travaux | 60611 Eau
60612 Energie | 6063 Fournitures d'entretien | 6064 Fournitures administratives | 6068 Autres fournitures
607 Achats sur résolution | 608 Frais annexes de construction | 609 RRR sur achats | 611 Sous-traitance d'exploitation
6122 Crédit-bail mobilier | 6125 Crédit-bail immobilier | 6127 Loyers des baux à long terme | 613 Locations
614 Charges de copropriété | 6151 Entretien courant | 6152 Gros entretien | 6155 Entretien mobilier | 6156 Maintenance
6158 Autres travaux | 6161 Assurance multirisques | 6162 Dommages construction | 617 Etudes | 618 Divers
619 RRR sur services | 621 Personnel extérieur | 6226 Honoraires | 6227 Frais d'actes et contentieux | 623 Publicité
624 Transports | 625 Déplacements, réceptions | 626 Poste et télécommunications | 627 Services bancaires
6281 Concours divers, ANCOLS | 6283 Cotisations CGLLS | 6285 Redevances | 6288 Autres services
629 RRR sur autres services | 631 Taxes sur salaires | 633 Taxes sur salaires, organismes | 63511 CET
63512 Taxes foncières | 63513 Impôts locaux | 6354 Droits d'enregistrement | 6358 Autres droits
637 Taxes, autres organismes | 6411 Salaires | 6412 Congés payés | 6413 Primes | 6451 Cotisations Urssaf | 6453 Retraite
6458 Autres organismes | 647 Autres charges sociales | 648 Autres charges de personnel | 651 Redevances de logiciels
653 Jetons de présence | 654 Créances irrécouvrables | 655 Quotes-parts, opérations en commun
658 Charges diverses de gestion | 661121 Intérêts, relais locatifs | 661122 Intérêts, financement définitif
661123 Intérêts compensateurs | 66114 Intérêts, stocks d'accession | 66115 Intérêts, gestion de prêts
66118 Intérêts, structure | 6615 Intérêts des comptes courants | 6616 Intérêts bancaires | 6618 Intérêts, autres dettes
665 Escomptes accordés | 667 Pertes sur cessions de VMP | 668 Pénalités de remboursement anticipé | 6711 Pénalités
6718 Autres charges de gestion | 672 Exercices antérieurs | 67521 VNC des cessions | 67522 VNC des démolitions
67523 VNC des composants remplacés | 6756 VNC financières | 6788 Charges exceptionnelles diverses
681112 Dot. baux, usufruit | 681118 Dot. autres incorporelles | 681122 Dot. aménagements de terrains
68112311 Dot. immeubles de rapport | 68112315 Dot. bâtiments administratifs | 68112318 Dot. autres ensembles
6811234 Dot. amélioration | 6811235 Dot. installations administratives | 6811238 Dot. VRD
68112411 Dot. immeubles, sol d'autrui | 681125 Dot. matériel et outillage | 681128 Dot. autres
6812 Dot. charges à répartir | 68151 Dot. risques | 681572 Dot. gros entretien | 68158 Dot. autres charges
6816 Dépr. des immobilisations | 68173 Dépr. des stocks | 68174 Dépr. des créances | 6861 Dot. primes
6863 Dot. intérêts compensateurs | 6866 Dépr. financières | 6871 Amort. exceptionnels | 68725 Dot. dérogatoires
6875 Dot. provisions exceptionnelles | 691 Participation des salariés | 695 Impôts sur les bénéfices
7011 Ventes de lotissements | 70121 Ventes VEFA | 70122 Ventes PSLA | 70123 Ventes BRS | 7013 Acquisition-revente
7017 Ventes sur résolution | 703 Récupération des charges | 7041 Loyers non conventionnés | 7042 Surloyers
7043 Loyers conventionnés | 7044 Commerces | 7045 Garages | 7046 Foyers | 7047 Redevances PSLA | 7048 Redevances BRS
7062 Gestion de prêts | 7063 Promotion, SCCV | 7064 Maîtrise d'ouvrage | 7065 Syndic | 7066 Activité de prêteur
70671 Gestion d'immeubles pour Hlm | 70672 Gestion de prêts pour Hlm | 7068 Autres prestations
7081 Services aux locataires | 7083 Locations diverses | 7086 Charges refacturées à des Hlm | 7088 Autres annexes
7098 RRR accordés | 70943 RLS | 7133 Variation des en-cours | 7135 Variation des achevés | 721 Production incorporelle
7221 Coûts internes immobilisés | 7222 Frais financiers immobilisés | 72231 Autre production immobilisée
72232 Stocks immobilisés | 741 Bonifications | 742 Primes | 743 Subventions d'exploitation | 744 Subventions d'entretien
751 Redevances | 754 Frais de dossiers | 755 Quotes-parts, opérations en commun | 758 Produits divers
7611 Revenus des titres | 7612 Parts de SCI de vente | 7621 Titres immobilisés | 76241 Prêts principaux
76242 Prêts complémentaires | 76248 Autres prêts | 763 Autres créances | 764 Revenus des VMP | 765 Escomptes obtenus
767 Gains sur cessions de VMP | 768 Livret A et autres produits | 7714 Rentrées sur créances amorties
7717 Dégrèvements | 7718 Autres, gestion | 772 Exercices antérieurs | 7752 Cessions corporelles
7756 Cessions financières | 7771 Quote-part de subventions | 7788 Produits exceptionnels divers | 78151 Reprises risques
781572 Reprises gros entretien | 78158 Reprises charges | 7816 Reprises, immobilisations | 78173 Reprises, stocks
78174 Reprises, créances | 7866 Reprises financières | 78725 Reprises dérogatoires | 7875 Reprises exceptionnelles
791 Transferts d'exploitation | 7963 Transferts, intérêts compensateurs | 7968 Transferts, frais d'émission
797 Transferts exceptionnels
"""

# Journal: "kind title : account amount, …, account *" (the starred leg balances the entry).
# kind, for the fixed assets it touches: A acquisition, V transfer from line to line, S exit, - none.
JOURNAL = """
- Affectation du résultat 2022 : 12010 186412.37, 12011 261874.92, 1061 -67243.09, 1063 -112071.82, 106850 -31204.15, \
106851 -74318.40, 106881 -61507.24, 457 -38131.83, 11010 -24310.66, 11011 *
- Intérêt aux parts payé : 457 37918.44, 5121 *
- Souscriptions de parts : 5121 21151.75, 4563 *
- Parts créées : 4563 21151.75, 1013 *
- Parts remboursées : 1013 6237.25, 5121 *
- Titres participatifs émis : 5121 398750.50, 1671 *
- Quittancement : 4117 1384216.73, 7041 -311846.27, 7042 -12384.60, 7043 -5652317.84, 7044 -96418.35, 7045 -118264.92, \
7046 -203817.46, 7048 -14386.24, 703 -1415238.67, 4111 *
- RLS de l'exercice : 70943 268431.17, 4111 *
- RLS soldée à la clôture : 7043 268431.17, 70943 *
- Encaissements des loyers : 4111 -6020374.86, 4117 -1376318.25, 4161 -52384.17, 4195 -4218.36, 511 26384.15, 5121 *
- Remises en banque : 5121 31264.83, 511 *
- Passage en douteux : 4161 128416.35, 4111 *
- Admissions en non-valeur : 654 38264.92, 4161 *
- Dépôts de garantie reçus : 5121 78416.25, 1651 *
- Dépôts de garantie restitués : 1651 52317.84, 5121 *
- Régularisation des charges : 4191 264387.92, 4195 -31846.20, 4111 *
- Provisions de charges appelées d'avance : 4111 271386.45, 4191 *
- Redevances PSLA : 4113 189427.36, 7047 -148216.74, 1654 *
- Redevances PSLA encaissées : 5122 186374.58, 4113 *
- Réservations PSLA : 5122 21450.00, 1658 *
- Contrats de location-accession : 1658 24815.00, 1654 *
- Contrats de VEFA : 4121 7352418.90, 4457 -1148376.25, 4872 *
- Appels de fonds VEFA : 4122 6940286.37, 4121 *
- Livraisons VEFA : 4872 6104217.85, 70121 *
- Levées d'option PSLA : 4122 2836417.26, 1654 61284.37, 70122 -2746637.56, 4457 *
- Ventes BRS : 4122 1636284.75, 70123 -1550980.81, 4457 *
- Ventes de terrains à bâtir : 4122 494386.20, 7011 -411988.50, 4457 *
- Ventes acquisition-revente et résolution : 4122 628417.35, 7013 -412386.45, 7017 -121846.20, 4457 *
- Encaissements des acquéreurs : 5122 12264875.36, 4122 *
- Achats de terrains : 601 1482316.47, 4456 118264.30, 402 *
- Travaux d'accession : 604 688264.92, 605 6911837.58, 608 312486.25, 4456 1384217.46, 402 *
- Achat sur résolution : 607 152384.75, 402 *
- Factures non parvenues d'accession N-1 : 4082 380246.75, 402 *
- Factures non parvenues d'accession N : 402 412386.94, 4082 *
- Paiements des fournisseurs de stocks : 402 10826417.35, 5122 *
- Terrains entrés en stock : 31 1482316.47, 6031 *
- Terrains mis en chantier : 6031 1318427.36, 31 *
- Coûts entrés en en-cours : 331 210384.62, 332 8446218.53, 333 692186.45, 7133 *
- Opérations achevées, sortie d'en-cours : 331 -240386.15, 332 -8602418.37, 333 -541286.94, 339 410372.96, 7133 *
- Opérations achevées, entrée en stock : 351 240386.15, 352 8192045.41, 353 541286.94, 7135 *
- Sorties partielles d'en-cours : 7133 531264.87, 339 *
- Contrats PSLA, sortie des achevés : 7135 2140386.52, 352 *
- Contrats PSLA, temporairement loués : 3581 2140386.52, 7135 *
- Coût des lots vendus : 7135 9884216.73, 3591 *
- Programmes soldés : 351 -280417.36, 352 -6431827.94, 353 -470386.15, 3581 -2518264.35, 3591 *
- Logement invendu sorti du stock : 7135 198427.35, 3592 *
A Logement invendu immobilisé : 2112 31264.50, 21311 167162.85, 72232 *
- Coût du logement immobilisé soldé : 3592 198427.35, 352 *
- Résolution, entrée en stock : 37 152384.75, 6037 *
- Résolution, sortie du stock : 6037 98264.37, 37 *
- Approvisionnements consommés : 6032 24816.35, 32 *
- Approvisionnements entrés : 32 23168.74, 6032 *
- Factures d'exploitation : 602 24318.65, 60611 318264.75, 60612 423816.39, 6063 68417.25, 6064 33816.42, \
6068 11846.27, 609 -3186.45, 611 318427.96, 6151 389264.15, 6152 286417.38, 6155 21846.73, 6156 198364.27, \
6158 9264.85, 401 *
- Loyers et assurances : 6122 14386.27, 6125 9816.45, 6127 42318.67, 613 48264.35, 614 88417.26, 6161 92386.47, \
6162 31846.25, 617 12486.30, 618 21364.87, 619 -2846.15, 401 *
- Autres services : 621 36418.27, 6226 132864.95, 6227 64218.37, 623 86427.15, 624 4186.32, 625 41286.74, \
626 62384.19, 627 31264.85, 6281 58416.37, 6283 148264.92, 6285 8316.45, 6288 14286.73, 629 -1846.30, 401 *
- TVA déductible d'exploitation : 4456 61384.27, 401 *
- Factures non parvenues N-1 : 4081 214318.46, 401 *
- Factures non parvenues N : 6151 12486.27, 6152 41837.56, 6156 16284.39, 60612 128416.37, 4081 *
- Effets : 401 18426.35, 403 -160.28, 5121 *
- Paiements des fournisseurs : 401 2967318.44, 4098 -4126.30, 4091 3264.85, 5121 *
- Charges payées d'avance : 486 2846.37, 626 -2846.37
- Impôts locaux payés : 63511 33816.00, 63512 724386.00, 63513 9264.00, 6354 3186.50, 6358 12384.75, 637 17846.25, \
447 *
- Impôts réglés : 447 796418.37, 5121 *
- Paie : 6411 868417.35, 6413 94386.27, 425 -864.30, 431 -152386.74, 437 -68417.25, 421 *
- Congés payés : 6412 7316.48, 648 9264.35, 4282 *
- Cotisations patronales : 6451 274386.15, 6453 74816.92, 6458 19264.38, 431 -276418.36, 437 *
- Autres charges de personnel : 647 18264.75, 631 14386.25, 633 57264.18, 4386 -3816.42, 5121 *
- Salaires versés : 421 740386.24, 5121 *
- Organismes sociaux payés : 431 426384.17, 437 158264.35, 5121 *
- Indemnités journalières : 5121 3146.28, 4287 *
- Autres charges de gestion : 651 14264.35, 653 6184.00, 658 11386.27, 655 10846.35, 4672 -4186.24, 5121 *
- Comptes de liaison, appel : 181 84216.35, 5121 *
- Comptes de liaison, retour : 5122 84216.35, 181 *
- Virements internes, départ : 58 1852691.15, 5121 -240264.15, 5122 *
- Virements internes, arrivée : 517 240264.15, 5121 1612427.00, 58 *
- TVA collectée et déductible : 4457 1518264.37, 4456 -1486218.40, 4455 *
- TVA à régulariser : 4456 18264.37, 4458 *
- TVA versée : 4455 98416.00, 5121 *
- Prestations : 7062 -2864.35, 7063 -146218.75, 7064 -88416.32, 7065 -96284.17, 7066 -1286.45, 70671 -62386.94, \
70672 -1846.20, 7068 -9264.73, 7098 1284.36, 4457 -61846.25, 414 *
- Activités annexes : 7081 -14286.35, 7083 -22416.47, 7086 -18364.25, 7088 -9216.84, 418 3186.42, 414 *
- Encaissements des clients : 5121 512864.27, 414 *
A Travaux et terrains en cours : 2312 486217.35, 2313 4286417.92, 2314 318264.57, 2318 12384.26, 232 18416.50, 404 *
A Avances sur travaux : 238 186427.35, 404 *
A Immobilisations acquises : 205 26418.37, 2111 84216.75, 21132 218364.50, 21311 421386.45, 2138 18264.30, \
2151 4216.85, 2154 8416.27, 2182 24386.50, 2183 38264.15, 2184 9286.40, 404 *
A Coûts internes : 2313 152486.37, 7221 *
A Frais financiers : 2313 52384.16, 7222 *
A Production incorporelle : 232 18264.35, 721 *
A Autre production : 2181 8416.25, 72231 *
V Avances imputées : 2313 204386.15, 238 *
V Mises en service : 2115 682416.35, 21311 4186427.92, 2138 142386.25, 2312 -682416.35, 2313 *
V Mises en service, sol d'autrui : 21411 612384.27, 2314 *
V Logiciel mis en service : 205 31264.85, 232 *
- Factures d'immobilisations non parvenues N-1 : 4084 290417.38, 404 *
- Factures d'immobilisations non parvenues N : 404 318264.75, 4084 *
- Paiements des fournisseurs d'immobilisations : 404 5918264.37, 5121 *
- Prix de vente de quatre logements : 462 612386.50, 7752 *
S Sortie des logements vendus : 67521 268417.35, 281311 148264.92, 2115 -58216.45, 21311 *
S Démolition : 67522 31286.47, 281311 204386.15, 21311 *
S Composants remplacés : 67523 48217.36, 281311 186427.35, 21311 *
S Rebut de matériel : 67523 1264.38, 28182 18416.25, 28183 31284.60, 2182 -18862.45, 2183 *
- Encaissement des ventes : 5121 596418.25, 462 *
A Titres et avances : 261 15284.50, 2671 41286.75, 275 1846.30, 2743 3200.15, 5121 *
S Remboursements de prêts et avances : 2671 -31846.25, 2741 -9063.24, 2743 -2816.40, 2748 -3264.85, 2781 -38417.26, \
2782 -6218.45, 275 -1264.30, 5121 *
S Titres cédés : 6756 4186.25, 271 *
- Prix des titres cédés : 5121 5264.75, 7756 *
S Intérêts courus immobilisés N-1 : 5121 3910.04, 2678 -2417.36, 2768 -418.22, 2788 *
A Intérêts courus immobilisés N : 2678 2684.35, 2768 391.46, 2788 964.27, 763 -2684.35, 76248 -391.46, 76241 *
- Loyers de location-vente : 415 28416.35, 229 -22384.17, 7083 *
- Location-vente encaissée : 5121 27318.46, 415 *
- Subventions notifiées : 4411 642385.75, 13111 -318264.35, 1312 -124386.20, 1314 -148217.40, 13172 *
- Subventions encaissées : 5121 718264.35, 4411 *
- Subventions reprises : 13911 228416.35, 13912 74386.27, 13913 64218.95, 13914 92364.17, 13915 14286.35, \
13917 26418.74, 13918 9864.25, 1398 2846.37, 7771 *
- Subventions soldées : 13111 48264.35, 1313 26418.70, 13911 -48264.35, 13913 *
- Dotations, incorporelles : 681112 22416.35, 28082 -18216.40, 28083 *
- Dotations, autres incorporelles : 681118 36284.15, 2801 -3486.20, 2803 -2864.35, 2805 -27816.25, 28088 *
- Dotations, immeubles : 68112311 2218364.75, 281311 *
- Dotations, sol propre : 68112318 31264.85, 6811234 78416.27, 6811238 62384.19, 281318 -31264.85, 28134 -78416.27, \
28138 *
- Dotations, sol d'autrui : 68112411 241386.57, 28144 -10264.35, 28148 -4816.27, 281411 *
- Dotations, aménagements : 681122 9264.35, 2812 *
- Dotations, siège : 68112315 41286.37, 6811235 22416.85, 281315 -41286.37, 28135 *
- Dotations, matériel : 681125 8264.25, 28151 -1846.35, 28154 *
- Dotations, autres : 681128 61384.72, 28181 -7416.25, 28182 -18264.37, 28183 -26418.45, 28184 -8316.25, 28188 *
- Amortissement exceptionnel : 6871 12416.35, 281311 *
- Dotation dérogatoire : 68725 8264.15, 145 *
- Reprise dérogatoire : 145 6418.37, 78725 *
- Provisions pour risques : 68151 48264.35, 1511 -18416.20, 1512 *
- Provisions reprises, risques : 1511 12386.45, 1512 21864.30, 1516 4218.35, 78151 *
- Gros entretien provisionné : 681572 264386.75, 1572 *
- Gros entretien repris : 1572 248217.36, 781572 *
- Autres provisions : 68158 21864.37, 153 -18264.15, 1588 *
- Autres provisions reprises : 153 9416.28, 1588 3264.85, 78158 *
- Démolition provisionnée : 6875 16284.35, 1581 *
- Démolition reprise : 1581 21386.47, 7875 *
- Dépréciations d'immobilisations : 6816 8264.35, 29115 -5418.20, 2931 *
- Dépréciations d'immobilisations reprises : 2931 12386.25, 7816 *
- Dépréciations de stocks : 68173 41286.35, 393 -22864.15, 3952 *
- Dépréciations de stocks reprises : 393 18264.30, 3952 9416.25, 397 1286.40, 78173 *
- Dépréciations de créances : 68174 96284.35, 496 -2416.20, 491 *
- Dépréciations de créances reprises : 491 61386.47, 496 1864.25, 78174 *
- Dépréciations financières : 6866 3186.45, 2961 -1846.20, 590 *
- Dépréciations financières reprises : 590 2264.35, 7866 *
- Prime et charges à répartir : 6861 1246.07, 6812 27416.35, 169 -1246.07, 4812 -4593.65, 4816 *
- Frais d'émission payés : 6162 46284.75, 5121 *
- Frais d'émission répartis : 4816 46284.75, 7968 *
- Subventions d'exploitation : 741 -5864.35, 742 -3186.25, 743 -24386.50, 744 -41264.35, 4417 2846.15, 5121 *
- Produits de gestion : 751 -2864.35, 754 -1186.20, 758 -36418.75, 755 -27386.40, 454 58264.35, 4687 1264.35, 5121 *
- Produits financiers : 7611 -8416.25, 7612 -58264.35, 7621 -1864.20, 76241 -8264.35, 76242 -1386.45, 763 -9864.27, \
764 -26418.35, 765 -864.25, 768 -142386.46, 5188 8264.35, 454 36284.15, 517 78264.35, 5121 *
- Cessions de VMP : 465 62864.35, 667 1864.25, 767 -13864.20, 506 *
- VMP réglées : 5121 61486.35, 465 *
- Achat de VMP : 508 84216.35, 464 *
- VMP payées : 464 82164.20, 5121 *
- Intérêts divers : 6615 1864.25, 6616 9264.35, 6618 2864.15, 665 386.40, 668 5418.37, 5181 -416.25, 5121 *
- Découvert réduit : 519 28416.35, 5121 *
- Exceptionnel, charges : 6711 4186.25, 6718 13864.30, 672 9264.15, 6788 18416.35, 4686 -3186.40, 5121 *
- Exceptionnel, produits : 7714 -3264.15, 7717 -23186.00, 7718 -8416.25, 772 -12386.40, 7788 -31264.85, 4671 6418.35, \
5121 *
- Transferts de charges : 791 -62384.15, 797 -11864.25, 5121 *
- Participation des salariés : 691 21864.35, 424 *
- Participation bloquée : 424 20417.65, 5121 -2864.30, 166 *
- Impôt sur les bénéfices : 695 64286.00, 444 *
- Acomptes d'impôt : 444 48216.00, 5121 *
- Opérations faites pour compte : 4611 8416.35, 4612 -4286.15, 458 2864.20, 451 -6418.35, 5121 *
- Comptes courants d'associés : 455 4186.35, 5121 *
- Attente soldée : 5121 1846.32, 471 *
- Produits constatés d'avance : 4871 2864.35, 4878 -1286.40, 7083 *
- Petite caisse : 53 46.25, 54 -18.40, 5121 *
"""

# Loans: contrat nature compte ouverture tirages capitalisés remboursements anticipés réaménagements intérêts
# ICNE-ouverture ICNE-clôture compensateurs-ouverture compensateurs-courus compensateurs-payés moins-d'un-an
LOANS = """
P001 definitif 1641 24846218.37 0 0 786418.25 0 0 724386.47 286417.35 341286.92 84216.37 6418.25 9264.15 812364.28
P002 definitif 1641 9412386.54 0 0 318264.92 0 642186.35 286417.35 104286.37 126384.15 38416.25 964.18 4186.37 342186.55
P003 definitif 1641 1846217.35 2148364.27 52384.16 61284.35 0 0 68416.27 42864.35 58896.46 0 0 0 94286.31
P004 definitif 1648 4386264.17 0 0 186417.36 0 -642186.35 118264.85 38216.45 41864.27 0 0 0 164386.27
P005 definitif 1642 384216.75 0 0 31286.40 0 0 8264.35 2416.25 2386.17 0 0 0 32184.26
P006 definitif 1647 218364.92 0 0 42386.15 0 0 6418.27 3186.40 2564.35 0 0 0 44186.75
P007 definitif 162 2416386.15 246218.50 0 98264.35 186417.25 0 24386.75 8264.15 8816.35 0 0 0 101386.40
P008 relais 1648 1648264.35 864217.50 0 716384.25 0 0 61284.37 14286.35 16418.20 0 0 0 986217.35
P009 relais 1641 412864.25 0 0 286417.36 0 0 9864.15 2864.35 1386.20 0 0 0 126446.89
P010 stocks 1648 3416284.75 1864217.35 0 0 2086417.25 0 118264.35 21864.15 24386.40 0 0 0 1486217.25
P011 stocks 1648 2486317.92 2964186.35 0 3186417.54 0 0 71864.25 12864.35 11416.25 0 0 0 1864217.35
P012 prets 1681 214386.45 0 0 31864.27 0 0 4864.25 1286.35 1094.20 0 0 0 32486.15
P013 structure 1648 742186.35 0 0 64218.25 0 0 14864.35 3864.20 3516.35 0 0 0 66418.27
P014 structure 163 498264.75 0 0 0 0 0 12416.35 4186.25 4186.25 0 0 0 0
P015 structure 1675 301286.40 0 0 15286.35 0 0 6418.25 1864.20 1786.35 0 0 0 15864.20
P016 definitif 1676 254186.35 0 0 21386.25 0 0 4864.15 864.35 792.40 0 0 0 21864.35
P017 definitif 1674 186417.25 0 0 12386.40 0 0 0 0 0 0 0 0 12386.40
P018 structure 1681 118264.35 0 0 18264.25 0 0 2864.15 486.25 412.35 0 0 0 18864.35
"""

RECOVERABLE = (
    "CC08 688264.35 CC09 262386.47 CC12 38264.15 CC14 166418.36 CC25 5264.85 CC26 172386.00 CC27 2864.00 "
    "CC29 88416.25 CC30 34286.45"
)

# Facts that no ledger holds: counts are integers, amounts and rates are strings with a decimal point.
FACTS: dict[str, dict[str, int | str]] = {
    "patrimoine": {
        "logements_familiaux": 1214,
        "foyers_unites": 86,
        "foyers_equivalents": 29,
        "logements_geres_tiers": 147,
        "logements_psla_loues": 20,
        "logements_vacants": 27,
        "logements_vacants_plus_3_mois": 11,
        "logements_soumis_tfpb": 1096,
        "logements_vendus": 4,
        "logements_demolis": 6,
        "logements_livres": 31,
        "logements_en_chantier": 38,
        "emmenagements": 118,
    },
    "accession": {
        "lots_vendus": 60,
        "dont_vefa": 28,
        "dont_psla": 14,
        "dont_brs": 9,
        "dont_terrains": 6,
        "dont_revente": 3,
        "lots_mis_en_chantier": 64,
        "lots_reserves": 41,
        "lots_acheves_invendus": 5,
        "psla_annules": 1,
    },
    "exploitation": {
        "effectif_etp": "28.4",
        "perte_loyers_vacance": "109386.45",
        "charges_logements_vacants": "21864.35",
        "locataires_plus_un_an": "116384.25",
        "locataires_partis": "248217.36",
        "locataires_6_12_mois": "94286.15",
        "locataires_3_6_mois": "108364.27",
    },
    "precedents": {"ratio_autofinancement_2022": "0.0412", "ratio_autofinancement_2021": "0.0537"},
}

# Statement lines by account prefix, the longest prefix wins: "line prefixes / depreciation prefixes";
# "debit:credit" names the two lines of a two-sided account.
LINES = """
BA00 109; BA01 201 / 2801; BA02 2082 2083 2084 2085 / 28082 28083 28084 28085 29082 29083; BA05 2111 / 29111
BA03 203 205 206 207 208 232 237 / 2803 2805 2807 2808 290 2932; BA06 211 / 2911; BA07 212 / 2812 2912
BA08 213 / 2813 2913; BA09 214 / 2814 2914; BA11 215 / 2815 2915; BA12 218 / 2818 2918; BA13 221 222 223 / 282 292
BA10 21315 2135 21415 2145 / 281315 28135 281415 28145 291315 29135 291415 29145; BA15 2312 / 29312; BA17 238
BA16 231 235 / 2931; BA19 261 266 2675 2676 / 2961 2966 29675 29676; BA20 267 268 / 2967 2968; BA21 272 / 2972
BA22 2741 / 29741; BA23 278 / 2978; BA24 271 273 274 275 276 277 / 2971 2973 2974 2975 2976; BA25 2678 2688 2768 2788
BA28 31 / 391; BA29 33 / 393; BA30 35 / 395; BA31 358 / 3958; BA32 37 / 397; BA33 32 / 392; BA35 409; BA36 411; BA37 412
BA38 413 414; BA39 415; BA40 416 / 491; BA41 418; BA42:BP45 42 43 44; BA43:BP45 441; BA45:BP48 454; BA46:BP49 45 / 495
BA47:BP50 461; BA48:BP51 46 47 / 496; BA50 50 / 59; BA51:BP38 51 52 53 54 58; BA52 486; BA54 4813; BA55 481; BA56 169
BA57 476; BP01 101; BP02 102 103; BP03 104; BP04 105; BP05 1061; BP06 1062 1063 1064; BP07 10685; BP08 1067 1068
BP10 11; BP11 12; BP13 131 138; BP14 139; BP16 14; BP18 1671; BP19 151 152; BP20 1572; BP21 153 154 155 156 157 158
BP23 162; BP24 161 163; BP25 1641; BP26 1642; BP27 1647; BP28 164; BP29 1651; BP30 1654; BP31 165; BP32 166; BP33 1675
BP34 1676; BP35 167 168 17 18; BP36 1688 1788; BP37 16883; BP40 229; BP41 4191 4195; BP42 419; BP43 40; BP44 402 4082
BP46 404 405 4084; BP47 269 279 509; BP53 4871; BP54 4872; BP55 487; BP58 477; CC01 601; CC02 602; CC03 607; CC04 6031
CC05 6032; CC06 6037; CC07 604 605 608; CC08 606 609; CC09 611; CC10 6122 6125; CC11 6127; CC12 6151; CC13 6152
CC14 615; CC15 616; CC16 61; CC17 621; CC18 622; CC19 623; CC20 625; CC21 6283; CC22 6285; CC23 62; CC25 631 633
CC26 63512; CC27 635 637; CC29 641 648; CC30 645 647; CC32 681112 681122 681123 681124
CC33 6811 68112315 6811235 68112415 6811245; CC34 6812; CC35 6816; CC36 68173; CC37 68174; CC38 68157; CC39 6815
CC41 654; CC42 65; CC44 655; CC45 6863; CC46 686; CC47 661121; CC48 66112; CC49 661123; CC50 66114; CC51 66115; CC52 661
CC53 667; CC54 664 665 666 668; CC56 671 672; CC57 675; CC58 678; CC59 6872; CC60 687; CC62 691; CC63 69; PR01 7011
PR02 701; PR03 703; PR04 7041; PR05 7042; PR06 7043 70943; PR07 7046; PR08 7047; PR09 704; PR10 705
PR11 7062 7066 70672; PR12 7063; PR13 706; PR14 7086; PR15 708 709; PR17 7133; PR18 7135; PR19 7221; PR20 7222
PR21 72232; PR22 72; PR23 741 742; PR24 74; PR25 744; PR26 78157; PR27 78174; PR28 781; PR29 791; PR30 75; PR32 755
PR33 7612; PR34 761; PR35 76241 76242; PR36 762; PR37 763 764; PR38 765 766 768; PR39 767; PR40 786; PR41 7963; PR42 796
PR44 771 772; PR45 775; PR46 777; PR47 778; PR48 7872; PR49 787; PR50 797
"""


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the balance; ``opening`` is signed, debit first."""

    number: str
    label: str
    opening: Decimal
    debit: Decimal
    credit: Decimal

    @property
    def closing(self) -> Decimal:
        return self.opening + self.debit - self.credit


@dataclass(frozen=True, slots=True)
class Loan:
    """One row of the statement of loans, in the order of ``LOANS``."""

    contrat: str
    nature: str
    compte: str
    ouverture: Decimal
    tirages: Decimal
    interets_capitalises: Decimal
    remboursements_contractuels: Decimal
    remboursements_anticipes: Decimal
    reamenagements: Decimal
    interets: Decimal
    icne_ouverture: Decimal
    icne: Decimal
    compensateurs_ouverture: Decimal
    compensateurs_courus: Decimal
    compensateurs_payes: Decimal
    moins_un_an: Decimal

    @property
    def cloture(self) -> Decimal:
        repaid = self.remboursements_contractuels + self.remboursements_anticipes
        return self.ouverture + self.tirages + self.interets_capitalises - repaid + self.reamenagements

    @property
    def compensateurs(self) -> Decimal:
        return self.compensateurs_ouverture + self.compensateurs_courus - self.compensateurs_payes

    @property
    def accrued_account(self) -> str:
        return "16882" if self.interets_capitalises else "16881"


@dataclass(frozen=True, slots=True)
class Entry:
    """One balanced journal entry; legs are signed, debit first."""

    kind: str
    title: str
    legs: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Demo:
    """The whole demonstration; ``movements`` holds the IM, AM, DP and PV tables, row by row."""

    accounts: tuple[Account, ...]
    entries: tuple[Entry, ...]
    loans: tuple[Loan, ...]
    recoverable: Mapping[str, Decimal]
    movements: Mapping[str, Mapping[str, Decimal]]
    facts: Mapping[str, Mapping[str, int | str]]


def line_index() -> dict[str, tuple[str, ...]]:
    """Prefix -> lines: ``("BA01",)``, ``("BA01.A",)`` or ``("BA42", "BP45")`` for a two-sided account."""
    index: dict[str, tuple[str, ...]] = {}
    for item in LINES.replace("\n", ";").split(";"):
        if words := item.split():
            code, suffix = words[0], ""
            for prefix in words[1:]:
                if prefix == "/":
                    suffix = ".A"
                    continue
                assert prefix not in index, f"prefix {prefix} given twice"
                index[prefix] = (code.split(":")[0] + suffix,) if suffix else tuple(code.split(":"))
    return index


INDEX = line_index()


def line_of(number: str, balance: Decimal) -> str:
    """The one statement line an account feeds, from its longest known prefix and, if two-sided, its side."""
    for size in range(len(number), 0, -1):
        if number[:size] in INDEX:
            lines = INDEX[number[:size]]
            return lines[-1 if balance < 0 else 0]
    raise AssertionError(f"account {number} reaches no line")


def statements(accounts: Iterable[Account], balance: Callable[[Account], Decimal]) -> defaultdict[str, Decimal]:
    """Amounts of every line (BAnn net, BAnn.B gross, BAnn.A depreciation), the result being in BP11."""
    lines: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for account in accounts:
        amount = balance(account)
        line = line_of(account.number, amount)
        lines[line] += amount if line[:2] in ("BA", "CC") and not line.endswith(".A") else -amount
    for line in [line for line in lines if line.startswith("BA") and len(line) == 4]:
        lines[line + ".B"] = lines[line]
    for line in [line for line in lines if line.endswith(".A")]:
        lines[line[:4]] -= lines[line]
    lines["BP11"] += total(lines, "PR01..PR50 -CC01..CC63")
    return lines


def total(lines: Mapping[str, Decimal], terms: str) -> Decimal:
    """Sum of lines and of ranges of lines: ``"BA01..BA03.B -BP36"``; absent lines count for nothing."""
    result = ZERO
    for term in terms.split():
        sign, name = (-1, term[1:]) if term.startswith("-") else (1, term)
        first, _, last = name.partition("..")
        suffix = "." + (last or first).split(".")[1] if "." in (last or first) else ""
        low, high = int(first[2:4]), int((last or first)[2:4])
        result += sign * sum((lines.get(f"{first[:2]}{n:02d}{suffix}", ZERO) for n in range(low, high + 1)), ZERO)
    return result


def parse_legs(text: str) -> tuple[tuple[str, Decimal], ...]:
    legs: list[tuple[str, str]] = []
    for leg in text.split(","):
        account, amount = leg.split()
        legs.append((account, amount))
    rest = -sum((Decimal(amount) for _, amount in legs if amount != "*"), ZERO)
    return tuple((account, rest if amount == "*" else Decimal(amount)) for account, amount in legs)


def loan_entries(loans: Iterable[Loan]) -> list[Entry]:
    """The entries the statement of loans implies: capital, interest, accrued and deferred compensating interest."""
    entries: list[Entry] = []

    def post(title: str, *legs: tuple[str, Decimal]) -> None:
        if kept := tuple(leg for leg in legs if leg[1]):
            entries.append(Entry("-", title, kept))

    loans = tuple(loans)
    post("Réaménagements", *((loan.compte, -loan.reamenagements) for loan in loans))
    for loan in loans:
        bank = "5122" if loan.nature == "stocks" else "5121"
        repaid = loan.remboursements_contractuels + loan.remboursements_anticipes
        accrued = loan.icne_ouverture - loan.icne - loan.interets_capitalises
        paid, deferred = loan.compensateurs_payes, loan.compensateurs_courus
        post(f"{loan.contrat} tirage", (bank, loan.tirages), (loan.compte, -loan.tirages))
        post(
            f"{loan.contrat} intérêts capitalisés",
            ("16882", loan.interets_capitalises),
            (loan.compte, -loan.interets_capitalises),
        )
        post(f"{loan.contrat} remboursements", (loan.compte, repaid), (bank, -repaid))
        post(
            f"{loan.contrat} intérêts",
            (INTEREST[loan.nature], loan.interets),
            (loan.accrued_account, accrued),
            (bank, -loan.interets - accrued),
        )
        post(
            f"{loan.contrat} compensateurs différés",
            ("661123", deferred),
            ("16883", -deferred),
            ("4813", deferred),
            ("7963", -deferred),
        )
        post(f"{loan.contrat} compensateurs payés", ("16883", paid), (bank, -paid), ("6863", paid), ("4813", -paid))
    return entries


def movement_row(
    number: str, kind: str, amount: Decimal, legs: Iterable[tuple[str, Decimal]]
) -> tuple[str, str] | None:
    """Table row and column a leg feeds: IM (gross fixed assets), AM (28), DP (29, 39, 49, 59), PV (14, 15)."""
    if number[0] == "2" and number[:2] not in ("28", "29") and number != "229":
        return "IM" + line_of(number, amount)[2:], {"A": "ACQ", "V": "VE" if amount > 0 else "VS", "S": "SOR"}[kind]
    if number[:2] == "28":
        return "AM" + line_of(number, amount)[2:4], "DOT" if amount < 0 else "SOR" if kind == "S" else "REP"
    rows = {
        "DP01": "290 2932",
        "DP02": "291 292 2931",
        "DP03": "296 297",
        "DP04": "39",
        "DP05": "491",
        "DP06": "495 496",
        "DP07": "59",
        "PV01": "14",
        "PV02": "151 152",
        "PV03": "1572",
        "PV04": "153 154 155 156 158",
    }
    for row, prefixes in rows.items():
        if number.startswith(tuple(prefixes.split())):
            (origin,) = {other[:3] for other, _ in legs if other[:2] in ("68", "78")}
            return row, ("D" if origin[0] == "6" else "R") + {"1": "E", "6": "F", "7": "X"}[origin[2]]
    return None


def movement_tables(accounts: Iterable[Account], entries: Iterable[Entry]) -> dict[str, dict[str, Decimal]]:
    """Opening, movements by kind and closing of the IM, AM, DP and PV tables, in positive amounts."""
    tables: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for entry in entries:
        for number, amount in entry.legs:
            if place := movement_row(number, entry.kind, amount, entry.legs):
                tables[place[0]][place[1]] += abs(amount)
    probe = [("68100", ZERO)]
    for account in accounts:
        if place := movement_row(account.number, "A", account.closing, probe):
            tables[place[0]]["O"] += abs(account.opening)
            tables[place[0]]["F"] += abs(account.closing)
    return {row: dict(tables[row]) for row in sorted(tables)}


def build() -> Demo:
    """Post the journal and the loans on the opening balance."""
    loans = tuple(
        Loan(contrat, nature, compte, *(Decimal(word) + ZERO for word in words))
        for contrat, nature, compte, *words in map(str.split, LOANS.strip().splitlines())
    )
    labels: dict[str, str] = {}
    opening: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    balancing = ""
    for item in ACCOUNTS.replace("\n", "|").split("|"):
        if item.strip():
            head, _, start = item.partition("@")
            number, label = head.strip().split(" ", 1)
            assert number not in labels, f"account {number} given twice"
            labels[number] = label
            balancing = number if start.strip() == "*" else balancing
            opening[number] += Decimal(start) if start.strip() not in ("", "*") else ZERO
    for loan in loans:
        opening[loan.compte] -= loan.ouverture
        opening[loan.accrued_account] -= loan.icne_ouverture
        opening["16883"] -= loan.compensateurs_ouverture
        opening["4813"] += loan.compensateurs_ouverture
    opening[balancing] -= sum(opening.values(), ZERO)
    entries: list[Entry] = []
    for item in JOURNAL.replace("\n", "|").split("|"):
        if item.strip():
            head, _, legs = item.strip().partition(" : ")
            entries.append(Entry(head[0], head[2:], parse_legs(legs)))
    entries += loan_entries(loans)
    debit: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    credit: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for entry in entries:
        for number, amount in entry.legs:
            (debit if amount > 0 else credit)[number] += abs(amount)
    unknown = (debit.keys() | credit.keys() | opening.keys()) - labels.keys()
    assert not unknown, f"accounts without a label: {sorted(unknown)}"
    accounts = tuple(
        Account(number, labels[number], opening[number], debit[number], credit[number]) for number in sorted(labels)
    )
    recoverable = {line: ZERO for (line, *_) in sorted(INDEX.values()) if line.startswith("CC")}
    words = RECOVERABLE.split()
    recoverable |= {line: Decimal(amount) for line, amount in zip(words[::2], words[1::2], strict=True)}
    return Demo(accounts, tuple(entries), loans, recoverable, movement_tables(accounts, entries), FACTS)


def flows(demo: Demo, prefixes: str, side: str) -> Decimal:
    """Movements of the year on the accounts of the prefixes, debits or credits only."""
    wanted = tuple(prefixes.split())
    return sum((getattr(account, side) for account in demo.accounts if account.number.startswith(wanted)), ZERO)


def functional(lines: Mapping[str, Decimal]) -> tuple[Decimal, Decimal, Decimal]:
    """Working capital (BF09), requirement (BF12) and cash (BF13), each from its own lines."""
    resources = total(lines, "BP01..BP21 BA01.A..BA50.A BP23..BP35 BP37 BP40")
    frng = resources - total(lines, "BA00.B..BA25.B BA54 BA55 BA56")
    bfr = total(lines, "BA28.B..BA48.B BA52 BA57 -BP41..BP55 -BP36 -BP58")
    return frng, bfr, total(lines, "BA50.B BA51 -BP38")


def indicators(demo: Demo) -> dict[str, Decimal]:
    """Main totals and the ratios of the sector, from the statements and the facts."""
    closing = statements(demo.accounts, lambda account: account.closing)
    facts, owned = demo.facts, Decimal(demo.facts["patrimoine"]["logements_familiaux"])
    managed = owned + int(facts["patrimoine"]["foyers_equivalents"]) + int(facts["patrimoine"]["logements_geres_tiers"])
    charged = {line: amount - demo.recoverable[line] for line, amount in closing.items() if line.startswith("CC")}
    caf = total(closing, "BP11 CC32..CC39 CC45 CC46 CC59 CC60 -PR26..PR28 -PR40 -PR48 -PR49 CC57 -PR45 -PR46")
    repaid = sum((loan.remboursements_contractuels for loan in demo.loans if loan.nature == "definitif"), ZERO)
    rents, products = total(closing, "PR04..PR07 PR09"), total(closing, "PR01..PR15 -PR03 PR33..PR39")
    staff = total(charged, "CC17 CC25 CC29 CC30") - total(closing, "PR14 PR19")
    overheads = total(charged, "CC02 CC05 CC08 CC09 CC10 CC14..CC16 CC18..CC20 CC22 CC23 CC27")
    debt = sum((loan.cloture for loan in demo.loans), ZERO)
    frng, bfr, cash = functional(closing)
    stable = frng + total(closing, "BA00.B..BA25.B BA54..BA56")
    return {
        "total_bilan": total(closing, "BA00..BA57"),
        "resultat": closing["BP11"],
        "caf": caf,
        "autofinancement_net": caf - repaid,
        "ratio_autofinancement": (caf - repaid) / products,
        "frng": frng,
        "bfr": bfr,
        "tresorerie": cash,
        "loyers": rents,
        "dette": debt,
        "chiffre_affaires_accession": total(closing, "PR01 PR02"),
        "marge_accession": total(closing, "PR01 PR02 PR17 PR18 PR21 -CC01 -CC03 -CC04 -CC06 -CC07"),
        "loyer_par_logement": total(closing, "PR04..PR06") / owned,
        "tfpb_par_logement": charged["CC26"] / owned,
        "maintenance_par_logement": total(charged, "CC12 CC13") / owned,
        "annuites_sur_loyers": (closing["CC48"] + repaid) / rents,
        "interets_sur_loyers": closing["CC48"] / rents,
        "personnel_par_logement": staff / managed,
        "gestion_par_logement": (staff + overheads) / managed,
        "cglls_par_logement": closing["CC21"] / managed,
        "caf_sur_loyers": caf / rents,
        "dette_sur_caf": debt / caf,
        "recuperation": closing["PR03"] / sum(demo.recoverable.values(), ZERO),
        "creances_sur_quittancement": total(closing, "BA36.B BA40.B") / (rents + closing["PR03"]),
        "vnc_sur_dotations": total(closing, "BA02 BA05..BA09") / closing["CC32"],
        "tresorerie_par_logement": cash / owned,
        "ressources_propres": total(closing, "BP01..BP21 BA01.A..BA50.A") / stable,
        "vacance": Decimal(facts["exploitation"]["perte_loyers_vacance"]) / rents,
    }


def verify(demo: Demo) -> None:
    """Assert the identities of the statements, by their number in the research page (C001 to C135)."""
    failures: list[str] = []

    def equal(name: str, left: Decimal, right: Decimal) -> None:
        if left != right:
            failures.append(f"{name}: {left} != {right} (difference {left - right})")

    def check(name: str, holds: bool) -> None:
        if not holds:
            failures.append(name)

    accounts, loans, tables, recoverable = demo.accounts, demo.loans, demo.movements, demo.recoverable
    before = statements(accounts, lambda account: account.opening)
    after = statements(accounts, lambda account: account.closing)
    change = {line: after[line] - before[line] for line in {*before, *after}}

    def value(terms: str) -> Decimal:
        return total(after, terms)

    def cell(row: str, column: str) -> Decimal:
        return tables.get(row, {}).get(column, ZERO)

    def rows(table: str, column: str) -> Decimal:
        return sum((cell(row, column) for row in tables if row.startswith(table)), ZERO)

    def loan_sum(field: str) -> Decimal:
        return sum((getattr(loan, field) for loan in loans), ZERO)

    # Ledger: balanced three times, plausible signs, transit accounts empty, no account of an office.
    equal("opening", sum((account.opening for account in accounts), ZERO), ZERO)
    equal("C001", flows(demo, "1 2 3 4 5 6 7", "debit"), flows(demo, "1 2 3 4 5 6 7", "credit"))
    equal("C002", sum((account.closing for account in accounts), ZERO), ZERO)
    check("at least 260 accounts", len(accounts) >= 260)
    for entry in demo.entries:
        equal(f"entry {entry.title}", sum((amount for _, amount in entry.legs), ZERO), ZERO)
    for account in accounts:
        number = account.number
        used = account.opening or account.debit or account.credit
        check(f"account {number} used, with cents", bool(used) and account.closing == account.closing.quantize(CENT))
        check(f"account {number} sans objet", not number.startswith(("102", "103")))
        check(f"account {number} opens at zero", number[0] not in "67" or not account.opening)
        transit = number.startswith(("12", "181", "58", "70943"))
        check(f"account {number} ends at zero", not transit or not account.closing)
    for line in {*before, *after}:
        for stage, lines in (("opening", before), ("closing", after)):
            check(f"{stage} of {line} >= 0: {lines[line]}", not line.startswith("BA") or lines[line] >= 0)
    equal("C003", value("BA00..BA57"), value("BP01..BP58"))
    equal("C004", total(before, "BA00..BA57"), total(before, "BP01..BP58"))
    equal("C023", after["BP11"], value("PR01..PR50 -CC01..CC63"))
    # Recoverable charges: inside their line, none on allowances, financial or exceptional lines.
    for line, amount in recoverable.items():
        check(f"C025 {line}", ZERO <= amount <= max(after[line], ZERO))
    equal("C030, C031", total(recoverable, "CC32..CC39 CC44..CC63"), ZERO)
    # Fixed assets, depreciation, write-downs and provisions.
    for row, columns in tables.items():
        signs = {"IM": "ACQ VE -VS -SOR", "AM": "DOT -REP -SOR"}.get(row[:2], "DE DF DX -RE -RF -RX").split()
        moves = sum((-cell(row, sign[1:]) if sign[0] == "-" else cell(row, sign) for sign in signs), ZERO)
        equal(f"C034/C038/C046 {row}", columns["O"] + moves, columns["F"])
        if row.startswith("IM"):
            equal(f"C033 {row}", columns["F"], after[f"BA{row[2:]}.B"])
    equal("C035", rows("IM", "VE"), rows("IM", "VS"))
    equal("C039", rows("AM", "F") + cell("DP01", "F") + cell("DP02", "F") + cell("DP03", "F"), value("BA01.A..BA25.A"))
    equal("C041", rows("AM", "DOT"), flows(demo, "6811 6871", "debit"))
    lent = sum((cell(f"IM{n}", "SOR") for n in range(19, 26)), ZERO) - flows(demo, "6756", "debit")
    equal("C043", after["CC57"] + lent, rows("IM", "SOR") - rows("AM", "SOR"))
    for name, line, terms in (
        ("C049", "CC38", "PV03.DE"),
        ("C050", "PR26", "PV03.RE"),
        ("C051", "CC59", "PV01.DX"),
        ("C052", "PR48", "PV01.RX"),
        ("C053", "CC39", "PV02.DE PV04.DE"),
        ("C059", "CC35", "DP01.DE DP02.DE"),
        ("C060", "CC36", "DP04.DE"),
        ("C061", "CC37", "DP05.DE DP06.DE"),
        ("C062", "PR27", "DP05.RE DP06.RE"),
        ("C064", "PR40", "DP03.RF DP07.RF"),
        ("C065", "PR49", "DP02.RX PV02.RX PV03.RX PV04.RX"),
        ("C017 other releases", "PR28", "PV02.RE PV04.RE DP01.RE DP02.RE DP04.RE"),
    ):
        equal(name, after[line], sum((cell(*column.split(".")) for column in terms.split()), ZERO))
    # Loans, compensating interest and subsidies.
    for side, lines, field in (("C068", after, "cloture"), ("C069", before, "ouverture")):
        equal(side, loan_sum(field), total(lines, "BP23..BP28 BP33..BP35"))
    equal(
        "C067",
        loan_sum("cloture"),
        loan_sum("ouverture")
        + loan_sum("tirages")
        + loan_sum("interets_capitalises")
        - loan_sum("remboursements_contractuels")
        - loan_sum("remboursements_anticipes")
        + loan_sum("reamenagements"),
    )
    equal("C070", loan_sum("icne"), after["BP36"])
    equal("C071", loan_sum("compensateurs"), after["BP37"])
    for nature, line in (("relais", "CC47"), ("definitif", "CC48"), ("stocks", "CC50"), ("prets", "CC51")):
        equal(f"C072-C075 {nature}", sum((loan.interets for loan in loans if loan.nature == nature), ZERO), after[line])
    structure = sum((loan.interets for loan in loans if loan.nature == "structure"), ZERO)
    equal("C076", structure, after["CC52"] - flows(demo, "6615 6616 6618", "debit"))
    for loan in loans:
        check(f"{loan.contrat} part within a year", ZERO <= loan.moins_un_an <= loan.cloture)
        check(f"{loan.contrat} interest", min(loan.icne, loan.compensateurs) >= 0)
    check("C077", after["BA54"] <= after["BP37"])
    equal("C078", change["BA54"], after["PR41"] - after["CC45"])
    equal("C079", after["PR41"], after["CC49"])
    granted, settled = flows(demo, "131 138", "credit"), flows(demo, "131 138", "debit")
    equal("C080", change["BP13"], granted - settled)
    equal("C081", -change["BP14"], after["PR46"] - settled)
    check("C082", -after["BP14"] <= after["BP13"])
    # Appropriation of the result of 2022 and equity.
    shares = flows(demo, "457", "credit")
    equal("C089-C096", before["BP11"], total(change, "BP05..BP08 BP10") + shares)
    equal("C090", before["BP11"], flows(demo, "12", "debit"))
    issued = flows(demo, "101 104", "credit") - flows(demo, "101", "debit") - change["BA00"]
    equal("C097", total(change, "BP01..BP11"), after["BP11"] + issued - shares)
    # Income, cash flow and funding.
    charges: dict[str, Decimal] = {line: after[line] - recoverable[line] for line in recoverable}
    margins = value("PR01..PR09 PR10..PR15 PR17..PR24 PR33 PR35 PR41 PR46 PR48") - sum(recoverable.values(), ZERO)
    margins -= value("CC01 CC03 CC04 CC06 CC07 CC11 CC32 CC45 CC47..CC51 CC59")
    ebe = margins + after["PR25"] - total(charges, "CC02 CC05 CC08..CC10 CC12..CC23 CC25..CC27 CC29 CC30")
    current = ebe + value("PR26..PR32") - total(charges, "CC33..CC44") + value("PR34 PR36..PR40 PR42 -CC46 -CC52..CC54")
    equal("C102", current + value("PR44 PR45 PR47 PR49 PR50 -CC56..CC58 -CC60..CC63"), after["BP11"])
    caf = indicators(demo)["caf"]
    subtractive = ebe + value("CC32 CC45 CC59 -PR46 -PR48 PR29..PR34 PR36..PR39 PR42 PR44 PR47 PR50") - value("PR33")
    subtractive -= total(charges, "CC41 CC42") + value("CC44 CC52..CC54 CC56 CC58 CC62 CC63")
    equal("C104", caf, subtractive)
    for stage, lines in (("C115", after), ("C116", before)):
        frng, bfr, cash = functional(lines)
        equal(stage, frng, bfr + cash)
    other = "166 1671 229"
    resources = caf + after["PR45"] + lent + granted + change["BP37"]
    resources += flows(demo, "101 104", "credit") - change["BA00"]
    resources += loan_sum("tirages") + loan_sum("interets_capitalises") + loan_sum("reamenagements")
    resources += flows(demo, other + " 165", "credit") - flows(demo, other + " 165", "debit")
    uses = shares + rows("IM", "ACQ") + flows(demo, "481 169", "debit") + flows(demo, "101", "debit")
    uses += loan_sum("remboursements_contractuels") + loan_sum("remboursements_anticipes")
    equal("C117", resources - uses, functional(after)[0] - functional(before)[0])
    # Tenants: the aged balance fits the ledger, and the ratio its legal order of magnitude.
    ageing = aged_balance(demo)
    equal("C132", sum((Decimal(row["creance"]) for row in ageing.values()), ZERO), tenants(demo))
    check("C135", sum((Decimal(row["depreciation"]) for row in ageing.values()), ZERO) <= cell("DP05", "F"))
    check("ratio between 3 % and 10 %", Decimal("0.03") <= indicators(demo)["ratio_autofinancement"] <= Decimal("0.10"))
    assert not failures, "\n".join(failures)


def tenants(demo: Demo) -> Decimal:
    """Tenants' debts: 411 and 416 without the other doubtful clients."""
    return sum((account.closing for account in demo.accounts if account.number.startswith(("411", "4161"))), ZERO)


def aged_balance(demo: Demo) -> dict[str, dict[str, str]]:
    """Statement LC: typed buckets, the youngest being the rest; over one year or departed, fully written down."""
    typed = demo.facts["exploitation"]
    buckets = {
        "LC02": ("locataires_3_6_mois", "0.08"),
        "LC03": ("locataires_6_12_mois", "0.25"),
        "LC04": ("locataires_plus_un_an", "1"),
        "LC05": ("locataires_partis", "1"),
    }
    amounts = {row: (Decimal(typed[name]), Decimal(rate)) for row, (name, rate) in buckets.items()}
    youngest = tenants(demo) - sum((amount for amount, _ in amounts.values()), ZERO)
    amounts = {"LC01": (youngest, Decimal("0.01"))} | amounts
    return {
        row: {"creance": str(amount), "depreciation": str((amount * rate).quantize(CENT))}
        for row, (amount, rate) in amounts.items()
    }
