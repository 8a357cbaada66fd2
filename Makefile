.PHONY: check test generated report

check:
	uv run ruff check .
	uv run ruff format --check .
	uv run lint-imports
	uv run mypy
	uv run yamllint --strict methodologies examples
	uv run codespell
	uv run pytest

test:
	uv run pytest

generated:
	uv run python scripts/schemas.py
	uv run python scripts/methodology_table.py
	uv run python scripts/checks_table.py
	uv run python scripts/outline_tables.py
	uv run python scripts/proved.py
	uv run python scripts/expected_results.py

report:
	uv run tonne run examples/onshore_wind --out out
