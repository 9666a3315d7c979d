"""A dossier against a plan: admission, evaluation, report, explanation."""
