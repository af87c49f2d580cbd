"""The policy: prompts, model and processor loading, and the tiny model of the embedded default."""
