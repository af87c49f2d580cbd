"""Episodes of reasoning with retrieval: protocol, engine, scoring, and confidence-driven image re-retrieval."""
