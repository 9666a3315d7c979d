# Longer campaigns; everyday commands are in CONTRIBUTING.md.

.PHONY: campaign
campaign: ## The properties with twenty times more examples (plan against oracle, order, context, any text)
	HYPOTHESIS_PROFILE=long .venv/bin/pytest tests/properties
