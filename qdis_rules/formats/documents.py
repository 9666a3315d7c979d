"""The dossier document (JSON) as pydantic sees it, and its JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from qdis_rules.formats.dossier import FIRST_YEAR, LAST_YEAR, MAX_CODE, MAX_WORDS

Code = Annotated[str, StringConstraints(min_length=1, max_length=MAX_CODE)]
Words = Annotated[str, StringConstraints(max_length=MAX_WORDS)]
Scalar = str | bool | int | float | None
"""A value. In the library numbers never pass through a float: the reader hands their text over."""


class DossierDocument(BaseModel):
    """Le dossier d'un organisme pour un exercice."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, title="Dossier QDIS", populate_by_name=True)

    format: Literal["qdis-dossier/1"] = Field(description="Version du format.")
    exercice: int = Field(ge=FIRST_YEAR, le=LAST_YEAR, description="Exercice comptable (année de clôture).")
    organisme: Words = Field(default="", description="Nom de l'organisme.")
    cellules: dict[Code, Scalar] = Field(
        default_factory=dict,
        description="Cellules saisies, par code : « T06.locatif.cloture ». Nombres en texte français "
        "(« 1 250,00 ») ou en JSON, dans l'unité de la cellule ; null ou texte vide : cellule absente.",
    )
    rapatriement: dict[Code, Scalar] = Field(
        default_factory=dict, description="Cellules rapatriées des comptes annuels et états réglementaires."
    )
    listes: dict[Code, list[dict[Code, Scalar]]] = Field(
        default_factory=dict, description="Lignes des tableaux « liste » : une liste d'objets par tableau."
    )
    balance: Words | None = Field(
        default=None, description="Nom d'un fichier CSV placé à côté du dossier : la balance générale."
    )
    agregats: dict[Code, Scalar] = Field(
        default_factory=dict,
        description="Agrégats déposés avec le dossier : lus par les exercices suivants (« AE.ratio_afn »).",
    )
    justifications: dict[Code, Words] = Field(
        default_factory=dict, description="Justification de l'organisme, par code de contrôle justifiable."
    )


def dossier_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the dossier document."""
    schema = DossierDocument.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
