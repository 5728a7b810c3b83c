# make PYTHON=python3.12 ... chooses the interpreter of the virtual environment;
# make test ARGS="-k replay" and make lock ARGS=--upgrade pass options on.

STUDY = cartpole generalization levels
MARKERS = not study and not slow
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make $@" .venv/bin/uv pip compile -q --generate-hashes \
	--no-emit-index-url --python-version 3.11 $(ARGS)
.DEFAULT_GOAL := help

.PHONY: help
help: ## List what make can do
	@awk -F ':.*## ' '/^[a-z-]*:.*## / { printf "%-16s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Make .venv from the lock, where that has not been done yet
	@requirements/setup.sh

.PHONY: reproduce
reproduce: setup ## Make all runs of the shipped studies (or STUDY=...), report, and compare
	@.venv/bin/tfrl selftest
	@failed=0; pages=; \
	for study in $(STUDY); do \
		.venv/bin/tfrl run $$study || { status=$$?; [ $$status = 1 ] || exit $$status; failed=1; }; \
		pages="$$pages$$(.venv/bin/tfrl report $$study) " || exit; \
	done; \
	printf 'The report: %s\n' $$pages; \
	.venv/bin/tfrl verify $(STUDY) || { status=$$?; [ $$status = 1 ] || exit $$status; }; \
	exit $$failed # that bits differ has been said, and is no failure

reproduce-full: STUDY = generalization-full levels-full

.PHONY: reproduce-full
reproduce-full: reproduce ## The same at the papers' size: hours; stopped, it goes on where it was

.PHONY: report
report: setup ## Write those reports again, from the runs that are stored
	@for study in $(STUDY); do \
		page=$$(.venv/bin/tfrl report $$study) || exit; \
		echo "The report: $$page"; \
	done

.PHONY: publish
publish: setup ## Write the reports in reports/ that are committed; for those who commit them
	@for study in $(STUDY); do \
		page=$$(.venv/bin/tfrl publish $$study) || exit; \
		echo "Published: $$page"; \
	done

.PHONY: test
test: setup ## Run the tests that take minutes, not those marked study or slow
	@.venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=5 -rs \
		-m "$(MARKERS)" $(ARGS)

.PHONY: test-slow
test-slow: setup ## Run the tests marked study or slow
	@.venv/bin/python -m tests.slow $(ARGS)

.PHONY: tutorials
tutorials: setup ## Execute the lessons in tutorials/ and write them as notebooks and pages
	@.venv/bin/python -m tutorials.build $(ARGS)

.PHONY: tutorial
tutorial: setup ## Open a copy of a lesson in Jupyter: make tutorial 03
	@.venv/bin/uv pip install -q --python .venv/bin/python --require-hashes -r requirements/jupyter.txt
	@copy=$$(.venv/bin/python -m tutorials.build --copy $(LESSON)) || exit; \
	[ $$(id -u) != 0 ] || root=--allow-root; \
	.venv/bin/jupyter lab $$root --LabApp.default_url="/lab/tree/$${copy#$$PWD/}"

LESSON = $(or $(filter-out tutorial,$(MAKECMDGOALS)),00)
ifneq ($(filter tutorial,$(MAKECMDGOALS)),)
$(LESSON): ; @: # the number is an argument; there is no such file to make
endif

.PHONY: mutants
mutants: setup ## Break the statistics on purpose, and list in docs/mutants.md what no test notices
	@.venv/bin/python -m tests.mutants --write $(ARGS)

.PHONY: torture
torture: setup ## Kill, cut off, flip and fill up, as often as it takes to believe that nothing is lost
	@TORTURE=1 .venv/bin/python -m pytest -q -n 2 --dist loadfile tests/torture $(ARGS)

.PHONY: lint
lint: setup ## Check style and types
	@.venv/bin/ruff check -q .
	@.venv/bin/ruff format -q --check .
	@.venv/bin/mypy

.PHONY: bench
bench: setup ## Measure the speed against other implementations and write bench/README.md
	@bench/setup.sh
	@.venv/bin/python -m bench

.PHONY: lock
lock: setup ## Resolve the locks anew, keeping the versions (ARGS=--upgrade for newer ones)
	$(COMPILE) --universal --extra box2d --extra test --extra tutorials --overrides requirements/overrides.txt \
		-o requirements/lock.txt setup.cfg
	$(COMPILE) --universal -c requirements/lock.txt \
		-o requirements/bootstrap.txt requirements/bootstrap.in
	$(COMPILE) --universal -c requirements/lock.txt \
		-o requirements/ray.txt requirements/ray.in
	$(COMPILE) --universal -c requirements/lock.txt \
		-o requirements/jupyter.txt requirements/jupyter.in

.PHONY: lock-bench
lock-bench: setup ## The same for what make bench compares with; requirements/bench.in says how
	.venv/bin/python -m pip download -qq --no-deps --only-binary :all: --python-version 3.11 \
		--dest build/wheels -r requirements/bench.in
	$(COMPILE) --python-platform x86_64-manylinux_2_28 --find-links build/wheels \
		-o requirements/bench.txt requirements/bench.in

.PHONY: lock-rliable
lock-rliable: setup ## The same for what the statistics are tested against
	$(COMPILE) --universal -o requirements/rliable.txt requirements/rliable.in

.PHONY: clean
clean: ## Remove the environments and caches; runs/ and reports/ stay
	rm -rf .venv .venv-arm .venv-bench .venv-ray \
		.venv-rliable .cache build *.egg-info .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
