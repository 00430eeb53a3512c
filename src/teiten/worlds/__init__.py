# SPDX-License-Identifier: Apache-2.0
"""Small internets with known truth, for demonstrations and tests. Deterministic: the same name and seed give the same accesses."""
