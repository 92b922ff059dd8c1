# dbferry: `make demo` shows it, `make test` proves it, `make check` keeps it clean.

export CARGO_TARGET_DIR ?= $(HOME)/.cache/dbferry/target
ENGINE ?= sqlite
KILLS ?= 500
SOURCE ?= mariadb
TARGET ?= mariadb
CARGO := cargo
DBFERRY := $(CARGO_TARGET_DIR)/release/dbferry

.PHONY: help build demo test chaos check bench clean-servers

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

build: ## Build the release binary
	$(CARGO) build --release --locked -p dbferry

demo: build ## Migrate a sample shop; ENGINE=sqlite (default), mariadb or mysql
	@scripts/demo "$(DBFERRY)" "$(ENGINE)"

test: ## Run every test, with the servers they need
	@scripts/test

chaos: ## Kill dbferry and its servers KILLS times; SOURCE and TARGET are mariadb or mysql
	@eval "$$(scripts/servers env)" && DBFERRY_CHAOS_KILLS=$(KILLS) \
		DBFERRY_CHAOS_SOURCE=$(SOURCE) DBFERRY_CHAOS_TARGET=$(TARGET) \
		$(CARGO) test --locked -p dbferry --test main chaos:: -- --nocapture

check: ## Check format, lints, docs and scripts
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" $(CARGO) doc --workspace --no-deps --locked --document-private-items
	scripts/check-docs

bench: build ## Measure against mysqldump, mydumper and the servers' own bound
	@bench/run "$(DBFERRY)"
