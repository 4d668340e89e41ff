# Frontalis: `make demo` takes a fresh clone to action units; `make help` lists the rest.
# PRESET=asan|tsan|debug builds and tests another preset of CMakePresets.json (asan needs clang);
# TIDY_FLAGS=--all lets `make check` read the tests and benchmarks too; BENCH_FLAGS go to `make bench`.

PRESET ?= release
JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
BUILD := build/$(PRESET)
BINARY := $(BUILD)/frontalis
CLANG := $(if $(filter asan,$(PRESET)),setup-clang)
DEMO_INPUT := .deps/samples/single_face.mp4
DEMO_CSV := build/demo/single_face.csv
DEMO_REPORT := build/demo/single_face.html
PYTHON ?= python3
export PYTHON

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

.PHONY: help
help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: setup
setup: ## Install what is missing: system packages, then OpenVINO, models and samples into .deps
	@scripts/setup.sh

.PHONY: build
build: $(CLANG) $(BUILD)/build.ninja ## Build everything (PRESET=release)
	@cmake --build $(BUILD) -j $(JOBS)

.PHONY: program
program: $(BUILD)/build.ninja
	@cmake --build $(BUILD) -j $(JOBS) --target frontalis_cli

# Ninja itself reconfigures when a CMake file changes; the presets it does not know.
$(BUILD)/build.ninja: CMakePresets.json | setup
	@cmake --preset $(PRESET)
	@touch $@

.PHONY: demo
demo: $(DEMO_CSV) $(DEMO_REPORT) ## Action units of a sample video, from nothing
	@echo
	@echo "CSV: $(CURDIR)/$(DEMO_CSV)"
	@echo "Report, for a browser: $(CURDIR)/$(DEMO_REPORT)"
	@$(PYTHON) -B scripts/summarize_csv.py $(DEMO_CSV)

$(DEMO_CSV): $(BINARY) .deps/packs/open/manifest.json $(DEMO_INPUT)
	@mkdir -p $(@D)
	$(BINARY) extract $(DEMO_INPUT) -o $@

$(DEMO_REPORT): $(DEMO_CSV) $(BINARY)
	$(BINARY) report -q $(DEMO_CSV) --video $(DEMO_INPUT) -o $@

# Made by targets that decide by themselves whether there is anything to do. The demo needs the
# program alone: tests and benchmarks would double its time on a fresh machine.
$(BINARY): program ;
.deps/packs/open/manifest.json $(DEMO_INPUT): setup ;

.PHONY: test
test: setup-test ## Run every test: CTest, then pytest on the wheel
	@# pip loads what the Python tests need while the compiler works.
	@scripts/python_tests.sh prepare & prepared=$$!; $(MAKE) build; built=$$?; \
	  wait $$prepared && exit $$built
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)
	@case $(PRESET) in asan|tsan) ;; *) $(MAKE) test-python ;; esac

.PHONY: test-python
test-python: build ## Build the Python wheel and run its tests
	@scripts/python_tests.sh prepare
	@scripts/python_tests.sh wheel $(BUILD)
	@scripts/python_tests.sh run $(PYTEST_FLAGS)

.PHONY: wheel
wheel: ## Build a wheel to give away into dist/ (Linux: with the libraries it needs)
	@scripts/setup.sh
	@scripts/wheel.sh

.PHONY: setup-test
setup-test:
	@scripts/setup.sh --test

SECONDS ?= 60
.PHONY: fuzz
fuzz: setup-clang ## Run every fuzz target for SECONDS=60 (FUZZ=NAME: only that one)
	@cmake --preset fuzz >/dev/null
	@cmake --build build/fuzz -j $(JOBS)
	@JOBS=$(JOBS) fuzz/run.sh build/fuzz $(SECONDS) $(FUZZ)

SANITIZED ?= util image models shape appearance face clnf au inference video output pipeline \
  guard open_pack own_pack
SANITIZED_SECONDS ?= 2
.PHONY: sanitize
sanitize: setup-clang setup-test ## What CI runs under ASan and UBSan: tests of SANITIZED=..., each fuzz target for 2 s
	@cmake --preset asan >/dev/null
	@cmake --build build/asan -j $(JOBS) --target fuzz_targets $(SANITIZED:%=frontalis_%_test)
	@ctest --test-dir build/asan --output-on-failure -j $(JOBS) \
	  -R "^($$(echo $(SANITIZED) | tr ' ' '|'))\."
	@JOBS=$(JOBS) fuzz/run.sh build/asan $(SANITIZED_SECONDS)

.PHONY: setup-clang
setup-clang:
	@scripts/setup.sh --clang

.PHONY: bench
bench: build ## Run the Google Benchmark programs
	@set -e; for program in $(BUILD)/bench/*_bench; do \
	  echo "== $$program"; "$$program" $(BENCH_FLAGS); done

.PHONY: format
format: setup-lint ## Format all C++ sources in place
	@scripts/check_format.sh --fix

.PHONY: check
check: setup-lint build ## clang-format, layering and clang-tidy, without changing anything
	@scripts/check_format.sh
	@$(PYTHON) -B scripts/check_layers.py
	@$(PYTHON) -B scripts/check_tidy.py --build $(BUILD) --jobs $(JOBS) $(TIDY_FLAGS)

.PHONY: setup-lint
setup-lint:
	@scripts/setup.sh --lint

.PHONY: clean
clean: ## Remove what was built (the downloads in .deps stay)
	rm -rf build
