"""DAG bundles: how kitchens reach the dag-processor and the workers."""
