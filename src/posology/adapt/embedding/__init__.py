"""Tuning and measuring the retrieval model: pairs, contrastive loss, the static table, recall and nDCG."""
