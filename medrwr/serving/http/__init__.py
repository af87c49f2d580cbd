"""The HTTP server: answers, chat completions, models, health, metrics and feedback, on FastAPI."""
