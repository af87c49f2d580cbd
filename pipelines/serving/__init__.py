"""What `medrwr serve` brings to the server of the library: versions from MLflow or a folder, and traces."""
