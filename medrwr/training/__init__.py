"""SFT and GRPO on TRL: thin adapters around its trainers, work folders to resume from, curves."""
