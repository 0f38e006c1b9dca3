# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for a Galaxy server: it offers the artifacts of a folder and nothing else."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import io
import json
import pathlib
import tarfile
import threading
import typing as t

API = "/api/v3/collections"


class Artifact(t.NamedTuple):
    """A built collection and what its manifest says."""

    path: pathlib.Path
    name: str
    version: str
    dependencies: dict[str, str]

    @classmethod
    def read(cls, path: pathlib.Path) -> Artifact:
        """Return what is in a tarball."""
        with tarfile.open(path) as archive:
            manifest = next(member for member in archive if member.name.removeprefix("./") == "MANIFEST.json")
            found = json.load(t.cast("t.IO[bytes]", archive.extractfile(manifest)))["collection_info"]
        return cls(path, f"{found['namespace']}/{found['name']}", found["version"], found["dependencies"])

    def describe(self, url: str) -> dict[str, t.Any]:
        """Return what Galaxy says of a version."""
        namespace, _, name = self.name.partition("/")
        digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
        return {
            "version": self.version,
            "href": f"{API}/{self.name}/versions/{self.version}/",
            "download_url": f"{url}/download/{self.path.name}",
            "artifact": {"filename": self.path.name, "sha256": digest, "size": self.path.stat().st_size},
            "namespace": {"name": namespace},
            "collection": {"name": name},
            "metadata": {"dependencies": self.dependencies},
            "signatures": [],
        }


def pack(installed: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """Make an artifact of an installed collection, of those files of its manifest that are there."""
    manifest = json.loads((installed / "MANIFEST.json").read_text())
    files = json.loads((installed / "FILES.json").read_text())
    files["files"] = [entry for entry in files["files"] if (installed / entry["name"]).exists()]
    listed = json.dumps(files).encode()
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(listed).hexdigest()
    info = manifest["collection_info"]
    path = folder / f"{info['namespace']}-{info['name']}-{info['version']}.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, content in (("MANIFEST.json", json.dumps(manifest).encode()), ("FILES.json", listed)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for entry in files["files"]:
            if entry["name"] != ".":
                archive.add(installed / entry["name"], entry["name"], recursive=False)
    return path


@contextlib.contextmanager
def serve(artifacts: t.Iterable[pathlib.Path]) -> t.Iterator[str]:
    """Run the server beside the block, which gets its address."""
    offered = {artifact.name: artifact for artifact in map(Artifact.read, artifacts)}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = _answer(self.path.partition("?")[0].rstrip("/"), offered, f"http://{self.headers['Host']}")
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(404 if answer is None else 200)
            self.send_header("Content-Type", "application/octet-stream" if answer is body else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_unused: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _answer(path: str, offered: t.Mapping[str, Artifact], url: str) -> t.Any:
    if path == "/api":
        return {"available_versions": {"v3": "v3/"}}
    for name, artifact in offered.items():
        if path == f"/download/{artifact.path.name}":
            return artifact.path.read_bytes()
        found = {
            f"{API}/{name}": {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"},
            f"{API}/{name}/versions": {
                "meta": {"count": 1},
                "links": {"next": None},
                "data": [{"version": artifact.version, "href": f"{API}/{name}/versions/{artifact.version}/"}],
            },
            f"{API}/{name}/versions/{artifact.version}": artifact.describe(url),
        }
        if path in found:
            return found[path]
    return None
