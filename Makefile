# Longer campaigns; everyday commands are in CONTRIBUTING.md.

.PHONY: campaign site
campaign: ## The properties with twenty times more examples (plan against oracle, order, context, any text)
	HYPOTHESIS_PROFILE=long .venv/bin/pytest tests/properties

site: ## The documentation of the bundled year, in site/
	.venv/bin/qdis documenter 2023 --vers site --pdf
