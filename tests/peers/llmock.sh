#!/usr/bin/env bash
# Our client of cloud models against LLMock, a simulated provider of others that breaks things as told and judges its
# clients. Prints its verdict; fails on any complaint but `gave_up` where Retry-After is longer than the customer waits.
#
# usage: tests/peers/llmock.sh        makes its own environment in run/foreign (pinned); also part of `make test`
set -euo pipefail
cd "$(dirname "$0")/../.."

scripts/foreign.sh
"${CARGO:-cargo}" test --locked --test llm -- --nocapture --test-threads=1 foreign
