# `make run` and `make test` do all of their own set-up; a second call sets nothing up again.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OUT ?= runs/quick

.PHONY: run test lint benchmark growth publish clean

run: $(READY) ## the main job: every fusion and weighting on the embedded data, with a report
	$(BIN)/mmbench run --all --budget quick --out $(OUT)

test: lint ## everything a change must pass; what looks at the clock runs alone, after the rest
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist worksteal --ignore tests/benchmarks
	$(BIN)/python -m pytest tests/benchmarks

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

benchmark: $(READY) ## speed, in seconds of the processor and as ratios within one run
	$(BIN)/python -m pytest tests/benchmarks --benchmark-enable --benchmark-only

growth: $(READY) ## how time and memory grow, into results/growth and reports/growth; on a machine that does nothing else
	PYTHONPATH=scripts $(BIN)/python -m growth

publish: run ## make results/ and reports/ from a fresh run of the main job
	mkdir -p results/quick
	cp $(OUT)/journal.jsonl $(OUT)/latency.jsonl $(OUT)/run.json results/quick/
	$(BIN)/mmbench report results/quick --out reports/quick
	$(BIN)/python scripts/readme_tables.py

clean:
	rm -rf $(VENV) runs dist .mypy_cache .pytest_cache .ruff_cache

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@
