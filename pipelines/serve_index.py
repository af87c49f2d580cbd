"""`python -m pipelines.serve_index`: the passage index of this workspace over HTTP, for many rollout workers.

It listens on this machine alone unless `--host` says otherwise; it has no authentication.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from medrwr.retrieval import IndexRetriever, open_retriever, open_text_encoder
from medrwr.retrieval.service import FollowingRetriever, ServiceSettings, serve
from pipelines.params import load_params
from pipelines.paths import Paths


def main() -> None:
    """Open the index that params.yaml describes, and serve it until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8008)
    parser.add_argument("--timeout-s", type=float, default=10.0)
    parser.add_argument("--most-waiting", type=int, default=4096, help="queries in the queue; beyond it 503")
    options = parser.parse_args()
    paths, params = Paths(Path()), load_params()
    encoder = open_text_encoder(paths.encoders / "text", provider=params.encoders.provider, threads=params.base.threads)

    def opening() -> IndexRetriever:
        return open_retriever(paths.index, paths.index_manifest, paths.encoders, params.index, encoder=encoder)

    retriever = FollowingRetriever(opening, paths.index_manifest)
    settings = ServiceSettings(most_waiting=options.most_waiting, timeout_s=options.timeout_s)
    serve(retriever, host=options.host, port=options.port, settings=settings)


if __name__ == "__main__":
    main()
